//! The security headers, on every answer: pages, errors, the API, static files.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::site::Site;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Two years, what browsers ask for.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000";

/// Middleware, for `from_fn`; the outermost one, so that no answer passes by it.
pub async fn apply(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_https = Site::of(request.request()).is_https(request.request());
    match next.call(request).await {
        Ok(mut answer) => {
            set(answer.headers_mut(), is_https);
            Ok(answer.map_into_boxed_body())
        }
        Err(error) => {
            let mut answer = error.error_response();
            set(answer.headers_mut(), is_https);
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

/// The same as lines, for the answers that the HTTP layer gives by itself to what it cannot read.
pub fn lines(is_https: bool) -> String {
    let transport = is_https.then_some((header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY));
    let caching = (header::CACHE_CONTROL, "no-store");
    let all = ALWAYS.iter().cloned().chain(transport).chain([caching]);
    all.map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

fn set(headers: &mut HeaderMap, is_https: bool) {
    for (name, value) in &ALWAYS {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT_SECURITY));
    }
    // Pages show what belongs to somebody; only what says otherwise (static files) may be kept.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
