//! What a moderator decides about a pair.

use serde_json::json;

use crate::base::{AnswerId, Expected};
use crate::db::Tx;
use crate::workspace::answers::model::{Answer, AnswerStatus, ContentChange, StepKind};
use crate::workspace::change::{Author, Changed, Desk, Refusal};

use super::{Change, Made, load_to_change, save_one, update_one, write_down};

/// Publishes a pair that waits in moderation, or was rejected, with a last change or without one. Raises one ANSWER_LIB_UPDATED with
/// PUBLISHED. Repeated without a change, it changes nothing.
pub async fn publish(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
    change: ContentChange,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load_to_change(tx, author, id, expected).await?);
    made.answer.content = change.apply(&made.before);
    match made.answer.status {
        AnswerStatus::InModeration | AnswerStatus::Rejected => {}
        AnswerStatus::Published if made.answer.content == made.before => {
            return Ok(Changed { now: made.answer, is_new: false });
        }
        AnswerStatus::Published => {
            return Err(Refusal::conflict("This pair is published already. Edit it instead."));
        }
        AnswerStatus::InReview => return Err(Refusal::conflict(IN_REVIEW)),
    }
    made.answer.status = AnswerStatus::Published;
    made.answer.note = None;
    let answer = update_one(tx, desk, author, now, Change::Published, made).await?;
    Ok(Changed { now: answer, is_new: true })
}

const IN_REVIEW: &str = "This pair is published, and being reviewed.";

/// Sends a pair that waits in moderation back, and says why. The catalog has no event for it. Repeated with nothing else to say, it
/// changes nothing.
pub async fn reject(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
    note: Option<String>,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load_to_change(tx, author, id, expected).await?);
    match made.answer.status {
        AnswerStatus::InModeration => {}
        AnswerStatus::Rejected if note.is_none() || note == made.answer.note => {
            return Ok(Changed { now: made.answer, is_new: false });
        }
        AnswerStatus::Rejected => {}
        AnswerStatus::Published => {
            return Err(Refusal::conflict("This pair is published. Only what waits in moderation can be rejected."));
        }
        AnswerStatus::InReview => return Err(Refusal::conflict(IN_REVIEW)),
    }
    made.answer.status = AnswerStatus::Rejected;
    made.answer.note.clone_from(&note);
    made.note = note;
    let answer = save_one(tx, author, now, StepKind::Rejected, made).await?;
    let more = json!({ "note": answer.note });
    write_down(tx, desk, author, "answer.rejected", std::slice::from_ref(&answer), more).await?;
    Ok(Changed { now: answer, is_new: true })
}
