//! What is on the wire: the headers of contract section 2 in their order, then the webhook's own.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http_body_util::Full;

use super::channel::{Answer, MAX_BODY_BYTES};
use super::failure::Failure;
use super::{LocalReceiver, LocalRequest, Request, SentHeader};
use crate::delivery::signing;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OUR_USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Herald/", env!("CARGO_PKG_VERSION")));

/// Characters of a Location that a sentence shows: as many as a webhook's URL may have.
const MAX_LOCATION: usize = 2_048;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The headers of the request in the order of the wire, but for `content-length`, which ends them.
pub fn headers(request: &Request<'_>) -> Result<HeaderMap, Failure> {
    // What is refused here should have been when the webhook was saved: then the fault is ours.
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Failure::internal("a header value is not valid"));
    let timestamp = request.now.seconds();
    let signature = signing::sign(request.secrets, request.id, timestamp, request.body);
    let mut headers = HeaderMap::with_capacity(8 + request.headers.len());
    headers.insert(HOST, value(request.endpoint.authority())?);
    headers.insert(CONTENT_TYPE, JSON);
    if !has_own_user_agent(request) {
        headers.insert(USER_AGENT, OUR_USER_AGENT);
    }
    headers.insert(WEBHOOK_ID, value(request.id)?);
    headers.insert(WEBHOOK_TIMESTAMP, timestamp.into());
    headers.insert(WEBHOOK_SIGNATURE, value(&signature)?);
    for (name, own) in request.headers {
        let name: HeaderName = name.parse().map_err(|_| Failure::internal("a header name is not valid"))?;
        headers.insert(name, value(own.expose())?);
    }
    Ok(headers)
}

fn has_own_user_agent(request: &Request<'_>) -> bool {
    request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
}

/// The same list as it is kept, without the values of the webhook's own headers.
pub fn sent_headers(headers: &HeaderMap, request: &Request<'_>) -> Vec<SentHeader> {
    let is_own = |name: &HeaderName| request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_str()));
    let shown = |(name, value): (&HeaderName, &HeaderValue)| SentHeader {
        name: name.as_str().to_owned(),
        value: if is_own(name) { None } else { Some(text(value)) },
    };
    let length = SentHeader { name: "content-length".into(), value: Some(request.body.len().to_string()) };
    headers.iter().map(shown).chain([length]).collect()
}

pub fn message(headers: HeaderMap, request: &Request<'_>) -> Result<http::Request<Full<Bytes>>, Failure> {
    let mut message = http::Request::new(Full::new(request.body.clone()));
    *message.method_mut() = http::Method::POST;
    *message.uri_mut() =
        request.endpoint.path_and_query().parse().map_err(|_| Failure::internal("the path is not valid"))?;
    *message.headers_mut() = headers;
    Ok(message)
}

/// Gives the request to the built-in receiver, and takes its answer under the same rules.
pub async fn hand_over(
    local: &dyn LocalReceiver,
    headers: &HeaderMap,
    request: &Request<'_>,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let request = LocalRequest { url: request.endpoint.url().clone(), headers, body: request.body.clone() };
    let response = local.handle(request).await;
    let mut head = http::Response::builder().status(response.status);
    for (name, value) in response.headers {
        head = head.header(name, value);
    }
    let head = head.body(()).map_err(|_| Failure::internal("the built-in receiver's answer is not valid"))?;
    answer.head = Some(head.into_parts().0);
    answer.is_cut = response.body.len() > MAX_BODY_BYTES;
    answer.body = response.body;
    answer.body.truncate(MAX_BODY_BYTES);
    Ok(())
}

/// The headers of an answer; bytes that are no UTF-8 as U+FFFD.
pub fn received_headers(head: &http::response::Parts) -> Vec<(String, String)> {
    head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Where a redirect leads, as much of it as a sentence takes.
pub fn location(head: &http::response::Parts) -> Option<String> {
    let whole = text(head.headers.get(http::header::LOCATION)?);
    let shown: String = whole.chars().take(MAX_LOCATION).collect();
    Some(if shown.len() < whole.len() { format!("{shown}…") } else { shown })
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
