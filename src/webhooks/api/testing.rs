//! One TEST event, or an example of another, at once, to a saved webhook or to values that are not saved: 200 whatever the destination did.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::WebhookId;
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::{Context, describe};
use crate::webhooks::actions::{self, Target, TestReport, Tools};
use crate::webhooks::limit::TestLimit;

use super::{find, input, output, shapes};

/// Test a webhook
///
/// Sends one TEST event at once, or an example of an event type, whatever state the webhook is in; it is never retried. 200 says what
/// became of it, whatever the destination did.
#[utoipa::path(
    post, path = "/webhooks/{id}/test", operation_id = "testWebhook", tag = "Webhooks",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = Option<shapes::TestChoice>, description = "May be left out."),
    responses(
        (status = 200, description = "What became of the test.", body = output::Test),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::TooManyRequests, describe::Saves,
    ),
)]
pub(crate) async fn saved(
    key: ApiKey<Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    tools: Data<Tools>,
    limit: Data<TestLimit>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read_optional(&request, payload, Limits::default()).await?;
    let message = input::message(body.as_ref())?;
    let target = {
        let mut conn = context.db.read().await?;
        let webhook = find(&mut conn, &context, &key, &id).await?;
        actions::target_of(&mut conn, &tools, &webhook, message).await?
    };
    let report = send(&key, &tools, &limit, &target).await?;
    let mut tx = context.db.begin().await?;
    actions::finish_test(&mut tx, &tools, key.actor(), &id, &report).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(output::Test::from(&report)))
}

/// Test values that are not saved
///
/// As for a saved webhook. Give a secret to check the signature with.
#[utoipa::path(
    post, path = "/webhooks/test", operation_id = "testValues", tag = "Webhooks",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewTest, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "What became of the test.", body = output::Test),
        describe::ByKey, describe::WithBody, describe::TooManyRequests, describe::Saves,
    ),
)]
pub(crate) async fn unsaved(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    tools: Data<Tools>,
    limit: Data<TestLimit>,
) -> Result {
    key.require_webhooks()?;
    let body = json::read(&request, payload, Limits::default()).await?;
    let target = Target::from_form(input::test(&body)?, Vec::new(), &tools);
    let report = send(&key, &tools, &limit, &target).await?;
    Ok(HttpResponse::Ok().json(output::Test::from(&report)))
}

async fn send(key: &ApiKey<Write>, tools: &Tools, limit: &TestLimit, target: &Target) -> Result<TestReport> {
    let (actor, zone) = (key.actor(), key.organization.time_zone);
    let sending = actions::send_test(tools, &actor.email, zone, target);
    limit.admit(actor, sending).await.map_err(Problem::too_many)
}
