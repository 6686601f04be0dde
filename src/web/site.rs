//! Where Herald is reached from outside: settings that the kit needs, as application data.

use std::net::IpAddr;

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
        let is_proxied = self.is_from_proxy(request);
        let forwarded = |name: &str| last_of(request, name).filter(|_| is_proxied);
        let scheme = forwarded("x-forwarded-proto")
            .unwrap_or_else(|| if request.app_config().secure() { "https".into() } else { "http".into() });
        let host = forwarded("x-forwarded-host").or_else(|| {
            let host = request.headers().get(header::HOST)?.to_str().ok()?;
            Some(host.to_owned())
        })?;
        // Parsing writes the host in lower case and drops the port that goes without saying.
        let origin = Url::parse(&format!("{scheme}://{host}")).ok()?.origin();
        origin.is_tuple().then(|| origin.ascii_serialization())
    }

    /// Whether people reach this over https: cookies are Secure then.
    pub fn is_https(&self, request: &HttpRequest) -> bool {
        self.origin(request).is_some_and(|origin| origin.starts_with("https:"))
    }

    /// The address of whoever asks: the last hop that no trusted proxy stands for.
    pub fn client_ip(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        if !self.trusts(peer) {
            return Some(peer);
        }
        let hops = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
        let client = hops.into_iter().rev().map_while(|hop| hop.trim().parse().ok()).find(|hop| !self.trusts(*hop));
        Some(client.unwrap_or(peer))
    }

    fn is_from_proxy(&self, request: &HttpRequest) -> bool {
        request.peer_addr().is_some_and(|peer| self.trusts(peer.ip()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
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
    fn a_public_url_overrules_the_request() {
        let site = Site { public_url: Url::parse("https://h.example:443/x").ok(), ..Site::default() };
        assert_eq!(site.origin(&request("192.0.2.1").to_http_request()).as_deref(), Some("https://h.example"));
    }
}
