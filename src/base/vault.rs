//! Encryption at rest: XChaCha20-Poly1305 with a random 24-byte nonce for each value.
//!
//! What is sealed is bound to its place (table, row and field) as associated data, so that a value copied
//! into another row does not open there. Sealed text is `v1.<key id>.<base64 of nonce and ciphertext>`;
//! the key id (from the key's hash) tells a wrong key from a damaged value.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

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
    #[error(
        "this value was encrypted with a key that is not in the key file: put that file back, or, where the key was changed, the new one beside it with .next at the end of its name"
    )]
    OtherKey,
    #[error("this encrypted value is damaged, or belongs to another row")]
    Damaged,
}

/// Where the keys are: read again when a value names one that is not known yet, as while keys are being changed.
pub type KeySource = Arc<dyn Fn() -> Vec<[u8; KEY_BYTES]> + Send + Sync>;

/// Seals and opens secrets. Cheap to clone; clones share their keys.
#[derive(Clone)]
pub struct Vault {
    ring: Arc<RwLock<Ring>>,
    source: Option<KeySource>,
    /// From which other keys are made.
    root: Hmac<Sha256>,
    rng: Arc<dyn Rng>,
}

/// All keys that this process knows. There is nearly always one.
struct Ring {
    /// What is sealed from now on is sealed with this one.
    current: Key,
    others: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Arc<str>,
    cipher: Arc<XChaCha20Poly1305>,
}

impl Key {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self { id: key_id(key).into(), cipher: Arc::new(XChaCha20Poly1305::new(key.into())) }
    }
}

impl Ring {
    fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.others).find(|key| *key.id == *id)
    }
}

/// Tells a key from others; says nothing about it.
pub fn key_id(key: &[u8; KEY_BYTES]) -> String {
    let digest = Sha256::digest([b"herald key id ".as_slice(), key].concat());
    BASE64.encode(&digest[..6]).replace(['+', '/'], "_")
}

impl Vault {
    pub fn new(key: &[u8; KEY_BYTES], rng: Arc<dyn Rng>) -> Self {
        let ring = Ring { current: Key::new(key), others: Vec::new() };
        Self { ring: Arc::new(RwLock::new(ring)), source: None, root: keyed(key), rng }
    }

    /// The same with more keys to be had from there.
    pub fn with_source(self, source: KeySource) -> Self {
        Self { source: Some(source), ..self }
    }

    /// The same with other [derived](Self::derive) keys: `root` stays when the key is changed.
    pub fn with_root(self, root: &[u8; KEY_BYTES]) -> Self {
        Self { root: keyed(root), ..self }
    }

    /// A key of its own for `purpose`, always the same: nothing need be stored.
    pub fn derive(&self, purpose: &str) -> [u8; KEY_BYTES] {
        let mut mac = self.root.clone();
        mac.update(b"herald derived key ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// For [`with_root`](Self::with_root): 32 bytes in base64, as text, to be sealed.
    pub fn new_root(&self) -> Secret {
        Secret::new(base64::engine::general_purpose::STANDARD.encode(self.rng.bytes::<KEY_BYTES>()))
    }

    /// Of the key that seals.
    pub fn key_id(&self) -> Arc<str> {
        self.ring().current.id.clone()
    }

    /// Seals with the key of this id from now on. Says no if there is no such key, even in the source.
    #[must_use]
    pub fn use_key(&self, id: &str) -> bool {
        let Some(key) = self.find(id) else { return false };
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if *ring.current.id != *id {
            let before = std::mem::replace(&mut ring.current, key);
            ring.others.retain(|other| *other.id != *id);
            ring.others.push(before);
        }
        true
    }

    fn ring(&self) -> std::sync::RwLockReadGuard<'_, Ring> {
        // Nothing that holds the lock can fail in the middle of a change.
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: &str) -> Option<Key> {
        if let Some(key) = self.ring().find(id) {
            return Some(key.clone());
        }
        let source = self.source.as_ref()?;
        let key = source().iter().find(|key| key_id(key) == id).map(Key::new)?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.find(id).is_none() {
            ring.others.push(key.clone());
        }
        Some(key)
    }

    /// `place` names organization, table, row and field: `60ad…/webhook_headers/60ae…/x-key`.
    pub fn seal(&self, place: &str, secret: &Secret) -> String {
        let key = self.ring().current.clone();
        let mut bytes = self.rng.bytes::<24>().to_vec();
        let nonce = XNonce::try_from(bytes.as_slice()).expect("24 bytes were just made");
        let payload = Payload { msg: secret.expose().as_bytes(), aad: place.as_bytes() };
        let sealed =
            key.cipher.encrypt(&nonce, payload).expect("secrets are far smaller than the cipher's limit of 256 GiB");
        bytes.extend_from_slice(&sealed);
        format!("v1.{}.{}", key.id, BASE64.encode(bytes))
    }

    pub fn open(&self, place: &str, sealed: &str) -> Result<Secret, VaultError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(key_id), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::Damaged);
        };
        let key = self.find(key_id).ok_or(VaultError::OtherKey)?;
        let bytes = BASE64.decode(text).map_err(|_| VaultError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_at_checked(24).ok_or(VaultError::Damaged)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Damaged)?;
        let payload = Payload { msg: ciphertext, aad: place.as_bytes() };
        let opened = key.cipher.decrypt(&nonce, payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(opened).map(Secret::new).map_err(|_| VaultError::Damaged)
    }
}

fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.key_id())
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

    #[test]
    fn another_key_is_found_where_the_keys_are_and_what_is_derived_stays() {
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        let (old, next) = ([7; 32], [8; 32]);
        let server = Vault::new(&old, rng.clone()).with_root(&[1; 32]).with_source(Arc::new(move || vec![old, next]));
        let sealed = Vault::new(&next, rng.clone()).seal("a/b/1/c", &Secret::new("new"));
        let before = server.seal("a/b/1/c", &Secret::new("old"));
        assert_eq!(server.open("a/b/1/c", &sealed).unwrap().expose(), "new");
        assert_eq!(&*server.key_id(), key_id(&old), "to read is not to change");
        let derived = server.derive("x");
        assert!(server.use_key(&key_id(&next)) && server.use_key(&key_id(&next)));
        assert!(!server.use_key("nobody's"));
        assert_eq!(&*server.clone().key_id(), key_id(&next));
        assert_eq!(server.open("a/b/1/c", &before).unwrap().expose(), "old");
        assert!(server.seal("a/b/1/c", &Secret::new("x")).contains(&key_id(&next)));
        assert_eq!(server.derive("x"), derived);
        assert_eq!(Vault::new(&next, rng).with_root(&[1; 32]).derive("x"), derived);
    }
}
