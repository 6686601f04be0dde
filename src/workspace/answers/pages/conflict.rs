//! Two people changed the same pair: the second one sees both texts, and loses nothing.

use crate::base::{TimeZone, Timestamp};
use crate::web::Moment;
use crate::workspace::answers::model::{Answer, split_tags};

use super::diff::{self, Paragraph};
use super::form::PairForm;

/// What somebody else saved meanwhile, beside what was typed.
pub(super) struct Theirs {
    pub by: String,
    pub at: Moment,
    pub question: String,
    pub answer: Vec<Paragraph>,
    pub tags: Vec<String>,
    /// What saving what was typed would make of theirs.
    pub question_changes: Vec<Paragraph>,
    pub answer_changes: Vec<Paragraph>,
    pub your_tags: Vec<String>,
}

impl Theirs {
    pub fn of(saved: &Answer, typed: &PairForm, now: Timestamp, zone: TimeZone) -> Self {
        let content = &saved.content;
        Self {
            by: saved.updated_by.clone(),
            at: Moment::relative(saved.updated_at, now, zone),
            question: content.question.clone(),
            answer: diff::plain(&content.answer),
            tags: content.tags.clone(),
            question_changes: diff::compare(&content.question, &typed.question),
            answer_changes: diff::compare(&content.answer, &typed.answer),
            your_tags: split_tags(&typed.tags).unwrap_or_default(),
        }
    }
}
