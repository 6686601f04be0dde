//! Passwords: their rule ([`rule`]), and their Argon2id hashes ([`Hasher`]).
//!
//! docs/decisions/0038-how-people-prove-who-they-are.md says why they are as they are.

mod hasher;
mod rule;

pub use hasher::{HashError, Hasher, SALT_BYTES};
pub use rule::{InvalidPassword, MAX_LENGTH, MIN_LENGTH, Names, check};

use crate::base::{Rng, Secret};

/// A password that nobody chose: 100 random bits in letters and digits that cannot be mistaken for each other.
pub fn generate(rng: &dyn Rng) -> Secret {
    Secret::new(grouped(&rng.bytes::<20>()))
}

/// 32 letters and digits that cannot be mistaken for each other.
const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// Five bits of each byte as a letter or digit, with a dash after every fifth: for people to copy by hand.
pub fn grouped(bytes: &[u8]) -> String {
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-")
}
