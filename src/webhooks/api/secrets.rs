//! The calls about what a webhook's callbacks are signed with: reading it, rotating it, ending the overlap.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::WebhookId;
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::{Context, describe};
use crate::webhooks::actions::{self, Tools};

use super::{answer, input, output, shapes};

/// Read a signing secret
///
/// What the webhook's callbacks are signed with, and, while a secret is being rotated, those before it. Every reading is written to
/// the audit log.
#[utoipa::path(
    get, path = "/webhooks/{id}/secret", operation_id = "readWebhookSecret", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 200, description = "The secrets that sign now.", body = output::Secret),
        describe::ByKey, describe::NotFound, describe::Saves,
    ),
)]
pub(crate) async fn read(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let mut tx = context.db.begin().await?;
    let revealed = actions::reveal(&mut tx, &tools, key.actor(), &id).await?;
    tx.commit().await?;
    let secret = output::Secret::of(&revealed.secrets).ok_or_else(no_secret)?;
    Ok(HttpResponse::Ok().json(secret))
}

/// Rotate a signing secret
///
/// Makes another secret, and answers it. The one before signs beside it for a while: `webhook-signature` then holds a signature by
/// each, the newest first, so that receivers can change their secret without refusing anything. With an overlap of 0 the old ones
/// end at once. Not idempotent: each call makes one more.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate-secret", operation_id = "rotateWebhookSecret", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = Option<shapes::Rotation>, description = "May be left out."),
    responses(
        (status = 200, description = "The webhook, and the secrets that sign now.", body = output::Rotated),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn rotate(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let overlap = input::overlap(body.as_ref())?;
    let mut tx = context.db.begin().await?;
    let rotated = actions::rotate_secret(&mut tx, &tools, key.actor(), &id, overlap).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(output::Rotated::of(&rotated).ok_or_else(no_secret)?))
}

/// End a rotation
///
/// The old secrets sign no more from now on. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/webhooks/{id}/rotate-secret/end", operation_id = "endWebhookRotation", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 200, description = "Only the newest secret signs.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn end(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    json::read_nothing(&request, payload).await?;
    let mut tx = context.db.begin().await?;
    let ended = actions::end_rotation(&mut tx, &tools, key.actor(), &id).await?;
    tx.commit().await?;
    Ok(answer(&ended.webhook))
}

fn no_secret() -> Problem {
    Problem::internal("a webhook has no signing secret")
}
