//! Time-based one-time passwords (RFC 6238) as every authenticator app makes them: HMAC-SHA-1, 6 digits, 30 seconds.
//!
//! Forty lines over the hash that is in the tree anyway, checked against the RFC's own values; a crate would bring what
//! we leave out (other hashes, lengths and periods, and pictures).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::base::{Rng, Secret, Timestamp};

/// Bytes of a key: what RFC 4226 recommends.
const KEY_BYTES: usize = 20;
const DIGITS: usize = 6;
const STEP_SECONDS: i64 = 30;
/// Codes of so many steps before and after the present one are taken, too: clocks differ, and people type.
const TOLERANCE: i64 = 1;

/// A new key, in base32 as authenticator apps take it.
pub fn new_key(rng: &dyn Rng) -> Secret {
    Secret::new(base32(&rng.bytes::<KEY_BYTES>()))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// RFC 4648, for whole groups of five bytes.
fn base32(bytes: &[u8; KEY_BYTES]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        text.extend((0..8).rev().map(|place| char::from(BASE32[(bits >> (5 * place) & 31) as usize])));
    }
    text
}

/// The bytes of a key; `None`: it is none of ours.
fn bytes(key: &Secret) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(KEY_BYTES);
    for group in key.expose().as_bytes().chunks(8) {
        let mut bits = 0u64;
        for digit in group {
            bits = bits << 5 | BASE32.iter().position(|known| known == digit)? as u64;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    (bytes.len() == KEY_BYTES).then_some(bytes)
}

/// The number of the step that `now` is in.
fn step_of(now: Timestamp) -> i64 {
    now.seconds().div_euclid(STEP_SECONDS)
}

/// The code of a step (RFC 4226 section 5.3).
fn code(key: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The code for `now`: what an authenticator app shows.
pub fn code_at(key: &Secret, now: Timestamp) -> Option<Secret> {
    Some(Secret::new(code(&bytes(key)?, step_of(now))))
}

/// Whether this could be a code of an app at all, rather than a recovery code.
pub fn looks_like_code(typed: &str) -> bool {
    typed.len() == DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit())
}

/// The step whose code this is, if it is the present one, the one before or the one after, and later than the last that
/// was used.
pub fn matching_step(key: &Secret, typed: &Secret, now: Timestamp, last_used: i64) -> Option<i64> {
    let (key, present) = (bytes(key)?, step_of(now));
    let mut steps = present - TOLERANCE..=present + TOLERANCE;
    steps.find(|step| *step > last_used && Secret::new(code(&key, *step)) == *typed)
}

/// What a QR code says to the app: `otpauth://totp/Herald:ada@halden.example?secret=…&issuer=Herald`.
pub fn address(key: &Secret, email: &str) -> Secret {
    let label: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
    // Apps read a plus sign as one.
    let label = label.replace('+', "%20");
    Secret::new(format!("otpauth://totp/Herald:{label}?secret={}&issuer=Herald", key.expose()))
}

/// The key in groups of four, to be typed.
pub fn spaced(key: &Secret) -> String {
    key.expose().as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    /// RFC 6238 appendix B, the last six of its eight digits: time and code.
    const KNOWN: &[(i64, &str)] = &[
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    const KEY: &[u8; 20] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let key = Secret::new(base32(KEY));
        assert_eq!(key.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(bytes(&key).as_deref(), Some(KEY.as_slice()));
        for (seconds, expected) in KNOWN {
            let now = Timestamp::from_seconds(*seconds);
            assert_eq!(code_at(&key, now).unwrap().expose(), *expected);
            assert_eq!(matching_step(&key, &Secret::new(*expected), now, 0), Some(step_of(now)));
        }
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late_and_once() {
        let (key, now) = (new_key(&SystemRng), Timestamp::from_seconds(1_800_000_000));
        let step = step_of(now);
        for (away, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let typed = Secret::new(code(&bytes(&key).unwrap(), step + away));
            // One code in a million is that of another step as well.
            let expected = matching_step(&key, &typed, now, step - 3).is_some();
            assert_eq!(expected, taken, "{away}");
            assert_eq!(matching_step(&key, &typed, now, step + 1), None, "used up");
        }
        for typed in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(matching_step(&key, &Secret::new(typed), now, 0), None);
            assert!(!looks_like_code(typed));
        }
    }

    #[test]
    fn apps_are_told_who_and_where() {
        let key = Secret::new(base32(KEY));
        let address = address(&key, "ada+x y&z@halden.example");
        let expected = "otpauth://totp/Herald:ada%2Bx%20y%26z%40halden.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Herald";
        assert_eq!(address.expose(), expected);
        assert_eq!(spaced(&key), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(bytes(&Secret::new("not a key")), None);
    }
}
