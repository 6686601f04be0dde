//! `/sections/{id}/questions` and `/questions`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{QuestionId, SectionId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::{Context, List, Query, describe};
use crate::workspace::api::{author, in_order};
use crate::workspace::change::Desk;
use crate::workspace::projects::{actions, store};

use super::{input, output, shapes};

/// List the questions of a section
///
/// In the section's order.
#[utoipa::path(
    get, path = "/sections/{id}/questions", operation_id = "listQuestions", tag = "Projects",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The section."), describe::Paging),
    responses(
        (status = 200, description = "A page of questions.", body = output::QuestionList),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn list(
    key: ApiKey<Read>,
    request: HttpRequest,
    section: Path<SectionId>,
    context: Data<Context>,
) -> Result {
    let mut query = Query::of(&request);
    let paging = query.paging_of::<QuestionId>();
    let paging = query.finish(paging)?;
    let mut conn = context.db.read().await?;
    store::find_section(&mut conn, &key.organization.id, &section).await?.ok_or(Problem::NotFound)?;
    let questions = store::list_questions(&mut conn, &section).await?;
    let page = in_order(&paging, questions, |question| (question.position, question.id.as_str()));
    let list = List { data: page.rows.iter().map(output::Question::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Add a question
///
/// At the end of the section.
#[utoipa::path(
    post, path = "/sections/{id}/questions", operation_id = "createQuestion", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The section.")),
    request_body(content = shapes::NewQuestion, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is added.", body = output::Question,
            headers(("Location" = String, description = "Where it is changed."))),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
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

/// Change a question
///
/// Its text, its answer, the pair that the answer comes from, or its place in the section.
#[utoipa::path(
    patch, path = "/questions/{id}", operation_id = "changeQuestion", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The question.")),
    request_body(content = shapes::QuestionChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The question as it is now.", body = output::Question),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
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

/// Delete a question
///
/// For good.
#[utoipa::path(
    delete, path = "/questions/{id}", operation_id = "deleteQuestion", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The question.")),
    responses(
        (status = 204, description = "It is deleted."),
        describe::ByKey, describe::NotFound, describe::Invalid, describe::Conflict, describe::Saves,
    ),
)]
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
