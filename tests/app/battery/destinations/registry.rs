//! IANA's special-purpose address registries, and the guard held against them: every edge and 10,000 addresses by chance.
//!
//! Written row by row and not copied from the guard's own table, and judged here in another way than the guard does it (bits of
//! integers, the most specific row decides), so that a mistake there is not repeated here. Compared row by row with copies of the
//! registries' own CSV files, which have the dummy prefix of RFC 9780 (April 2025) as their latest: no difference.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use herald::base::{Rng, SeededRng};
use herald::delivery::endpoint::Guard;

/// The column "Globally Reachable".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachable {
    True,
    False,
    /// "N/A": the registry does not say.
    Unsaid,
}

use Reachable::{False, True, Unsaid};

/// https://www.iana.org/assignments/iana-ipv4-special-registry
pub const IPV4: &[(&str, Reachable)] = &[
    ("0.0.0.0/8", False),
    ("0.0.0.0/32", False),
    ("10.0.0.0/8", False),
    ("100.64.0.0/10", False),
    ("127.0.0.0/8", False),
    ("169.254.0.0/16", False),
    ("172.16.0.0/12", False),
    ("192.0.0.0/24", False),
    ("192.0.0.0/29", False),
    ("192.0.0.8/32", False),
    ("192.0.0.9/32", True),
    ("192.0.0.10/32", True),
    ("192.0.0.170/32", False),
    ("192.0.0.171/32", False),
    ("192.0.2.0/24", False),
    ("192.31.196.0/24", True),
    ("192.52.193.0/24", True),
    ("192.88.99.0/24", Unsaid),
    ("192.88.99.2/32", False),
    ("192.168.0.0/16", False),
    ("192.175.48.0/24", True),
    ("198.18.0.0/15", False),
    ("198.51.100.0/24", False),
    ("203.0.113.0/24", False),
    ("240.0.0.0/4", False),
    ("255.255.255.255/32", False),
];

/// https://www.iana.org/assignments/iana-ipv6-special-registry
pub const IPV6: &[(&str, Reachable)] = &[
    ("::1/128", False),
    ("::/128", False),
    ("::ffff:0:0/96", False),
    ("64:ff9b::/96", True),
    ("64:ff9b:1::/48", False),
    ("100::/64", False),
    ("100:0:0:1::/64", False),
    ("2001::/23", False),
    ("2001::/32", Unsaid),
    ("2001:1::1/128", True),
    ("2001:1::2/128", True),
    ("2001:1::3/128", True),
    ("2001:2::/48", False),
    ("2001:3::/32", True),
    ("2001:4:112::/48", True),
    ("2001:10::/28", Unsaid),
    ("2001:20::/28", True),
    ("2001:30::/28", True),
    ("2001:db8::/32", False),
    ("2002::/16", Unsaid),
    ("2620:4f:8000::/48", True),
    ("3fff::/20", False),
    ("5f00::/16", False),
    ("fc00::/7", False),
    ("fe80::/10", False),
];

/// What contract section 6 refuses beside the registries: multicast of both kinds, and site-local addresses, whose successor is
/// in the registry.
pub const BESIDE: &[&str] = &["224.0.0.0/4", "ff00::/8", "fec0::/10"];

/// Azure's, which is a public address; the others lie in ranges that are refused anyway.
const METADATA: &str = "168.63.129.16";

/// First and last address of a network, as numbers of 32 or 128 bits.
pub fn ends(network: &str) -> (u128, u128) {
    let (address, length) = network.split_once('/').expect("a length");
    let (address, bits) = number(address.parse().expect("an address"));
    let host = bits - length.parse::<u32>().expect("a number");
    let mask = 1u128.checked_shl(host).map_or(u128::MAX, |end| end - 1);
    (address, address | mask)
}

fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

pub fn v4(number: u128) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(u32::try_from(number).expect("32 bits")))
}

pub fn v6(number: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(number))
}

pub fn is_v4(network: &str) -> bool {
    !network.contains(':')
}

/// What the most specific row says of an address; `True` where no row knows it.
fn said(registry: &[(&str, Reachable)], address: u128) -> Reachable {
    let knows = |network: &str| {
        let (first, last) = ends(network);
        (first..=last).contains(&address)
    };
    let rows = registry.iter().filter(|(network, _)| knows(network));
    let length =
        |network: &str| network.split_once('/').map_or(0, |(_, length)| length.parse::<u32>().expect("a number"));
    rows.max_by_key(|(network, _)| length(network)).map_or(True, |(_, reachable)| *reachable)
}

fn is_beside(address: IpAddr) -> bool {
    let (value, _) = number(address);
    let mut networks = BESIDE.iter().filter(|network| is_v4(network) == address.is_ipv4());
    networks.any(|network| {
        let (first, last) = ends(network);
        (first..=last).contains(&value)
    })
}

fn is_refused_v4(address: u128) -> bool {
    said(IPV4, address) != True || is_beside(v4(address)) || v4(address).to_string() == METADATA
}

/// The IPv4 address that an IPv6 one stands for, where the prefix says that it does and does not refuse it anyway.
fn inside(address: u128) -> Vec<u128> {
    let low = address & 0xffff_ffff;
    let text = format!("{address:032x}");
    let mut found = Vec::new();
    // Compatible and translated addresses, NAT64, 6to4.
    if text.starts_with("000000000000000000000000")
        || text.starts_with("0000000000000000ffff0000")
        || text.starts_with("0064ff9b0000000000000000")
    {
        found.push(low);
    }
    if text.starts_with("2002") {
        found.push(u128::from_str_radix(&text[4..12], 16).expect("hexadecimal digits"));
    }
    // ISATAP, whose mark stands in the middle.
    if matches!(&text[16..24], "00005efe" | "02005efe") {
        found.push(low);
    }
    found
}

