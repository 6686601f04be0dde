//! Where Herald is reached from outside: settings that the kit needs, as application data.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Data;
use ipnet::IpNet;
use url::Url;

use super::context::Context;

/// Put into the app as `web::Data<Site>`; without it, the public address is that of the [`Context`] and no proxy is trusted.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub public_url: Option<Url>,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Site {
    pub fn of(request: &HttpRequest) -> Self {
        if let Some(site) = request.app_data::<Data<Self>>() {
            return site.as_ref().clone();
        }
        let public_url = request.app_data::<Data<Context>>().and_then(|context| context.public_url.clone());
        Self { public_url, trusted_proxies: Vec::new() }
    }

    /// Scheme, host and port as a browser writes them in `Origin`: the public address if one is set,
    /// else what the request says. `None` where it says nothing usable.
    pub fn origin(&self, request: &HttpRequest) -> Option<String> {
        if let Some(url) = &self.public_url {
            return Some(url.origin().ascii_serialization());
        }
        let origin = authority(self.scheme(request), &self.host(request)?)?.origin();
        Some(origin.ascii_serialization())
    }

    /// Whether people reach this over https: browsers are told to keep to it then.
    pub fn is_https(&self, request: &HttpRequest) -> bool {
        match &self.public_url {
            Some(url) => url.scheme() == "https",
            None => self.scheme(request) == "https",
        }
    }

    /// The host, perhaps with a port, that the client asked for.
    pub(super) fn host(&self, request: &HttpRequest) -> Option<String> {
        if let Some(forwarded) = self.forwarded(request, "x-forwarded-host") {
            return Some(forwarded);
        }
        // What stands in the request line counts before the header (RFC 9112, section 3.2.2).
        if let Some(authority) = request.uri().authority() {
            return Some(authority.as_str().to_owned());
        }
        let host = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(host.to_owned())
    }

    fn scheme(&self, request: &HttpRequest) -> &'static str {
        let forwarded = self.forwarded(request, "x-forwarded-proto");
        let is_https = forwarded.map_or(request.app_config().secure(), |scheme| scheme.eq_ignore_ascii_case("https"));
        if is_https { "https" } else { "http" }
    }

    /// The address of whoever asks: the last hop that no trusted proxy stands for. What is no address ends the list, because
    /// whoever wrote it may have written all that stands before it, too.
    pub fn client_ip(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        if !self.trusts(peer) {
            return Some(peer);
        }
        let hops = request.headers().get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or("?"));
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
        let mut client = peer;
        for hop in hops.into_iter().rev().map_while(address) {
            client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        Some(client)
    }

    /// What the nearest proxy wrote into a forwarding header, if it is one of those that are believed.
    fn forwarded(&self, request: &HttpRequest, name: &str) -> Option<String> {
        if self.trusted_proxies.is_empty() {
            return None;
        }
        let peer = request.peer_addr()?.ip();
        last_of(request, name).filter(|_| self.trusts(peer))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// A hop, as proxies write it: with or without a port, IPv6 in brackets or bare.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop
        .parse::<IpAddr>()
        .or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|error| hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).ok_or(error)?.parse());
    address.ok().map(|address| address.to_canonical())
}

/// The URL of a host, which says what browsers take it for: in lower case, without the port that goes without saying.
pub(super) fn authority(scheme: &str, host: &str) -> Option<Url> {
    let is_plain = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'@' | b'?' | b'#'));
    is_plain.then(|| Url::parse(&format!("{scheme}://{host}")).ok()).flatten()
}

