//! Signatures by Standard Webhooks 1.0.0: made here for what is sent, checked here for our own receiver.
//!
//! What is signed is `id.timestamp.body`, by HMAC-SHA256 with the bytes behind `whsec_`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::base::{Rng, Secret};

/// What a secret begins with, so that it is recognized wherever it turns up.
pub const PREFIX: &str = "whsec_";

/// Standard Webhooks asks for 24 to 64 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of an HMAC-SHA256.
const SIGNATURE_BYTES: usize = 32;

/// An HMAC-SHA256: what stands in base64 behind `v1,`.
pub type Digest = [u8; SIGNATURE_BYTES];

/// Seconds that a callback's timestamp may be off, as Standard Webhooks asks.
pub const TOLERANCE: u64 = 5 * 60;

/// Bytes of the secrets that we make: as many as the hash has, more adds nothing.
const NEW_KEY_BYTES: usize = 32;

/// The fields' sentences for a text that is no signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningSecret {
    #[error("A signing secret starts with whsec_.")]
    Prefix,
    #[error("After whsec_, a signing secret is base64.")]
    Encoding,
    #[error("A signing secret is whsec_ and the base64 of 24 to 64 bytes; this one has {0}.")]
    Length(usize),
}

/// The key that a webhook's owner shares with us. Prints as `***`.
#[derive(Clone)]
pub struct SigningSecret {
    text: Secret,
    keyed: Hmac<Sha256>,
}

impl SigningSecret {
    pub fn generate(rng: &dyn Rng) -> Self {
        Self::of_bytes(&rng.bytes::<NEW_KEY_BYTES>())
    }

    /// Reads `whsec_…`; outer spaces, which come along when it is pasted, do not matter.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidSigningSecret::Prefix)?;
        let key = BASE64.decode(encoded).map_err(|_| InvalidSigningSecret::Encoding)?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(InvalidSigningSecret::Length(key.len()));
        }
        Ok(Self::of_bytes(&key))
    }

    /// The text that the webhook's owner sees.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The secret of a key that was made elsewhere, of 24 to 64 bytes.
    pub fn of_bytes(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { text: Secret::new(format!("{PREFIX}{}", BASE64.encode(key))), keyed }
    }

    fn signature(&self, id: &str, timestamp: &str, body: &[u8]) -> Digest {
        self.digest(&[id.as_bytes(), b".", timestamp.as_bytes(), b".", body])
    }

    /// The HMAC-SHA256 of `parts`, one after the other; who signs or verifies has no use for it but by [`sign`] and [`verify`].
    pub fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.keyed.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PartialEq for SigningSecret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SigningSecret {}

/// The value of `webhook-signature`: one `v1,<base64>` for each secret, in their order, separated by spaces.
/// `timestamp` is that of `webhook-timestamp`, in Unix seconds.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let mut value = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str("v1,");
        BASE64.encode_string(secret.signature(id, &timestamp, body), &mut value);
    }
    value
}

/// The three headers of a callback as they arrived; `None` for one that is missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignatureHeaders<'a> {
    pub id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// Why a callback's signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    #[error("The header {0} is missing.")]
    Missing(&'static str),
    #[error("The header webhook-timestamp is not a number of seconds.")]
    Timestamp,
    #[error("The timestamp is {seconds} s old: more than the {tolerance} s that are allowed.")]
    TooOld { seconds: u64, tolerance: u64 },
    #[error("The timestamp lies {seconds} s ahead: more than the {tolerance} s that are allowed. Check this clock.")]
    TooNew { seconds: u64, tolerance: u64 },
    #[error("The header webhook-signature holds no signature of version v1.")]
    Version,
    #[error("The signature behind v1, is not the base64 of 32 bytes.")]
    Encoding,
    #[error("The signature does not match: another secret, or not the exact bytes of the body.")]
    Mismatch,
}

