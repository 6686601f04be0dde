//! What a delivery is, what its states are, and what an attempt's outcome makes of it. Pure: time is an argument.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{DeliveryId, OrganizationId, Timestamp, WebhookId, names};

mod health;
mod limits;
mod replay;

pub use super::retry::Schedule;
pub use health::{AlertKind, LEAST_FAILURES, Ladder, Spell};
pub use limits::{Concurrency, InvalidConcurrency, InvalidPerSecond, Limits, PerSecond};
pub use replay::{InvalidReplay, NewReplay, Replay, ReplayDraft, ReplayFilter, ReplayState, UNDO_WITHIN};

names! {
    DeliveryState {
        /// Will be attempted: now, or at its next planned time.
        Pending = "pending",
        /// Waits for a person: the webhook is not active, or webhooks are turned off.
        Held = "held",
        Succeeded = "succeeded",
        /// The schedule is used up.
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

names! {
    /// Why a held delivery is held.
    Hold {
        /// Its webhook is paused or disabled.
        Webhook = "webhook",
        /// Webhooks are turned off for the organization.
        Switch = "switch",
    }
}

names! {
    /// What made an attempt happen.
    Trigger {
        Schedule = "schedule",
        Redeliver = "redeliver",
        Replay = "replay",
    }
}

names! {
    /// Why Herald disabled a webhook.
    DisabledReason {
        /// The receiver answered 410 Gone.
        Gone = "gone",
        /// Nothing but failures for HERALD_DISABLE_AFTER.
        Failing = "failing",
    }
}

/// A delivery that this process holds the lease of, ready to be sent.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: DeliveryId,
    pub lease: i64,
    pub body: Arc<str>,
    /// Requests made before this one.
    pub attempts: i64,
    /// How many of them the current schedule has used.
    pub step: i64,
    pub leased_until: Timestamp,
    pub trigger: Trigger,
}

/// For how long a delivery belongs to the process that has taken it (docs/decisions/0012): for the longest attempt, for the time
/// that it may wait in its lane before that, and for what may go wrong with clocks and the writing of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    attempt: Duration,
}

impl Lease {
    /// In a lane, before the attempt. What waits longer is given back and taken anew.
    pub const WAIT: Duration = Duration::from_secs(5);
    /// Between the end of the longest attempt and the end of the lease: the result is written meanwhile, and other nodes'
    /// clocks may be ahead.
    pub const MARGIN: Duration = Duration::from_secs(10);

    /// No lease is longer: the settings hold an attempt to ten minutes.
    pub const LONGEST: Duration = Self::WAIT.saturating_add(Duration::from_secs(10 * 60)).saturating_add(Self::MARGIN);

    /// The lease for attempts that last `request_timeout` at most.
    pub const fn outlasting(request_timeout: Duration) -> Self {
        Self { attempt: request_timeout }
    }

    pub fn length(self) -> Duration {
        Self::WAIT + self.attempt + Self::MARGIN
    }

    /// Whether an attempt that starts at `now` ends well before the lease does.
    pub fn covers_attempt(self, leased_until: Timestamp, now: Timestamp) -> bool {
        leased_until >= now + self.attempt + Self::MARGIN
    }
}

/// What an attempt makes of its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Succeeded,
    /// Try again then.
    Retry {
        due_at: Timestamp,
    },
    /// The schedule is used up.
    GaveUp,
    /// A redelivery failed: state and planned retry stay as they were.
    Unchanged,
}

/// What becomes of a delivery whose attempt ended at `now`. `jitter` is from 0 to 1.
pub fn verdict(
    job: &Job,
    success: bool,
    retry_after: Option<Timestamp>,
    schedule: &Schedule,
    now: Timestamp,
    jitter: f64,
) -> Verdict {
    if success {
        return Verdict::Succeeded;
    }
    if job.trigger == Trigger::Redeliver {
        return Verdict::Unchanged;
    }
    let step = usize::try_from(job.step).unwrap_or(usize::MAX);
    match schedule.next(step, now, retry_after, jitter) {
        Some(due_at) => Verdict::Retry { due_at },
        None => Verdict::GaveUp,
    }
}

/// An attempt as it is kept in the log.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    pub organization: OrganizationId,
    pub started_at: Timestamp,
    pub duration_micros: i64,
    pub url: String,
    pub outcome: &'static str,
    pub status_code: Option<u16>,
    pub error: Option<String>,
    /// JSON: a list of `[name, value]`, where the value of a webhook's own header is null.
    pub request_headers: String,
    /// JSON: a list of `[name, value]`.
    pub response_headers: String,
    pub response_body: StoredBody,
    pub response_truncated: bool,
}

/// Received bytes in a TEXT column: as they are where they are UTF-8 without NUL (which PostgreSQL cannot hold), else in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBody {
    pub text: String,
    pub encoding: &'static str,
}

impl StoredBody {
    pub fn from_bytes(bytes: &[u8]) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Self { text: text.to_owned(), encoding: "text" },
            _ => Self { text: STANDARD.encode(bytes), encoding: "base64" },
        }
    }

    /// For people: what is not UTF-8, and NUL, as U+FFFD.
    pub fn shown(text: &str, encoding: &str) -> String {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        if encoding != "base64" {
            return text.to_owned();
        }
        let bytes = STANDARD.decode(text).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', "\u{FFFD}")
    }
}

