//! Refuses requests for another host than that of HERALD_PUBLIC_URL, where it is set: a name that somebody else pointed at
//! this address (DNS rebinding), or a proxy that hands on what it should not. docs/decisions/0041-which-host-is-ours.md.

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError as _};
use url::{Host, Url};

use super::error::{Error, is_api};
use super::problem::Problem;
use super::site::{Site, authority};

/// Asked by machines that know this one by its address, and saying nothing of anybody.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Middleware, for `from_fn`; inside the error pages.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let site = Site::of(request.request());
    let Some(public_url) = &site.public_url else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    if PROBES.contains(&request.path()) || is_own(&site, public_url, request.request()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let refusal = Error::WrongHost { public_url: public_url.origin().ascii_serialization() };
    if is_api(request.path()) {
        return Ok(request.into_response(Problem::from(refusal).error_response()));
    }
    Ok(request.error_response(refusal))
}

/// Whether the request names our host. Its port may be left out: some proxies drop it.
fn is_own(site: &Site, public_url: &Url, request: &HttpRequest) -> bool {
    let Some(asked) = site.host(request).and_then(|host| authority(public_url.scheme(), &host)) else { return false };
    if asked.host() == public_url.host() && (asked.port().is_none() || asked.port() == public_url.port()) {
        return true;
    }
    is_from_here(request) && asked.host().is_some_and(is_here)
}

/// Programs on this very machine may say so: no browser can be made to say it in the name of another site.
fn is_here(host: Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn is_from_here(request: &HttpRequest) -> bool {
    request.peer_addr().map(|peer| peer.ip().to_canonical()).is_some_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_taken(public_url: &str, peer: &str, uri: &str, host: &str) -> bool {
        let site = Site { public_url: Url::parse(public_url).ok(), ..Site::default() };
        let request = TestRequest::with_uri(uri)
            .peer_addr(format!("{peer}:4711").parse().unwrap())
            .insert_header(("host", host))
            .to_http_request();
        is_own(&site, site.public_url.as_ref().unwrap(), &request)
    }

    #[test]
    fn only_the_public_host_is_ours() {
        for (public_url, host, expected) in [
            ("https://h.example", "h.example", true),
            ("https://h.example", "H.EXAMPLE:443", true),
            ("https://h.example:8443", "h.example:8443", true),
            ("https://h.example:8443", "h.example", true),
            ("http://192.0.2.7:8080", "192.0.2.7:8080", true),
            ("http://[2001:db8::7]", "[2001:db8:0::7]", true),
            ("https://h.example", "h.example:80", false),
            ("https://h.example", "h.example:8443", false),
            ("https://h.example", "h.example.", false),
            ("https://h.example", "www.h.example", false),
            ("https://h.example", "h.example.evil.example", false),
            ("https://h.example", "evil.example", false),
            ("https://h.example", "evil.example@h.example", false),
            ("https://h.example", "h.example@evil.example", false),
            ("https://h.example", "h.example#evil.example", false),
            ("https://h.example", "h.example/evil", false),
            ("https://h.example", "h.example, evil.example", false),
            ("https://h.example", "192.0.2.7", false),
            ("https://h.example", "localhost", false),
            ("https://h.example", "127.0.0.1:8080", false),
            ("https://h.example", "", false),
        ] {
            assert_eq!(is_taken(public_url, "192.0.2.1", "/", host), expected, "{host:?} for {public_url}");
        }
        // The request line names another host than the header does.
        assert!(!is_taken("https://h.example", "192.0.2.1", "http://evil.example/", "h.example"));
        assert!(is_taken("https://h.example", "192.0.2.1", "http://h.example/", "h.example"));
    }

    #[test]
    fn programs_on_this_machine_may_name_it_by_its_own_address() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            assert!(is_taken("https://h.example", "127.0.0.1", "/", host), "{host}");
            assert!(is_taken("https://h.example", "[::1]", "/", host), "{host}");
            assert!(!is_taken("https://h.example", "192.0.2.1", "/", host), "{host}");
        }
        assert!(
            is_taken("http://127.0.0.1", "127.0.0.1", "/", "127.0.0.1:8080"),
            "a port that the public address lacks"
        );
        assert!(!is_taken("https://h.example", "127.0.0.1", "/", "evil.example"), "whatever it resolves to");
    }
}
