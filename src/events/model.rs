//! An event: one thing that happened.

use std::sync::Arc;

use crate::base::{EventId, OrganizationId, Rng, TimeZone, Timestamp};

use super::body::{self, Facts};
use super::catalog::EventType;

/// An event that is about to be recorded, its callback rendered.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: EventId,
    pub organization: OrganizationId,
    pub event_type: EventType,
    pub entity_ids: Vec<String>,
    pub performed_by: String,
    pub performed_at: Timestamp,
    /// The additional keys: a compact JSON object, or nothing.
    pub data: Option<String>,
    pub body: Arc<str>,
    pub recorded_at: Timestamp,
}

/// What whoever raises an event knows of it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub event_type: EventType,
    pub entity_ids: Vec<String>,
    pub performed_by: String,
    /// Cut to the second, as the callback shows it.
    pub performed_at: Timestamp,
    /// A compact JSON object without the six standard keys, or nothing.
    pub data: Option<String>,
}

impl NewEvent {
    /// Gives the draft its id and renders its callback in the organization's time zone: before the transaction,
    /// which is no place for rendering.
    pub fn prepare(organization: OrganizationId, zone: TimeZone, draft: Draft, now: Timestamp, rng: &dyn Rng) -> Self {
        let id = EventId::new(now, rng);
        let performed_at = draft.performed_at.cut_to_second();
        let facts = Facts {
            id: &id,
            event_type: draft.event_type,
            entity_ids: &draft.entity_ids,
            performed_by: &draft.performed_by,
            performed_at,
            data: draft.data.as_deref(),
        };
        let body = body::render(facts, zone).into();
        Self {
            id,
            organization,
            event_type: draft.event_type,
            entity_ids: draft.entity_ids,
            performed_by: draft.performed_by,
            performed_at,
            data: draft.data,
            body,
            recorded_at: now,
        }
    }
}

/// A recorded event.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: EventId,
    pub seq: i64,
    pub event_type: EventType,
    pub entity_ids: Vec<String>,
    pub performed_by: String,
    pub performed_at: Timestamp,
    pub data: Option<String>,
    pub body: String,
    /// Whether the organization's webhooks switch was on when it was recorded.
    pub webhooks_enabled: bool,
    pub recorded_at: Timestamp,
}
