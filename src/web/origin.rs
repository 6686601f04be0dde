//! Refuses writes that another site started.
//!
//! Browsers say with `Sec-Fetch-Site` where a request comes from; the few that do not, still send `Origin`
//! with every post. A request that says neither is refused: there are no tokens in our forms to fall back on.
//! The API is left out, its keys are never sent by a browser on its own.

use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::middleware::Next;

use super::error::{Error, is_api};
use super::site::Site;

/// Middleware, for `from_fn`.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !is_allowed(request.request()) {
        return Ok(request.error_response(Error::CrossSite));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_allowed(request: &HttpRequest) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) || is_api(request.path()) {
        return true;
    }
    let site = Given::of(request.headers(), &HeaderName::from_static("sec-fetch-site"));
    let origin = Given::of(request.headers(), &header::ORIGIN);
    is_own(site, origin, Site::of(request).origin(request).as_deref())
}

/// A header's value, if it was given once and can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given<'a> {
    Absent,
    Once(&'a str),
    Odd,
}

impl<'a> Given<'a> {
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name);
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => value.to_str().map_or(Self::Odd, Self::Once),
            (Some(_), Some(_)) => Self::Odd,
        }
    }
}

/// Whether a request with these headers was started by our own page, or by the person directly.
fn is_own(site: Given<'_>, origin: Given<'_>, own_origin: Option<&str>) -> bool {
    match (site, origin) {
        (Given::Once(site), _) => matches!(site, "same-origin" | "none"),
        (Given::Absent, Given::Once(origin)) => own_origin == Some(origin),
        (Given::Odd, _) | (Given::Absent, Given::Absent | Given::Odd) => false,
    }
}

#[cfg(test)]
mod tests {
    use Given::{Absent, Odd, Once};
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_our_own_pages_and_the_person_may_write() {
        let own = "https://herald.example";
        let table = [
            (Once("same-origin"), Absent, true),
            (Once("none"), Absent, true),
            (Once("none"), Once("https://evil.example"), true),
            (Once("same-site"), Once(own), false),
            (Once("cross-site"), Once(own), false),
            (Once("Same-Origin"), Once(own), false),
            (Once(""), Once(own), false),
            (Odd, Once(own), false),
            (Absent, Once(own), true),
            (Absent, Once("http://herald.example"), false),
            (Absent, Once("https://herald.example:8443"), false),
            (Absent, Once("https://herald.example.evil.example"), false),
            (Absent, Once("null"), false),
            (Absent, Odd, false),
            (Absent, Absent, false),
        ];
        for (site, origin, expected) in table {
            assert_eq!(is_own(site, origin, Some(own)), expected, "{site:?} {origin:?}");
        }
        assert!(!is_own(Absent, Once(own), None));
    }

    #[test]
    fn reading_and_the_api_are_left_out_and_doubled_headers_refused() {
        let post = |path: &str| TestRequest::post().uri(path).insert_header(("host", "localhost:8080"));
        assert!(is_allowed(&TestRequest::get().uri("/login").to_http_request()));
        assert!(is_allowed(&post("/api/v1/events").to_http_request()));
        assert!(!is_allowed(&post("/api/v1x").to_http_request()));
        assert!(!is_allowed(&post("/login").to_http_request()));
        assert!(is_allowed(&post("/login").insert_header(("origin", "http://localhost:8080")).to_http_request()));
        let doubled =
            post("/login").append_header(("sec-fetch-site", "none")).append_header(("sec-fetch-site", "none"));
        assert!(!is_allowed(&doubled.to_http_request()));
        assert!(!is_allowed(&TestRequest::delete().uri("/x").to_http_request()));
    }
}
