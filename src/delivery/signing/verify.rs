//! Checking signatures, as a receiver does.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::asymmetric::{Ed25519Signature, InvalidPublicKey, PUBLIC_PREFIX, PublicKey};
use super::secret::{InvalidSigningSecret, SIGNATURE_BYTES, SigningSecret};
use super::{Signing, parts};

/// Seconds that a callback's timestamp may be off, as Standard Webhooks asks.
pub const TOLERANCE: u64 = 5 * 60;

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
