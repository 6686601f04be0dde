//! The shapes of the log: every key is always there, null where there is nothing; times are in UTC.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::base::{EventId, Timestamp, WebhookId};
use crate::delivery::model::{DeliveryState, Trigger};
use crate::events::{EntityType, Event, EventType};
use crate::web::describe;

use super::super::model::{Attempt, Delivery, EventRecord, Fate, FateOutcome};

/// An event.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventWire {
    #[schema(value_type = describe::EventId)]
    id: EventId,
    #[schema(value_type = EventType)]
    event_type: &'static str,
    #[schema(value_type = EntityType)]
    entity_type: &'static str,
    entity_ids: Vec<String>,
    performed_by: String,
    #[schema(value_type = describe::Time)]
    performed_at: String,
    /// The additional keys, their values as they were published but for white space; null if there are none.
    #[schema(value_type = Option<Object>, required)]
    data: Option<Box<RawValue>>,
    #[schema(value_type = describe::Time)]
    recorded_at: String,
}

describe::list!(EventList of EventWire);

impl From<Event> for EventWire {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            event_type: event.event_type.as_str(),
            entity_type: event.event_type.entity_type().as_str(),
            entity_ids: event.entity_ids,
            performed_by: event.performed_by,
            performed_at: event.performed_at.rfc3339(),
            // What is stored was scanned when it came in.
            data: event.data.and_then(|data| RawValue::from_string(data).ok()),
            recorded_at: event.recorded_at.rfc3339(),
        }
    }
}

/// An event with its callback and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = EventInFull)]
pub(crate) struct EventRecordWire {
    #[serde(flatten)]
    event: EventWire,
    /// The callback, byte for byte.
    body: String,
    webhooks: Vec<FateWire>,
}

impl From<EventRecord> for EventRecordWire {
    fn from(EventRecord { mut event, fates }: EventRecord) -> Self {
        let body = std::mem::take(&mut event.body);
        Self { event: event.into(), body, webhooks: fates.into_iter().map(FateWire::from).collect() }
    }
}

/// What became of an event at one webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = EventAtWebhook)]
pub(crate) struct FateWire {
    #[schema(value_type = describe::Id)]
    webhook_id: WebhookId,
    name: String,
    /// The delivery's state, or `not_sent`.
    #[schema(pattern = "^(pending|held|succeeded|failed|cancelled|not_sent)$")]
    state: &'static str,
    /// Why nothing was sent (`not_subscribed`, `created_later`, `webhooks_not_enabled`, `webhook_deleted`); otherwise the reason
    /// of the delivery.
    #[schema(required)]
    reason: Option<String>,
    #[schema(value_type = Option<describe::DeliveryId>, required)]
    delivery_id: Option<String>,
}

impl From<Fate> for FateWire {
    fn from(fate: Fate) -> Self {
        let (state, reason, delivery_id) = match fate.outcome {
            FateOutcome::Delivery(delivery) => {
                (delivery.state.as_str(), delivery.named_reason().map(str::to_owned), Some(delivery.id.to_string()))
            }
            FateOutcome::NotSent(why) => ("not_sent", Some(why.as_str().to_owned()), None),
        };
        Self { webhook_id: fate.webhook, name: fate.name, state, reason, delivery_id }
    }
}

/// A delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryWire {
    #[schema(value_type = describe::DeliveryId)]
    id: String,
    #[schema(value_type = describe::EventId)]
    event_id: EventId,
    #[schema(value_type = EventType)]
    event_type: &'static str,
    #[schema(value_type = describe::Id)]
    webhook_id: WebhookId,
    #[schema(value_type = DeliveryState)]
    state: &'static str,
    /// Why it is held (`webhook_not_active`, `webhooks_not_enabled`) or was cancelled (`webhook_deleted`, `cancelled_on_resume`,
    /// `replay_cancelled`).
    #[schema(required)]
    reason: Option<String>,
    attempts_made: i64,
    /// When the next attempt starts; now, while one is under way.
    #[schema(value_type = Option<describe::Time>, required)]
    next_attempt_at: Option<String>,
    #[schema(value_type = describe::Time)]
    created_at: String,
    #[schema(value_type = Option<describe::Time>, required)]
    finished_at: Option<String>,
    #[schema(required)]
    last_status_code: Option<u16>,
    #[schema(required)]
    last_error: Option<String>,
}

describe::list!(DeliveryList of DeliveryWire);

impl DeliveryWire {
    pub fn new(delivery: Delivery, now: Timestamp) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_type: delivery.event_type.as_str(),
            state: delivery.state.as_str(),
            reason: delivery.named_reason().map(str::to_owned),
            attempts_made: delivery.attempts_made,
            next_attempt_at: delivery.next_attempt_at(now).map(Timestamp::rfc3339),
            created_at: delivery.created_at.rfc3339(),
            finished_at: delivery.finished_at.map(Timestamp::rfc3339),
            last_status_code: delivery.last.status_code,
            last_error: delivery.last.error,
            event_id: delivery.id.event,
            webhook_id: delivery.id.webhook,
        }
    }
}

/// A delivery with its attempts, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryInFull)]
pub(crate) struct DeliveryRecordWire {
    #[serde(flatten)]
    delivery: DeliveryWire,
    attempts: Vec<AttemptWire>,
}

impl DeliveryRecordWire {
    pub fn new(delivery: Delivery, attempts: Vec<Attempt>, now: Timestamp) -> Self {
        let attempts = attempts.into_iter().map(AttemptWire::from).collect();
        Self { delivery: DeliveryWire::new(delivery, now), attempts }
    }
}

/// One HTTP request, and what came back.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptWire {
    number: i64,
    #[schema(value_type = Trigger)]
    trigger: &'static str,
    #[schema(value_type = describe::Time)]
    started_at: String,
    duration_ms: u64,
    url: String,
    /// `success`, or the name of the failure.
    outcome: String,
    #[schema(required)]
    status_code: Option<u16>,
    /// The failure in a sentence.
    #[schema(required)]
    error: Option<String>,
    request_headers: Vec<HeaderWire>,
    response_headers: Vec<HeaderWire>,
    /// As text, with U+FFFD for what is not UTF-8 and for NUL; null if no answer came.
    #[schema(required)]
    response_body: Option<String>,
    response_truncated: bool,
}

impl From<Attempt> for AttemptWire {
    fn from(attempt: Attempt) -> Self {
        let line = attempt.line;
        let was_answered = line.status_code.is_some() || !attempt.response_body.is_empty();
        Self {
            number: line.number,
            trigger: line.trigger.as_str(),
            started_at: line.started_at.rfc3339(),
            duration_ms: u64::try_from(line.duration.as_millis()).unwrap_or(u64::MAX),
            url: attempt.url,
            outcome: line.outcome,
            status_code: line.status_code,
            error: line.error,
            request_headers: attempt.request_headers.into_iter().map(HeaderWire::from).collect(),
            response_headers: (attempt.response_headers.into_iter())
                .map(|(name, value)| HeaderWire::from((name, Some(value))))
                .collect(),
            response_body: was_answered.then_some(attempt.response_body),
            response_truncated: attempt.response_truncated,
        }
    }
}

/// A header; the value of one of the webhook's own is null.
#[derive(Serialize, ToSchema)]
#[schema(as = AttemptHeader)]
pub(crate) struct HeaderWire {
    name: String,
    #[schema(required)]
    value: Option<String>,
}

impl From<(String, Option<String>)> for HeaderWire {
    fn from((name, value): (String, Option<String>)) -> Self {
        Self { name, value }
    }
}
