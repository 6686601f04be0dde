//! What the log shows: deliveries with their attempts, events with what became of them, figures over a time. No clock:
//! whatever depends on "now" is given it.

use std::time::Duration;

use crate::base::{DeliveryId, EventId, Timestamp, WebhookId};
use crate::delivery::model::{DeliveryState, Hold, Trigger};
use crate::events::{Event, EventType};

/// A delivery as lists and the API show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub event_type: EventType,
    pub entity_ids: Vec<String>,
    pub state: DeliveryState,
    pub hold: Option<Hold>,
    /// Why it was cancelled, by its name: `webhook_deleted`, `cancelled_on_resume`, `replay_cancelled`.
    pub reason: Option<String>,
    pub attempts_made: i64,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub last: LastAttempt,
    pub due: Due,
}

/// How the last attempt of a delivery ended; everything is `None` before the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastAttempt {
    pub started_at: Option<Timestamp>,
    pub duration: Option<Duration>,
    pub status_code: Option<u16>,
    /// `success`, or the name of the failure.
    pub outcome: Option<String>,
    /// The failure in a sentence.
    pub error: Option<String>,
}

/// When a delivery goes on, as the engine keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Due {
    pub due_at: Option<Timestamp>,
    pub leased_until: Option<Timestamp>,
    /// The receiver asked for no attempt before this, for whatever delivery (Retry-After).
    pub not_before: Option<Timestamp>,
}

impl Due {
    /// It would start earlier, had the receiver not asked for no attempt before then.
    pub fn waits_for_receiver(&self, now: Timestamp) -> bool {
        let asked = self.not_before.filter(|at| *at > now);
        asked.is_some_and(|asked| self.due_at.is_some_and(|due_at| due_at <= asked))
    }
}

impl Delivery {
    /// What it waits for while it is held, or why it was cancelled, by its name.
    pub fn named_reason(&self) -> Option<&str> {
        match self.hold.filter(|_| self.state == DeliveryState::Held) {
            Some(Hold::Webhook) => Some("webhook_not_active"),
            Some(Hold::Switch) => Some("webhooks_not_enabled"),
            None => self.reason.as_deref(),
        }
    }

    /// An attempt is being made, or waits in the webhook's lane.
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        self.due.leased_until.is_some_and(|until| until > now)
    }

    /// When the next attempt starts; `now` while one is under way. Not before the receiver wants to hear from us again.
    pub fn next_attempt_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state != DeliveryState::Pending {
            return None;
        }
        if self.is_under_way(now) {
            return Some(now);
        }
        let due_at = self.due.due_at?;
        Some(self.due.not_before.map_or(due_at, |later| later.max(due_at)))
    }
}

/// One attempt, as a line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptLine {
    pub number: i64,
    pub trigger: Trigger,
    pub started_at: Timestamp,
    pub duration: Duration,
    /// `success`, or the name of the failure.
    pub outcome: String,
    pub status_code: Option<u16>,
    pub error: Option<String>,
}

impl AttemptLine {
    pub fn is_success(&self) -> bool {
        self.outcome == "success"
    }
}

/// What one attempt sent and got back.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    pub line: AttemptLine,
    pub url: String,
    /// The value of a webhook's own header is `None`.
    pub request_headers: Vec<(String, Option<String>)>,
    pub response_headers: Vec<(String, String)>,
    /// What was not UTF-8, and NUL, as U+FFFD.
    pub response_body: String,
    /// Bytes as they were received and kept.
    pub response_size_bytes: usize,
    pub response_truncated: bool,
}

/// Which deliveries of a webhook are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryFilter {
    pub state: Option<DeliveryState>,
    pub event_type: Option<EventType>,
    pub event: Option<EventId>,
    /// Of the last answer.
    pub status_code: Option<u16>,
    /// The event names this entity.
    pub entity: Option<String>,
    /// created_at is at or after this.
    pub since: Option<Timestamp>,
    /// created_at is before this.
    pub until: Option<Timestamp>,
}

impl DeliveryFilter {
    /// The same as a search.
    pub fn of(self, webhook: WebhookId) -> Search {
        Search {
            webhook: Some(webhook),
            event: self.event,
            state: self.state,
            event_type: self.event_type,
            status_code: self.status_code,
            entity: self.entity,
            since: self.since,
            until: self.until,
        }
    }
}

/// Which deliveries of the whole organization are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    pub webhook: Option<WebhookId>,
    pub event: Option<EventId>,
    pub state: Option<DeliveryState>,
    pub event_type: Option<EventType>,
    /// Of the last answer.
    pub status_code: Option<u16>,
    /// The event names this entity.
    pub entity: Option<String>,
    /// created_at is at or after this.
    pub since: Option<Timestamp>,
    /// created_at is before this.
    pub until: Option<Timestamp>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFilter {
    pub event_type: Option<EventType>,
    pub event: Option<EventId>,
    /// It names this entity.
    pub entity: Option<String>,
    /// recorded_at is at or after this.
    pub since: Option<Timestamp>,
    /// recorded_at is before this.
    pub until: Option<Timestamp>,
}

