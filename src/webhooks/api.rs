//! The calls below `/api/v1/webhooks`: the same webhooks, rules and actions as on the pages. What they settle beside the contract:
//! docs/decisions/0013-what-the-webhook-calls-settle.md.

pub(crate) mod life;
mod refusal;
pub(crate) mod secrets;
pub(crate) mod testing;
mod input;
mod output;
mod shapes;

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{Cursor, WebhookId};
use crate::db::Conn;
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::{Context, List, Query, describe};

use super::actions::{self, Refusal, Tools};
use super::model::{Header, Stored, Webhook};
use super::{store, urls};

/// How often a change is tried anew because another one came between its reading and its writing: of many at once, one succeeds in
/// each round.
const TRIES: usize = 20;

/// List webhooks
///
/// Newest first, without the deleted ones.
#[utoipa::path(
    get, path = "/webhooks", operation_id = "listWebhooks", tag = "Webhooks",
    security(("api_key" = ["read"])),
    params(describe::Paging),
    responses(
        (status = 200, description = "A page of webhooks.", body = output::WebhookList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    key.require_webhooks()?;
    let mut query = Query::of(&request);
    let paging = query.paging_of::<WebhookId>();
    let paging = query.finish(paging)?;
    let mut conn = context.db.read().await?;
    let rows = store::list_newest(
        &mut conn,
        &context.vault,
        &key.organization.id,
        paging.after.as_ref(),
        paging.rows_to_read(),
    )
    .await?;
    let page = paging.cut(rows, |webhook| Cursor { at: webhook.created_at, id: webhook.id.to_string() });
    let list = List { data: page.rows.iter().map(output::Webhook::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Add a webhook
///
/// It receives what happens from now on. The answer shows its signing secret, this once; later it is read at
/// `/webhooks/{id}/secret`.
#[utoipa::path(
    post, path = "/webhooks", operation_id = "createWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewWebhook, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is added.", body = output::Created,
            headers(("Location" = String, description = "Where it is read."))),
        describe::ByKey, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read(&request, payload, Limits::default()).await?;
    let new = input::new_webhook(&body)?;
    actions::check_address(&tools, &new.endpoint).await?;
    let mut tx = context.db.begin().await?;
    let created = actions::create(&mut tx, &tools, key.actor(), new).await?;
    tx.commit().await?;
    let place = (LOCATION, urls::api(&created.webhook.id));
    Ok(HttpResponse::Created().insert_header(place).json(output::Created::from(&created)))
}

/// Read a webhook
///
/// The values of its headers are secrets, and `null`.
#[utoipa::path(
    get, path = "/webhooks/{id}", operation_id = "readWebhook", tag = "Webhooks",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 200, description = "The webhook.", body = output::Webhook),
        describe::ByKey, describe::NotFound,
    ),
)]
pub(crate) async fn show(key: ApiKey<Read>, id: Path<WebhookId>, context: Data<Context>) -> Result {
    key.require_webhooks()?;
    let webhook = find(&mut *context.db.read().await?, &context, &key, &id).await?;
    Ok(answer(&webhook))
}

/// Change a webhook
///
/// What is left out stays; lists are replaced whole. A header without a value keeps the stored one of its name, unless the scheme,
/// host or port of the URL changes: nobody can have a stored value sent to another address.
#[utoipa::path(
    patch, path = "/webhooks/{id}", operation_id = "changeWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = shapes::WebhookChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The webhook as it is now.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn update(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read(&request, payload, Limits::default()).await?;
    for _ in 0..TRIES {
        let (webhook, headers) = load(&mut *context.db.read().await?, &key, &context, &id).await?;
        let change = input::change(&body, &Stored { endpoint: Some(&webhook.endpoint), headers: &headers })?;
        if let Some(endpoint) = &change.endpoint {
            actions::check_address(&tools, endpoint).await?;
        }
        let mut tx = context.db.begin().await?;
        match actions::update(&mut tx, &tools, key.actor(), &id, webhook.version, change).await {
            Ok(updated) => {
                tx.commit().await?;
                return Ok(answer(&updated.webhook));
            }
            Err(Refusal::Stale) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Err(Refusal::Stale.into())
}

/// Delete a webhook
///
/// Cancels its open deliveries. Can be taken back for ten minutes; its log stays until retention ends.
#[utoipa::path(
    delete, path = "/webhooks/{id}", operation_id = "deleteWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 204, description = "It is deleted."),
        describe::ByKey, describe::NotFound, describe::Saves,
    ),
)]
pub(crate) async fn delete(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    context: Data<Context>,
    tools: Data<Tools>,
) -> Result {
    key.require_webhooks()?;
    let mut tx = context.db.begin().await?;
    actions::delete(&mut tx, &tools, key.actor(), &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Restore a deleted webhook
///
/// Within ten minutes: the webhook, exactly the deliveries that its deletion cancelled, and one for each subscribed event that was
/// recorded meanwhile come back. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/webhooks/{id}/restore", operation_id = "restoreWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    responses(
        (status = 200, description = "It is there again.", body = output::Webhook),
        describe::ByKey, describe::NotFound, describe::Conflict, describe::Gone, describe::Saves,
    ),
)]
pub(crate) async fn restore(
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
    let webhook = actions::restore(&mut tx, &tools, key.actor(), &id).await?;
    tx.commit().await?;
    Ok(answer(&webhook))
}

fn answer(webhook: &Webhook) -> HttpResponse {
    HttpResponse::Ok().json(output::Webhook::from(webhook))
}

async fn find<S>(conn: &mut Conn, context: &Context, key: &ApiKey<S>, id: &WebhookId) -> Result<Webhook> {
    store::find(conn, &context.vault, &key.organization.id, id).await?.ok_or(Problem::NotFound)
}

/// The webhook with its header values, for those that a change keeps.
async fn load(
    conn: &mut Conn,
    key: &ApiKey<Write>,
    context: &Context,
    id: &WebhookId,
) -> Result<(Webhook, Vec<Header>)> {
    let webhook = find(conn, context, key, id).await?;
    Ok((webhook, store::headers(conn, &context.vault, id).await?))
}