/// An attempt with its verdict: written together, before the lane forgets the delivery.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    pub id: DeliveryId,
    pub lease: i64,
    /// Of the attempt, from 1, if no late one of an earlier lease came between.
    pub number: i64,
    /// How many steps of the schedule were used when the attempt began.
    pub step: i64,
    pub trigger: Trigger,
    pub attempt: AttemptRecord,
    pub verdict: Verdict,
    /// The receiver asked everybody to stay away until then.
    pub not_before: Option<Timestamp>,
}

impl AttemptResult {
    /// When the answer was there, or it was clear that none comes.
    pub fn ended_at(&self) -> Timestamp {
        Timestamp::from_micros(self.attempt.started_at.micros() + self.attempt.duration_micros)
    }

    /// Rough size in bytes.
    pub fn weight(&self) -> usize {
        1024 + self.attempt.response_body.text.len() + self.attempt.response_headers.len()
    }
}

/// A redelivery that a person asked for; its lease is taken.
#[derive(Clone, Debug)]
pub struct Redelivery {
    pub job: Job,
}

/// Why a redelivery is refused (409).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeliverRefusal {
    #[error("An attempt is under way. Wait for it to end.")]
    UnderWay,
    #[error("The webhook is not active. Resume it first.")]
    NotActive,
    #[error("The webhook was deleted.")]
    Deleted,
    #[error("Webhooks are turned off for this organization.")]
    TurnedOff,
}

/// What actions tell the engine after their commit. Hints only: the poll finds everything by itself.
pub trait Hints: Send + Sync + 'static {
    /// State, URL, headers or secrets of the webhook changed, or deliveries of it became due.
    fn webhook_changed(&self, webhook: &WebhookId);
    /// Something may have become due anywhere.
    fn wake(&self);
    /// Send this one at once.
    fn redeliver(&self, redelivery: Redelivery);
    /// A replay was started.
    fn replay(&self);
    /// There is something to tell people.
    fn news(&self);
}

/// What the engine of this process knows of a webhook's lane, and no table says.
pub trait Lanes: Send + Sync + 'static {
    /// The receiver is overwhelmed: it gets one request at a time until a success.
    fn is_narrowed(&self, webhook: &WebhookId) -> bool;
}

/// For processes without an engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHints;

impl Hints for NoHints {
    fn webhook_changed(&self, _: &WebhookId) {}
    fn wake(&self) {}
    fn redeliver(&self, _: Redelivery) {}
    fn replay(&self) {}
    fn news(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{EventId, SystemRng};

    fn job(step: i64, trigger: Trigger) -> Job {
        let now = Timestamp::from_seconds(1_800_000_000);
        let id = DeliveryId { webhook: WebhookId::new(now, &SystemRng), event: EventId::new(now, &SystemRng) };
        Job { id, lease: 1, body: "{}".into(), attempts: step, step, leased_until: now, trigger }
    }

    #[test]
    fn an_attempt_succeeds_is_retried_or_is_the_last() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let schedule = Schedule::new(vec![Duration::from_secs(5), Duration::from_secs(300)]);
        let at = |step, trigger, success| verdict(&job(step, trigger), success, None, &schedule, now, 0.0);
        assert_eq!(at(0, Trigger::Schedule, true), Verdict::Succeeded);
        assert_eq!(at(0, Trigger::Schedule, false), Verdict::Retry { due_at: now + Duration::from_secs(5) });
        assert_eq!(at(1, Trigger::Schedule, false), Verdict::Retry { due_at: now + Duration::from_secs(300) });
        assert_eq!(at(2, Trigger::Schedule, false), Verdict::GaveUp);
        assert_eq!(at(0, Trigger::Redeliver, false), Verdict::Unchanged);
        assert_eq!(at(0, Trigger::Redeliver, true), Verdict::Succeeded);
    }

    #[test]
    fn a_lease_covers_an_attempt_that_did_not_wait_too_long() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for timeout in [Duration::from_millis(1), Duration::from_secs(15), Duration::from_secs(600)] {
            let lease = Lease::outlasting(timeout);
            let until = now + lease.length();
            assert!(lease.length() <= Lease::LONGEST, "a start frees every lease");
            assert!(lease.covers_attempt(until, now) && lease.covers_attempt(until, now + Lease::WAIT));
            let too_late = now + Lease::WAIT + Duration::from_micros(1);
            assert!(!lease.covers_attempt(until, too_late));
            assert!(
                until >= now + Lease::WAIT + timeout + Lease::MARGIN,
                "another node's clock may be ahead by the margin"
            );
        }
    }

    #[test]
    fn any_bytes_can_be_kept_and_shown() {
        for bytes in [&b"ok"[..], b"", b"a\0b", &[0xff, 0xfe, b'x']] {
            let stored = StoredBody::from_bytes(bytes);
            assert!(!stored.text.contains('\0'));
            let shown = StoredBody::shown(&stored.text, stored.encoding);
            assert_eq!(shown, String::from_utf8_lossy(bytes).replace('\0', "\u{FFFD}"));
        }
    }
}
