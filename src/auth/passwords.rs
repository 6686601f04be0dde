//! Passwords: their rule, and their Argon2id hashes.
//!
//! A hash takes 19 MiB and tens of milliseconds by design, so it is made on a thread for blocking work, outside of
//! any transaction, and two at a time at most.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::base::{Rng, Secret};

/// Lengths of a password in characters.
pub const MIN_LENGTH: usize = 12;
pub const MAX_LENGTH: usize = 128;

/// Hashes made at a time: each takes 19 MiB.
static ROOM: Semaphore = Semaphore::const_new(2);

/// A hash of nothing that anybody knows, with the parameters of the others: whoever signs in with an unknown
/// address waits as long as anybody else.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$aGVyYWxkLW5vYm9keQ$qLml5cbqFAO6YxVHhrSBHP0UWdxkIcRYCAZuxLL1Lws";

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    #[error("Enter a password of at least 12 characters.")]
    TooShort,
    #[error("Enter a password of up to 128 characters.")]
    TooLong,
}

/// Hashing failed, which is never the password's fault.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("a password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("the thread that hashed a password ended early")]
    Thread(#[from] tokio::task::JoinError),
}

/// Checks the length of a new password. Any characters are allowed, and none is demanded.
pub fn check(password: &Secret) -> Result<(), InvalidPassword> {
    match password.expose().chars().count() {
        0..MIN_LENGTH => Err(InvalidPassword::TooShort),
        MIN_LENGTH..=MAX_LENGTH => Ok(()),
        _ => Err(InvalidPassword::TooLong),
    }
}

/// The text to store (PHC format, with its own salt).
pub async fn hash(password: Secret, rng: &dyn Rng) -> Result<String, HashError> {
    let salt: [u8; 16] = rng.bytes();
    let _room = ROOM.acquire().await;
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt).map(|hash| hash.to_string())
    });
    hashed.await?.map_err(HashError::Hash)
}

/// Whether this is the password. Without a hash (nobody has the address) it takes as long, and says no.
pub async fn verify(password: Secret, hash: Option<String>) -> Result<bool, HashError> {
    let is_somebody = hash.is_some();
    let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
    let _room = ROOM.acquire().await;
    let verified = tokio::task::spawn_blocking(move || {
        PasswordVerifier::<str>::verify_password(&Argon2::default(), password.expose().as_bytes(), &hash)
    });
    match verified.await? {
        Ok(()) => Ok(is_somebody),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(HashError::Hash(error)),
    }
}

/// A password that nobody chose: 100 random bits in letters and digits that cannot be mistaken for each other.
pub fn generate(rng: &dyn Rng) -> Secret {
    const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let bytes: [u8; 20] = rng.bytes();
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    Secret::new(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check(&Secret::new("é".repeat(11))), Err(InvalidPassword::TooShort));
        assert_eq!(check(&Secret::new("é".repeat(12))), Ok(()));
        assert_eq!(check(&Secret::new("é".repeat(128))), Ok(()));
        assert_eq!(check(&Secret::new("é".repeat(129))), Err(InvalidPassword::TooLong));
    }

    #[tokio::test]
    async fn a_password_opens_only_its_own_hash() {
        let password = generate(&SystemRng);
        assert_eq!(check(&password), Ok(()));
        let stored = hash(password.clone(), &SystemRng).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(password.clone(), Some(stored.clone())).await.unwrap());
        assert!(!verify(Secret::new("not the password"), Some(stored)).await.unwrap());
        assert!(!verify(password, None).await.unwrap(), "nobody has no password");
        assert!(verify(generate(&SystemRng), Some("damaged".into())).await.is_err());
    }
}
