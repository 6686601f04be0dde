//! What all changes of the workspace share: the lock, the event, the audit entry, and the ways to be refused.

use std::borrow::Cow;

use serde_json::Value;

use crate::auth::audit;
use crate::auth::model::Actor;
use crate::base::{Rng, TimeZone, Timestamp};
use crate::db::{DbError, Tx};
use crate::events::model::Draft;
use crate::events::record::next_seq;
use crate::events::{EventType, Recorder};

/// The most ids that one event names; an action on more raises one event for each thousand.
const IDS: usize = 1_000;

/// Who changes something, and the zone in which the callback says when.
#[derive(Clone, Debug)]
pub struct Author {
    pub actor: Actor,
    pub zone: TimeZone,
}

/// What changes need besides the transaction. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub recorder: Recorder,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such thing.")]
    NotFound,
    /// Somebody changed it between the reading and the writing.
    #[error("Someone else changed this. Reload to see their version.")]
    Stale,
    /// Its state does not allow it; says why.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Refusal {
    pub fn conflict(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(why.into())
    }
}

/// What a change did: the thing as it is now, and whether anything is different from before.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    pub now: T,
    /// Whether there was anything to do; if not, nothing was raised and nothing written down.
    pub is_new: bool,
}

impl Desk {
    /// Begins a change: locks the organization, so that its changes and events come one after the other on every engine and
    /// two bulk actions cannot wait for each other's rows. Answers the time of the change.
    pub(super) async fn begin(&self, tx: &mut Tx, author: &Author) -> Result<Timestamp, Refusal> {
        next_seq(tx, &author.actor.organization, 0).await?.ok_or(Refusal::NotFound)?;
        Ok(self.recorder.clock.now())
    }

    pub(super) fn rng(&self) -> &dyn Rng {
        self.recorder.rng.as_ref()
    }

    /// Raises an event on `ids`, in their order; past a thousand, one for each thousand. `data` holds the additional keys.
    pub(super) async fn raise(
        &self,
        tx: &mut Tx,
        author: &Author,
        event_type: EventType,
        ids: &[&str],
        data: Option<&Value>,
    ) -> Result<(), DbError> {
        for ids in ids.chunks(IDS) {
            let draft = Draft {
                event_type,
                entity_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
                performed_by: author.actor.email.clone(),
                performed_at: self.recorder.clock.now(),
                data: data.map(Value::to_string),
            };
            self.recorder.record(tx, &author.actor.organization, author.zone, draft).await?;
        }
        Ok(())
    }

    /// Adds to the audit log.
    pub(super) async fn write_down(
        &self,
        tx: &mut Tx,
        author: &Author,
        action: &str,
        subject: &str,
        details: Value,
    ) -> Result<(), DbError> {
        audit::append(tx, self.recorder.clock.now(), self.rng(), &author.actor, action, subject, details).await
    }
}
