//! The organization's secrets, and the one that a receiver has, as somebody typed it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::base::{Timestamp, WebhookId};
use crate::delivery::signing::{InvalidVerifier, PREFIX, PUBLIC_PREFIX, Signing, Verifier, Verifies as _};

use super::signature::hex_bytes;

/// A signing secret or a public key, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub owner: Owner,
    pub secret: Verifier,
    /// When it stopped, or stops, to sign: another one took its place.
    pub ends_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Webhook {
        id: WebhookId,
        name: String,
    },
    /// Somebody entered it, and no webhook of the organization has it.
    Nobody,
}

impl Key {
    /// A public key, which is no secret.
    pub fn is_public(&self) -> bool {
        self.secret.signing() == Signing::Asymmetric
    }

    pub fn is_of(&self, webhook: &WebhookId) -> bool {
        matches!(&self.owner, Owner::Webhook { id, .. } if id == webhook)
    }
}

/// How the text of a secret differs from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    Ours,
    /// What libraries take as well.
    WithoutPrefix,
    /// Quotes or white space around it.
    Wrapped,
    /// Base64 with `-` and `_`, or without the `=` at its end.
    UrlAlphabet,
    /// The key in hexadecimal digits.
    Hex,
    /// The whole text in base64 once more, as some stores of secrets keep it.
    EncodedAgain,
}

/// The secret that a receiver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A webhook's, or of a good form and nobody's.
    Secret(Arc<Key>, Writing),
    Unreadable(InvalidVerifier),
}

impl Entered {
    /// Looks in `keys` for the secret that was meant. `None`: nothing was entered.
    pub fn read(text: &str, keys: &[Arc<Key>]) -> Option<Self> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        let forms = forms(trimmed);
        let ours = forms.iter().find_map(|(writing, text)| {
            let secret = Verifier::parse(text).ok()?;
            let key = keys.iter().find(|key| key.secret == secret)?;
            Some(Self::Secret(key.clone(), *writing))
        });
        Some(ours.unwrap_or_else(|| foreign(trimmed)))
    }
}

/// What the text may have been before somebody wrote it in another way.
fn forms(text: &str) -> Vec<(Writing, String)> {
    let bare = bare(text);
    let encoded = KINDS.iter().find_map(|prefix| bare.strip_prefix(prefix)).unwrap_or(bare);
    let again = BASE64.decode(bare).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut forms = vec![(Writing::Ours, text.to_owned()), (Writing::Wrapped, bare.to_owned())];
    for prefix in KINDS {
        let hex = hex_bytes(encoded.as_bytes()).map(|key| format!("{prefix}{}", BASE64.encode(key)));
        forms.push((Writing::WithoutPrefix, format!("{prefix}{encoded}")));
        forms.push((Writing::UrlAlphabet, format!("{prefix}{}", padded(&encoded.replace('-', "+").replace('_', "/")))));
        forms.extend(hex.map(|text| (Writing::Hex, text)));
    }
    forms.extend(again.map(|text| (Writing::EncodedAgain, text)));
    forms
}

/// What secrets and public keys begin with.
const KINDS: [&str; 2] = [PREFIX, PUBLIC_PREFIX];

fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ['"', '\'', '`'].contains(&c))
}

fn padded(encoded: &str) -> String {
    let bare = encoded.trim_end_matches('=');
    format!("{bare}{}", "=".repeat((4 - bare.len() % 4) % 4))
}

fn foreign(text: &str) -> Entered {
    let bare = bare(text);
    let has_kind = KINDS.iter().any(|prefix| bare.starts_with(prefix));
    let whole = if has_kind { bare.to_owned() } else { format!("{PREFIX}{bare}") };
    match (Verifier::parse(&whole), Verifier::parse(bare)) {
        (Ok(secret), _) => {
            let key = Arc::new(Key { owner: Owner::Nobody, secret, ends_at: None });
            Entered::Secret(key, if bare == text { Writing::Ours } else { Writing::Wrapped })
        }
        // The complaint is about what was typed.
        (Err(_), Err(problem)) | (Err(problem), Ok(_)) => Entered::Unreadable(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SeededRng;
    use crate::delivery::signing::{InvalidSigningSecret, SigningSecret};

    #[test]
    fn a_secret_is_known_again_however_it_is_written() {
        use Writing::*;
        // Bytes whose base64 has both characters that base64url writes in another way.
        let secret = SigningSecret::of_bytes(&[0xfb, 0xff].repeat(16));
        let owner = Owner::Webhook { id: "60adfdb750b58a0c2d78bdd8".parse().unwrap(), name: "CRM sync".into() };
        let key = Arc::new(Key { owner, secret: secret.clone().into(), ends_at: None });
        let text = secret.expose();
        let encoded = text.strip_prefix(PREFIX).unwrap();
        for (typed, writing) in [
            (text.to_owned(), Ours),
            (format!(" {text}\n"), Ours),
            (format!("\"{text}\""), Wrapped),
            (encoded.to_owned(), WithoutPrefix),
            (text.replace('+', "-").replace('/', "_"), UrlAlphabet),
            (text.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned(), UrlAlphabet),
            ("fbff".repeat(16), Hex),
            (BASE64.encode(text), EncodedAgain),
        ] {
            let found = Entered::read(&typed, std::slice::from_ref(&key));
            assert_eq!(found, Some(Entered::Secret(key.clone(), writing)), "{typed}");
        }
        assert_eq!(Entered::read(" \n", &[key]), None);
    }

    #[test]
    fn a_secret_of_nobody_is_told_from_a_text_that_is_none() {
        let secret = SigningSecret::generate(&SeededRng::new(1));
        let nobodys = Arc::new(Key { owner: Owner::Nobody, secret: secret.clone().into(), ends_at: None });
        assert_eq!(Entered::read(secret.expose(), &[]), Some(Entered::Secret(nobodys, Writing::Ours)));
        let problem = InvalidSigningSecret::Prefix.into();
        assert_eq!(Entered::read("correct horse", &[]), Some(Entered::Unreadable(problem)));
        let problem = InvalidSigningSecret::Length(3).into();
        assert_eq!(Entered::read("whsec_YWJj", &[]), Some(Entered::Unreadable(problem)));
    }
}
