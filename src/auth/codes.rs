//! Codes in links that prove something to us: 256 random bits, of which the database has only the SHA-256. Nobody can guess
//! them, so the hash needs no salt and no slowness.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

use crate::base::{Rng, Secret};

/// A new code, in letters that stand in an address as they are.
pub fn generate(rng: &dyn Rng) -> Secret {
    Secret::new(BASE64.encode(rng.bytes::<32>()))
}

/// What the database has of a code.
pub fn hash(code: &str) -> String {
    BASE64.encode(Sha256::digest(code))
}
