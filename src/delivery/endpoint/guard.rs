//! Where deliveries may go: public addresses only (contract section 6).
//!
//! The guard is asked when a webhook is saved, to tell early, and before every attempt, because that is the
//! time that counts: what a name stands for can change in between. What it reads into addresses:
//! docs/decisions/0043-addresses-inside-addresses.md.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

use super::Endpoint;
use crate::delivery::resolver::{DnsError, Resolver};

/// Why a destination is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The address lies in a range that deliveries may not reach.
    Range { what: &'static str, network: IpNet },
    /// The address carries an IPv4 address that deliveries may not reach.
    Embedded { inside: &'static str, address: Ipv4Addr, what: &'static str, network: IpNet },
    /// A cloud's metadata service, which hands out credentials.
    Metadata,
    /// The name is never a public one.
    LocalName(&'static str),
    /// HERALD_REQUIRE_HTTPS is set.
    HttpsRequired,
}

/// A destination that deliveries may not reach, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name in the URL where the address was looked up.
    pub name: Option<String>,
    /// The address, or the name where that is what is refused.
    pub address: String,
    pub rule: Rule,
}

impl Refusal {
    /// The setting with which an operator may allow it.
    pub fn setting(&self) -> Option<&'static str> {
        match self.rule {
            Rule::Range { .. } | Rule::Embedded { .. } | Rule::Metadata => Some("HERALD_ALLOWED_NETWORKS"),
            Rule::HttpsRequired => Some("HERALD_REQUIRE_HTTPS"),
            Rule::LocalName(_) => None,
        }
    }

    /// The sentences for admins: with the setting that decides.
    pub fn for_admins(&self) -> String {
        match self.rule {
            Rule::Range { .. } | Rule::Embedded { .. } => {
                format!("{self} Networks of your own can be opened with HERALD_ALLOWED_NETWORKS.")
            }
            Rule::Metadata => {
                format!("{self} HERALD_ALLOWED_NETWORKS opens it only where it names exactly this address.")
            }
            Rule::HttpsRequired => format!("{self} HERALD_REQUIRE_HTTPS is set."),
            Rule::LocalName(_) => {
                format!("{self} HERALD_ALLOWED_NETWORKS opens addresses, not names: write the address instead.")
            }
        }
    }

    fn address(address: IpAddr, rule: Rule) -> Self {
        Self { name: None, address: address.to_string(), rule }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = &self.address;
        f.write_str("This address cannot receive webhooks. ")?;
        if let Some(name) = &self.name {
            write!(f, "{name} leads to {address}. ")?;
        }
        match &self.rule {
            Rule::Range { what, network } => write!(f, "{address} is not public: {what} ({network})."),
            Rule::Embedded { inside, address: embedded, what, network } => {
                write!(f, "{address} is {embedded} as {inside}, which is not public: {what} ({network}).")
            }
            Rule::Metadata => write!(f, "{address} is a cloud metadata service."),
            Rule::LocalName(names) => write!(f, "{address} is not a public name ({names})."),
            Rule::HttpsRequired => write!(f, "{address} must be an https:// URL here."),
        }
    }
}

impl std::error::Error for Refusal {}

/// A name that could not be looked up while saving: accepted, with a warning, since it may come to exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} could not be found just now ({error}). Deliveries will fail until it can.")]
pub struct Unresolved {
    pub name: String,
    pub error: DnsError,
}

/// Decides where deliveries may go. Pure: addresses in, verdict out.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
    require_https: bool,
}

impl Guard {
    /// `allowed` is HERALD_ALLOWED_NETWORKS, `require_https` HERALD_REQUIRE_HTTPS.
    pub fn new(allowed: Vec<IpNet>, require_https: bool) -> Self {
        Self { allowed, require_https }
    }

