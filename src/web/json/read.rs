//! From a request to a document.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::fields::Fields;
use super::value::Document;
use crate::web::problem::{self, Problem, Result};

/// The most that an ordinary body may hold.
pub const BODY_BYTES: usize = 256 * 1024;
/// The most that the body of a batch or bulk call may hold.
pub const BATCH_BYTES: usize = 5 * 1024 * 1024;

/// How large a body may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    /// A member whose values may be 64 levels deep themselves, wherever it stands.
    pub apart: Option<&'static str>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: BODY_BYTES, apart: None }
    }
}

/// Reads the body, after the guard has let the caller in: 415, 413 or 400 if it is not one.
pub async fn read(request: &HttpRequest, payload: web::Payload, limits: Limits) -> Result<Document> {
    check_type(request.headers())?;
    let body = bytes(request, payload, limits.bytes).await?;
    Ok(Document::parse(&body, limits.apart)?)
}

/// The same for a body that may be left out: `None` if nothing was sent, whatever it was said to be, or `null`.
pub async fn read_optional(request: &HttpRequest, payload: web::Payload, limits: Limits) -> Result<Option<Document>> {
    let body = bytes(request, payload, limits.bytes).await?;
    if body.is_empty() {
        return Ok(None);
    }
    check_type(request.headers())?;
    Ok(Some(Document::parse(&body, limits.apart)?).filter(|document| !document.root().is_null()))
}

/// Reads the body of a call that takes no fields: there is none, or an object that is empty.
pub async fn read_nothing(request: &HttpRequest, payload: web::Payload) -> Result<()> {
    let Some(body) = read_optional(request, payload, Limits::default()).await? else { return Ok(()) };
    let mut errors = Vec::new();
    if let Some(fields) = Fields::of(body.root(), "", &mut errors) {
        fields.finish();
    }
    problem::refuse(errors)
}

fn check_type(headers: &HeaderMap) -> Result<()> {
    if is_json(headers) && !is_encoded(headers) { Ok(()) } else { Err(Problem::UnsupportedMediaType) }
}

async fn bytes(request: &HttpRequest, mut payload: web::Payload, limit_bytes: usize) -> Result<Bytes> {
    let length = text(request.headers(), header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit_bytes) {
        return Err(Problem::TooLarge { limit_bytes });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BadRequest)?;
        if body.len() + chunk.len() > limit_bytes {
            return Err(Problem::TooLarge { limit_bytes });
        }
        if Some(chunk.len()) == length {
            // All of it in one piece, as nearly always.
            return Ok(chunk);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `application/json`, alone or with `charset=utf-8`.
fn is_json(headers: &HeaderMap) -> bool {
    if headers.get_all(header::CONTENT_TYPE).count() > 1 {
        return false;
    }
    let Some(kind) = text(headers, header::CONTENT_TYPE) else { return false };
    let mut parts = kind.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.filter(|part| !part.is_empty()).all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("charset") && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest, ResponseError};

    use super::*;

    async fn ask(
        headers: &[(&'static str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> std::result::Result<Document, StatusCode> {
        let request = headers.iter().fold(TestRequest::post().set_payload(body), |request, (name, value)| {
            request.append_header((*name, *value))
        });
        let (request, mut payload) = request.to_http_parts();
        let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
        read(&request, payload, Limits::default()).await.map_err(|problem| problem.status_code())
    }

    #[actix_web::test]
    async fn only_plain_json_is_read() {
        for kind in [
            "application/json",
            "Application/JSON ; Charset=\"UTF-8\"",
            "application/json;charset=utf-8",
            "application/json;",
        ] {
            assert!(ask(&[("content-type", kind)], "{}").await.is_ok(), "{kind}");
        }
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/problem+json",
            "application/jsonx",
            "application/json; v=2",
        ] {
            assert_eq!(ask(&[("content-type", kind)], "{}").await.unwrap_err(), 415, "{kind}");
        }
        assert_eq!(ask(&[], "{}").await.unwrap_err(), 415);
        let json = ("content-type", "application/json");
        assert!(ask(&[json, ("content-encoding", "identity")], "{}").await.is_ok());
        assert_eq!(ask(&[json, ("content-encoding", "gzip")], "{}").await.unwrap_err(), 415);
        assert_eq!(
            ask(&[json, ("content-encoding", "identity"), ("content-encoding", "br")], "{}").await.unwrap_err(),
            415
        );
        assert_eq!(ask(&[json], "{").await.unwrap_err(), 400);
        assert_eq!(ask(&[json], "").await.unwrap_err(), 400);
    }

    #[actix_web::test]
    async fn a_call_without_fields_takes_no_body_or_an_empty_object() {
        const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
        let ask = async |headers: &[(&'static str, &str)], body: &'static str| {
            let request = headers.iter().fold(TestRequest::post().set_payload(body), |request, (name, value)| {
                request.append_header((*name, *value))
            });
            let (request, mut payload) = request.to_http_parts();
            let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
            read_nothing(&request, payload).await.map_err(|problem| problem.status_code().as_u16())
        };
        let json = ("content-type", "application/json");
        for (headers, body) in [(&[][..], ""), (&[FORM], ""), (&[json], ""), (&[json], " {} "), (&[json], "null")] {
            assert_eq!(ask(headers, body).await, Ok(()), "{headers:?} {body}");
        }
        for (headers, body, status) in [
            (&[json][..], r#"{"held":"deliver"}"#, 422),
            (&[json], "[]", 422),
            (&[json], "{", 400),
            (&[], "{}", 415),
            (&[json, ("content-encoding", "gzip")], "{}", 415),
        ] {
            assert_eq!(ask(headers, body).await, Err(status), "{body}");
        }
    }

    #[actix_web::test]
    async fn a_body_may_be_256_kib_large() {
        let json = ("content-type", "application/json");
        let of = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
        assert!(ask(&[json], of(BODY_BYTES)).await.is_ok());
        assert_eq!(ask(&[json], of(BODY_BYTES + 1)).await.unwrap_err(), 413);
    }
}
