//! `/api/v1/deliveries`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::IntoParams;

use crate::base::{Cursor, DeliveryId};
use crate::delivery::model::{DeliveryState, Hints};
use crate::events::EventType;
use crate::web::api_key::{self, ApiKey};
use crate::web::problem::Result;
use crate::web::{Context, Problem, Query, describe, json};

use super::super::actions::{self, Refusal, Tools};
use super::super::model::{Delivery, Search};
use super::super::store;
use super::wire::{DeliveryList, DeliveryRecordWire, DeliveryWire};
use super::{Place, place};

/// The last attempts that a delivery is shown with: a schedule has ten, and only somebody who redelivers again and again
/// makes more. Each holds up to 64 KiB of what was received.
const MOST_ATTEMPTS: i64 = 500;

/// The marks by which deliveries are found.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `search` reads")]
pub(crate) struct Marks {
    /// Only those to this webhook.
    #[param(inline)]
    webhook_id: Option<describe::Id>,
    /// Only those of this event.
    #[param(inline)]
    event_id: Option<describe::EventId>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<DeliveryState>,
    /// Only those of events of this type.
    #[param(inline)]
    event_type: Option<EventType>,
    /// Only those whose last answer had this status.
    #[param(inline, minimum = 100, maximum = 999)]
    status_code: Option<u16>,
    /// Only those of events that name this entity.
    #[param(inline, min_length = 1, max_length = 128)]
    entity_id: Option<String>,
    /// Only those made at this time or later.
    #[param(inline)]
    since: Option<describe::AnyTime>,
    /// Only those made before this time.
    #[param(inline)]
    until: Option<describe::AnyTime>,
}

/// List the deliveries
///
/// Those of the whole organization, newest first, by any of their marks.
#[utoipa::path(
    get, path = "/deliveries", operation_id = "listDeliveries", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(Marks, describe::Paging),
    responses(
        (status = 200, description = "A page of deliveries.", body = DeliveryList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<api_key::Read>, context: web::Data<Context>, request: HttpRequest) -> Result {
    key.require_webhooks()?;
    let mut query = Query::of(&request);
    let search = search(&mut query);
    let place: Option<Place<DeliveryId>> = place(&mut query);
    let Place { paging, after } = query.finish(place)?;
    let mut conn = context.db.read().await?;
    let limit = paging.rows_to_read();
    let found = store::search_deliveries(&mut conn, &key.organization.id, &search, after.as_ref(), limit).await?;
    drop(conn);
    let now = context.clock.now();
    let cursor = |delivery: &Delivery| Cursor { at: delivery.created_at, id: delivery.id.to_string() };
    Ok(HttpResponse::Ok().json(paging.cut(found, cursor).listed(|delivery| DeliveryWire::new(delivery, now))))
}

fn search(query: &mut Query) -> Search {
    Search {
        webhook: query.parse("webhook_id", "Send the id of a webhook: 24 lower-case hex digits."),
        event: query.parse("event_id", "Send the id of an event: EVT- and 24 lower-case hex digits."),
        state: query.parse("state", "Send pending, held, succeeded, failed or cancelled."),
        event_type: query.parse("event_type", "Send an event type, such as PROJECT_CREATED."),
        status_code: status_code(query),
        entity: entity_id(query),
        since: query.time("since"),
        until: query.time("until"),
    }
}

/// What no receiver can answer with is refused rather than looked for.
fn status_code(query: &mut Query) -> Option<u16> {
    let status: StatusCode = query.parse("status_code", "Send the number of a status from 100 to 999, such as 503.")?;
    Some(status.as_u16())
}

/// What no event can name is refused rather than looked for.
fn entity_id(query: &mut Query) -> Option<String> {
    let id = query.take("entity_id")?;
    if (1..=128).contains(&id.chars().count()) {
        return Some(id);
    }
    query.complain("entity_id", "Send an id of 1 to 128 characters.");
    None
}

/// Read a delivery
///
/// With its attempts, oldest first; of more than 500 the last ones.
#[utoipa::path(
    get, path = "/deliveries/{id}", operation_id = "readDelivery", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::DeliveryId), Path, description = "The delivery.")),
    responses(
        (status = 200, description = "The delivery.", body = DeliveryRecordWire),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<api_key::Read>,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result {
    key.require_webhooks()?;
    Query::none(&request)?;
    let (id, organization) = (parse(&id)?, &key.organization.id);
    let mut conn = context.db.read().await?;
    let delivery = store::find_delivery(&mut conn, organization, &id).await?.ok_or(Problem::NotFound)?;
    // As many as the delivery counts: one that ends between the two reads is in neither.
    let last = delivery.attempts_made;
    let attempts = store::attempts(&mut conn, organization, &id, last, MOST_ATTEMPTS).await?;
    drop(conn);
    Ok(HttpResponse::Ok().json(DeliveryRecordWire::new(delivery, attempts, context.clock.now())))
}

/// Redeliver
///
/// One attempt, at once, with the same id and bytes, to the URL that the webhook has now. A success makes the delivery
/// `succeeded` and ends its retries; after a failure its state and its planned retry stay as they were. Refused while an attempt is
/// under way or the webhook is not active. Takes no body.
#[utoipa::path(
    post, path = "/deliveries/{id}/redeliver", operation_id = "redeliver", tag = "Events and deliveries",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::DeliveryId), Path, description = "The delivery.")),
    responses(
        (status = 202, description = "The attempt is on its way.", body = DeliveryWire),
        describe::ByKey, describe::NotFound, describe::Conflict, describe::Invalid, describe::Saves,
    ),
)]
pub(crate) async fn redeliver(
    key: ApiKey<api_key::Write>,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    request: HttpRequest,
    payload: web::Payload,
    id: web::Path<String>,
) -> Result {
    key.require_webhooks()?;
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let id = parse(&id)?;
    let hints = hints.into_inner();
    let tools = Tools { clock: context.clock.as_ref(), rng: context.rng.as_ref(), hints: &hints };
    let mut tx = context.db.begin().await?;
    actions::redeliver(&mut tx, tools, key.actor(), &id).await?;
    let started = store::find_delivery(&mut tx, &key.organization.id, &id).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(HttpResponse::Accepted().json(DeliveryWire::new(started, context.clock.now())))
}

fn parse(id: &str) -> Result<DeliveryId> {
    id.parse().map_err(|_| Problem::NotFound)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Refused(refusal) => Self::Conflict(refusal.to_string().into()),
            Refusal::ReplayFinished => Self::Conflict(refusal.to_string().into()),
            Refusal::Db(error) => error.into(),
        }
    }
}