/// The last value of a forwarding header: the one that the nearest proxy wrote.
fn last_of(request: &HttpRequest, name: &str) -> Option<String> {
    let value = request.headers().get_all(name).last()?.to_str().ok()?;
    value.rsplit(',').next().map(|part| part.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(peer: &str) -> TestRequest {
        TestRequest::default()
            .peer_addr(format!("{peer}:4711").parse().unwrap())
            .insert_header(("host", "Herald.Example:80"))
            .insert_header(("x-forwarded-proto", "https"))
            .insert_header(("x-forwarded-host", "public.example"))
            .insert_header(("x-forwarded-for", "198.51.100.7, 203.0.113.9, 10.0.0.2"))
    }

    #[test]
    fn forwarding_headers_are_believed_only_from_trusted_proxies() {
        let site = Site { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Site::default() };
        let known = request("10.0.0.1").to_http_request();
        assert_eq!(site.origin(&known).as_deref(), Some("https://public.example"));
        assert_eq!(site.client_ip(&known), "203.0.113.9".parse().ok());
        let unknown = request("192.0.2.1").to_http_request();
        assert_eq!(site.origin(&unknown).as_deref(), Some("http://herald.example"));
        assert_eq!(site.client_ip(&unknown), "192.0.2.1".parse().ok());
    }

    #[test]
    fn the_client_is_the_last_hop_that_nobody_trusted_stands_for() {
        let site = Site {
            trusted_proxies: ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap()).to_vec(),
            ..Site::default()
        };
        let ask = |peer: &str, values: &[&str]| {
            let peer = format!("{peer}:4711").parse().unwrap();
            let request = values.iter().fold(TestRequest::default().peer_addr(peer), |request, value| {
                request.append_header(("x-forwarded-for", *value))
            });
            site.client_ip(&request.to_http_request()).unwrap().to_string()
        };
        for (values, expected) in [
            (&[][..], "10.0.0.1"),
            (&["203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9, 10.0.0.2", "10.0.0.3"], "203.0.113.9"),
            (&[" 203.0.113.9 ,\t10.0.0.2 "], "203.0.113.9"),
            (&["203.0.113.9:51234"], "203.0.113.9"),
            (&["2001:db8::9"], "2001:db8::9"),
            (&["[2001:db8::9]"], "2001:db8::9"),
            (&["[2001:db8::9]:443, [fd00::2]:443"], "2001:db8::9"),
            (&["::ffff:203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
            (&["10.9.9.9, 10.0.0.2"], "10.9.9.9"),
            // Nothing before what cannot be read is believed.
            (&["203.0.113.9, unknown"], "10.0.0.1"),
            (&["203.0.113.9, , 10.0.0.2"], "10.0.0.2"),
            (&["203.0.113.9, 10.0.0.999"], "10.0.0.1"),
            (&["203.0.113.9, 10.0.0.2, _hidden, 10.0.0.3"], "10.0.0.3"),
            (&["203.0.113.9, 10.0.0.2 10.0.0.3"], "10.0.0.1"),
            (&["203.0.113.9 OR 1=1"], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["203.0.113.9", "\u{e9}"], "10.0.0.1"),
        ] {
            assert_eq!(ask("10.0.0.1", values), expected, "{values:?}");
            assert_eq!(ask("192.0.2.1", values), "192.0.2.1", "nobody trusted wrote {values:?}");
        }
        assert_eq!(ask("[::ffff:10.0.0.1]", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(ask("[::ffff:192.0.2.1]", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn a_scheme_and_a_host_are_taken_from_the_nearest_proxy_alone() {
        let site = Site { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Site::default() };
        let ask = |peer: &str, headers: &[(&'static str, &str)]| {
            let request = TestRequest::default()
                .peer_addr(format!("{peer}:4711").parse().unwrap())
                .insert_header(("host", "inside:8080"));
            let request = headers.iter().fold(request, |request, header| request.append_header(*header));
            let request = request.to_http_request();
            (site.origin(&request), site.is_https(&request))
        };
        let (proto, host) = ("x-forwarded-proto", "x-forwarded-host");
        for (headers, origin) in [
            (&[(proto, "https"), (host, "h.example")][..], Some("https://h.example")),
            (&[(proto, "HTTPS"), (host, "H.Example:443")], Some("https://h.example")),
            (&[(proto, "http, https"), (host, "evil.example, h.example")], Some("https://h.example")),
            (&[(proto, "https"), (proto, "http"), (host, "h.example:8080")], Some("http://h.example:8080")),
            (&[(proto, "javascript"), (host, "h.example")], Some("http://h.example")),
            (&[(host, "h.example/path")], None),
            (&[(host, "h.example@evil.example")], None),
            (&[(host, "h.example\\evil")], None),
            (&[(host, "a b")], None),
            (&[(host, "")], None),
            (&[("forwarded", "for=1.2.3.4;proto=https;host=evil.example")], Some("http://inside:8080")),
            (&[], Some("http://inside:8080")),
        ] {
            let is_https = origin.is_some_and(|origin| origin.starts_with("https:"));
            let found = ask("10.0.0.1", headers);
            assert_eq!(found.0.as_deref(), origin, "{headers:?}");
            assert!(found.1 == is_https || origin.is_none(), "{headers:?}");
            let unknown = ask("192.0.2.1", headers);
            assert_eq!((unknown.0.as_deref(), unknown.1), (Some("http://inside:8080"), false), "{headers:?}");
        }
    }

    #[test]
    fn a_public_url_overrules_the_request() {
        let site = Site { public_url: Url::parse("https://h.example:443/x").ok(), ..Site::default() };
        assert_eq!(site.origin(&request("192.0.2.1").to_http_request()).as_deref(), Some("https://h.example"));
    }
}
