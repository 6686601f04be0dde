//! What a pair of the answer library is, and its rules.

mod content;
mod history;

use chrono::NaiveDate;

use crate::auth::model::{Role, parse_email};
use crate::base::{AnswerId, Cursor, OrganizationId, Timestamp, names};
use crate::workspace::projects::model::Trashed;
use crate::workspace::text::{self, InvalidText};

pub use content::{
    ANSWER, Content, ContentChange, InvalidTag, QUESTION, TAG, TAGS, Texts, answer, owner, question, split_tags, tag,
    tag_key, unique_tags,
};
pub use history::{Step, StepKind, last_published};

/// Characters of a reviewer: a name, or an email address.
pub const REVIEWER: usize = 254;
/// Characters of the note with which a pair is rejected.
pub const NOTE: usize = 2_000;

names! {
    /// How far a pair is on its way to those who answer with it.
    AnswerStatus {
        /// Waits for a moderator.
        InModeration = "in_moderation",
        Published = "published",
        /// Published, and somebody is to say whether it still holds.
        InReview = "in_review",
        /// A moderator sent it back.
        Rejected = "rejected",
    }
}

impl AnswerStatus {
    /// Whether answers may be taken from it.
    pub fn is_usable(self) -> bool {
        match self {
            Self::Published | Self::InReview => true,
            Self::InModeration | Self::Rejected => false,
        }
    }
}

/// What the word of whoever saves something counts in the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A moderator looks at the texts first; so at those that come from a project, whoever saves them.
    Member,
    /// Moderators, admins and programs.
    Moderator,
}

impl Standing {
    /// Of a person, by the role.
    pub fn of(role: Role) -> Self {
        if role.includes(Role::Moderator) { Self::Moderator } else { Self::Member }
    }

    /// What a pair is when it is saved for the first time.
    pub fn first_status(self) -> AnswerStatus {
        match self {
            Self::Member => AnswerStatus::InModeration,
            Self::Moderator => AnswerStatus::Published,
        }
    }
}

/// Who is to say until when whether a pair still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// An email address in lower case, or a name.
    pub reviewer: String,
    /// A day in the organization's time zone.
    pub due_date: NaiveDate,
}

/// A question and its answer, to be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub id: AnswerId,
    pub organization: OrganizationId,
    /// Its place in the order in which the organization's pairs were saved; lists are in this order.
    pub number: i64,
    pub content: Content,
    pub status: AnswerStatus,
    /// Of a pair in review, and of no other.
    pub review: Option<Review>,
    /// Why it was rejected, if somebody said so; of a rejected pair, and of no other.
    pub note: Option<String>,
    pub trashed: Option<Trashed>,
    /// Rises with every change.
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    /// Who made it what it is now.
    pub updated_by: String,
    pub updated_at: Timestamp,
}

impl Answer {
    /// Its place in a list.
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.created_at, id: self.number.to_string() }
    }

    /// Whether it waits for this person's review.
    pub fn is_reviewed_by(&self, email: &str) -> bool {
        self.review.as_ref().is_some_and(|review| review.reviewer == email)
    }
}

/// How many pairs there are outside of the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub in_moderation: i64,
    pub published: i64,
    pub in_review: i64,
    pub rejected: i64,
}

impl Counts {
    pub fn all(self) -> i64 {
        self.in_moderation + self.published + self.in_review + self.rejected
    }
}

/// Who is to review: an email address, which becomes lower case, or a name.
pub fn reviewer(text: &str) -> Result<String, InvalidText> {
    let line = text::line(text, "who is to review it", REVIEWER)?;
    Ok(parse_email(&line).unwrap_or(line))
}

/// The day until which a review is asked for.
pub fn review_due(text: &str) -> Result<NaiveDate, InvalidDue> {
    text::optional_date(text).ok().flatten().ok_or(InvalidDue)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter the day until which it is to be reviewed, such as 2026-12-04.")]
pub struct InvalidDue;

pub fn note(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_lines(text, NOTE)
}
