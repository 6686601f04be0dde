//! Sending again what did not arrive: which deliveries a replay takes, and how far it is.

use std::time::Duration;

use super::DeliveryState;
use crate::base::{OrganizationId, ReplayId, Timestamp, WebhookId, names};
use crate::events::EventType;

names! {
    ReplayState {
        /// Makes deliveries pending again, or waits for the end of those that it has.
        Running = "running",
        Finished = "finished",
        Cancelled = "cancelled",
    }
}

/// How long the deletion of a webhook can be undone (contract section 2). Its replays wait as long.
pub const UNDO_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Which deliveries of a webhook are to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Of events that were recorded at this time or later …
    pub since: Timestamp,
    /// … and before this.
    pub until: Timestamp,
    /// In one of these states, of which there is at least one. What is open already needs no replay.
    pub states: Vec<DeliveryState>,
    /// Of events of these types; empty: of all.
    pub event_types: Vec<EventType>,
}

/// What somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct ReplayDraft {
    pub since: Option<Timestamp>,
    /// Until now, if nothing is said.
    pub until: Option<Timestamp>,
    /// Failed and cancelled, if nothing is said.
    pub states: Option<Vec<DeliveryState>>,
    pub event_types: Vec<EventType>,
}

/// Why that is not possible; each is about one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReplay {
    #[error("Say when the period begins.")]
    NoSince,
    #[error("The period has to begin in the past.")]
    SinceInFuture,
    #[error("The period has to end after it begins.")]
    UntilBeforeSince,
    #[error("Choose at least one state.")]
    NoState,
    #[error("Choose failed, cancelled or succeeded: what is pending or held is not at its end.")]
    OpenState,
}

impl InvalidReplay {
    /// The field that it is about, in forms and in the API.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NoSince | Self::SinceInFuture => "since",
            Self::UntilBeforeSince => "until",
            Self::NoState | Self::OpenState => "states",
        }
    }
}

impl ReplayFilter {
    /// The states that a delivery can be brought back from.
    pub const STATES: [DeliveryState; 3] = [DeliveryState::Failed, DeliveryState::Cancelled, DeliveryState::Succeeded];
    /// Those that are meant if nothing is said.
    pub const USUAL_STATES: [DeliveryState; 2] = [DeliveryState::Failed, DeliveryState::Cancelled];
}

impl ReplayDraft {
    /// The filter that is meant, or all that is wrong.
    pub fn parse(self, now: Timestamp) -> Result<ReplayFilter, Vec<InvalidReplay>> {
        let mut wrong = Vec::new();
        match self.since {
            None => wrong.push(InvalidReplay::NoSince),
            Some(since) if since >= now => wrong.push(InvalidReplay::SinceInFuture),
            Some(since) if self.until.is_some_and(|until| until <= since) => {
                wrong.push(InvalidReplay::UntilBeforeSince)
            }
            Some(_) => {}
        }
        let mut states = self.states.unwrap_or_else(|| ReplayFilter::USUAL_STATES.to_vec());
        if states.is_empty() {
            wrong.push(InvalidReplay::NoState);
        }
        if states.iter().any(|state| !ReplayFilter::STATES.contains(state)) {
            wrong.push(InvalidReplay::OpenState);
        }
        let mut event_types = self.event_types;
        states.sort_unstable();
        states.dedup();
        event_types.sort_unstable();
        event_types.dedup();
        match self.since {
            Some(since) if wrong.is_empty() => {
                Ok(ReplayFilter { since, until: self.until.unwrap_or(now), states, event_types })
            }
            _ => Err(wrong),
        }
    }
}

/// A replay that is about to begin.
#[derive(Clone, Debug)]
pub struct NewReplay {
    pub id: ReplayId,
    pub organization: OrganizationId,
    pub webhook: WebhookId,
    pub filter: ReplayFilter,
    /// What lies between one delivery and the next.
    pub pace: Duration,
    /// How many deliveries the filter takes.
    pub total: i64,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A replay, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    pub id: ReplayId,
    pub webhook: WebhookId,
    pub state: ReplayState,
    pub filter: ReplayFilter,
    /// How many start in a second at most.
    pub per_second: i64,
    /// Deliveries that it was started for.
    pub total: i64,
    /// Those that are at their end: delivered, failed by the schedule, or no longer to be sent.
    pub done: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn draft(since: Option<i64>, until: Option<i64>) -> ReplayDraft {
        let at = |seconds| Timestamp::from_seconds(NOW.seconds() + seconds);
        ReplayDraft { since: since.map(at), until: until.map(at), ..ReplayDraft::default() }
    }

    #[test]
    fn what_is_not_said_is_what_did_not_arrive_until_now() {
        let filter = draft(Some(-60), None).parse(NOW).unwrap();
        assert_eq!((filter.until, filter.states), (NOW, vec![DeliveryState::Failed, DeliveryState::Cancelled]));
    }

    #[test]
    fn a_period_begins_in_the_past_and_ends_after_its_beginning() {
        use InvalidReplay::{NoSince, SinceInFuture, UntilBeforeSince};
        for (since, until, wrong) in [
            (None, None, NoSince),
            (Some(0), None, SinceInFuture),
            (Some(5), Some(9), SinceInFuture),
            (Some(-5), Some(-5), UntilBeforeSince),
            (Some(-5), Some(-6), UntilBeforeSince),
        ] {
            assert_eq!(draft(since, until).parse(NOW), Err(vec![wrong]), "{since:?} {until:?}");
        }
        assert!(draft(Some(-5), Some(9)).parse(NOW).is_ok(), "it may end in the future");
    }

    #[test]
    fn only_what_is_at_its_end_can_be_replayed() {
        let with = |states| ReplayDraft { states: Some(states), ..draft(Some(-5), None) }.parse(NOW);
        assert_eq!(with(vec![]), Err(vec![InvalidReplay::NoState]));
        for open in [DeliveryState::Pending, DeliveryState::Held] {
            assert_eq!(with(vec![DeliveryState::Failed, open]), Err(vec![InvalidReplay::OpenState]));
        }
        let twice = with(vec![DeliveryState::Succeeded, DeliveryState::Failed, DeliveryState::Failed]).unwrap();
        assert_eq!(twice.states, [DeliveryState::Succeeded, DeliveryState::Failed]);
    }
}
