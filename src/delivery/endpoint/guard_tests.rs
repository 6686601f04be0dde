use proptest::prelude::*;

use super::*;
use crate::delivery::resolver::StaticResolver;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn guard(allowed: &[&str]) -> Guard {
    Guard::new(allowed.iter().map(|network| network.parse().unwrap()).collect(), false)
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url).unwrap()
}

/// Networks that must be refused from their first address to their last, and whose neighbours must not be.
const REFUSED: [&str; 24] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/63",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

#[test]
fn what_iana_lists_as_not_reachable_is_refused_to_the_last_address() {
    for network in REFUSED {
        let network: IpNet = network.parse().unwrap();
        for address in [network.network(), network.broadcast()] {
            assert!(guard(&[]).check_ip(address).is_err(), "{address}");
        }
    }
}

#[test]
fn the_neighbours_of_refused_networks_are_allowed() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.0.0.9",
        "192.0.0.10",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "192.175.48.1",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "168.63.129.15",
        "168.63.129.17",
        "8.8.8.8",
        "2606:4700::1111",
        "2001:200::",
        "2001:1::1",
        "2001:1::2",
        "2001:1::3",
        "2001:3::1",
        "2001:4:112::1",
        "2001:20::1",
        "2001:3f:ffff::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2620:4f:8000::1",
        "3ffe:ffff::",
        "3fff:1000::",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "::8.8.8.8",
    ] {
        assert_eq!(guard(&[]).check_ip(ip(address)), Ok(()), "{address}");
    }
}

#[test]
fn the_exceptions_inside_protocol_assignments_are_the_only_ones() {
    for address in ["192.0.0.0", "192.0.0.1", "192.0.0.8", "192.0.0.11", "192.0.0.170", "192.0.0.255"] {
        assert!(guard(&[]).check_ip(ip(address)).is_err(), "{address}");
    }
    for address in
        ["2001::", "2001:1::", "2001:1::4", "2001:2::1", "2001:4:113::", "2001:10::1", "2001:40::", "2001:1ff:ffff::"]
    {
        assert!(guard(&[]).check_ip(ip(address)).is_err(), "{address}");
    }
}

#[test]
fn an_ipv4_address_inside_an_ipv6_one_is_found() {
    for (address, embedded) in [
        ("::127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:0:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::192.168.1.1", "192.168.1.1"),
        ("64:ff9b:1::10.1.2.3", "10.1.2.3"),
        ("2002:7f00:1::", "127.0.0.1"),
        ("2002:a01:203:ffff::1", "10.1.2.3"),
        // The client 10.1.2.3 with its bits turned over, behind a public server.
        ("2001:0:808:808::f5fe:fdfc", "10.1.2.3"),
        ("2001:0:a00:1::f7f7:f7f7", "10.0.0.1"),
    ] {
        let refusal = guard(&[]).check_ip(ip(address)).unwrap_err();
        let Rule::Embedded { address: found, .. } = refusal.rule else { panic!("{address}: {refusal:?}") };
        assert_eq!(found, embedded.parse::<Ipv4Addr>().unwrap(), "{address}");
    }
}

#[test]
fn metadata_services_are_refused_in_every_spelling() {
    for address in [
        "169.254.169.254",
        "fd00:ec2::254",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "64:ff9b::168.63.129.16",
        "2002:a9fe:a9fe::",
        "::168.63.129.16",
    ] {
        let refusal = guard(&[]).check_ip(ip(address)).unwrap_err();
        assert_eq!(refusal.rule, Rule::Metadata, "{address}");
    }
}

#[test]
fn an_allowed_network_opens_itself_and_nothing_else() {
    let guard = guard(&["127.0.0.0/8", "10.1.0.0/16", "fd00::/8", "169.254.0.0/16"]);
    for address in ["127.0.0.1", "127.255.255.255", "10.1.2.3", "fd12::1", "169.254.1.1"] {
        assert_eq!(guard.check_ip(ip(address)), Ok(()), "{address}");
    }
    for address in [
        "10.2.0.1",
        "192.168.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "fc00::1",
        "0.0.0.0",
        "169.254.169.254",
        "fd00:ec2::254",
    ] {
        assert!(guard.check_ip(ip(address)).is_err(), "{address}");
    }
    assert!(guard.check_endpoint(&endpoint("http://localhost:8080/")).is_err());
}

#[test]
fn a_metadata_service_is_opened_only_by_its_own_address() {
    for (allowed, opens) in [
        ("169.254.169.254/32", true),
        ("169.254.169.254/31", false),
        ("0.0.0.0/0", false),
        ("fd00:ec2::254/128", false),
    ] {
        assert_eq!(guard(&[allowed]).check_ip(ip("169.254.169.254")).is_ok(), opens, "{allowed}");
    }
}

#[test]
fn literals_are_seen_in_any_spelling() {
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1./",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fd00:ec2::254]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0xa9fea9fe/",
        "http://[fe80::1]/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
    ] {
        assert!(guard(&[]).check_endpoint(&endpoint(url)).is_err(), "{url}");
    }
}

#[test]
fn local_names_are_refused_whatever_their_spelling() {
    for name in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "a.b.LocalHost.",
        "printer.local",
        "local",
        "x.internal",
        "metadata.google.internal",
        "metadata.google.internal.",
        "ｌocalhost",
        "loc%61lhost",
    ] {
        let refusal = guard(&["0.0.0.0/0"]).check_endpoint(&endpoint(&format!("http://{name}/"))).unwrap_err();
        assert!(matches!(refusal.rule, Rule::LocalName(_)), "{name}");
    }
    for name in ["localhost.example.com", "mylocalhost", "internal.example.com", "notlocal"] {
        assert_eq!(guard(&[]).check_endpoint(&endpoint(&format!("http://{name}/"))), Ok(()), "{name}");
    }
}

