//! What was done, what came of it, and what that is for one webhook.

use std::ops::Range;

use herald::base::Timestamp;
use herald::webhooks::model::WebhookState;

use super::commands::Command;
use super::delivery::Birth;

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Published(Range<usize>),
    /// The replay of that number, of so many deliveries.
    Replaying {
        replay: usize,
        total: usize,
    },
    Refused(No),
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    NotFound,
    NotEnabled,
    /// Nobody said what is to become of what is held.
    Undecided,
    Is(WebhookState),
    TooLate,
    UnderWay,
    NotActive,
    Deleted,
    TurnedOff,
    Finished,
}

/// A command that was given, with the numbers of what it is about, and the time afterwards.
#[derive(Clone, Debug)]
pub struct Moment {
    pub command: Command,
    pub outcome: Outcome,
    pub now: Timestamp,
}

/// What a moment is for the deliveries of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    Nothing,
    /// `birth`: it was subscribed to them.
    Published {
        events: Range<usize>,
        birth: Option<Birth>,
    },
    Held {
        by: &'static str,
    },
    Disabled,
    NothingHeld,
    Released,
    CancelledOnResume,
    Deleted,
    Restored {
        birth: Birth,
        missed: Vec<usize>,
    },
    TurnedOn {
        is_active: bool,
    },
    ReplayCancelled(usize),
    /// At once, by the hand of a person.
    Redelivered {
        event: usize,
    },
    /// Refused: the engine has it in hand.
    UnderWay {
        event: usize,
    },
    NoSuchDelivery {
        event: usize,
    },
    Crashed,
}

/// A moment, and what holds from then on.
#[derive(Clone, Debug)]
pub struct Step {
    pub happening: Happening,
    pub now: Timestamp,
    pub is_deliverable: bool,
    /// Replays that may take deliveries.
    pub replays: Vec<usize>,
}
