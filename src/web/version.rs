//! Versions of things that several people change: `ETag` out, `If-Match` in (RFC 9110, sections 8.8.3 and 13.1.1), and the
//! hidden field of a form.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName, HeaderValue};

use crate::base::Expected;

/// The `ETag` of a thing at `version`.
pub fn etag(version: i64) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits in quotes are a header value");
    (header::ETAG, value)
}

/// What a request expects by its `If-Match`.
pub fn if_match(request: &HttpRequest) -> Expected {
    let mut headers = request.headers().get_all(header::IF_MATCH).peekable();
    if headers.peek().is_none() {
        return Expected::Anything;
    }
    let tags: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    if tags.iter().any(|tag| tag.trim() == "*") {
        return Expected::Anything;
    }
    // A weak tag never matches: the comparison is the strong one.
    let version = |tag: &&str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Expected::Versions(tags.iter().filter_map(version).collect())
}

/// What a form expects by its hidden field; one without it expects nothing.
pub fn of_form(version: &str) -> Expected {
    if version.is_empty() { Expected::Anything } else { Expected::Versions(version.parse().into_iter().collect()) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn expected(headers: &[&str]) -> Expected {
        let request = TestRequest::patch();
        let request = headers.iter().fold(request, |request, value| request.append_header(("If-Match", *value)));
        if_match(&request.to_http_request())
    }

    #[test]
    fn only_the_version_that_was_seen_may_be_changed() {
        assert!(expected(&[]).holds_for(3));
        assert!(expected(&["*"]).holds_for(3));
        for seen in [&["\"3\""][..], &["\"2\", \"3\""], &["\"2\"", "\"3\""]] {
            assert!(expected(seen).holds_for(3), "{seen:?}");
        }
        for stale in [&["\"2\""][..], &["W/\"3\""], &["3"], &[""], &["\"x\""], &["\"2\",,"]] {
            assert!(!expected(stale).holds_for(3), "{stale:?}");
        }
        assert!(of_form("").holds_for(3) && of_form("3").holds_for(3));
        assert!(!of_form("2").holds_for(3) && !of_form("x").holds_for(3));
        assert_eq!(etag(7).1, "\"7\"");
    }
}
