//! What people do with the answer library, for pages and API alike, each in the caller's transaction.
//!
//! Saving without a change raises nothing and writes nothing down. An action on many pairs raises one event for each thousand, and
//! writes down one entry. What is in the trash is looked at and restored, not changed.

mod bulk;
mod create;
mod edit;
mod moderation;
mod questions;
mod review;
mod trash;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::base::{AnswerId, Expected, Timestamp};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Desk, Refusal};

use super::model::{Answer, Content, Step, StepKind};
use super::store;

pub use bulk::{TagsChange, publish_all, tag_all, trash_all};
pub use create::{create, create_all};
pub use edit::edit;
pub use moderation::{publish, reject};
pub use questions::{save_from_question, take};
pub use review::{request_review, review};
pub use trash::{delete, delete_all, restore, trash};

/// What CHANGE says in ANSWER_LIB_UPDATED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Edited,
    Published,
    Moderated,
    Reviewed,
}

impl Change {
    fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "EDITED",
            Self::Published => "PUBLISHED",
            Self::Moderated => "MODERATED",
            Self::Reviewed => "REVIEWED",
        }
    }

    fn step(self) -> StepKind {
        match self {
            Self::Edited => StepKind::Edited,
            Self::Published => StepKind::Published,
            Self::Moderated => StepKind::Moderated,
            Self::Reviewed => StepKind::Reviewed,
        }
    }

    /// In the audit log.
    fn action(self) -> &'static str {
        match self {
            Self::Edited => "answer.edited",
            Self::Published => "answer.published",
            Self::Moderated => "answer.moderated",
            Self::Reviewed => "answer.reviewed",
        }
    }
}

/// The pair, whatever became of it. `expected`: the version that whoever changes it has seen.
async fn load(tx: &mut Tx, author: &Author, id: &AnswerId, expected: &Expected) -> Result<Answer, Refusal> {
    let answer = store::find(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    if !expected.holds_for(answer.version) {
        return Err(Refusal::Stale);
    }
    Ok(answer)
}

/// Like [`load`], and not in the trash.
async fn load_to_change(tx: &mut Tx, author: &Author, id: &AnswerId, expected: &Expected) -> Result<Answer, Refusal> {
    let answer = load(tx, author, id, expected).await?;
    if answer.trashed.is_some() {
        return Err(Refusal::conflict("This pair is in the trash. Restore it first."));
    }
    Ok(answer)
}

/// All of `ids`, in their order; without one of them, none.
async fn load_all(tx: &mut Tx, author: &Author, ids: &[AnswerId]) -> Result<Vec<Answer>, Refusal> {
    let found = store::find_all(tx, &author.actor.organization, ids).await?;
    let mut found: HashMap<AnswerId, Answer> = found.into_iter().map(|answer| (answer.id.clone(), answer)).collect();
    ids.iter().map(|id| found.remove(id).ok_or(Refusal::NotFound)).collect()
}

/// Like [`load_all`], and none in the trash.
async fn load_all_to_change(tx: &mut Tx, author: &Author, ids: &[AnswerId]) -> Result<Vec<Answer>, Refusal> {
    let answers = load_all(tx, author, ids).await?;
    match answers.iter().find(|answer| answer.trashed.is_some()) {
        Some(trashed) => Err(refused("is in the trash. Restore it first", trashed)),
        None => Ok(answers),
    }
}

/// Why an action on many is not done: because of this one.
fn refused(why: &str, answer: &Answer) -> Refusal {
    Refusal::conflict(format!("The pair {} ({}) {why}. Nothing was changed.", answer.id, excerpt(answer)))
}

/// A step that was made on a pair just now: the pair as it is, and what it said before.
struct Made {
    answer: Answer,
    before: Content,
    note: Option<String>,
}

impl Made {
    /// A step that begins: what it does is done to `answer`.
    fn on(answer: Answer) -> Self {
        let before = answer.content.clone();
        Self { answer, before, note: None }
    }
}

/// Writes changed pairs with the steps that changed them, and gives them back.
async fn save(
    tx: &mut Tx,
    author: &Author,
    now: Timestamp,
    kind: StepKind,
    made: Vec<Made>,
) -> Result<Vec<Answer>, Refusal> {
    let mut answers = Vec::with_capacity(made.len());
    let mut steps = Vec::with_capacity(made.len());
    for Made { mut answer, before, note } in made {
        answer.version += 1;
        answer.updated_by = author.actor.email.clone();
        answer.updated_at = now;
        let before = before.texts();
        let before = (before != answer.content.texts()).then_some(before);
        let (version, status, by) = (answer.version, answer.status, author.actor.email.clone());
        steps.push((answer.id.clone(), Step { version, kind, status, by, at: now, note, before }));
        answers.push(answer);
    }
    store::update(tx, &answers).await?;
    store::add_steps(tx, &steps).await?;
    Ok(answers)
}

/// Like [`save`], for one pair.
async fn save_one(tx: &mut Tx, author: &Author, now: Timestamp, kind: StepKind, made: Made) -> Result<Answer, Refusal> {
    let mut answers = save(tx, author, now, kind, vec![made]).await?;
    Ok(answers.pop().expect("one goes in, so one comes out"))
}

/// Saves changed pairs, raises ANSWER_LIB_UPDATED and writes it down. Nothing of it for none.
async fn update(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    now: Timestamp,
    change: Change,
    made: Vec<Made>,
) -> Result<Vec<Answer>, Refusal> {
    if made.is_empty() {
        return Ok(Vec::new());
    }
    let answers = save(tx, author, now, change.step(), made).await?;
    let data = json!({ "CHANGE": change.as_str() });
    raise(tx, desk, author, EventType::AnswerLibUpdated, &answers, Some(&data)).await?;
    write_down(tx, desk, author, change.action(), &answers, Value::Null).await?;
    Ok(answers)
}

/// Like [`update`], for one pair.
async fn update_one(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    now: Timestamp,
    change: Change,
    made: Made,
) -> Result<Answer, Refusal> {
    let mut answers = update(tx, desk, author, now, change, vec![made]).await?;
    Ok(answers.pop().expect("one goes in, so one comes out"))
}

async fn raise(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    event_type: EventType,
    answers: &[Answer],
    data: Option<&Value>,
) -> Result<(), Refusal> {
    let ids: Vec<&str> = answers.iter().map(|answer| answer.id.as_str()).collect();
    Ok(desk.raise(tx, author, event_type, &ids, data).await?)
}

/// Adds one entry about these pairs to the audit log; `more` is null or has further details.
async fn write_down(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    action: &str,
    answers: &[Answer],
    more: Value,
) -> Result<(), Refusal> {
    let (subject, mut details) = match answers {
        [one] => (excerpt(one), json!({ "answer_id": one.id })),
        many => {
            let ids: Vec<&AnswerId> = many.iter().map(|answer| &answer.id).collect();
            (format!("{} pairs", many.len()), json!({ "answer_ids": ids }))
        }
    };
    if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
        details.extend(more);
    }
    Ok(desk.write_down(tx, author, action, &subject, details).await?)
}

/// The beginning of its question, to tell it by.
fn excerpt(answer: &Answer) -> String {
    answer.content.question.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect()
}
