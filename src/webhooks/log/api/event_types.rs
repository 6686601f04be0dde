//! `GET /api/v1/event-types`.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::base::{Cursor, TimeZone, Timestamp};
use crate::events::{EntityType, EventType, Group, sample};
use crate::web::api_key::{self, ApiKey};
use crate::web::problem::Result;
use crate::web::{Problem, Query, describe};

use super::{Place, place};

/// An event type. TEST is not among them: nothing can subscribe to it or publish it.
#[derive(Serialize, ToSchema)]
#[schema(as = EventTypeInfo)]
pub(crate) struct EventTypeWire {
    #[schema(value_type = EventType)]
    r#type: &'static str,
    #[schema(value_type = Group)]
    group: &'static str,
    /// When it is raised.
    description: &'static str,
    #[schema(value_type = EntityType)]
    entity_type: &'static str,
    /// A callback as it would be sent: its keys in their order, with all the additional ones that the type can have;
    /// PERFORMED_AT is in the organization's time zone.
    #[schema(value_type = Object)]
    sample: Box<RawValue>,
}

describe::list!(EventTypeList of EventTypeWire);

impl EventTypeWire {
    fn new(kind: EventType, zone: TimeZone) -> Result<Self> {
        Ok(Self {
            r#type: kind.as_str(),
            group: Group::as_str(kind.group()),
            description: kind.description(),
            entity_type: EntityType::as_str(kind.entity_type()),
            sample: RawValue::from_string(sample::callback(kind, zone)).map_err(Problem::internal)?,
        })
    }
}

/// List the event types
///
/// All that can happen, in the order of the catalog. One page holds them.
#[utoipa::path(
    get, path = "/event-types", operation_id = "listEventTypes", tag = "Events and deliveries",
    security(("api_key" = ["read"])),
    params(describe::Paging),
    responses(
        (status = 200, description = "The event types.", body = EventTypeList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<api_key::Read>, request: HttpRequest) -> Result {
    let mut query = Query::of(&request);
    let place: Option<Place<EventType>> = place(&mut query);
    let Place { paging, after } = query.finish(place)?;
    let rest = EventType::ALL.iter().copied().filter(|kind| after.is_none_or(|(_, last)| *kind > last));
    let rows = rest.map(|kind| EventTypeWire::new(kind, key.organization.time_zone)).collect::<Result<_>>()?;
    let cursor = |kind: &EventTypeWire| Cursor { at: Timestamp::from_seconds(0), id: kind.r#type.to_owned() };
    Ok(HttpResponse::Ok().json(paging.cut(rows, cursor).listed(|kind| kind)))
}
