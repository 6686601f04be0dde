//! Signatures as they were pasted, in whatever way they are written.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use base64::{alphabet, engine::general_purpose::STANDARD as BASE64};

use crate::delivery::signing::{Digest, Ed25519Signature};

/// Reads base64 whether or not it is filled up.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the writing of a signature differs from `v1,` and base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `v1=`, another mark, or none.
    Mark,
    /// The same of a signature by a key pair, which begins with `v1a,`.
    KeyMark,
    Hex,
    /// Hexadecimal digits, and those as base64: a digest that was text already.
    HexInBase64,
    /// With `-` and `_`.
    Base64Url,
    /// The `=` at the end is missing.
    Unpadded,
    /// With `%2B`, `%2F` and `%3D`.
    PercentEncoded,
}

/// A signature that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub made: Made,
    pub faults: Vec<Fault>,
}

/// What a signature is, by its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    BySecret(Digest),
    ByKeyPair(Ed25519Signature),
}

impl Made {
    fn of(bytes: &[u8]) -> Option<Self> {
        let by_secret = bytes.try_into().map(Self::BySecret).ok();
        by_secret.or_else(|| bytes.try_into().map(Self::ByKeyPair).ok())
    }
}

/// Everything in the value of `webhook-signature` that can be one of ours.
pub fn read(value: &str) -> Vec<Written> {
    value.split_whitespace().filter_map(read_one).collect()
}

fn read_one(text: &str) -> Option<Written> {
    let decoded = percent_decoded(text);
    let mut faults = if decoded == text { Vec::new() } else { vec![Fault::PercentEncoded] };
    let (mark, rest) = match decoded.split_once(',') {
        Some((mark @ ("v1" | "v1a"), rest)) => (mark, rest),
        _ => ("", after_mark(&decoded)),
    };
    let (made, written) = digits(rest)?;
    match (made, mark) {
        (Made::BySecret(_), "v1") | (Made::ByKeyPair(_), "v1a") => {}
        (Made::BySecret(_), _) => faults.push(Fault::Mark),
        (Made::ByKeyPair(_), _) => faults.push(Fault::KeyMark),
    }
    faults.extend(written);
    Some(Written { made, faults })
}

/// The characters of a signature that URLs escape; others have no place in one.
fn percent_decoded(text: &str) -> String {
    let escapes = [
        ("%2B", "+"),
        ("%2b", "+"),
        ("%2F", "/"),
        ("%2f", "/"),
        ("%3D", "="),
        ("%3d", "="),
        ("%2C", ","),
        ("%2c", ","),
    ];
    escapes.into_iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// What follows `v1=`, `sha256=` or the like; of `t=…,v1=…` the signature.
fn after_mark(text: &str) -> &str {
    let part = text.split(',').find(|part| part.starts_with("v1=")).unwrap_or(text);
    ["v1=", "v1:", "v1.", "v1a=", "v1a:", "v1a.", "sha256=", "sha256:", "ed25519=", "="]
        .into_iter()
        .find_map(|mark| part.strip_prefix(mark))
        .unwrap_or(part)
}

fn digits(text: &str) -> Option<(Made, Vec<Fault>)> {
    if let Some(made) = hex(text.as_bytes()) {
        return Some((made, vec![Fault::Hex]));
    }
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = LENIENT.decode(&standard).ok()?;
    let mut faults = Vec::new();
    if standard != text {
        faults.push(Fault::Base64Url);
    }
    if BASE64.encode(&bytes).len() != text.len() {
        faults.push(Fault::Unpadded);
    }
    if let Some(made) = hex(&bytes) {
        faults.push(Fault::HexInBase64);
        return Some((made, faults));
    }
    Some((Made::of(&bytes)?, faults))
}

fn hex(text: &[u8]) -> Option<Made> {
    Made::of(&hex_bytes(text)?)
}

/// What pairs of hexadecimal digits say.
pub fn hex_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks(2).map(|pair| Some(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_however_it_is_written_and_what_is_unusual_is_named() {
        use Fault::*;
        // Bytes whose base64 has both characters that base64url writes in another way.
        let digest: Digest = std::array::from_fn(|n| if n % 2 == 0 { 0xfb } else { 0xff });
        let standard = BASE64.encode(digest);
        assert!(standard.contains('+') && standard.contains('/') && standard.ends_with('='));
        let url = standard.replace('+', "-").replace('/', "_");
        let hex = "fbff".repeat(16);
        for (text, faults) in [
            (format!("v1,{standard}"), vec![]),
            (format!("v1={standard}"), vec![Mark]),
            (standard.clone(), vec![Mark]),
            (format!("sha256={}", hex.to_uppercase()), vec![Mark, Hex]),
            (format!("t=17,v1={hex}"), vec![Mark, Hex]),
            (format!("v1,{hex}"), vec![Hex]),
            (format!("v1,{url}"), vec![Base64Url]),
            (format!("v1,{}", url.trim_end_matches('=')), vec![Base64Url, Unpadded]),
            (format!("v1,{}", standard.trim_end_matches('=')), vec![Unpadded]),
            (format!("v1,{}", BASE64.encode(&hex)), vec![HexInBase64]),
            (
                format!("v1,{}", standard.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
                vec![PercentEncoded],
            ),
        ] {
            assert_eq!(read(&text), [Written { made: Made::BySecret(digest), faults }], "{text}");
        }
    }

    #[test]
    fn a_signature_by_a_key_pair_is_told_by_its_length() {
        let signature: Ed25519Signature = std::array::from_fn(|n| if n % 2 == 0 { 0xfb } else { 0xff });
        let standard = BASE64.encode(signature);
        for (text, faults) in [
            (format!("v1a,{standard}"), vec![]),
            (format!("v1,{standard}"), vec![Fault::KeyMark]),
            (standard.clone(), vec![Fault::KeyMark]),
            (format!("v1a,{}", "fbff".repeat(32)), vec![Fault::Hex]),
            (format!("v1a,{}", standard.replace('+', "-").replace('/', "_")), vec![Fault::Base64Url]),
        ] {
            assert_eq!(read(&text), [Written { made: Made::ByKeyPair(signature), faults }], "{text}");
        }
        assert_eq!(read(&format!("v1a,{}", BASE64.encode([7; 32])))[0].faults, [Fault::Mark]);
    }

    #[test]
    fn what_is_no_signature_is_passed_over() {
        assert_eq!(read("v1,abc v2,def v1a,AAAA nothing"), []);
        assert_eq!(read(&format!("rubbish v1,{}", BASE64.encode([7; 32]))).len(), 1);
    }
}
