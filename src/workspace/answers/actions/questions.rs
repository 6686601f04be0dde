//! Between the questions of projects and the library.

use crate::base::{AnswerId, QuestionId};
use crate::db::Tx;
use crate::workspace::answers::model::{Answer, Content, Standing};
use crate::workspace::answers::store;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects;
use crate::workspace::projects::actions::{QuestionChange, change_question};
use crate::workspace::projects::model::Question;

/// Takes the answer of a published pair into a question.
pub async fn take(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    question: &QuestionId,
    id: &AnswerId,
) -> Result<Changed<Question>, Refusal> {
    let change = QuestionChange { answer_id: Some(Some(id.clone())), ..QuestionChange::default() };
    change_question(tx, desk, author, question, change).await
}

/// Saves a question with its answer to the library, where it waits in moderation whoever saves it, and raises ANSWER_LIB_CREATED.
/// Where the library has the very same already, from an earlier save or because the answer was taken from there, nothing changes.
pub async fn save_from_question(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    question: &QuestionId,
    tags: Vec<String>,
) -> Result<Changed<Answer>, Refusal> {
    desk.begin(tx, author).await?;
    let organization = &author.actor.organization;
    let question = projects::store::find_question(tx, organization, question).await?.ok_or(Refusal::NotFound)?;
    let Some(text) = question.answer else {
        return Err(Refusal::conflict("This question has no answer yet."));
    };
    if let Some(id) = &question.answer_id
        && let Some(known) = store::find(tx, organization, id).await?
        && known.trashed.is_none()
        && (&known.content.question, &known.content.answer) == (&question.question, &text)
    {
        return Ok(Changed { now: known, is_new: false });
    }
    let content = Content { question: question.question, answer: text.clone(), tags, owner: None };
    let answer = super::create(tx, desk, author, Standing::Member, content).await?;
    let change = QuestionChange {
        answer: Some(Some(text)),
        answer_id: Some(Some(answer.id.clone())),
        ..QuestionChange::default()
    };
    change_question(tx, desk, author, &question.id, change).await?;
    Ok(Changed { now: answer, is_new: true })
}
