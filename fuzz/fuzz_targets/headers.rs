//! A webhook's request headers: what is accepted must be a header for everybody who reads HTTP, must not be one of ours in
//! another spelling, and cannot end the line it stands on.

#![no_main]

use herald::base::Secret;
use herald::webhooks::model::{HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let (name, value) = header.split_once(':').unwrap_or((header, ""));
    if let Ok(parsed) = HeaderName::parse(name) {
        assert_eq!(parsed.as_str(), name);
        let theirs = http::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        let plain = theirs.as_str().replace('_', "-");
        for ours in ["host", "connection", "te", "expect", "date", "via", "transfer-encoding", "content-length", "forwarded"] {
            assert_ne!(plain, ours);
        }
        for beginning in ["content-", "proxy-", "webhook-", "svix-", "x-forwarded-", "sec-"] {
            assert!(!plain.starts_with(beginning), "{name}");
        }
        assert_eq!(HeaderName::parse(&name.to_ascii_uppercase()).as_ref(), Ok(&parsed), "the case means nothing");
    } else {
        let is_token = http::HeaderName::from_bytes(name.as_bytes()).is_ok() && name.len() <= 100;
        let plain = name.to_ascii_lowercase().replace('_', "-");
        let may_be_ours = plain.contains('-')
            || ["host", "connection", "upgrade", "te", "trailer", "expect", "date", "via", "forwarded", "metadata"].contains(&plain.as_str());
        assert!(!is_token || may_be_ours, "{name:?} is refused for nothing");
    }
    let typed = Secret::new(value);
    match HeaderValue::parse(name, &typed) {
        Ok(parsed) => {
            let sent = parsed.secret().expose();
            assert_eq!(sent, value.trim_matches([' ', '\t']));
            assert!(!sent.contains(['\r', '\n', '\0']));
            http::HeaderValue::from_bytes(sent.as_bytes()).expect("a header value").to_str().expect("visible ASCII");
            assert_eq!(format!("{parsed:?}"), "HeaderValue(***)");
        }
        Err(_) => {
            let trimmed = value.trim_matches([' ', '\t']);
            let is_good = !trimmed.is_empty() && trimmed.len() <= 4_096
                && http::HeaderValue::from_bytes(trimmed.as_bytes()).is_ok_and(|value| value.to_str().is_ok());
            assert!(!is_good, "{value:?} is refused for nothing");
        }
    }
});
