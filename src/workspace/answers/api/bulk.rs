//! Calls about many pairs at once: all or nothing, with one event.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{self, BATCH_BYTES, Limits};
use crate::web::problem::Result;
use crate::web::{Context, Query, describe};
use crate::workspace::answers::actions;
use crate::workspace::answers::model::Standing;
use crate::workspace::api::author;
use crate::workspace::change::Desk;

use super::{input, output, shapes};

const LIMITS: Limits = Limits { bytes: BATCH_BYTES, apart: None };

/// Save several pairs
///
/// All or nothing: they are published at once, and raise one ANSWER_LIB_CREATED with all their ids, in the order of the body.
#[utoipa::path(
    post, path = "/answers/bulk-create", operation_id = "createAnswers", tag = "Answer library",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewAnswers, description = "Up to 5 MiB."),
    responses(
        (status = 201, description = "They are saved.", body = output::Answers),
        describe::ByKey, describe::WithBody, describe::Saves,
    ),
)]
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let contents = input::contents(&json::read(&request, payload, LIMITS).await?)?;
    let mut tx = context.db.begin().await?;
    let answers = actions::create_all(&mut tx, &desk, &author(&key), Standing::Moderator, contents).await?;
    tx.commit().await?;
    Ok(HttpResponse::Created().json(output::Answers::of(&answers)))
}

/// Publish several pairs
///
/// All or nothing. Raises one ANSWER_LIB_UPDATED with PUBLISHED, with the ids of those that were not published yet, in the order of
/// the body.
#[utoipa::path(
    post, path = "/answers/bulk-publish", operation_id = "publishAnswers", tag = "Answer library",
    security(("api_key" = ["write"])),
    request_body(content = shapes::AnswerIds, description = "Up to 5 MiB."),
    responses(
        (status = 200, description = "They are published.", body = output::Answers),
        describe::ByKey, describe::WithBody, describe::NotFound, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn publish(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let ids = input::ids(&json::read(&request, payload, LIMITS).await?)?;
    let mut tx = context.db.begin().await?;
    let answers = actions::publish_all(&mut tx, &desk, &author(&key), &ids).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(output::Answers::of(&answers)))
}

/// Delete several pairs
///
/// All or nothing: moves them to the trash. Raises one ANSWER_LIB_DELETED with the ids of those that were not there yet, in the order
/// of the body.
#[utoipa::path(
    post, path = "/answers/bulk-delete", operation_id = "deleteAnswers", tag = "Answer library",
    security(("api_key" = ["write"])),
    request_body(content = shapes::AnswerIds, description = "Up to 5 MiB."),
    responses(
        (status = 204, description = "They are in the trash."),
        describe::ByKey, describe::WithBody, describe::NotFound, describe::Saves,
    ),
)]
pub(crate) async fn delete(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let ids = input::ids(&json::read(&request, payload, LIMITS).await?)?;
    let mut tx = context.db.begin().await?;
    actions::trash_all(&mut tx, &desk, &author(&key), &ids).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
