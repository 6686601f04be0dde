//! A webhook's URL: what may stand in it, by contract section 3. Where it may lead is the [`guard`]'s to say.
//!
//! The URL is parsed as browsers do (WHATWG), once, at the door. Everything later, the guard and the sender
//! too, looks at the parsed form, so that no two readers of one text can differ.

use std::fmt;

use url::{Host, Url};

pub mod guard;

pub use guard::{Guard, Refusal, Rule, Unresolved};

/// Longest URL, as typed and as stored.
const MAX_CHARACTERS: usize = 2_048;

/// The field's sentences for a URL that is refused whatever it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    #[error("Enter a URL.")]
    Missing,
    #[error("Enter a full URL that starts with https:// or http://")]
    NotHttp,
    #[error("Enter a URL of at most 2,048 characters.")]
    TooLong,
    #[error("A URL has no control characters, tabs or line breaks in it.")]
    ControlCharacter,
    #[error("Write / instead of \\ in the URL.")]
    Backslash,
    #[error("Leave user name and password out of the URL. A request header can carry them.")]
    Credentials,
    #[error("Leave the part after # out of the URL. It is never sent.")]
    Fragment,
    #[error("The host in this URL is no valid name or address.")]
    Host,
    #[error("Port {0} is not allowed. Use 80, 443, or 1024 and up.")]
    Port(u16),
    #[error("The port in this URL is not a number from 1 to 65535.")]
    PortNumber,
}

