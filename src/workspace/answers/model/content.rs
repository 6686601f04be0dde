//! What people say in a pair: its texts, tags and owner.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest as _, Sha256};

use crate::workspace::text::{self, InvalidText};

/// Characters of a question, as in a project.
pub const QUESTION: usize = 5_000;
/// Characters of an answer, as in a project.
pub const ANSWER: usize = 50_000;
/// Characters of an owner: a name, or an email address.
pub const OWNER: usize = 254;
/// Characters of a tag.
pub const TAG: usize = 50;
/// Tags of a pair.
pub const TAGS: usize = 20;

/// All that an edit can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub question: String,
    pub answer: String,
    /// As people wrote them and in their order, each once whatever its case.
    pub tags: Vec<String>,
    pub owner: Option<String>,
}

/// What a pair says: what its history keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    pub question: String,
    pub answer: String,
    pub tags: Vec<String>,
}

impl Content {
    /// Whether question or answer differ: what moderators look at.
    pub fn has_other_texts(&self, other: &Self) -> bool {
        self.question != other.question || self.answer != other.answer
    }

    /// Tells the same question and answer from all others: half of a SHA-256, of which two different pairs never share one.
    pub fn digest(&self) -> String {
        // No text holds a NUL, so question and answer cannot run into each other.
        let hash = Sha256::new().chain_update(&self.question).chain_update([0]).chain_update(&self.answer).finalize();
        BASE64.encode(&hash[..16])
    }

    pub fn texts(&self) -> Texts {
        Texts { question: self.question.clone(), answer: self.answer.clone(), tags: self.tags.clone() }
    }
}

/// A change of some of it; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentChange {
    pub question: Option<String>,
    pub answer: Option<String>,
    pub tags: Option<Vec<String>>,
    pub owner: Option<Option<String>>,
}

impl ContentChange {
    pub fn apply(self, before: &Content) -> Content {
        Content {
            question: self.question.unwrap_or_else(|| before.question.clone()),
            answer: self.answer.unwrap_or_else(|| before.answer.clone()),
            tags: self.tags.unwrap_or_else(|| before.tags.clone()),
            owner: self.owner.unwrap_or_else(|| before.owner.clone()),
        }
    }
}

pub fn question(text: &str) -> Result<String, InvalidText> {
    text::lines(text, "a question", QUESTION)
}

pub fn answer(text: &str) -> Result<String, InvalidText> {
    text::lines(text, "an answer", ANSWER)
}

pub fn owner(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_line(text, OWNER)
}

/// Why a tag, or the list of them, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTag {
    #[error(transparent)]
    Text(#[from] InvalidText),
    #[error("Leave out commas: they stand between tags.")]
    Comma,
    #[error("Use at most {TAGS} tags.")]
    TooMany,
}

/// One tag, without white space around it.
pub fn tag(text: &str) -> Result<String, InvalidTag> {
    let tag = text::line(text, "a tag", TAG)?;
    if tag.contains(',') { Err(InvalidTag::Comma) } else { Ok(tag) }
}

/// What tags are compared and found by: `EU` and `eu` are one.
pub fn tag_key(tag: &str) -> String {
    tag.to_lowercase()
}

/// `tags` in their order, each once whatever its case; the first way of writing it stays.
pub fn unique_tags(tags: impl IntoIterator<Item = String>) -> Result<Vec<String>, InvalidTag> {
    let mut unique: Vec<String> = Vec::new();
    for tag in tags {
        if !unique.iter().any(|known| tag_key(known) == tag_key(&tag)) {
            unique.push(tag);
        }
        if unique.len() > TAGS {
            return Err(InvalidTag::TooMany);
        }
    }
    Ok(unique)
}

/// Tags as a form or a file has them: in one line, with commas between.
pub fn split_tags(text: &str) -> Result<Vec<String>, InvalidTag> {
    let tags: Result<Vec<String>, InvalidTag> =
        text.split(',').filter(|part| !part.trim().is_empty()).map(tag).collect();
    unique_tags(tags?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_as_written_and_each_once() {
        assert_eq!(split_tags(" Security, EU ,,security , eu, ISO 27001 ").unwrap(), ["Security", "EU", "ISO 27001"]);
        assert_eq!(split_tags(" , ").unwrap(), Vec::<String>::new());
        assert_eq!(tag("a,b"), Err(InvalidTag::Comma));
        assert_eq!(tag(" "), Err(InvalidTag::Text(InvalidText::Missing("a tag"))));
        assert_eq!(tag(&"x".repeat(51)), Err(InvalidTag::Text(InvalidText::TooLong(50))));
        let many = |count: usize| unique_tags((0..count).map(|number| number.to_string())).map(|tags| tags.len());
        assert_eq!((many(20), many(21)), (Ok(20), Err(InvalidTag::TooMany)));
    }
}
