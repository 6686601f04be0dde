//! `/sections/{id}/questions` and `/questions`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{QuestionId, SectionId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::{Context, Query};
use crate::workspace::api::{List, author};
use crate::workspace::change::Desk;
use crate::workspace::projects::{actions, store};

use super::{input, output};

/// GET /sections/{id}/questions: all of them, in the section's order.
pub(crate) async fn list(
    key: ApiKey<Read>,
    request: HttpRequest,
    section: Path<SectionId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let mut conn = context.db.read().await?;
    store::find_section(&mut conn, &key.organization.id, &section).await?.ok_or(Problem::NotFound)?;
    let questions = store::list_questions(&mut conn, &section).await?;
    Ok(HttpResponse::Ok().json(List::<output::Question<'_>>::whole(&questions)))
}

/// POST /sections/{id}/questions: at the end.
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    section: Path<SectionId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let (question, answer) = input::question(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let question = actions::add_question(&mut tx, &desk, &author(&key), &section, question, answer).await?;
    tx.commit().await?;
    Ok(output::new_question(&question))
}

/// PATCH /questions/{id}: its text, its answer, the pair that the answer comes from, or its place from 1.
pub(crate) async fn change(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<QuestionId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = input::question_change(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let changed = actions::change_question(&mut tx, &desk, &author(&key), &id, change).await?;
    tx.commit().await?;
    Ok(output::question(&changed.now))
}

/// DELETE /questions/{id}
pub(crate) async fn delete(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<QuestionId>,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let mut tx = context.db.begin().await?;
    actions::delete_question(&mut tx, &desk, &author(&key), &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