    /// Whether one address may be dialled. An allowed network opens exactly the addresses in it, in their own
    /// spelling: 127.0.0.0/8 does not open `::ffff:127.0.0.1`.
    pub fn check_ip(&self, address: IpAddr) -> Result<(), Refusal> {
        let is_metadata = METADATA.contains(&address);
        let is_allowed = |network: &IpNet| network.contains(&address) && (!is_metadata || is_single(network));
        if self.allowed.iter().any(is_allowed) {
            return Ok(());
        }
        let rule = match is_metadata {
            true => Some(Rule::Metadata),
            false => rule_against(address),
        };
        rule.map_or(Ok(()), |rule| Err(Refusal::address(address, rule)))
    }

    /// What can be told without a look-up: the scheme, literal addresses, local names.
    pub fn check_endpoint(&self, endpoint: &Endpoint) -> Result<(), Refusal> {
        if self.require_https && !endpoint.is_https() {
            return Err(Refusal { name: None, address: endpoint.to_string(), rule: Rule::HttpsRequired });
        }
        match endpoint.host() {
            Host::Ipv4(address) => self.check_ip(address.into()),
            Host::Ipv6(address) => self.check_ip(address.into()),
            Host::Domain(name) => match local_name(name) {
                Some(names) => Err(Refusal { name: None, address: name.to_owned(), rule: Rule::LocalName(names) }),
                None => Ok(()),
            },
        }
    }

    /// One refused address refuses all of them: else an attacker's name server could hide it among others.
    pub fn check_answer(&self, name: &str, addresses: &[IpAddr]) -> Result<(), Refusal> {
        let refused = addresses.iter().find_map(|address| self.check_ip(*address).err());
        refused.map_or(Ok(()), |refusal| Err(Refusal { name: Some(name.to_owned()), ..refusal }))
    }

    /// Everything that can be told while a webhook is saved; a name is looked up for at most `patience`.
    pub async fn check_for_saving(
        &self,
        endpoint: &Endpoint,
        resolver: &dyn Resolver,
        patience: Duration,
    ) -> Result<Option<Unresolved>, Refusal> {
        self.check_endpoint(endpoint)?;
        let Host::Domain(name) = endpoint.host() else { return Ok(None) };
        let answer = tokio::time::timeout(patience, resolver.resolve(name)).await.unwrap_or(Err(DnsError::Timeout));
        match answer {
            Ok(addresses) => self.check_answer(name, &addresses).map(|()| None),
            Err(error) => Ok(Some(Unresolved { name: name.to_owned(), error })),
        }
    }
}

fn is_single(network: &IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len()
}

/// Names that are never public, whatever a name server says: RFC 6761, RFC 6762 and ICANN's `.internal`.
fn local_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.');
    let top = name.rsplit('.').next().unwrap_or(name);
    [("localhost", "localhost and *.localhost"), ("local", "*.local"), ("internal", "*.internal")]
        .into_iter()
        .find_map(|(refused, names)| top.eq_ignore_ascii_case(refused).then_some(names))
}

/// AWS, Google, Azure's IMDS and many more; AWS over IPv6; Azure's wire server.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(groups: [u16; 4], length: u8) -> Ipv6Net {
    let [a, b, c, d] = groups;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

/// IANA's IPv4 Special-Purpose Address Registry (2025-10-09), what is not marked globally reachable, and
/// multicast.
const NOT_PUBLIC_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private use"),
    (v4(100, 64, 0, 0, 10), "shared address space"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private use"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relay anycast"),
    (v4(192, 168, 0, 0, 16), "private use"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// More specific entries of the registry that are marked globally reachable.
const PUBLIC_V4: [Ipv4Net; 2] = [v4(192, 0, 0, 9, 32), v4(192, 0, 0, 10, 32)];

/// IANA's IPv6 Special-Purpose Address Registry (2025-10-09), what is not marked globally reachable, with
/// site-local addresses and multicast. 6to4 has no mark; it is judged by the address inside.
const NOT_PUBLIC_V6: [(Ipv6Net, &str); 14] = [
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), "unspecified"),
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), "IPv4-mapped"),
    (v6([0x64, 0xff9b, 1, 0], 48), "local-use IPv4/IPv6 translation"),
    (v6([0x100, 0, 0, 0], 64), "discard-only"),
    (v6([0x100, 0, 0, 1], 64), "dummy prefix"),
    (v6([0x2001, 0, 0, 0], 23), "protocol assignments"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "documentation"),
    (v6([0x3fff, 0, 0, 0], 20), "documentation"),
    (v6([0x5f00, 0, 0, 0], 16), "segment routing"),
    (v6([0xfc00, 0, 0, 0], 7), "unique-local"),
    (v6([0xfe80, 0, 0, 0], 10), "link-local"),
    (v6([0xfec0, 0, 0, 0], 10), "site-local"),
    (v6([0xff00, 0, 0, 0], 8), "multicast"),
];

