//! Looks for the mistake that a signature was made with: makes it in every wrong way that people are known to take, until
//! what comes out is what was pasted.

use std::cell::Cell;
use std::sync::Arc;

use crate::delivery::signing::{PREFIX, SigningSecret, Verifier};

use super::secret::Key;
use super::signature::{Made, Written};

/// How a secret's text was made a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    Decoded,
    /// The text as it stands.
    WithPrefix,
    /// The text after `whsec_`, not decoded.
    WithoutPrefix,
}

/// What a signature is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `id.timestamp.body`.
    Whole,
    BodyAlone,
    /// `timestamp.body`.
    WithoutId,
    /// `id.body`.
    WithoutTimestamp,
    /// `timestamp.id.body`.
    TimestampFirst,
    /// All three, but not with full stops between them.
    Joined(&'static str),
}

const CONTENTS: [Content; 13] = [
    Content::Whole,
    Content::BodyAlone,
    Content::WithoutId,
    Content::WithoutTimestamp,
    Content::TimestampFirst,
    Content::Joined(""),
    Content::Joined("\n"),
    Content::Joined(":"),
    Content::Joined("-"),
    Content::Joined("|"),
    Content::Joined(","),
    Content::Joined(" "),
    Content::Joined(";"),
];

const FORMS: [KeyForm; 3] = [KeyForm::Decoded, KeyForm::WithPrefix, KeyForm::WithoutPrefix];

/// Secrets with which every mistake is tried; of the others only whether they fit.
const MOST_SUSPECTS: usize = 20;

/// Bytes that are hashed at most: whoever pastes a large body gets an answer, too, though fewer mistakes are tried.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// What a look at a signature by a key pair costs beside its bytes: as much as to hash so many.
const KEY_PAIR_BYTES: usize = 64 * 1024;

/// What there is to try, the likeliest first in each list.
#[derive(Clone, Copy)]
pub struct Ways<'a> {
    pub keys: &'a [Arc<Key>],
    pub ids: &'a [String],
    pub timestamps: &'a [String],
    /// The one that was pasted, then others that may have been sent.
    pub bodies: &'a [String],
}

/// How a signature was made.
#[derive(Clone, Debug)]
pub struct Recipe<'a> {
    pub key: &'a Arc<Key>,
    pub form: KeyForm,
    pub content: Content,
    pub id: &'a str,
    pub timestamp: &'a str,
    pub body: &'a str,
}

impl Recipe<'_> {
    /// What was signed, piece by piece.
    fn parts(&self) -> Vec<&[u8]> {
        let (id, timestamp, body) = (self.id.as_bytes(), self.timestamp.as_bytes(), self.body.as_bytes());
        let stop = b".".as_slice();
        match self.content {
            Content::Whole => vec![id, stop, timestamp, stop, body],
            Content::BodyAlone => vec![body],
            Content::WithoutId => vec![timestamp, stop, body],
            Content::WithoutTimestamp => vec![id, stop, body],
            Content::TimestampFirst => vec![timestamp, stop, id, stop, body],
            Content::Joined(by) => vec![id, by.as_bytes(), timestamp, by.as_bytes(), body],
        }
    }
}

/// How one of these signatures was made, and which; `None` if in no way that is known here.
pub fn find<'a, 'w>(ways: &Ways<'a>, written: &'w [Written]) -> Option<(Recipe<'a>, &'w Written)> {
    let look = Look { written, left: Cell::new(MOST_BYTES) };
    look.wrong_input(ways).or_else(|| look.wrong_method(ways))
}

/// One look for some signatures.
struct Look<'w> {
    written: &'w [Written],
    /// Bytes that may still be hashed.
    left: Cell<usize>,
}

impl<'w> Look<'w> {
    fn fits(&self, recipe: &Recipe<'_>, key: &Verifier) -> Option<&'w Written> {
        match key {
            Verifier::Secret(secret) => {
                self.spend(recipe.body.len())?;
                let digest = secret.digest(&recipe.parts())?;
                self.written.iter().find(|written| written.made == Made::BySecret(digest))
            }
            Verifier::PublicKey(key) => self.written.iter().find(|written| {
                let Made::ByKeyPair(signature) = &written.made else { return false };
                self.spend(recipe.body.len() + KEY_PAIR_BYTES).is_some()
                    && key.verifies(&recipe.parts().concat(), signature)
            }),
        }
    }

    fn spend(&self, bytes: usize) -> Option<()> {
        self.left.set(self.left.get().checked_sub(bytes)?);
        Some(())
    }

    /// Made as it should be, but of something else than was pasted, or with another secret.
    fn wrong_input<'a>(&self, ways: &Ways<'a>) -> Option<(Recipe<'a>, &'w Written)> {
        for body in ways.bodies {
            for (id, timestamp) in ways.ids.iter().flat_map(|id| ways.timestamps.iter().map(move |at| (id, at))) {
                for key in ways.keys {
                    let recipe = Recipe { key, form: KeyForm::Decoded, content: Content::Whole, id, timestamp, body };
                    if let Some(found) = self.fits(&recipe, &key.secret) {
                        return Some((recipe, found));
                    }
                }
            }
        }
        None
    }

    /// Made in another way than it should be.
    fn wrong_method<'a>(&self, ways: &Ways<'a>) -> Option<(Recipe<'a>, &'w Written)> {
        let (id, timestamp) = (ways.ids.first()?, ways.timestamps.first()?);
        for key in ways.keys.iter().take(MOST_SUSPECTS) {
            // Nobody but us makes signatures by a key pair.
            let Verifier::Secret(secret) = &key.secret else { continue };
            for form in FORMS {
                let keyed = Verifier::Secret(keyed(secret, form));
                for (body, content) in ways.bodies.iter().flat_map(|body| CONTENTS.map(|content| (body, content))) {
                    let recipe = Recipe { key, form, content, id, timestamp, body };
                    if let Some(found) = self.fits(&recipe, &keyed) {
                        return Some((recipe, found));
                    }
                }
            }
        }
        None
    }
}

fn keyed(secret: &SigningSecret, form: KeyForm) -> SigningSecret {
    let text = secret.expose();
    match form {
        KeyForm::Decoded => secret.clone(),
        KeyForm::WithPrefix => SigningSecret::of_bytes(text.as_bytes()),
        KeyForm::WithoutPrefix => SigningSecret::of_bytes(text.trim_start_matches(PREFIX).as_bytes()),
    }
}
