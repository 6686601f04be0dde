//! Posted forms, and what is wrong with their fields.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::error::{Error, Result};

/// The most that a posted form may hold, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// A form as browsers post it (`application/x-www-form-urlencoded`). A field that is a `Vec` collects
/// repeated names in their order; give fields that may be absent `#[serde(default)]`.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = refuse(request.headers());
        let mut payload = payload.take();
        Box::pin(async move {
            if let Some(error) = refused {
                return Err(error);
            }
            let mut body = BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Error::BadRequest("It ended too early. Try again.".into()))?;
                if body.len() + chunk.len() > MAX_BYTES {
                    return Err(Error::PayloadTooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            parse(&body).map(Self)
        })
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_html_form::from_bytes(body)
        .map_err(|_| Error::BadRequest("A field of the form is missing. Reload the page and try again.".into()))
}

/// Why a body is not even read, by its headers.
fn refuse(headers: &HeaderMap) -> Option<Error> {
    let text = |name| headers.get(name).map(|value: &header::HeaderValue| value.to_str().unwrap_or("?"));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let kind = text(header::CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    // A post without fields may come without a type.
    let is_form =
        kind.map_or(length.unwrap_or(0) == 0, |kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let is_plain = text(header::CONTENT_ENCODING).is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
    if !is_form || !is_plain {
        Some(Error::UnsupportedMediaType)
    } else if length.is_some_and(|length| length > MAX_BYTES) {
        Some(Error::PayloadTooLarge)
    } else {
        None
    }
}

/// What is wrong, field by field, in the order of the form: the first one gets the focus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    /// `field` is the id of its control, so that the summary can link to it.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((field.into(), message.into()));
    }

    /// Takes the value out of a result, or notes what is wrong with the field.
    pub fn take<T, E: ToString>(&mut self, field: &str, result: std::result::Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// The field's first message, or "".
    pub fn get(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| name == field).map_or("", |(_, message)| message)
    }

    /// The field that gets the focus.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|(field, _)| field.as_str())
    }

    pub fn is_first(&self, field: &str) -> bool {
        self.first() == Some(field)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, message)| (field.as_str(), message.as_str()))
    }

    /// The summary's title: `Check 2 fields before you submit`.
    pub fn title(&self) -> String {
        let mut fields: Vec<_> = self.0.iter().map(|(field, _)| field).collect();
        fields.sort();
        fields.dedup();
        match fields.len() {
            1 => "Check 1 field before you submit".into(),
            count => format!("Check {count} fields before you submit"),
        }
    }

    /// The value if nothing is wrong, else all that is.
    pub fn into_result<T>(self, value: Option<T>) -> std::result::Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        name: String,
        #[serde(default)]
        events: Vec<String>,
    }

    async fn post(kind: &'static str, body: String) -> Result<Form<Sample>> {
        let request = TestRequest::post().insert_header(("content-type", kind)).set_payload(body);
        let (request, mut payload) = request.to_http_parts();
        Form::from_request(&request, &mut payload).await
    }

    const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

    #[actix_web::test]
    async fn repeated_names_are_collected_in_their_order() {
        let Form(form) = post(FORM, "events=B&name=a+%C3%A9&events=A&unknown=1".into()).await.unwrap();
        assert_eq!((form.name.as_str(), form.events), ("a é", vec!["B".to_owned(), "A".to_owned()]));
    }

    #[actix_web::test]
    async fn other_types_missing_fields_and_large_bodies_are_refused() {
        let status =
            async |kind, body: String| actix_web::ResponseError::status_code(&post(kind, body).await.err().unwrap());
        assert_eq!(status("application/json", "{}".into()).await, 415);
        assert_eq!(status(FORM, "events=A".into()).await, 400);
        assert_eq!(status(FORM, format!("name={}", "x".repeat(MAX_BYTES))).await, 413);
    }

    #[test]
    fn the_first_wrong_field_leads() {
        let mut errors = FieldErrors::default();
        let port: Option<u16> = errors.take("port", "x".parse::<u16>());
        errors.add("url", "Enter a URL.");
        errors.add("url", "Enter a full URL.");
        assert_eq!(errors.first(), Some("port"));
        assert_eq!(errors.get("url"), "Enter a URL.");
        assert_eq!(errors.title(), "Check 2 fields before you submit");
        assert!(errors.into_result(port).is_err());
    }
}
