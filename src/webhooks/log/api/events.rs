//! `GET /api/v1/events` and `/events/{event_id}`.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::base::{Cursor, EventId};
use crate::events::store::{self as events, Filter};
use crate::web::api_key::{self, ApiKey};
use crate::web::problem::Result;
use crate::web::{Context, Problem, Query, describe};

use super::super::store;
use super::wire::{EventList, EventRecordWire, EventWire};
use super::{Place, place};

/// List the events
///
/// Every event of the organization, newest first, also those that went nowhere.
#[utoipa::path(
    get, path = "/events", operation_id = "listEvents", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(describe::Paging),
    responses(
        (status = 200, description = "A page of events.", body = EventList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<api_key::Read>, context: web::Data<Context>, request: HttpRequest) -> Result {
    let mut query = Query::of(&request);
    let place: Option<Place<EventId>> = place(&mut query);
    let Place { paging, .. } = query.finish(place)?;
    let limit = paging.limit as usize + 1;
    let mut conn = context.db.read().await?;
    let found = events::list(&mut conn, &key.organization.id, &Filter::default(), paging.after.as_ref(), limit).await?;
    drop(conn);
    let page = paging.cut(found, |event| Cursor { at: event.recorded_at, id: event.id.to_string() });
    Ok(HttpResponse::Ok().json(page.listed(EventWire::from)))
}

/// Read an event
///
/// With its callback, and webhook by webhook what became of it, or why nothing was sent.
#[utoipa::path(
    get, path = "/events/{event_id}", operation_id = "readEvent", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(("event_id" = inline(describe::EventId), Path, description = "The event.")),
    responses(
        (status = 200, description = "The event.", body = EventRecordWire),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<api_key::Read>,
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result {
    Query::none(&request)?;
    let id: EventId = id.parse().map_err(|_| Problem::NotFound)?;
    let mut conn = context.db.read().await?;
    let found = store::find_event(&mut conn, &key.organization.id, &id).await?.ok_or(Problem::NotFound)?;
    drop(conn);
    Ok(HttpResponse::Ok().json(EventRecordWire::from(found)))
}
