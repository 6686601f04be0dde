//! Ed25519 for webhooks that are set to asymmetric signing: we alone can sign, everybody can check.
//!
//! By aws-lc-rs, which is here already for TLS (docs/decisions/0033-asymmetric-signing.md).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// What a public key begins with.
pub const PUBLIC_PREFIX: &str = "whpk_";

/// What a private key begins with. It is kept as any secret is, and shown to nobody.
pub const PRIVATE_PREFIX: &str = "whsk_";

/// Bytes of a seed, which all of a private key is made from, and of a public key.
pub const KEY_BYTES: usize = 32;

/// Bytes of an ed25519 signature.
const SIGNATURE_BYTES: usize = 64;

/// An ed25519 signature: what stands in base64 behind `v1a,`.
pub type Ed25519Signature = [u8; SIGNATURE_BYTES];

/// What signs.
#[derive(Clone)]
pub(super) struct PrivateKey {
    pair: Arc<Ed25519KeyPair>,
}

impl PrivateKey {
    pub fn of_seed(seed: &[u8; KEY_BYTES]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
        Self { pair: Arc::new(pair) }
    }

    pub fn public_key(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref();
        PublicKey(bytes.try_into().expect("an ed25519 public key has 32 bytes"))
    }

    pub fn sign(&self, message: &[u8]) -> Ed25519Signature {
        self.pair.sign(message).as_ref().try_into().expect("an ed25519 signature has 64 bytes")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A public key is whpk_ and the base64 of 32 bytes.")]
pub struct InvalidPublicKey;

/// What a receiver checks `v1a` signatures with. No secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    /// Whether the private key that belongs to it signed the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    /// Reads `whpk_…`; outer spaces do not matter.
    fn from_str(text: &str) -> Result<Self, InvalidPublicKey> {
        let encoded = text.trim().strip_prefix(PUBLIC_PREFIX).ok_or(InvalidPublicKey)?;
        let bytes = BASE64.decode(encoded).map_err(|_| InvalidPublicKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidPublicKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", BASE64.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 3.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let bytes = |hex: &str| -> Vec<u8> {
            hex.as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        };
        let seed = bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
        let public = bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
        let signature = bytes(
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        );
        let key = PrivateKey::of_seed(&seed.try_into().unwrap());
        assert_eq!(key.public_key(), PublicKey(public.try_into().unwrap()));
        assert_eq!(key.sign(&[0xaf, 0x82]).to_vec(), signature);
        assert!(key.public_key().verifies(&[0xaf, 0x82], &signature));
        assert!(!key.public_key().verifies(&[0xaf, 0x83], &signature));
        assert!(!key.public_key().verifies(&[0xaf, 0x82], &signature[..63]));
    }

    #[test]
    fn a_public_key_is_read_as_it_is_written() {
        let key = PrivateKey::of_seed(&[7; 32]).public_key();
        assert_eq!(format!(" {key}\n").parse(), Ok(key));
        for wrong in ["", "whpk_", "whpk_no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whpk_YWJj"] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(InvalidPublicKey), "{wrong}");
        }
    }
}
