//! The form of a pair: what browsers post, and what it becomes.

use serde::Deserialize;

use crate::web::FieldErrors;
use crate::workspace::answers::model::{self, Answer, Content, ContentChange};

/// A pair as a form has it. All fields may be missing: a missing text is an empty one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PairForm {
    pub question: String,
    pub answer: String,
    /// In one line, with commas between.
    pub tags: String,
    pub owner: String,
    /// The version that was shown; empty for a new pair.
    pub version: String,
    /// The button: `publish`, or nothing for plain saving.
    pub action: String,
}

impl PairForm {
    /// The form of a pair as it is saved.
    pub fn of(answer: &Answer) -> Self {
        let content = &answer.content;
        Self {
            question: content.question.clone(),
            answer: content.answer.clone(),
            tags: content.tags.join(", "),
            owner: content.owner.clone().unwrap_or_default(),
            version: answer.version.to_string(),
            action: String::new(),
        }
    }

    pub fn publishes(&self) -> bool {
        self.action == "publish"
    }

    /// What it says, or all that is wrong with it.
    pub fn parse(&self) -> Result<Content, FieldErrors> {
        let mut errors = FieldErrors::default();
        let question = errors.take("question", model::question(&self.question));
        let answer = errors.take("answer", model::answer(&self.answer));
        let tags = errors.take("tags", model::split_tags(&self.tags));
        let owner = errors.take("owner", model::owner(&self.owner));
        let content = question.zip(answer).zip(tags).zip(owner);
        errors.into_result(content.map(|(((question, answer), tags), owner)| Content { question, answer, tags, owner }))
    }
}

/// A form says all of a pair: what it leaves empty is emptied.
pub(super) fn change_to(content: Content) -> ContentChange {
    let Content { question, answer, tags, owner } = content;
    ContentChange { question: Some(question), answer: Some(answer), tags: Some(tags), owner: Some(owner) }
}
