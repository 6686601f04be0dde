//! The questions of a section and their answers. The catalog has no event for them.

use serde_json::json;

use crate::base::{AnswerId, Expected, QuestionId, SectionId};
use crate::db::Tx;
use crate::workspace::answers;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::{Question, Section};
use crate::workspace::projects::store;

use super::{rearranged, sections};

/// A change of a question; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionChange {
    pub question: Option<String>,
    pub answer: Option<Option<String>>,
    /// The pair of the library that the answer comes from. Where nothing is said about the answer, the pair's is taken.
    pub answer_id: Option<Option<AnswerId>>,
    /// Its place among the section's questions, from 1; past the end is the end.
    pub position: Option<i64>,
}

/// Adds a question at the end of a section.
pub async fn add_question(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    section: &SectionId,
    question: String,
    answer: Option<String>,
) -> Result<Question, Refusal> {
    let now = desk.begin(tx, author).await?;
    let section = sections::load(tx, author, section, &Expected::Anything).await?;
    let before = store::list_questions(tx, &section.id).await?;
    let question = Question {
        id: QuestionId::new(now, desk.rng()),
        organization: section.organization.clone(),
        section: section.id.clone(),
        question,
        answer,
        answer_id: None,
        position: before.last().map_or(1, |last| last.position + 1),
    };
    store::insert_question(tx, &section.project, &question).await?;
    write_down(tx, desk, author, "question.created", &section, &question).await?;
    Ok(question)
}

/// Changes a question, its answer or its place.
pub async fn change_question(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &QuestionId,
    change: QuestionChange,
) -> Result<Changed<Question>, Refusal> {
    desk.begin(tx, author).await?;
    let (section, mut question) = load(tx, author, id).await?;
    let before = question.clone();
    if let Some(text) = change.question {
        question.question = text;
    }
    if let Some(Some(pair)) = &change.answer_id {
        let text = library_answer(tx, author, pair, change.answer.is_none()).await?;
        question.answer = Some(text);
    }
    if let Some(answer) = change.answer {
        question.answer = answer;
    }
    if let Some(answer_id) = change.answer_id {
        question.answer_id = answer_id;
    }
    if let Some(position) = change.position {
        let all = store::list_questions(tx, &section.id).await?;
        let places: Vec<(QuestionId, i64)> = all.into_iter().map(|other| (other.id, other.position)).collect();
        for (moved, place) in rearranged(&places, id, position) {
            if moved == id {
                question.position = place;
            } else {
                store::place_question(tx, moved, place).await?;
            }
        }
    }
    if question == before {
        return Ok(Changed { now: question, is_new: false });
    }
    store::update_question(tx, &question).await?;
    write_down(tx, desk, author, "question.edited", &section, &question).await?;
    Ok(Changed { now: question, is_new: true })
}

/// Removes a question. The others close up.
pub async fn delete_question(tx: &mut Tx, desk: &Desk, author: &Author, id: &QuestionId) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let (section, question) = load(tx, author, id).await?;
    store::delete_question(tx, id).await?;
    for (other, place) in store::list_questions(tx, &section.id).await?.iter().zip(1..) {
        if other.position != place {
            store::place_question(tx, &other.id, place).await?;
        }
    }
    write_down(tx, desk, author, "question.deleted", &section, &question).await
}

/// What a pair of the library answers; `to_use`: it must be published.
async fn library_answer(tx: &mut Tx, author: &Author, id: &AnswerId, to_use: bool) -> Result<String, Refusal> {
    let pair = answers::store::find(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    if to_use && pair.trashed.is_some() {
        return Err(Refusal::conflict("This pair of the answer library is in the trash."));
    }
    if to_use && !pair.status.is_usable() {
        return Err(Refusal::conflict("This pair of the answer library is not published."));
    }
    Ok(pair.content.answer)
}

async fn load(tx: &mut Tx, author: &Author, id: &QuestionId) -> Result<(Section, Question), Refusal> {
    let question = store::find_question(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    let section = sections::load(tx, author, &question.section, &Expected::Anything).await?;
    Ok((section, question))
}

async fn write_down(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    action: &str,
    section: &Section,
    question: &Question,
) -> Result<(), Refusal> {
    let details = json!({ "question_id": question.id, "section_id": section.id, "project_id": section.project });
    let subject: String = question.question.chars().take(100).collect();
    Ok(desk.write_down(tx, author, action, &subject, details).await?)
}
