//! Saving pairs for the first time.

use serde_json::Value;

use crate::base::AnswerId;
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::answers::model::{Answer, Content, Standing, Step, StepKind};
use crate::workspace::answers::store;
use crate::workspace::change::{Author, Desk, Refusal};

use super::{raise, write_down};

/// Saves a pair for the first time, and raises ANSWER_LIB_CREATED. It is published, or waits in moderation, by the standing of
/// whoever saves it.
pub async fn create(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    content: Content,
) -> Result<Answer, Refusal> {
    let mut answers = create_all(tx, desk, author, standing, vec![content]).await?;
    Ok(answers.pop().expect("one goes in, so one comes out"))
}

/// Saves pairs for the first time, in their order, and raises one ANSWER_LIB_CREATED for each thousand.
pub async fn create_all(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    standing: Standing,
    contents: Vec<Content>,
) -> Result<Vec<Answer>, Refusal> {
    let now = desk.begin(tx, author).await?;
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let by = &author.actor.email;
    let new = |content| Answer {
        id: AnswerId::new(now, desk.rng()),
        organization: author.actor.organization.clone(),
        // The store gives it.
        number: 0,
        content,
        status: standing.first_status(),
        review: None,
        note: None,
        trashed: None,
        version: 1,
        created_by: by.clone(),
        created_at: now,
        updated_by: by.clone(),
        updated_at: now,
    };
    let mut answers: Vec<Answer> = contents.into_iter().map(new).collect();
    store::insert(tx, &mut answers).await?;
    let step = |answer: &Answer| {
        let (kind, status) = (StepKind::Created, answer.status);
        let step = Step { version: answer.version, kind, status, by: by.clone(), at: now, note: None, before: None };
        (answer.id.clone(), step)
    };
    let steps: Vec<_> = answers.iter().map(step).collect();
    store::add_steps(tx, &steps).await?;
    raise(tx, desk, author, EventType::AnswerLibCreated, &answers, None).await?;
    write_down(tx, desk, author, "answer.created", &answers, Value::Null).await?;
    Ok(answers)
}
