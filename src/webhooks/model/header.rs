//! The request headers of a webhook: what may be sent beside our own, and what may not.

use std::fmt;

use crate::base::Secret;

/// Longest name, in bytes.
const NAME_BYTES: usize = 100;

/// Longest value, in bytes, without the spaces around it.
const VALUE_BYTES: usize = 4_096;

/// Names that are ours, the connection's, or a cloud metadata service's: whoever may write a webhook must not be able to
/// change where a request seems to come from, how long it is, or what it asks of a host.
const REFUSED: [&str; 18] = [
    "host",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "http2-settings",
    "date",
    "via",
    "transfer-encoding",
    "accept-encoding",
    "forwarded",
    "x-real-ip",
    "x-http-method-override",
    "metadata",
    "metadata-flavor",
    "x-google-metadata-request",
];

const REFUSED_BEGINNINGS: [&str; 7] =
    ["content-", "proxy-", "webhook-", "svix-", "x-forwarded-", "sec-", "x-aws-ec2-metadata-"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeaderName {
    #[error("Enter a header name.")]
    Missing,
    #[error("This is not a valid header name.")]
    Token,
    #[error("Enter a header name of at most 100 characters.")]
    TooLong,
    #[error("We set this header ourselves.")]
    Ours,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeaderValue {
    #[error("Enter a value for {0}.")]
    Missing(String),
    #[error("Enter a value of at most 4,096 characters.")]
    TooLong,
    #[error("A header value has only visible ASCII characters, spaces and tabs in it.")]
    Character,
}

/// An HTTP token that may be sent, as it was typed. Two names are the same whatever their case.
#[derive(Clone, Debug)]
pub struct HeaderName(String);

impl HeaderName {
    pub fn parse(text: &str) -> Result<Self, InvalidHeaderName> {
        if text.is_empty() {
            return Err(InvalidHeaderName::Missing);
        }
        if !text.bytes().all(is_token) {
            return Err(InvalidHeaderName::Token);
        }
        if text.len() > NAME_BYTES {
            return Err(InvalidHeaderName::TooLong);
        }
        // Servers that hand headers on as variables cannot tell `_` from `-`.
        let plain = text.to_ascii_lowercase().replace('_', "-");
        if REFUSED.contains(&plain.as_str()) || REFUSED_BEGINNINGS.iter().any(|start| plain.starts_with(start)) {
            return Err(InvalidHeaderName::Ours);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A character of an HTTP token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a header says, sent byte for byte. A secret: prints as `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderValue(Secret);

impl HeaderValue {
    /// `name` is for the sentence only. White space around the value goes: on the wire it means nothing.
    pub fn parse(name: &str, text: &Secret) -> Result<Self, InvalidHeaderValue> {
        let text = text.expose().trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(InvalidHeaderValue::Missing(name.to_owned()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t')) {
            return Err(InvalidHeaderValue::Character);
        }
        if text.len() > VALUE_BYTES {
            return Err(InvalidHeaderValue::TooLong);
        }
        Ok(Self(Secret::new(text)))
    }

    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// A header of a webhook with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: HeaderName,
    pub value: HeaderValue,
}

impl Header {
    /// Bytes that count towards the limit for all headers of a webhook.
    pub(super) fn bytes(&self) -> usize {
        self.name.0.len() + self.value.0.expose().len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_a_token_that_is_not_ours() {
        for text in [
            "Authorization",
            "X-Tenant",
            "user-agent",
            "x_custom",
            "a",
            "!#$%&'*+-.^_`|~",
            "X-Real-Ip2",
            "Accept",
            "Cookie",
            "TE2",
            "security",
            &"n".repeat(100),
        ] {
            assert_eq!(HeaderName::parse(text).map(|name| name.0), Ok(text.to_owned()), "{text}");
        }
        let long = "n".repeat(101);
        for (text, problem) in [
            ("", InvalidHeaderName::Missing),
            ("  ", InvalidHeaderName::Token),
            ("X-Tenant ", InvalidHeaderName::Token),
            ("X Tenant", InvalidHeaderName::Token),
            ("X-Tenant:", InvalidHeaderName::Token),
            ("X-Ténant", InvalidHeaderName::Token),
            ("X-Tenant\r\nX-Other", InvalidHeaderName::Token),
            ("(x)", InvalidHeaderName::Token),
            ("\tX-Tenant", InvalidHeaderName::Token),
            (&long, InvalidHeaderName::TooLong),
        ] {
            assert_eq!(HeaderName::parse(text), Err(problem), "{text}");
        }
        for text in [
            "Host",
            "connection",
            "Keep-Alive",
            "KEEP_ALIVE",
            "Upgrade",
            "TE",
            "Trailer",
            "Expect",
            "HTTP2-Settings",
            "Date",
            "Via",
            "Content-Type",
            "content_length",
            "Content-Anything",
            "Transfer-Encoding",
            "Accept_Encoding",
            "Proxy-Authorization",
            "proxy-x",
            "Webhook-Id",
            "webhook_signature",
            "svix-id",
            "Forwarded",
            "X-Forwarded-For",
            "X_Forwarded_Host",
            "X-Real-IP",
            "X-HTTP-Method-Override",
            "Sec-Fetch-Site",
            "Metadata",
            "Metadata-Flavor",
            "X-Google-Metadata-Request",
            "X-aws-ec2-metadata-token",
        ] {
            assert_eq!(HeaderName::parse(text), Err(InvalidHeaderName::Ours), "{text}");
        }
    }

    #[test]
    fn a_value_is_visible_ascii_and_keeps_its_bytes() {
        let parse = |text: &str| HeaderValue::parse("X-Tenant", &Secret::new(text));
        for (text, kept) in [("Bearer  a\tb", "Bearer  a\tb"), ("  x ", "x"), ("\"'<>&%", "\"'<>&%")] {
            assert_eq!(parse(text).unwrap().secret().expose(), kept);
        }
        assert!(parse(&"v".repeat(4_096)).is_ok());
        assert_eq!(parse(&"v".repeat(4_097)), Err(InvalidHeaderValue::TooLong));
        assert_eq!(parse(" ").unwrap_err().to_string(), "Enter a value for X-Tenant.");
        for text in ["a\nb", "a\r\nX-Other: b", "é", "a\0b", "\u{7f}"] {
            assert_eq!(parse(text), Err(InvalidHeaderValue::Character), "{text:?}");
        }
    }

    #[test]
    fn a_value_does_not_print_itself() {
        let value = HeaderValue::parse("Authorization", &Secret::new("Bearer abc")).unwrap();
        assert!(!format!("{value:?}").contains("abc"));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_sent(name in "[ -~]{1,12}", value in "[ -~\t]{1,40}") {
            if let Ok(name) = HeaderName::parse(&name) {
                prop_assert!(reqwest::header::HeaderName::from_bytes(name.as_str().as_bytes()).is_ok());
            }
            if let Ok(value) = HeaderValue::parse("x", &Secret::new(value)) {
                let sent = reqwest::header::HeaderValue::from_str(value.secret().expose()).unwrap();
                prop_assert_eq!(sent.as_bytes(), value.secret().expose().as_bytes());
            }
        }
    }
}
