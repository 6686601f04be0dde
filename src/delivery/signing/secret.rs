//! What signs a webhook's callbacks.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Signing;
use super::asymmetric::{PRIVATE_PREFIX, PrivateKey, PublicKey};
use super::verify::Verifies;
use crate::base::{Rng, Secret};

/// What a secret begins with, so that it is recognized wherever it turns up.
pub const PREFIX: &str = "whsec_";

/// Standard Webhooks asks for 24 to 64 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of an HMAC-SHA256.
pub(super) const SIGNATURE_BYTES: usize = 32;

/// An HMAC-SHA256: what stands in base64 behind `v1,`.
pub type Digest = [u8; SIGNATURE_BYTES];

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
    pub(super) fn write_signature(&self, parts: &[&[u8]], value: &mut String) {
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
