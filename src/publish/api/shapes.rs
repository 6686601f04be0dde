//! What is sent and answered. The bodies are read by [`crate::web::json`]; their types here only describe them.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};

use super::super::model::{Answer, DATA_KEY_PATTERN};
use crate::base::EventId;
use crate::events::EventType;
use crate::web::describe;

/// An event to publish.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "event_type": "PROJECT_EDITED",
    "entity_ids": ["5dd51ea63f3dad73ab0a344b"],
    "performed_by": "john@responsive.io",
    "data": { "CHANGED": ["due_date"] }
})))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewEvent {
    /// What happened. ENTITY_TYPE in the callback follows from it.
    event_type: EventType,
    /// What it happened to.
    #[schema(value_type = HashSet<describe::EntityId>, min_items = 1, max_items = 1000)]
    entity_ids: (),
    /// Whose doing it was.
    performed_by: describe::Email,
    /// When it happened: at most 5 minutes ahead. Left out: now.
    performed_at: Option<describe::AnyTime>,
    #[schema(schema_with = data, required = false)]
    data: (),
}

/// Several events to publish.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewEvents {
    /// In the order in which they happened.
    #[schema(min_items = 1, max_items = 500)]
    events: Vec<NewEvent>,
}

fn data() -> Object {
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some(DATA_KEY_PATTERN));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .property_names(Some(name))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .description(Some(
            "Additional keys of the callback. Their values may be any JSON, up to 64 levels deep; they are sent on as \
             they were written, without white space between tokens.",
        ))
        .build()
}

/// What became of one event.
#[derive(Serialize, ToSchema)]
pub(super) struct Accepted<'a> {
    #[schema(value_type = describe::EventId)]
    event_id: &'a EventId,
    /// How many webhooks it goes to.
    deliveries: usize,
}

impl<'a> From<&'a Answer> for Accepted<'a> {
    fn from((event_id, deliveries): &'a Answer) -> Self {
        Self { event_id, deliveries: *deliveries }
    }
}

/// What became of the events of a batch, in its order.
#[derive(Serialize, ToSchema)]
pub(super) struct AcceptedBatch<'a> {
    pub data: Vec<Accepted<'a>>,
}
