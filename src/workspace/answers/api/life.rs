//! What becomes of a pair: moderation, review, and the way back from the trash.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Payload};

use crate::base::AnswerId;
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::Result;
use crate::web::version::if_match;
use crate::web::{Context, Query, describe};
use crate::workspace::answers::actions;
use crate::workspace::answers::model::Standing;
use crate::workspace::api::author;
use crate::workspace::change::Desk;

use super::{input, output, shapes};

/// Publish a pair that waits in moderation
///
/// Or one that was rejected; with a last change, or without one. Raises one ANSWER_LIB_UPDATED with PUBLISHED. Repeating it without
/// a change changes nothing.
#[utoipa::path(
    post, path = "/answers/{id}/publish", operation_id = "publishAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    request_body(content = Option<shapes::AnswerChange>, description = "May be left out. Up to 256 KiB."),
    responses(
        (status = 200, description = "It is published.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn publish(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let change = body.as_ref().map(input::change).transpose()?.unwrap_or_default();
    let mut tx = context.db.begin().await?;
    let published = actions::publish(&mut tx, &desk, &author(&key), &id, &if_match(&request), change).await?;
    tx.commit().await?;
    Ok(output::answer(&published.now))
}

/// Reject a pair that waits in moderation
///
/// Sends it back to who saved it. Raises nothing.
#[utoipa::path(
    post, path = "/answers/{id}/reject", operation_id = "rejectAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    request_body(content = Option<shapes::Rejection>, description = "May be left out. Up to 256 KiB."),
    responses(
        (status = 200, description = "It is rejected.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn reject(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let note = body.as_ref().map(input::note).transpose()?.flatten();
    let mut tx = context.db.begin().await?;
    let rejected = actions::reject(&mut tx, &desk, &author(&key), &id, &if_match(&request), note).await?;
    tx.commit().await?;
    Ok(output::answer(&rejected.now))
}

/// Ask somebody to review a published pair
///
/// Asked again, it goes to the other reviewer, or until the other day. Raises nothing.
#[utoipa::path(
    post, path = "/answers/{id}/request-review", operation_id = "requestReview", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    request_body(content = shapes::ReviewRequest, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "It is in review.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn request_review(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let review = input::review_request(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let asked = actions::request_review(&mut tx, &desk, &author(&key), &id, &if_match(&request), review).await?;
    tx.commit().await?;
    Ok(output::answer(&asked.now))
}

/// Review a pair
///
/// Confirms it as it is, which raises nothing, or changes its answer, which raises ANSWER_LIB_UPDATED with REVIEWED. It is published again.
#[utoipa::path(
    post, path = "/answers/{id}/review", operation_id = "reviewAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    request_body(content = Option<shapes::ReviewResult>, description = "May be left out. Up to 256 KiB."),
    responses(
        (status = 200, description = "It is reviewed.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn review(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let text = body.as_ref().map(input::review).transpose()?.flatten();
    let (author, expected) = (author(&key), if_match(&request));
    let mut tx = context.db.begin().await?;
    let reviewed = actions::review(&mut tx, &desk, &author, Standing::Moderator, &id, &expected, text).await?;
    tx.commit().await?;
    Ok(output::answer(&reviewed.now))
}

/// Take a pair out of the trash
///
/// It is what it was before. Raises nothing; repeating it changes nothing.
#[utoipa::path(
    post, path = "/answers/{id}/restore", operation_id = "restoreAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    responses(
        (status = 200, description = "It is out of the trash.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn restore(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let mut tx = context.db.begin().await?;
    let restored = actions::restore(&mut tx, &desk, &author(&key), &id, &if_match(&request)).await?;
    tx.commit().await?;
    Ok(output::answer(&restored.now))
}
