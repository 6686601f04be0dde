//! Pausing, and becoming active again with a word on what is held.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path, Payload};

use crate::base::WebhookId;
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::Result;
use crate::web::{Context, describe};
use crate::webhooks::actions::{self, Tools};

use super::{answer, input, output, shapes};

/// Pause a webhook
///
/// Its pending deliveries are held, and so is what happens from now on; an attempt under way ends and counts. Repeating it changes
/// nothing.
#[utoipa::path(
    post, path = "/webhooks/{id}/pause", operation_id = "pauseWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 200, description = "It is paused.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn pause(
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
    let change = actions::pause(&mut tx, &tools, key.actor(), &id).await?;
    tx.commit().await?;
    Ok(answer(&change.webhook))
}

/// Resume a paused webhook
///
/// Where deliveries are held and nothing is said about them, it is 409, and `held_count` in the problem document is their number.
/// Repeating it changes nothing.
#[utoipa::path(
    post, path = "/webhooks/{id}/resume", operation_id = "resumeWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = Option<shapes::HeldChoice>, description = "May be left out where nothing is held."),
    responses(
        (status = 200, description = "It is active.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn resume(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let held = input::held(body.as_ref())?;
    let mut tx = context.db.begin().await?;
    let change = actions::resume(&mut tx, &tools, key.actor(), &id, held).await?;
    tx.commit().await?;
    Ok(answer(&change.webhook))
}

/// Enable a disabled webhook
///
/// For webhooks that Herald disabled: after 410, or after days of nothing but failures. What is held is asked about as for
/// `/resume`.
#[utoipa::path(
    post, path = "/webhooks/{id}/enable", operation_id = "enableWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = Option<shapes::HeldChoice>, description = "May be left out where nothing is held."),
    responses(
        (status = 200, description = "It is active.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn enable(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let held = input::held(body.as_ref())?;
    let mut tx = context.db.begin().await?;
    let change = actions::enable(&mut tx, &tools, key.actor(), &id, held).await?;
    tx.commit().await?;
    Ok(answer(&change.webhook))
}