/// More specific entries of the registry that are marked globally reachable.
const PUBLIC_V6: [Ipv6Net; 7] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 1), 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 2), 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, 3), 128),
    v6([0x2001, 3, 0, 0], 32),
    v6([0x2001, 4, 0x112, 0], 48),
    v6([0x2001, 0x20, 0, 0], 28),
    v6([0x2001, 0x30, 0, 0], 28),
];

fn rule_against(address: IpAddr) -> Option<Rule> {
    let range = |(network, what)| Rule::Range { what, network };
    match address {
        IpAddr::V4(address) => range_of_v4(address).map(range),
        // The address inside says more than the range it is in.
        IpAddr::V6(address) => embedded_rule(address).or_else(|| range_of_v6(address).map(range)),
    }
}

fn range_of_v4(address: Ipv4Addr) -> Option<(IpNet, &'static str)> {
    let (network, what) = NOT_PUBLIC_V4.iter().find(|(network, _)| network.contains(&address))?;
    let is_public = PUBLIC_V4.iter().any(|network| network.contains(&address));
    (!is_public).then_some((IpNet::V4(*network), what))
}

fn range_of_v6(address: Ipv6Addr) -> Option<(IpNet, &'static str)> {
    let (network, what) = NOT_PUBLIC_V6.iter().find(|(network, _)| network.contains(&address))?;
    let is_public = PUBLIC_V6.iter().any(|network| network.contains(&address));
    (!is_public).then_some((IpNet::V6(*network), what))
}

fn embedded_rule(address: Ipv6Addr) -> Option<Rule> {
    // These two look like compatible addresses but are not.
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    embedded(address).into_iter().flatten().find_map(|(inside, inner)| {
        if METADATA.contains(&IpAddr::V4(inner)) {
            return Some(Rule::Metadata);
        }
        let (network, what) = range_of_v4(inner)?;
        Some(Rule::Embedded { inside, address: inner, what, network })
    })
}

/// The IPv4 addresses that packets to this one may end at: the last 32 bits of the translating prefixes, the
/// 6to4 router, of Teredo the server and the client (whose bits are turned over), and below any prefix the host
/// that an ISATAP interface names.
fn embedded(address: Ipv6Addr) -> [Option<(&'static str, Ipv4Addr)>; 2] {
    let groups = address.segments();
    let at = |group: usize| {
        let ([a, b], [c, d]) = (groups[group].to_be_bytes(), groups[group + 1].to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    let isatap = matches!(groups, [_, _, _, _, 0 | 0x200, 0x5efe, ..]).then(|| ("an ISATAP address", at(6)));
    match groups {
        [0, 0, 0, 0, 0, 0, ..] => [Some(("an IPv4-compatible address", at(6))), None],
        [0, 0, 0, 0, 0, 0xffff, ..] => [Some(("an IPv4-mapped address", at(6))), None],
        [0, 0, 0, 0, 0xffff, 0, ..] => [Some(("an IPv4-translated address", at(6))), None],
        [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => [Some(("a NAT64 address", at(6))), None],
        [0x2002, ..] => [Some(("a 6to4 address", at(1))), isatap],
        [0x2001, 0, ..] => {
            let client = Ipv4Addr::from_bits(!at(6).to_bits());
            [Some(("a Teredo client", client)), Some(("a Teredo server", at(2)))]
        }
        _ => [isatap, None],
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