/// Checks a callback as its receiver should: the age first, then every `v1` signature in constant time.
/// `now` and `tolerance` are Unix seconds and seconds.
pub fn verify(
    secret: &SigningSecret,
    headers: SignatureHeaders<'_>,
    body: &[u8],
    now: i64,
    tolerance: u64,
) -> Result<(), SignatureProblem> {
    let id = headers.id.ok_or(SignatureProblem::Missing("webhook-id"))?;
    let timestamp = headers.timestamp.ok_or(SignatureProblem::Missing("webhook-timestamp"))?;
    let given = headers.signature.ok_or(SignatureProblem::Missing("webhook-signature"))?;
    let sent: i64 = timestamp.parse().map_err(|_| SignatureProblem::Timestamp)?;
    let seconds = now.abs_diff(sent);
    match seconds > tolerance {
        true if sent < now => return Err(SignatureProblem::TooOld { seconds, tolerance }),
        true => return Err(SignatureProblem::TooNew { seconds, tolerance }),
        false => {}
    }
    let expected = BASE64.encode(secret.signature(id, timestamp, body));
    let candidates = || given.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let is_one = |candidate: &str| BASE64.decode(candidate).is_ok_and(|bytes| bytes.len() == SIGNATURE_BYTES);
    match () {
        () if candidates().any(|candidate| candidate.as_bytes().ct_eq(expected.as_bytes()).into()) => Ok(()),
        () if candidates().next().is_none() => Err(SignatureProblem::Version),
        () if !candidates().any(is_one) => Err(SignatureProblem::Encoding),
        () => Err(SignatureProblem::Mismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{SeededRng, SystemRng};

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SENT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn headers(signature: &str) -> SignatureHeaders<'_> {
        SignatureHeaders { id: Some(ID), timestamp: Some("1614265330"), signature: Some(signature) }
    }

    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = SigningSecret::parse(SECRET).unwrap();
        assert_eq!(sign(std::slice::from_ref(&secret), ID, SENT, BODY), SIGNATURE);
        assert_eq!(verify(&secret, headers(SIGNATURE), BODY, SENT + 300, 300), Ok(()));
    }

    #[test]
    fn the_official_library_accepts_every_secret_of_ours() {
        let (old, new) = (SigningSecret::generate(&SystemRng), SigningSecret::generate(&SystemRng));
        let now = chrono_seconds();
        let signed = sign(&[new.clone(), old.clone()], "EVT-60adfdb750b58a0c2d78bdd8", now, BODY);
        let mut headers = http::HeaderMap::new();
        headers.insert("webhook-id", http::HeaderValue::from_static("EVT-60adfdb750b58a0c2d78bdd8"));
        headers.insert("webhook-timestamp", now.into());
        headers.insert("webhook-signature", signed.parse().unwrap());
        for secret in [&old, &new] {
            let oracle = standardwebhooks::Webhook::new(secret.expose()).unwrap();
            oracle.verify(BODY, &headers).unwrap();
        }
        let other = standardwebhooks::Webhook::new(SigningSecret::generate(&SystemRng).expose()).unwrap();
        assert!(other.verify(BODY, &headers).is_err());
    }

    fn chrono_seconds() -> i64 {
        use crate::base::{Clock, SystemClock};
        SystemClock.now().seconds()
    }

    #[test]
    fn while_a_secret_is_rotated_both_hold() {
        let (old, new) = (SigningSecret::generate(&SeededRng::new(1)), SigningSecret::generate(&SeededRng::new(2)));
        let signed = sign(&[new.clone(), old.clone()], ID, SENT, BODY);
        assert_eq!(signed.split(' ').count(), 2);
        assert_eq!(verify(&old, headers(&signed), BODY, SENT, 300), Ok(()));
        assert_eq!(verify(&new, headers(&signed), BODY, SENT, 300), Ok(()));
    }

    #[test]
    fn what_does_not_hold_says_why() {
        use SignatureProblem::*;
        let secret = SigningSecret::parse(SECRET).unwrap();
        let good = headers(SIGNATURE);
        let table = [
            (SignatureHeaders { id: None, ..good }, BODY, SENT, Missing("webhook-id")),
            (SignatureHeaders { timestamp: None, ..good }, BODY, SENT, Missing("webhook-timestamp")),
            (SignatureHeaders { signature: None, ..good }, BODY, SENT, Missing("webhook-signature")),
            (SignatureHeaders { timestamp: Some("soon"), ..good }, BODY, SENT, Timestamp),
            (good, BODY, SENT + 301, TooOld { seconds: 301, tolerance: 300 }),
            (good, BODY, SENT - 301, TooNew { seconds: 301, tolerance: 300 }),
            (headers("v1a,abc"), BODY, SENT, Version),
            (headers(""), BODY, SENT, Version),
            (headers("v1,abc v2,def"), BODY, SENT, Encoding),
            (headers("v1,YWJj"), BODY, SENT, Encoding),
            (headers("v1,abc v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), BODY, SENT, Mismatch),
            (good, b"{}", SENT, Mismatch),
            (SignatureHeaders { id: Some("msg_x"), ..good }, BODY, SENT, Mismatch),
        ];
        for (headers, body, now, problem) in table {
            assert_eq!(verify(&secret, headers, body, now, 300), Err(problem.clone()), "{problem}");
        }
    }

    #[test]
    fn a_text_that_is_no_secret_is_refused_with_the_reason() {
        use InvalidSigningSecret::*;
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(vec![7; bytes]));
        for (text, problem) in [
            (String::new(), Prefix),
            ("whsec".into(), Prefix),
            ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), Prefix),
            ("whsec_".into(), Length(0)),
            ("whsec_no base64 at all!".into(), Encoding),
            (of(23), Length(23)),
            (of(65), Length(65)),
        ] {
            assert_eq!(SigningSecret::parse(&text).unwrap_err(), problem, "{text}");
        }
        for bytes in [24, 32, 64] {
            assert_eq!(SigningSecret::parse(&format!(" {}\n", of(bytes))).unwrap().expose(), of(bytes));
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = SigningSecret::generate(&SystemRng);
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(SigningSecret::parse(secret.expose()), Ok(secret));
    }
}
