//! A webhook's URL: what is accepted must be what the WHATWG parser says, be accepted again as it is stored, fit on a
//! request line, and never lead to a literal address that is not public.

#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use herald::delivery::endpoint::{Endpoint, Guard};
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

fuzz_target!(|text: &str| {
    let Ok(endpoint) = Endpoint::parse(text) else { return };
    let parsed = Url::parse(text.trim_matches(' ')).expect("what is accepted is a URL");
    assert_eq!(endpoint.as_str(), parsed.as_str());
    assert_eq!(Endpoint::parse(endpoint.as_str()).as_ref(), Ok(&endpoint), "stored and read again");
    assert!(matches!(parsed.scheme(), "http" | "https"));
    assert!(parsed.username().is_empty() && parsed.password().is_none() && parsed.fragment().is_none());
    assert!(matches!(endpoint.port(), 80 | 443 | 1024..));
    assert!(endpoint.as_str().len() <= 2_048);

    // What goes on the wire.
    let target = endpoint.path_and_query();
    assert!(target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
    http::Uri::try_from(target).expect("a request target");
    http::HeaderValue::try_from(endpoint.authority()).expect("a host header");
    assert!(!endpoint.authority().contains(['@', '/', '?', '#', '\\', ' ']));
    assert!(endpoint.as_str().starts_with(endpoint.origin()) && endpoint.origin().ends_with(endpoint.authority()));

    let is_allowed = Guard::default().check_endpoint(&endpoint).is_ok();
    let literal = match endpoint.host() {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain(name) => {
            let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            assert!(!last.bytes().all(|byte| byte.is_ascii_digit()), "a name that ends in a number is an address");
            let is_local = ["localhost", "local", "internal"].contains(&last);
            assert_eq!(is_allowed, !is_local, "{name}");
            return;
        }
    };
    assert!(!(is_allowed && is_inside(literal)), "{literal} is reached");
    assert!(Guard::default().check_answer("name", &[literal]).is_ok() == is_allowed);
});

/// Told by the standard library alone; the guard refuses more than this.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_unspecified()
                || v4.is_documentation()
                || v4.octets()[0] == 0
                || v4.octets()[0] >= 240
                || (v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || embedded(v6).is_some_and(|v4| is_inside(v4.into()))
        }
    }
}

/// Mapped, NAT64 and 6to4.
fn embedded(address: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let bits = address.to_bits();
    let low = u32::try_from(bits & 0xffff_ffff).expect("32 bits").into();
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(low),
        [0x2002, high, rest, ..] => Some(((u32::from(high) << 16) | u32::from(rest)).into()),
        _ => address.to_ipv4_mapped(),
    }
}
