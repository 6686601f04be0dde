//! Signatures by Standard Webhooks 1.0.0: made here for what is sent, checked here for our own receiver.
//!
//! What is signed is `id.timestamp.body`: by HMAC-SHA256 with the bytes behind `whsec_` (`v1`), or, for webhooks that are set to it,
//! by ed25519 with the seed behind `whsk_` (`v1a`).

mod asymmetric;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use self::asymmetric::PrivateKey;
use crate::base::{Rng, Secret, names};

pub use self::asymmetric::{Ed25519Signature, InvalidPublicKey, PRIVATE_PREFIX, PUBLIC_PREFIX, PublicKey};

names! {
    /// How a webhook's callbacks are signed.
    Signing {
        /// With a secret that we share with the receiver: `v1`.
        Symmetric = "symmetric",
        /// With a private key that is ours alone; the receiver has the public one: `v1a`.
        Asymmetric = "asymmetric",
    }
}

impl Signing {
    /// What its signatures begin with, before the comma.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Symmetric => "v1",
            Self::Asymmetric => "v1a",
        }
    }
}

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
    #[error("A private key is whsk_ and the base64 of its seed of 32 bytes.")]
    PrivateKey,
}

/// What signs a webhook's callbacks: a secret that its owner shares with us, or a private key. Prints as `***`.
#[derive(Clone)]
pub struct SigningSecret {
    text: Secret,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Symmetric(Hmac<Sha256>),
    Asymmetric(PrivateKey),
}

impl SigningSecret {
    /// A new one to share.
    pub fn generate(rng: &dyn Rng) -> Self {
        Self::generate_for(Signing::Symmetric, rng)
    }

    pub fn generate_for(signing: Signing, rng: &dyn Rng) -> Self {
        Self::of_new(signing, &rng.bytes::<NEW_KEY_BYTES>())
    }

    /// The secret of 32 bytes that nobody can guess.
    pub fn of_new(signing: Signing, bytes: &[u8; NEW_KEY_BYTES]) -> Self {
        match signing {
            Signing::Symmetric => Self::of_bytes(bytes),
            Signing::Asymmetric => {
                let text = Secret::new(format!("{PRIVATE_PREFIX}{}", BASE64.encode(bytes)));
                Self { text, key: Key::Asymmetric(PrivateKey::of_seed(bytes)) }
            }
        }
    }

    /// Reads `whsec_…` or `whsk_…`; outer spaces, which come along when it is pasted, do not matter.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningSecret> {
        if let Some(encoded) = text.trim().strip_prefix(PRIVATE_PREFIX) {
            let seed = BASE64.decode(encoded).ok().and_then(|bytes| bytes.try_into().ok());
            return Ok(Self::of_new(Signing::Asymmetric, &seed.ok_or(InvalidSigningSecret::PrivateKey)?));
        }
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidSigningSecret::Prefix)?;
        let key = BASE64.decode(encoded).map_err(|_| InvalidSigningSecret::Encoding)?;
        if !KEY_BYTES.contains(&key.len()) {
            return Err(InvalidSigningSecret::Length(key.len()));
        }
        Ok(Self::of_bytes(&key))
    }

    /// The text as it is kept. The webhook's owner sees it where it is [shared](Self::shared).
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    pub fn signing(&self) -> Signing {
        match self.key {
            Key::Symmetric(_) => Signing::Symmetric,
            Key::Asymmetric(_) => Signing::Asymmetric,
        }
    }

    /// What the webhook's owner needs to check signatures, where that is a secret: never a private key.
    pub fn shared(&self) -> Option<&str> {
        match self.key {
            Key::Symmetric(_) => Some(self.expose()),
            Key::Asymmetric(_) => None,
        }
    }

    /// What signatures are checked with, where that is no secret.
    pub fn public_key(&self) -> Option<PublicKey> {
        match &self.key {
            Key::Symmetric(_) => None,
            Key::Asymmetric(key) => Some(key.public_key()),
        }
    }

    /// The secret of a key that was made elsewhere, of 24 to 64 bytes.
    pub fn of_bytes(key: &[u8]) -> Self {
        let keyed = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { text: Secret::new(format!("{PREFIX}{}", BASE64.encode(key))), key: Key::Symmetric(keyed) }
    }

    /// Adds `v1,…` or `v1a,…` over these parts, one after the other.
    fn write_signature(&self, parts: &[&[u8]], value: &mut String) {
        value.push_str(self.signing().mark());
        value.push(',');
        match &self.key {
            Key::Symmetric(keyed) => BASE64.encode_string(digest(keyed, parts), value),
            Key::Asymmetric(key) => BASE64.encode_string(key.sign(&parts.concat()), value),
        }
    }

    /// The HMAC-SHA256 of `parts`, one after the other; `None` for a private key, which makes none. Who signs or verifies has no
    /// use for it but by [`sign`] and [`verify`].
    pub fn digest(&self, parts: &[&[u8]]) -> Option<Digest> {
        match &self.key {
            Key::Symmetric(keyed) => Some(digest(keyed, parts)),
            Key::Asymmetric(_) => None,
        }
    }
}