fn is_refused_v6(address: u128) -> bool {
    let by_registry = match said(IPV6, address) {
        True => false,
        False => true,
        // 6to4 goes by the address inside, and nothing else that the registry is silent on is let through.
        Unsaid => !format!("{address:032x}").starts_with("2002"),
    };
    by_registry || is_beside(v6(address)) || inside(address).into_iter().any(is_refused_v4)
}

fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_refused_v4(number(address.into()).0),
        IpAddr::V6(address) => is_refused_v6(number(address.into()).0),
    }
}

fn disagreement(guard: &Guard, address: IpAddr) -> Option<String> {
    let (expected, verdict) = (is_refused(address), guard.check_ip(address));
    (expected != verdict.is_err()).then(|| match verdict {
        Ok(()) => format!("{address} is let through"),
        Err(refusal) => format!("{address} is refused: {refusal}"),
    })
}

/// Both ends of each row, and the addresses just outside of it.
fn edges() -> Vec<IpAddr> {
    let networks = IPV4.iter().chain(IPV6).map(|(network, _)| *network).chain(BESIDE.iter().copied());
    let edges = networks.flat_map(|network| {
        let (first, last) = ends(network);
        let around = [
            first.checked_sub(1),
            Some(first),
            first.checked_add(1),
            last.checked_sub(1),
            Some(last),
            last.checked_add(1),
        ];
        let most = if is_v4(network) { u128::from(u32::MAX) } else { u128::MAX };
        let of = if is_v4(network) { v4 } else { v6 };
        around.into_iter().flatten().filter(move |address| *address <= most).map(of)
    });
    edges.collect()
}

#[test]
fn every_edge_of_the_registries_is_judged_as_they_say() {
    let guard = Guard::default();
    let wrong: Vec<_> = edges().into_iter().filter_map(|address| disagreement(&guard, address)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_edge_inside_of_ipv6_is_judged_as_outside() {
    let guard = Guard::default();
    let mut wrong = Vec::new();
    for address in edges().into_iter().filter(IpAddr::is_ipv4) {
        let (low, _) = number(address);
        for (prefix, shift) in [
            (0, 0),
            (0xffff << 32, 0),
            (0xffff_0000 << 32, 0),
            (0x0064_ff9b << 96, 0),
            (0x0064_ff9b_0001 << 80, 0),
            (0x2002 << 112, 80),
            (0x2001_0000 << 96, 64),
            (0x2a00_1450 << 96 | 0x5efe << 32, 0),
            (0x2a00_1450 << 96 | 0x0200_5efe << 32, 0),
        ] {
            wrong.extend(disagreement(&guard, v6(prefix | low << shift)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A number of 128 bits, by chance.
fn chance(rng: &dyn Rng) -> u128 {
    u128::from_be_bytes(rng.bytes())
}

#[test]
fn ten_thousand_addresses_are_judged_as_the_registries_say() {
    let (guard, rng) = (Guard::default(), SeededRng::new(43));
    let rng: &dyn Rng = &rng;
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for _ in 0..2_500 {
        let low = chance(rng) & 0xffff_ffff;
        // Anywhere; in or beside a row of a registry; an IPv4 address in the prefixes that carry one.
        let row = IPV6[(chance(rng) % IPV6.len() as u128) as usize].0;
        let (first, last) = ends(row);
        let near = first.wrapping_add(chance(rng) % (last - first).saturating_mul(2).max(4));
        let prefixes = [0, 0xffff_0000 << 32, 0x0064_ff9b << 96, 0x2a00_1450 << 96 | 0x5efe << 32];
        let carried = match chance(rng) % 5 {
            4 => 0x2002 << 112 | low << 80 | chance(rng) & 0xffff_ffff,
            prefix => prefixes[prefix as usize] | low,
        };
        for address in [v4(low), v6(chance(rng)), v6(near), v6(carried)] {
            refused += usize::from(is_refused(address));
            wrong.extend(disagreement(&guard, address));
        }
    }
    assert!((2_000..8_000).contains(&refused), "both verdicts are asked for: {refused}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_allowed_network_opens_itself_to_the_last_address() {
    let rng = SeededRng::new(6);
    let rng: &dyn Rng = &rng;
    for (allowed, first, last) in [
        ("10.1.2.0/23", 0x0a01_0200, 0x0a01_03ff),
        ("127.0.0.2/31", 0x7f00_0002, 0x7f00_0003),
        ("192.168.7.9/32", 0xc0a8_0709, 0xc0a8_0709),
    ] {
        let guard = Guard::new(vec![allowed.parse().expect("a network")], false);
        let around = [first - 1, last + 1, last + 256, last + 4_096];
        let inside = [first, last, first + chance(rng) % (last - first + 1)];
        for address in inside {
            assert_eq!(guard.check_ip(v4(address)), Ok(()), "{allowed}: {}", v4(address));
            for disguise in
                [0xffff << 32 | address, address, 0x0064_ff9b << 96 | address, 0x2002 << 112 | address << 80]
            {
                assert!(guard.check_ip(v6(disguise)).is_err(), "{allowed} does not open {}", v6(disguise));
            }
        }
        for address in around {
            assert!(guard.check_ip(v4(address)).is_err(), "{allowed} does not open {}", v4(address));
        }
    }
}
