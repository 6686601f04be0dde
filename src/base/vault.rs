//! Encryption at rest: XChaCha20-Poly1305 with a random 24-byte nonce for each value.
//!
//! What is sealed is bound to its place (table, row and field) as associated data, so that a value copied
//! into another row does not open there. Sealed text is `v1.<key id>.<base64 of nonce and ciphertext>`;
//! the key id (from the key's hash) tells a wrong key from a damaged value.

use std::fmt;
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::rng::Rng;
use super::secret::Secret;

/// Bytes of the key in the key file.
pub const KEY_BYTES: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("this value was encrypted with another key")]
    OtherKey,
    #[error("this encrypted value is damaged, or belongs to another row")]
    Damaged,
}

/// Seals and opens secrets. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    cipher: Arc<XChaCha20Poly1305>,
    /// From which other keys are made.
    seed: Hmac<Sha256>,
    key_id: Arc<str>,
    rng: Arc<dyn Rng>,
}

impl Vault {
    pub fn new(key: &[u8; KEY_BYTES], rng: Arc<dyn Rng>) -> Self {
        let digest = Sha256::digest([b"herald key id ".as_slice(), key].concat());
        let key_id = BASE64.encode(&digest[..6]).replace(['+', '/'], "_");
        let seed = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        Self { cipher: Arc::new(XChaCha20Poly1305::new(key.into())), seed, key_id: key_id.into(), rng }
    }

    /// A key of its own for `purpose`, always the same while the key file is: nothing need be stored.
    pub fn derive(&self, purpose: &str) -> [u8; KEY_BYTES] {
        let mut mac = self.seed.clone();
        mac.update(b"herald derived key ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Tells this key from others; says nothing about the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// `place` names table, row and field: `webhook_headers/60ad…/1`.
    pub fn seal(&self, place: &str, secret: &Secret) -> String {
        let mut bytes = self.rng.bytes::<24>().to_vec();
        let nonce = XNonce::try_from(bytes.as_slice()).expect("24 bytes were just made");
        let payload = Payload { msg: secret.expose().as_bytes(), aad: place.as_bytes() };
        let sealed =
            self.cipher.encrypt(&nonce, payload).expect("secrets are far smaller than the cipher's limit of 256 GiB");
        bytes.extend_from_slice(&sealed);
        format!("v1.{}.{}", self.key_id, BASE64.encode(bytes))
    }

    pub fn open(&self, place: &str, sealed: &str) -> Result<Secret, VaultError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(key_id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::Damaged);
        };
        if key_id != &*self.key_id {
            return Err(VaultError::OtherKey);
        }
        let bytes = BASE64.decode(text).map_err(|_| VaultError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_at_checked(24).ok_or(VaultError::Damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Damaged)?;
        let payload = Payload { msg: ciphertext, aad: place.as_bytes() };
        let opened = self.cipher.decrypt(&nonce, payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(opened).map(Secret::new).map_err(|_| VaultError::Damaged)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place_and_with_its_own_key() {
        let vault = Vault::new(&[7; 32], Arc::new(SystemRng));
        let sealed = vault.seal("webhook_headers/1/value", &Secret::new("Bearer abc"));
        assert!(!sealed.contains("Bearer"));
        assert_ne!(sealed, vault.seal("webhook_headers/1/value", &Secret::new("Bearer abc")));
        assert_eq!(vault.open("webhook_headers/1/value", &sealed).unwrap().expose(), "Bearer abc");
        assert_eq!(vault.open("webhook_headers/2/value", &sealed), Err(VaultError::Damaged));
        assert_eq!(vault.open("webhook_headers/1/value", &sealed[..sealed.len() - 2]), Err(VaultError::Damaged));
        let other = Vault::new(&[8; 32], Arc::new(SystemRng));
        assert_eq!(other.open("webhook_headers/1/value", &sealed), Err(VaultError::OtherKey));
    }
}
