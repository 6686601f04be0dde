//! The steps of a pair: what was done with it, by whom, and what it said before.

use crate::base::{Timestamp, names};

use super::{AnswerStatus, Content, Texts};

names! {
    /// What was done with a pair.
    StepKind {
        Created = "created",
        Edited = "edited",
        /// Changed in moderation, without being published.
        Moderated = "moderated",
        Published = "published",
        Rejected = "rejected",
        ReviewRequested = "review_requested",
        /// Its reviewer changed the answer.
        Reviewed = "reviewed",
        /// Its reviewer found nothing to change.
        Confirmed = "confirmed",
        Trashed = "trashed",
        Restored = "restored",
    }
}

/// One step of a pair's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The pair's version from this step on.
    pub version: i64,
    pub kind: StepKind,
    /// The pair's status from this step on.
    pub status: AnswerStatus,
    pub by: String,
    pub at: Timestamp,
    /// The moderator's note with a rejection, or whom a review was asked of.
    pub note: Option<String>,
    /// What the pair said before; `None` where the step changed no text and no tag.
    pub before: Option<Texts>,
}

/// What a pair said when it was published last, if it ever was. `steps`: all of them, the latest first; `now`: what it says.
pub fn last_published(steps: &[Step], now: &Content) -> Option<Texts> {
    let mut texts = now.texts();
    for step in steps {
        if step.status.is_usable() {
            return Some(texts);
        }
        if let Some(before) = &step.before {
            texts = before.clone();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(answer: &str) -> Texts {
        Texts { question: "Q".into(), answer: answer.into(), tags: Vec::new() }
    }

    fn step(status: AnswerStatus, before: Option<&str>) -> Step {
        let at = Timestamp::from_seconds(1_800_000_000);
        let (kind, by) = (StepKind::Edited, "ada@halden.example".to_owned());
        Step { version: 1, kind, status, by, at, note: None, before: before.map(texts) }
    }

    #[test]
    fn what_was_published_last_is_found_behind_later_changes() {
        use AnswerStatus::{InModeration, Published, Rejected};
        let now = Content { question: "Q".into(), answer: "third".into(), ..Content::default() };
        let of = |steps: &[Step]| last_published(steps, &now).map(|texts| texts.answer);
        assert_eq!(of(&[step(InModeration, None)]), None);
        assert_eq!(of(&[step(Published, None)]), Some("third".into()));
        let changed = [
            step(Rejected, None),
            step(InModeration, Some("second")),
            step(InModeration, Some("first")),
            step(Published, Some("zeroth")),
        ];
        assert_eq!(of(&changed), Some("first".into()));
    }
}