#[test]
fn https_can_be_required() {
    let guard = Guard::new(Vec::new(), true);
    assert_eq!(guard.check_endpoint(&endpoint("http://example.com/")).unwrap_err().rule, Rule::HttpsRequired);
    assert_eq!(guard.check_endpoint(&endpoint("https://example.com/")), Ok(()));
}

#[tokio::test]
async fn while_saving_one_refused_address_refuses_the_name() {
    let resolver = StaticResolver::default()
        .with("good.example", &["8.8.8.8", "2606:4700::1111"])
        .with("mixed.example", &["8.8.8.8", "10.0.0.1"])
        .failing("slow.example", DnsError::Failed);
    let check = async |url: &str| guard(&[]).check_for_saving(&endpoint(url), &resolver, Duration::from_secs(5)).await;
    assert_eq!(check("https://good.example/").await, Ok(None));
    let refusal = check("https://mixed.example/").await.unwrap_err();
    assert_eq!((refusal.name.as_deref(), refusal.address.as_str()), (Some("mixed.example"), "10.0.0.1"));
    assert_eq!(check("https://new.example/").await.unwrap().unwrap().error, DnsError::NotFound);
    assert_eq!(check("https://slow.example/").await.unwrap().unwrap().error, DnsError::Failed);
    assert!(check("https://localhost/").await.is_err());
}

#[test]
fn a_refusal_names_the_address_the_rule_and_to_admins_the_setting() {
    let say = |address: &str| guard(&[]).check_ip(ip(address)).unwrap_err();
    assert_eq!(
        say("127.0.0.1").to_string(),
        "This address cannot receive webhooks. 127.0.0.1 is not public: loopback (127.0.0.0/8)."
    );
    assert_eq!(
        say("::ffff:10.0.0.1").to_string(),
        "This address cannot receive webhooks. ::ffff:10.0.0.1 is 10.0.0.1 as an IPv4-mapped address, which is not public: \
         private use (10.0.0.0/8)."
    );
    for address in ["127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254"] {
        assert!(say(address).for_admins().contains("HERALD_ALLOWED_NETWORKS"), "{address}");
    }
}

/// The rules once more, as plain arithmetic on the bits and without a table of networks.
fn straightforward(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            let special = match a {
                0 | 10 | 127 => true,
                100 => b & 0b1100_0000 == 64,
                168 => (b, c, d) == (63, 129, 16),
                169 => b == 254,
                172 => b & 0xf0 == 16,
                192 => b == 168 || (b, c) == (0, 2) || (b, c) == (88, 99) || ((b, c) == (0, 0) && d != 9 && d != 10),
                198 => b & 0xfe == 18 || (b, c) == (51, 100),
                203 => (b, c) == (0, 113),
                224.. => true,
                _ => false,
            };
            !special
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let starts = |value: u128, length: u32| bits >> (128 - length) == value;
            let inner = |bits: u128| straightforward(IpAddr::V4(Ipv4Addr::from_bits(bits as u32)));
            if starts(0, 96) {
                return bits > 1 && inner(bits);
            }
            if starts(0x0064_ff9b << 64, 96) || starts(0xffff_0000, 96) {
                return inner(bits);
            }
            if starts(0x2002, 16) {
                return inner(bits >> 80);
            }
            if starts(0x2001_0000 >> 9, 23) {
                return (1..=3).contains(&(bits ^ (0x2001_0001 << 96)))
                    || starts(0x2001_0003, 32)
                    || starts(0x2001_0004_0112, 48)
                    || starts(0x2001_0020 >> 4, 28)
                    || starts(0x2001_0030 >> 4, 28);
            }
            !(starts(0xffff, 96)
                || starts(0x0064_ff9b_0001, 48)
                || starts(0x0100 << 48, 64)
                || starts((0x0100 << 48) + 1, 64)
                || starts(0x2001_0db8, 32)
                || starts(0x3fff0, 20)
                || starts(0x5f00, 16)
                || starts(0b111_1110, 7)
                || starts(0xfe8 >> 2, 10)
                || starts(0xfec >> 2, 10)
                || starts(0xff, 8))
        }
    }
}

/// Addresses near the borders of the rules as well as anywhere.
fn any_address() -> impl Strategy<Value = IpAddr> {
    let prefixes = prop::sample::select(vec![
        "::",
        "::ffff:0:0",
        "0:0:0:0:ffff::",
        "64:ff9b::",
        "64:ff9b:1::",
        "100::",
        "2001::",
        "2001:1::",
        "2001:3::",
        "2001:4:112::",
        "2001:20::",
        "2001:30::",
        "2001:db8::",
        "2002::",
        "3fff::",
        "5f00::",
        "fc00::",
        "fe80::",
        "fec0::",
        "ff00::",
        "2600::",
    ]);
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        (prop::sample::select(vec![0u32, 10, 100, 127, 168, 169, 172, 192, 198, 203]), any::<u32>())
            .prop_map(|(first, bits)| IpAddr::V4(Ipv4Addr::from_bits(first << 24 | bits >> 8))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        (prefixes, any::<u128>(), 16u32..128).prop_map(|(prefix, bits, kept)| {
            let prefix: Ipv6Addr = prefix.parse().unwrap();
            IpAddr::V6(Ipv6Addr::from_bits(prefix.to_bits() | bits >> kept))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]
    #[test]
    fn table_and_arithmetic_agree_on_every_address(address in any_address()) {
        prop_assert_eq!(guard(&[]).check_ip(address).is_ok(), straightforward(address), "{}", address);
    }
}
