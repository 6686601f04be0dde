//! Asking somebody whether a published pair still holds, and the answer to that.

use serde_json::{Value, json};

use crate::base::{AnswerId, Expected};
use crate::db::Tx;
use crate::workspace::answers::model::{Answer, AnswerStatus, Review, Standing, StepKind};
use crate::workspace::change::{Author, Changed, Desk, Refusal};

use super::{Change, Made, load_to_change, save_one, update_one, write_down};

/// Sends a published pair to a reviewer, or one in review to another reviewer or until another day. The catalog has no event for it.
/// Repeated, it changes nothing.
pub async fn request_review(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
    review: Review,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load_to_change(tx, author, id, expected).await?);
    if !made.answer.status.is_usable() {
        return Err(Refusal::conflict("This pair is not published. Only a published pair can be reviewed."));
    }
    if made.answer.review.as_ref() == Some(&review) {
        return Ok(Changed { now: made.answer, is_new: false });
    }
    let more = json!({ "reviewer": review.reviewer, "due_date": review.due_date.to_string() });
    made.note = Some(review.reviewer.clone());
    made.answer.status = AnswerStatus::InReview;
    made.answer.review = Some(review);
    let answer = save_one(tx, author, now, StepKind::ReviewRequested, made).await?;
    write_down(tx, desk, author, "answer.review_requested", std::slice::from_ref(&answer), more).await?;
    Ok(Changed { now: answer, is_new: true })
}

/// Ends a review: `text` is the answer as it is to be, `None` confirms it as it is. The pair is published again. Raises
/// ANSWER_LIB_UPDATED with REVIEWED for another answer, and nothing for the same.
///
/// A member can only do it where the pair was sent to him or her.
pub async fn review(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    id: &AnswerId,
    expected: &Expected,
    text: Option<String>,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load_to_change(tx, author, id, expected).await?);
    if made.answer.status != AnswerStatus::InReview {
        return Err(Refusal::conflict("This pair is not in review."));
    }
    if standing == Standing::Member && !made.answer.is_reviewed_by(&author.actor.email) {
        return Err(Refusal::conflict("Somebody else is asked to review this pair."));
    }
    made.answer.status = AnswerStatus::Published;
    made.answer.review = None;
    if let Some(text) = text {
        made.answer.content.answer = text;
    }
    let answer = if made.answer.content == made.before {
        let answer = save_one(tx, author, now, StepKind::Confirmed, made).await?;
        write_down(tx, desk, author, "answer.confirmed", std::slice::from_ref(&answer), Value::Null).await?;
        answer
    } else {
        update_one(tx, desk, author, now, Change::Reviewed, made).await?
    };
    Ok(Changed { now: answer, is_new: true })
}
