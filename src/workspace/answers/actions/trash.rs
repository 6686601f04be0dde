//! The way of a pair into the trash, out of it, and out of the world.

use serde_json::Value;

use crate::base::{AnswerId, Expected, Timestamp};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::answers::model::{Answer, StepKind};
use crate::workspace::answers::store;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects;
use crate::workspace::projects::model::Trashed;

use super::{Made, load, load_all, raise, save, save_one, write_down};

/// Moves a pair to the trash, and raises ANSWER_LIB_DELETED. Repeated, it changes nothing.
pub async fn trash(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let answer = load(tx, author, id, expected).await?;
    if answer.trashed.is_some() {
        return Ok(Changed { now: answer, is_new: false });
    }
    let mut trashed = put_away(tx, desk, author, now, vec![answer]).await?;
    Ok(Changed { now: trashed.pop().expect("one goes in, so one comes out"), is_new: true })
}

/// Moves pairs to the trash that are not there yet, raises ANSWER_LIB_DELETED for them and writes it down.
pub(super) async fn put_away(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    now: Timestamp,
    answers: Vec<Answer>,
) -> Result<Vec<Answer>, Refusal> {
    if answers.is_empty() {
        return Ok(answers);
    }
    let put = |answer| {
        let mut made = Made::on(answer);
        made.answer.trashed = Some(Trashed { at: now, by: author.actor.email.clone() });
        made
    };
    let made = answers.into_iter().map(put).collect();
    let answers = save(tx, author, now, StepKind::Trashed, made).await?;
    raise(tx, desk, author, EventType::AnswerLibDeleted, &answers, None).await?;
    write_down(tx, desk, author, "answer.trashed", &answers, Value::Null).await?;
    Ok(answers)
}

/// Takes a pair out of the trash. The catalog has no event for it. Repeated, it changes nothing.
pub async fn restore(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
) -> Result<Changed<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut made = Made::on(load(tx, author, id, expected).await?);
    if made.answer.trashed.take().is_none() {
        return Ok(Changed { now: made.answer, is_new: false });
    }
    let answer = save_one(tx, author, now, StepKind::Restored, made).await?;
    write_down(tx, desk, author, "answer.restored", std::slice::from_ref(&answer), Value::Null).await?;
    Ok(Changed { now: answer, is_new: true })
}

/// Removes a pair for good. Raises ANSWER_LIB_DELETED if it was not in the trash, and nothing if it was: that was raised then.
pub async fn delete(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &AnswerId,
    expected: &Expected,
) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let answer = load(tx, author, id, expected).await?;
    remove(tx, desk, author, &[answer]).await
}

/// Removes pairs for good, in their order; without one of them, none. Raises ANSWER_LIB_DELETED for those that were not in the trash.
pub async fn delete_all(tx: &mut Tx, desk: &Desk, author: &Author, ids: &[AnswerId]) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let answers = load_all(tx, author, ids).await?;
    remove(tx, desk, author, &answers).await
}

async fn remove(tx: &mut Tx, desk: &Desk, author: &Author, answers: &[Answer]) -> Result<(), Refusal> {
    if answers.is_empty() {
        return Ok(());
    }
    let ids: Vec<AnswerId> = answers.iter().map(|answer| answer.id.clone()).collect();
    projects::store::forget_answers(tx, &ids).await?;
    store::delete(tx, answers).await?;
    let untold: Vec<Answer> = answers.iter().filter(|answer| answer.trashed.is_none()).cloned().collect();
    raise(tx, desk, author, EventType::AnswerLibDeleted, &untold, None).await?;
    write_down(tx, desk, author, "answer.deleted", answers, Value::Null).await
}