/// An event as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventLine {
    pub id: EventId,
    pub event_type: EventType,
    pub entity_ids: Vec<String>,
    pub performed_by: String,
    pub performed_at: Timestamp,
    pub recorded_at: Timestamp,
    pub webhooks_enabled: bool,
    pub tally: Tally,
}

/// How many deliveries are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub succeeded: i64,
    /// Not attempted yet.
    pub waiting: i64,
    /// Attempted without success, and planned again.
    pub retrying: i64,
    pub held: i64,
    pub failed: i64,
    pub cancelled: i64,
}

impl Tally {
    pub fn total(&self) -> i64 {
        self.succeeded + self.waiting + self.retrying + self.held + self.failed + self.cancelled
    }

    /// Adds `count` deliveries in `state`, which have been attempted or not.
    pub fn add(&mut self, state: DeliveryState, was_attempted: bool, count: i64) {
        let field = match state {
            DeliveryState::Succeeded => &mut self.succeeded,
            DeliveryState::Pending if was_attempted => &mut self.retrying,
            DeliveryState::Pending => &mut self.waiting,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Cancelled => &mut self.cancelled,
        };
        *field += count;
    }
}

/// What became of an event at one webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Fate {
    pub webhook: WebhookId,
    pub name: String,
    pub is_deleted: bool,
    pub outcome: FateOutcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FateOutcome {
    /// There is a delivery.
    Delivery(Box<Delivery>),
    NotSent(NotSent),
}

/// Why an event has no delivery for a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    NotSubscribed,
    CreatedLater,
    WebhooksNotEnabled,
    WebhookDeleted,
}

impl NotSent {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSubscribed => "not_subscribed",
            Self::CreatedLater => "created_later",
            Self::WebhooksNotEnabled => "webhooks_not_enabled",
            Self::WebhookDeleted => "webhook_deleted",
        }
    }

    /// Reads the reason off the writer's order of things, in which every event and every change has a number.
    pub fn why(event_seq: i64, webhooks_enabled: bool, created_seq: i64, deleted_seq: Option<i64>) -> Self {
        if !webhooks_enabled {
            Self::WebhooksNotEnabled
        } else if created_seq > event_seq {
            Self::CreatedLater
        } else if deleted_seq.is_some_and(|deleted| deleted < event_seq) {
            Self::WebhookDeleted
        } else {
            Self::NotSubscribed
        }
    }
}

/// An event with what became of it everywhere.
#[derive(Clone, Debug)]
pub struct EventRecord {
    pub event: Event,
    pub fates: Vec<Fate>,
}

/// How far back the figures of a webhook look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    #[default]
    Day,
    Week,
    Month,
}

impl Range {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub const fn duration(self) -> Duration {
        Duration::from_secs(
            24 * 60
                * 60
                * match self {
                    Self::Day => 1,
                    Self::Week => 7,
                    Self::Month => 30,
                },
        )
    }
}

/// The health of a webhook over a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Deliveries made in that time, by what became of them so far.
    pub tally: Tally,
    /// The same over the equally long time before.
    pub before: Tally,
    /// Response times of the latest attempts in that time, `None` where there was none.
    pub times: Option<ResponseTimes>,
    pub retries: Retries,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseTimes {
    pub median: Duration,
    pub p95: Duration,
}

impl ResponseTimes {
    /// By nearest rank.
    pub fn of(mut micros: Vec<i64>) -> Option<Self> {
        micros.sort_unstable();
        let rank = |percent: usize| {
            let at = (micros.len() * percent).div_ceil(100).saturating_sub(1);
            micros.get(at).map(|micros| Duration::from_micros(u64::try_from(*micros).unwrap_or(0)))
        };
        Some(Self { median: rank(50)?, p95: rank(95)? })
    }
}

/// What waits for another attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    pub waiting: i64,
    /// There are more than were counted.
    pub is_at_least: bool,
    pub next_at: Option<Timestamp>,
}

/// The attempts that started in a quarter of an hour: every time zone's hours begin on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub start: Timestamp,
    pub succeeded: i64,
    pub failed: i64,
}

/// The length of a [`Slot`].
pub const SLOT: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_follows_from_the_order_of_things() {
        use NotSent::*;
        // (webhooks enabled, created, deleted) around an event with number 10.
        let table = [
            (false, 1, None, WebhooksNotEnabled),
            (false, 11, None, WebhooksNotEnabled),
            (true, 11, None, CreatedLater),
            (true, 11, Some(12), CreatedLater),
            (true, 1, Some(9), WebhookDeleted),
            (true, 1, Some(11), NotSubscribed),
            (true, 1, None, NotSubscribed),
        ];
        for (enabled, created, deleted, expected) in table {
            assert_eq!(NotSent::why(10, enabled, created, deleted), expected, "{enabled} {created} {deleted:?}");
        }
    }

    #[test]
    fn response_times_are_by_nearest_rank() {
        assert_eq!(ResponseTimes::of(Vec::new()), None);
        let one = ResponseTimes::of(vec![7]).unwrap();
        assert_eq!((one.median.as_micros(), one.p95.as_micros()), (7, 7));
        let hundred = ResponseTimes::of((1..=100).rev().collect()).unwrap();
        assert_eq!((hundred.median.as_micros(), hundred.p95.as_micros()), (50, 95));
    }
}
