//! Makes and compares hashes.
//!
//! A hash takes 19 MiB and tens of milliseconds by design. So it is made on a thread for blocking work, outside of any
//! transaction, two at a time, and only so many may wait: many who sign in at once are told to come back, instead of
//! waiting longer than their browsers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::base::{Rng, Secret};

/// Hashes made at a time: each takes 19 MiB.
const AT_A_TIME: usize = 2;

/// Those that are being made and those that wait. Forty take about a second on a small machine, or two.
const IN_LINE: usize = 40;

pub const SALT_BYTES: usize = 16;

/// A hash of nothing that anybody knows, with the parameters of the others: whoever signs in with an unknown
/// address waits as long as anybody else.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$aGVyYWxkLW5vYm9keQ$qLml5cbqFAO6YxVHhrSBHP0UWdxkIcRYCAZuxLL1Lws";

/// Hashing failed, which is never the password's fault.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("too many passwords are being looked at")]
    Busy,
    #[error("a password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("a code could not be hashed: {0}")]
    Code(argon2::Error),
    #[error("the thread that hashed a password ended early")]
    Thread(#[from] tokio::task::JoinError),
}

/// Makes hashes, a few at a time.
pub struct Hasher {
    room: Arc<Semaphore>,
    line: Arc<Semaphore>,
    made: AtomicU64,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(AT_A_TIME)),
            line: Arc::new(Semaphore::new(IN_LINE)),
            made: AtomicU64::new(0),
        }
    }
}

impl Hasher {
    /// The text to store (PHC format, with its own salt).
    pub async fn hash(&self, password: Secret, rng: &dyn Rng) -> Result<String, HashError> {
        let salt: [u8; SALT_BYTES] = rng.bytes();
        let hash = move || {
            let hash = Argon2::default().hash_password_with_salt(canonical(&password).expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string())
        };
        self.work(1, hash).await?.map_err(HashError::Hash)
    }

    /// Whether this is the password. Without a hash (nobody has the address) it takes as long, and says no.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, HashError> {
        let is_somebody = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let verify = move || {
            let password = canonical(&password);
            PasswordVerifier::<str>::verify_password(&Argon2::default(), password.expose().as_bytes(), &hash)
        };
        match self.work(1, verify).await? {
            Ok(()) => Ok(is_somebody),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(HashError::Hash(error)),
        }
    }

    /// The bare hashes of codes that share a salt, so that one hash tells whether a code is among them.
    pub async fn hash_codes(&self, codes: Vec<Secret>, salt: [u8; SALT_BYTES]) -> Result<Vec<[u8; 32]>, HashError> {
        let count = codes.len() as u64;
        let hash = move || {
            let hash = |code: &Secret| {
                let mut out = [0; 32];
                Argon2::default().hash_password_into(code.expose().as_bytes(), &salt, &mut out).map(|()| out)
            };
            codes.iter().map(hash).collect::<Result<Vec<_>, _>>()
        };
        self.work(count, hash).await?.map_err(HashError::Code)
    }

    /// How many hashes were begun, compared ones too.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// `hashes`: how many the job makes.
    async fn work<T: Send + 'static>(
        &self,
        hashes: u64,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self.line.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let room = self.room.clone().acquire_owned().await.map_err(|_| HashError::Busy)?;
        self.made.fetch_add(hashes, Ordering::Relaxed);
        // Who asked may go away meanwhile: the thread works on, and keeps its room until it is done.
        let job = move || {
            let done = job();
            drop((place, room));
            done
        };
        Ok(tokio::task::spawn_blocking(job).await?)
    }
}

/// The password in Unicode's composed form (NFC): keyboards and systems write the same letter in more than one way.
pub(super) fn canonical(password: &Secret) -> Secret {
    Secret::new(password.expose().nfc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::passwords::generate;
    use crate::base::SystemRng;

    #[tokio::test]
    async fn a_password_opens_only_its_own_hash() {
        let hasher = Hasher::default();
        let password = generate(&SystemRng);
        let stored = hasher.hash(password.clone(), &SystemRng).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify(password.clone(), Some(stored.clone())).await.unwrap());
        assert!(!hasher.verify(Secret::new("not the password"), Some(stored)).await.unwrap());
        assert!(!hasher.verify(password, None).await.unwrap(), "nobody has no password");
        assert!(hasher.verify(generate(&SystemRng), Some("damaged".into())).await.is_err());
        assert_eq!(hasher.made(), 5);
    }

    #[test]
    fn nobody_has_the_parameters_of_everybody() {
        let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        let hash = Argon2::default().hash_password_with_salt(b"x", &[7; SALT_BYTES]).unwrap().to_string();
        assert_eq!(parameters(NOBODY), parameters(&hash));
    }

    #[tokio::test]
    async fn a_letter_is_the_same_however_a_keyboard_writes_it() {
        let hasher = Hasher::default();
        let stored = hasher.hash(Secret::new("caf\u{e9} caf\u{e9} caf\u{e9}"), &SystemRng).await.unwrap();
        assert!(hasher.verify(Secret::new("cafe\u{301} cafe\u{301} cafe\u{301}"), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn past_the_line_nobody_waits() {
        let hasher = Arc::new(Hasher::default());
        // Nothing is worked on while somebody else has all the room.
        let room = hasher.room.clone().acquire_many_owned(AT_A_TIME as u32).await.unwrap();
        let waits = |_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.verify(Secret::new("x"), None).await })
        };
        let waiting: Vec<_> = (0..IN_LINE).map(waits).collect();
        while hasher.line.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hasher.verify(Secret::new("x"), None).await, Err(HashError::Busy)));
        // Those who go away leave the line.
        for gone in &waiting[1..] {
            gone.abort();
        }
        while hasher.line.available_permits() < IN_LINE - 1 {
            tokio::task::yield_now().await;
        }
        drop(room);
        assert!(!hasher.verify(Secret::new("x"), None).await.unwrap());
    }

    #[tokio::test]
    async fn codes_with_one_salt_are_found_by_one_hash() {
        let hasher = Hasher::default();
        let codes: Vec<_> = ["a", "b"].map(Secret::new).into();
        let hashes = hasher.hash_codes(codes.clone(), [1; SALT_BYTES]).await.unwrap();
        assert_eq!(hasher.hash_codes(codes[1..].to_vec(), [1; SALT_BYTES]).await.unwrap(), hashes[1..]);
        assert_ne!(hasher.hash_codes(codes, [2; SALT_BYTES]).await.unwrap(), hashes);
    }
}