fn digest(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> Digest {
    let mut mac = keyed.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What is signed.
fn parts<'a>(id: &'a str, timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
}

/// What a signature can be checked with.
pub trait Verifies {
    fn signing(&self) -> Signing;

    /// Bytes of its signatures.
    fn signature_bytes(&self) -> usize {
        match self.signing() {
            Signing::Symmetric => SIGNATURE_BYTES,
            Signing::Asymmetric => size_of::<Ed25519Signature>(),
        }
    }

    /// Whether one of these signatures is the one over these parts. Secrets are compared in constant time.
    fn verifies_one(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> bool;
}

impl Verifies for SigningSecret {
    fn signing(&self) -> Signing {
        self.signing()
    }

    fn verifies_one(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        match &self.key {
            Key::Symmetric(keyed) => {
                let expected = digest(keyed, parts);
                signatures.iter().any(|given| given.ct_eq(expected.as_slice()).into())
            }
            Key::Asymmetric(key) => key.public_key().verifies_one(parts, signatures),
        }
    }
}

impl Verifies for PublicKey {
    fn signing(&self) -> Signing {
        Signing::Asymmetric
    }

    fn verifies_one(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        let message = parts.concat();
        signatures.iter().any(|given| self.verifies(&message, given))
    }
}

/// What a receiver checks callbacks with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verifier {
    Secret(SigningSecret),
    PublicKey(PublicKey),
}

/// The sentence for a text that no callback can be checked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerifier {
    #[error(transparent)]
    Secret(#[from] InvalidSigningSecret),
    #[error(transparent)]
    PublicKey(#[from] InvalidPublicKey),
}

impl Verifier {
    /// Reads `whsec_…` or `whpk_…`.
    pub fn parse(text: &str) -> Result<Self, InvalidVerifier> {
        match text.trim().starts_with(PUBLIC_PREFIX) {
            true => Ok(Self::PublicKey(text.parse()?)),
            false => Ok(Self::Secret(SigningSecret::parse(text)?)),
        }
    }
}

impl From<SigningSecret> for Verifier {
    fn from(secret: SigningSecret) -> Self {
        Self::Secret(secret)
    }
}

impl Verifies for Verifier {
    fn signing(&self) -> Signing {
        match self {
            Self::Secret(secret) => secret.signing(),
            Self::PublicKey(key) => Verifies::signing(key),
        }
    }

    fn verifies_one(&self, parts: &[&[u8]], signatures: &[Vec<u8>]) -> bool {
        match self {
            Self::Secret(secret) => secret.verifies_one(parts, signatures),
            Self::PublicKey(key) => key.verifies_one(parts, signatures),
        }
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

/// The value of `webhook-signature`: one `v1,<base64>`, or `v1a,<base64>`, for each secret, in their order, separated by spaces.
/// `timestamp` is that of `webhook-timestamp`, in Unix seconds.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let mut value = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !value.is_empty() {
            value.push(' ');
        }
        secret.write_signature(&parts(id, &timestamp, body), &mut value);
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
    #[error("The header webhook-signature holds no signature of version {0}.")]
    Version(&'static str),
    #[error("There is no v1 signature, only one by a key pair: check it with the webhook's public key, whpk_….")]
    NeedsPublicKey,
    #[error("There is no v1a signature, only one by a secret: check it with the webhook's signing secret, whsec_….")]
    NeedsSecret,
    #[error("The signature behind {mark}, is not the base64 of {bytes} bytes.")]
    Encoding { mark: &'static str, bytes: usize },
    #[error("The signature does not match: another secret, or not the exact bytes of the body.")]
    Mismatch,
    #[error("The signature does not match: another key, or not the exact bytes of the body.")]
    OtherKey,
}

impl SignatureProblem {
    /// Whether a secret was given where a public key is needed, or the other way round.
    pub fn needs_another_kind(&self) -> bool {
        matches!(self, Self::NeedsPublicKey | Self::NeedsSecret)
    }

    /// Whether another secret or key may change it.
    pub fn is_of_the_key(&self) -> bool {
        self.needs_another_kind() || matches!(self, Self::Mismatch | Self::OtherKey)
    }
}

/// Checks a callback as its receiver should: the age first, then every signature of the version that belongs to the key, in
/// constant time. `now` and `tolerance` are Unix seconds and seconds.
pub fn verify<K: Verifies + ?Sized>(
    key: &K,
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
    let (signing, bytes) = (key.signing(), key.signature_bytes());
    let of = |mark: &str| {
        let marked = |part: &str| part.strip_prefix(mark)?.strip_prefix(',').map(str::to_owned);
        given.split(' ').filter_map(marked).collect::<Vec<_>>()
    };
    let candidates = of(signing.mark());
    let decoded = candidates.iter().filter_map(|text| BASE64.decode(text).ok()).filter(|one| one.len() == bytes);
    let decoded: Vec<_> = decoded.collect();
    match signing {
        _ if key.verifies_one(&parts(id, timestamp, body), &decoded) => Ok(()),
        Signing::Symmetric if candidates.is_empty() && !of(Signing::Asymmetric.mark()).is_empty() => {
            Err(SignatureProblem::NeedsPublicKey)
        }
        Signing::Asymmetric if candidates.is_empty() && !of(Signing::Symmetric.mark()).is_empty() => {
            Err(SignatureProblem::NeedsSecret)
        }
        _ if candidates.is_empty() => Err(SignatureProblem::Version(signing.mark())),
        _ if decoded.is_empty() => Err(SignatureProblem::Encoding { mark: signing.mark(), bytes }),
        Signing::Symmetric => Err(SignatureProblem::Mismatch),
        Signing::Asymmetric => Err(SignatureProblem::OtherKey),
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
            (headers("v1a,abc"), BODY, SENT, NeedsPublicKey),
            (headers("v2,abc"), BODY, SENT, Version("v1")),
            (headers(""), BODY, SENT, Version("v1")),
            (headers("v1,abc v2,def"), BODY, SENT, Encoding { mark: "v1", bytes: 32 }),
            (headers("v1,YWJj"), BODY, SENT, Encoding { mark: "v1", bytes: 32 }),
            (headers("v1,abc v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), BODY, SENT, Mismatch),
            (good, b"{}", SENT, Mismatch),
            (SignatureHeaders { id: Some("msg_x"), ..good }, BODY, SENT, Mismatch),
        ];
        for (headers, body, now, problem) in table {
            assert_eq!(verify(&secret, headers, body, now, 300), Err(problem.clone()), "{problem}");
        }
    }

    #[test]
    fn a_key_pair_signs_and_its_public_key_alone_checks() {
        use SignatureProblem::*;
        let (pair, secret) =
            (SigningSecret::of_new(Signing::Asymmetric, &[7; 32]), SigningSecret::parse(SECRET).unwrap());
        let public = pair.public_key().unwrap();
        assert!(pair.expose().starts_with("whsk_") && public.to_string().starts_with("whpk_"));
        assert_eq!((pair.shared(), pair.digest(&[BODY])), (None, None));
        assert_eq!(SigningSecret::parse(pair.expose()), Ok(pair.clone()));
        let signed = sign(std::slice::from_ref(&pair), ID, SENT, BODY);
        assert!(signed.starts_with("v1a,") && !signed.contains(' '));
        assert_eq!(verify(&public, headers(&signed), BODY, SENT, 300), Ok(()));
        assert_eq!(verify(&pair, headers(&signed), BODY, SENT, 300), Ok(()));
        assert_eq!(verify(&secret, headers(&signed), BODY, SENT, 300), Err(NeedsPublicKey));
        // While a webhook goes from one way to the other, both hold.
        let both = sign(&[pair, secret.clone()], ID, SENT, BODY);
        assert_eq!(both.split(' ').map(|one| &one[..3]).collect::<Vec<_>>(), ["v1a", "v1,"]);
        assert_eq!(verify(&public, headers(&both), BODY, SENT, 300), Ok(()));
        assert_eq!(verify(&secret, headers(&both), BODY, SENT, 300), Ok(()));

        let other = SigningSecret::of_new(Signing::Asymmetric, &[8; 32]).public_key().unwrap();
        for (key, value, body, problem) in [
            (other, signed.as_str(), BODY, OtherKey),
            (public, &signed, b"{}", OtherKey),
            (public, SIGNATURE, BODY, NeedsSecret),
            (public, "v2,abc", BODY, Version("v1a")),
            (public, "v1a,YWJj", BODY, Encoding { mark: "v1a", bytes: 64 }),
        ] {
            assert_eq!(verify(&key, headers(value), body, SENT, 300), Err(problem.clone()), "{problem}");
        }
        for text in [public.to_string(), SECRET.to_owned()] {
            assert!(Verifier::parse(&text).is_ok(), "{text}");
        }
        assert!(Verifier::parse("whpk_YWJj").is_err() && Verifier::parse("nothing").is_err());
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
            ("whsk_".into(), PrivateKey),
            ("whsk_YWJj".into(), PrivateKey),
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
        let pair = SigningSecret::generate_for(Signing::Asymmetric, &SystemRng);
        assert_eq!(format!("{pair:?} {:?}", Verifier::from(pair.clone())), "*** Secret(***)");
    }
}
