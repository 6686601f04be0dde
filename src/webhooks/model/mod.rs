//! A webhook: where an organization's events are sent, which of them, and with what beside them.

mod draft;
mod header;
mod limits;
mod overlap;
mod signer;
mod text;

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::base::{OrganizationId, Timestamp, WebhookId, names};
use crate::delivery::endpoint::Endpoint;
use crate::events::EventType;

pub use crate::delivery::model::{Concurrency, Limits, PerSecond};
pub use crate::delivery::signing::Signing;
pub use draft::{
    Draft, DraftChange, DraftHeader, Field, Invalid, InvalidExample, MAX_HEADERS, Message, NewWebhook, Stored,
    TestDraft, TestTarget, WebhookChange,
};
pub use header::{Header, HeaderName, HeaderValue, InvalidHeaderName, InvalidHeaderValue};
pub use limits::{DraftLimits, LimitsChange};
pub use overlap::{InvalidOverlap, Overlap};
pub use signer::{DraftSigning, InvalidSigning, Prepared, successor};
pub use text::{Description, NAME_CHARACTERS, Name};

/// A webhook without its secrets: header values and signing secrets are read where they are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub organization: OrganizationId,
    pub name: Name,
    pub description: Description,
    pub endpoint: Endpoint,
    pub state: WebhookState,
    /// What its receiver can take.
    pub limits: Limits,
    /// What its newest signing secret is.
    pub signing: Signing,
    /// Why Herald disabled it; only while it is disabled.
    pub disabled_reason: Option<String>,
    /// Rises with every change that whoever sends must see.
    pub version: i64,
    /// The e-mail of whoever made it.
    pub created_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted: Option<Deletion>,
    /// The receiver asked for no attempt before this, for whatever delivery (Retry-After).
    pub not_before: Option<Timestamp>,
    /// The first failure after the last success.
    pub failing_since: Option<Timestamp>,
    /// Failed attempts since then.
    pub failures: i64,
    pub last_test: Option<LastTest>,
    pub header_names: Vec<HeaderName>,
    pub events: BTreeSet<EventType>,
}

/// When a webhook was deleted: the time for the undo, the number for what happened meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    pub at: Timestamp,
    pub seq: i64,
}

/// How the last test of the saved webhook went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTest {
    pub at: Timestamp,
    pub success: bool,
    pub status_code: Option<u16>,
}

names! {
    /// Whether a webhook sends, and if not, who stopped it.
    WebhookState {
        Active = "active",
        /// By a person.
        Paused = "paused",
        /// By Herald.
        Disabled = "disabled",
    }
}

/// The states that a person can choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Active,
    Paused,
}

impl Status {
    pub const fn state(self) -> WebhookState {
        match self {
            Self::Active => WebhookState::Active,
            Self::Paused => WebhookState::Paused,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose Active or Paused.")]
pub struct InvalidStatus;

impl FromStr for Status {
    type Err = InvalidStatus;
    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        match text {
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            _ => Err(InvalidStatus),
        }
    }
}

/// What is to become of the held deliveries of a webhook that becomes active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Oldest first, as fast as the receiver takes them.
    Deliver,
    /// Oldest first, so many a second at most, so that a receiver that has just recovered is not drowned.
    DeliverSlowly(PerSecond),
    Cancel,
}

impl Held {
    /// The same choice at a pace; cancelling has none.
    pub fn at(self, pace: Option<PerSecond>) -> Self {
        match (self, pace) {
            (Self::Deliver | Self::DeliverSlowly(_), Some(pace)) => Self::DeliverSlowly(pace),
            (choice, _) => choice,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose whether to deliver or to cancel what is held.")]
pub struct InvalidHeld;

impl FromStr for Held {
    type Err = InvalidHeld;
    fn from_str(text: &str) -> Result<Self, InvalidHeld> {
        match text {
            "deliver" => Ok(Self::Deliver),
            "cancel" => Ok(Self::Cancel),
            _ => Err(InvalidHeld),
        }
    }
}
