//! `/api/v1/webhooks/{id}/replay` and `/api/v1/replays`.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{ReplayId, Timestamp, WebhookId};
use crate::delivery::model::{DeliveryState, Hints, InvalidReplay, ReplayDraft, ReplayFilter};
use crate::web::api_key::{self, ApiKey};
use crate::web::json::{self, Document, Fields, Limits, Value};
use crate::web::problem::{FieldProblem, Problem, Result};
use crate::web::{Context, Query, describe};
use crate::webhooks::model::PerSecond;

use super::super::actions::Tools;
use super::super::replay::{self, Plan};
use super::super::store;
use super::replay_wire::{NewReplay, ReplayCount, ReplayWire};

/// Replay a webhook's deliveries
///
/// Sends again what has not arrived, or what you choose: same ids, same bytes, to the URL that the webhook has now. Those
/// deliveries become pending again and their schedule starts anew; events that the webhook was not subscribed to are not
/// sent. They start one after another, oldest first, at `per_second`. A dry run only counts them. Refused while the webhook
/// is not active.
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", operation_id = "replayWebhook", tag = "Events and deliveries",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The webhook.")),
    request_body(content = NewReplay, description = "Up to 256 KiB."),
    responses(
        (status = 202, description = "It runs.", body = ReplayWire),
        (status = 200, description = "A dry run: how many deliveries it would take.", body = ReplayCount),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn start(
    key: ApiKey<api_key::Write>,
    id: Path<WebhookId>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    hints: Data<dyn Hints>,
) -> Result {
    key.require_webhooks()?;
    Query::none(&request)?;
    let body = json::read(&request, payload, Limits::default()).await?;
    let Asked { filter, pace, is_dry_run } = asked(&body, context.clock.now())?;
    let hints = hints.into_inner();
    let tools = Tools { clock: context.clock.as_ref(), rng: context.rng.as_ref(), hints: &hints };
    let mut conn = context.db.read().await?;
    let total = replay::count(&mut conn, tools, key.actor(), &id, &filter).await?;
    drop(conn);
    if is_dry_run {
        return Ok(HttpResponse::Ok().json(ReplayCount { total }));
    }
    let mut tx = context.db.begin().await?;
    let started = replay::start(&mut tx, tools, key.actor(), &id, Plan { filter, pace, total }).await?;
    tx.commit().await?;
    Ok(HttpResponse::Accepted().json(ReplayWire::from(started)))
}

/// Read a replay
///
/// How far it is. `done` is how many of `total` are at their end: delivered, failed after the last retry, or no longer to be
/// sent.
#[utoipa::path(
    get, path = "/replays/{id}", operation_id = "readReplay", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The replay.")),
    responses(
        (status = 200, description = "The replay.", body = ReplayWire),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<api_key::Read>,
    context: Data<Context>,
    request: HttpRequest,
    id: Path<ReplayId>,
) -> Result {
    key.require_webhooks()?;
    Query::none(&request)?;
    let mut conn = context.db.read().await?;
    let found = store::find_replay(&mut conn, &key.organization.id, &id).await?.ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok().json(ReplayWire::from(found)))
}

/// Cancel a replay
///
/// What it has made pending and did not get through goes back to what it was before; an attempt under way ends and counts.
/// Repeating it changes nothing; one that has finished is 409. Takes no body.
#[utoipa::path(
    post, path = "/replays/{id}/cancel", operation_id = "cancelReplay", tag = "Events and deliveries",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The replay.")),
    responses(
        (status = 200, description = "It is cancelled.", body = ReplayWire),
        describe::ByKey, describe::NotFound, describe::Conflict, describe::Invalid, describe::Saves,
    ),
)]
pub(crate) async fn cancel(
    key: ApiKey<api_key::Write>,
    context: Data<Context>,
    hints: Data<dyn Hints>,
    request: HttpRequest,
    payload: Payload,
    id: Path<ReplayId>,
) -> Result {
    key.require_webhooks()?;
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let hints = hints.into_inner();
    let tools = Tools { clock: context.clock.as_ref(), rng: context.rng.as_ref(), hints: &hints };
    let mut tx = context.db.begin().await?;
    let cancelled = replay::cancel(&mut tx, tools, key.actor(), &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(ReplayWire::from(cancelled)))
}

/// What a body asks for.
struct Asked {
    filter: ReplayFilter,
    pace: PerSecond,
    is_dry_run: bool,
}

/// Reads the body, or all that is wrong with it, each place once.
fn asked(body: &Document, now: Timestamp) -> Result<Asked> {
    let mut errors = Vec::new();
    let mut read = None;
    if let Some(mut fields) = Fields::of(body.root(), "", &mut errors) {
        let draft = ReplayDraft {
            since: time(&mut fields, "since"),
            until: time(&mut fields, "until"),
            states: names::<DeliveryState>(&mut fields, "states", "Send failed, cancelled or succeeded."),
            event_types: names(&mut fields, "event_types", "Send an event type, such as PROJECT_CREATED.")
                .unwrap_or_default(),
        };
        let pace = pace(&mut fields);
        let is_dry_run = dry_run(&mut fields);
        fields.finish();
        read = Some((draft, pace, is_dry_run));
    }
    let Some((draft, pace, is_dry_run)) = read else { return Err(Problem::Invalid(errors)) };
    match draft.parse(now) {
        Ok(filter) if errors.is_empty() => Ok(Asked { filter, pace, is_dry_run }),
        Ok(_) => Err(Problem::Invalid(errors)),
        Err(wrong) => Err(Problem::Invalid(told_once(errors, wrong))),
    }
}

/// A place that could not be read has been told of already.
fn told_once(mut errors: Vec<FieldProblem>, wrong: Vec<InvalidReplay>) -> Vec<FieldProblem> {
    for wrong in wrong {
        let is_told = |error: &FieldProblem| error.field.split('[').next() == Some(wrong.field());
        if !errors.iter().any(is_told) {
            errors.push(FieldProblem::new(wrong.field(), wrong.to_string()));
        }
    }
    errors
}

fn time(fields: &mut Fields<'_, '_>, name: &str) -> Option<Timestamp> {
    let value = fields.take(name)?;
    let time = value.string().and_then(|text| Timestamp::parse_rfc3339(&text));
    fields.check(name, time.ok_or("Send a time as RFC 3339 has it, such as 2026-11-23T12:00:00Z."))
}

/// A list of names; those that are none are told one by one.
fn names<T: std::str::FromStr>(fields: &mut Fields<'_, '_>, name: &str, message: &'static str) -> Option<Vec<T>> {
    let value = fields.take(name)?;
    let items: Vec<Value<'_>> = fields.check(name, value.items().map(Iterator::collect).ok_or("Send a list."))?;
    if items.is_empty() {
        fields.complain(name, "Send at least one, or leave it out.");
    }
    let mut read = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        let parsed = item.string().and_then(|text| text.parse().ok()).ok_or(message);
        read.extend(fields.check(&format!("{name}[{place}]"), parsed));
    }
    Some(read)
}

fn pace(fields: &mut Fields<'_, '_>) -> PerSecond {
    let given = fields.take("per_second");
    let number = given.and_then(|value| {
        fields.check("per_second", value.integer().parse().map_err(|_| "Send a whole number from 1 to 1000."))
    });
    number.unwrap_or(PerSecond::OF_REPLAYS)
}

fn dry_run(fields: &mut Fields<'_, '_>) -> bool {
    let Some(value) = fields.take("dry_run") else { return false };
    let flag = match value.raw() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("Send true or false."),
    };
    fields.check("dry_run", flag).unwrap_or_default()
}