/// A URL that deliveries can be sent to, if the guard lets them.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads what was typed, or what is stored.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let text = text.trim_matches(' ');
        check_text(text)?;
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::InvalidPort => InvalidEndpoint::PortNumber,
            _ => InvalidEndpoint::Host,
        })?;
        check_parsed(&url)?;
        Ok(Self(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn host(&self) -> Host<&str> {
        self.0.host().expect("an http URL without a host does not parse")
    }

    /// The port, also where the URL leaves it out.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().expect("http and https have a default port")
    }

    /// Path and query as they stand on the request line.
    pub fn path_and_query(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// Scheme, host and port as one text.
    pub fn origin(&self) -> &str {
        &self.0[..url::Position::BeforePath]
    }

    /// What the `host` header says: the host, and the port unless it is the scheme's own.
    pub fn authority(&self) -> &str {
        &self.0[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Whether scheme, host and port are the same, so that stored header values may go to `other` too.
    pub fn has_same_origin(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }
}

/// For people, without the query: many a URL has a key in it. All of it is in [`Endpoint::as_str`].
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked_query(self.as_str()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URL as it may be kept and shown: with `***` for what its query says.
pub fn masked_query(url: &str) -> String {
    match url.split_once('?') {
        Some((before, query)) if !query.is_empty() => format!("{before}?***"),
        _ => url.to_owned(),
    }
}

/// What the parser would repair silently, and what it would not mind.
fn check_text(text: &str) -> Result<(), InvalidEndpoint> {
    if text.is_empty() {
        return Err(InvalidEndpoint::Missing);
    }
    if text.chars().count() > MAX_CHARACTERS {
        return Err(InvalidEndpoint::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidEndpoint::ControlCharacter);
    }
    let has_scheme = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let after_scheme = if has_scheme("https://") {
        &text["https://".len()..]
    } else if has_scheme("http://") {
        &text["http://".len()..]
    } else {
        return Err(InvalidEndpoint::NotHttp);
    };
    if text.contains('\\') {
        return Err(InvalidEndpoint::Backslash);
    }
    // Browsers skip further slashes; nobody means that.
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(InvalidEndpoint::Host);
    }
    // Also an empty user, which the parser drops.
    if authority.contains('@') {
        return Err(InvalidEndpoint::Credentials);
    }
    if after_scheme.contains('#') {
        return Err(InvalidEndpoint::Fragment);
    }
    Ok(())
}

fn check_parsed(url: &Url) -> Result<(), InvalidEndpoint> {
    let Some(host) = url.host() else { return Err(InvalidEndpoint::Host) };
    if let Host::Domain(name) = host
        && !is_host_name(name)
    {
        return Err(InvalidEndpoint::Host);
    }
    let port = url.port_or_known_default().ok_or(InvalidEndpoint::PortNumber)?;
    if !matches!(port, 80 | 443 | 1024..) {
        return Err(InvalidEndpoint::Port(port));
    }
    // Percent-encoding makes a text longer; what is stored must be accepted when it is saved again.
    if url.as_str().len() > MAX_CHARACTERS {
        return Err(InvalidEndpoint::TooLong);
    }
    Ok(())
}

/// A name that DNS can hold: labels of letters, digits, hyphens inside and (for hosts out there that have
/// them) underscores; one dot may end it. The parser lets much more pass.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_url_is_kept_as_browsers_write_it() {
        for (typed, kept) in [
            ("https://example.com", "https://example.com/"),
            ("  https://example.com/hook  ", "https://example.com/hook"),
            ("HTTPS://Example.COM:443/A", "https://example.com/A"),
            ("http://example.com:80/", "http://example.com/"),
            ("https://example.com:80/", "https://example.com:80/"),
            ("https://example.com:8443/", "https://example.com:8443/"),
            ("http://example.com:1024/", "http://example.com:1024/"),
            ("http://example.com:65535/", "http://example.com:65535/"),
            (
                "https://example.com/a%2fb//c/./d/../e+f?x=%2F&b=+&a=1&x=",
                "https://example.com/a%2fb//c/e+f?x=%2F&b=+&a=1&x=",
            ),
            ("https://example.com//", "https://example.com//"),
            ("https://example.com?", "https://example.com/?"),
            ("https://example.com/ä b", "https://example.com/%C3%A4%20b"),
            ("https://example.com/?q='\"|{}`^", "https://example.com/?q=%27%22|{}`^"),
            ("https://müller.example/", "https://xn--mller-kva.example/"),
            ("https://my_host.example./", "https://my_host.example./"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ] {
            let endpoint = Endpoint::parse(typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
            assert_eq!(endpoint.as_str(), kept);
            assert_eq!(Endpoint::parse(kept).as_ref(), Ok(&endpoint), "what is stored is read back");
        }
    }

    #[test]
    fn a_url_that_breaks_a_rule_is_refused_with_the_rule() {
        use InvalidEndpoint::*;
        let long = format!("https://example.com/{}", "a".repeat(2_048 - 20));
        assert_eq!(Endpoint::parse(&long).unwrap().as_str().len(), 2_048);
        for (typed, problem) in [
            ("".into(), Missing),
            ("   ".into(), Missing),
            (long + "a", TooLong),
            (format!("https://example.com/{}", "ä".repeat(1_000)), TooLong),
            ("example.com/hook".into(), NotHttp),
            ("ftp://example.com/".into(), NotHttp),
            ("https:example.com".into(), NotHttp),
            ("javascript://example.com/%0Aalert(1)".into(), NotHttp),
            ("http".into(), NotHttp),
            ("häll://example.com".into(), NotHttp),
            ("https://".into(), Host),
            ("https:///example.com/".into(), Host),
            ("https://?x".into(), Host),
            ("https://exa mple.com/".into(), Host),
            ("https://a..b/".into(), Host),
            ("https://.example.com/".into(), Host),
            ("https://example.com../".into(), Host),
            ("https://-a.example/".into(), Host),
            ("https://a!b.example/".into(), Host),
            ("https://1.2.3.4.5/".into(), Host),
            ("https://256.256.256.256/".into(), Host),
            ("https://[::1/".into(), Host),
            ("https://[fe80::1%25eth0]/".into(), Host),
            ("https://%00.example/".into(), Host),
            (format!("https://{}.example/", "a".repeat(64)), Host),
            (format!("https://{}example/", "a.".repeat(124)), Host),
            ("https://user:secret@example.com/".into(), Credentials),
            ("https://user@example.com/".into(), Credentials),
            ("https://@example.com/".into(), Credentials),
            ("https://example.com/#top".into(), Fragment),
            ("https://example.com/#".into(), Fragment),
            ("https://example.com#@x".into(), Fragment),
            ("https://example.com\\@127.0.0.1/".into(), Backslash),
            ("https://example.com/a\\b".into(), Backslash),
            ("https://example.com/a\tb".into(), ControlCharacter),
            ("https://example.com/\n".into(), ControlCharacter),
            ("ht\ntps://example.com/".into(), ControlCharacter),
            ("https://example.com/\u{85}".into(), ControlCharacter),
            ("https://example.com:0/".into(), Port(0)),
            ("https://example.com:22/".into(), Port(22)),
            ("https://example.com:1023/".into(), Port(1023)),
            ("https://example.com:65536/".into(), PortNumber),
            ("https://example.com:http/".into(), PortNumber),
        ] {
            assert_eq!(Endpoint::parse(&typed), Err(problem), "{typed}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let of = |text: &str| Endpoint::parse(text).unwrap();
        let base = of("https://example.com/a?b");
        for (other, same) in [
            ("https://EXAMPLE.com:443/c", true),
            ("http://example.com/a?b", false),
            ("https://example.com:8443/a?b", false),
            ("https://www.example.com/a?b", false),
        ] {
            assert_eq!(base.has_same_origin(&of(other)), same, "{other}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_sent_and_saved_again(rest in "[ -~äß€/?%.]{0,60}") {
            if let Ok(endpoint) = Endpoint::parse(&format!("https://example.com/{rest}")) {
                prop_assert_eq!(Endpoint::parse(endpoint.as_str()), Ok(endpoint.clone()));
                let target: http::uri::PathAndQuery = endpoint.path_and_query().parse().unwrap();
                prop_assert_eq!(target.as_str(), endpoint.path_and_query());
                prop_assert!(http::HeaderValue::from_str(endpoint.authority()).is_ok());
            }
        }

        #[test]
        fn no_text_is_too_odd_to_be_read(text in "(https?://)?\\PC{0,40}") {
            let _ = Endpoint::parse(&text);
        }
    }
}
