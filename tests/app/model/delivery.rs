//! One delivery, as the contract has it: what each thing that can happen makes of it.

use std::time::Duration;

use herald::base::Timestamp;

use super::LEASE;
use super::seen::Row;

/// What lies between the attempts of one delivery, without what chance adds.
pub const SCHEDULE: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(600)];
pub const SCHEDULE_TEXT: &str = "5s,1m,10m";

/// What was taken and could not be sent waits so long at most before it is looked at again.
const HANDED_BACK: Duration = Duration::from_secs(5);
/// So far ahead does a replay plan.
const REPLAY_AHEAD: Duration = Duration::from_secs(1);

/// A time that is known within limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Span {
    fn at(time: Timestamp) -> Self {
        Self { from: time, to: time }
    }

    fn within(from: Timestamp, length: Duration) -> Self {
        Self { from, to: from + length }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Pending(Span),
    /// By the webhook, or by the organization's switch.
    Held(&'static str),
    Succeeded,
    Failed,
    /// With the reason.
    Cancelled(&'static str),
}

impl State {
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending(_) | Self::Held(_))
    }
}

/// The state of a delivery that comes into being, or comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    Pending,
    Held,
}

/// A delivery in the hands of the engine: from the lease to the end of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    pub trigger: &'static str,
    pub step: usize,
    /// The webhook was paused or the like meanwhile: it may come back unsent.
    pub is_broken: bool,
}

/// What it was when a replay took it, and which one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Taken {
    pub replay: usize,
    pub from: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    pub state: State,
    pub attempts: usize,
    /// Attempts that count in the schedule.
    pub step: usize,
    pub finished: Option<Timestamp>,
    pub taken: Option<Taken>,
    /// Requests that a crash may have kept from being written down.
    pub lost: usize,
    pub flight: Option<Flight>,
    /// A redelivery was promised and is not written down yet: it comes, whatever becomes of who promised it.
    pub asked: bool,
    /// How many of the burst's attempts are behind it.
    pub read: usize,
}

/// A replay as far as single deliveries go.
#[derive(Clone, Copy, Debug)]
pub struct ReplayRule {
    pub began: Timestamp,
    pub succeeded: bool,
}

impl Delivery {
    pub fn born(birth: Birth, now: Timestamp) -> Self {
        let state = match birth {
            Birth::Pending => State::Pending(Span::at(now)),
            Birth::Held => State::Held("webhook"),
        };
        Self { state, attempts: 0, step: 0, finished: None, taken: None, lost: 0, flight: None, asked: false, read: 0 }
    }

    /// Ready for the next burst: as it was seen.
    pub fn settled(mut self, row: &Row) -> Self {
        if let (State::Pending(_), Some(due)) = (self.state, row.due_at) {
            self.state = State::Pending(Span::at(due));
        }
        self.finished = row.finished_at;
        self.read = 0;
        self
    }

    /// Whether it had come to its end before, and nothing was written down since.
    pub fn is_still(&self, before: &Self) -> bool {
        !self.state.is_open() && Self { lost: before.lost, asked: before.asked, ..self.clone() } == *before
    }

    /// Whether this is what the row says.
    pub fn is_seen_as(&self, row: &Row) -> bool {
        let (state, hold, reason, due) = match self.state {
            State::Pending(due) => ("pending", None, None, Some(due)),
            State::Held(by) => ("held", Some(by), None, None),
            State::Succeeded => ("succeeded", None, None, None),
            State::Failed => ("failed", None, None, None),
            State::Cancelled(reason) => ("cancelled", None, Some(reason), None),
        };
        let is_due = match (due, row.due_at) {
            (Some(due), Some(at)) => due.from <= at && at <= due.to,
            (due, at) => due.is_none() && at.is_none(),
        };
        // A row that was held when it was cancelled keeps by what.
        let is_held = hold == row.hold.as_deref() || !self.state.is_open();
        row.state == state
            && is_held
            && row.reason.as_deref() == reason
            && is_due
            && row.attempts == self.attempts
            && row.step == self.step
            && row.finished_at.is_some() != self.state.is_open()
    }

    /// Whether the replay takes it if it comes by.
    pub fn is_for(&self, replay: ReplayRule, recorded: Timestamp) -> bool {
        let is_of_its_states = match self.state {
            State::Failed | State::Cancelled(_) => true,
            State::Succeeded => replay.succeeded,
            State::Pending(_) | State::Held(_) => false,
        };
        is_of_its_states && self.finished.is_some_and(|at| at <= replay.began) && recorded < replay.began
    }

    /// Due at once; after the attempt that is under way, where there is one.
    fn soon(&self, now: Timestamp, ahead: Duration) -> State {
        let attempt = self.flight.map_or(Duration::ZERO, |_| LEASE);
        State::Pending(Span::within(now, ahead.max(attempt)))
    }

    /// Due at once. A lane that claims it in the moment between the change and hearing of it hands it back once.
    pub fn release(&mut self, now: Timestamp) {
        self.state = self.soon(now, HANDED_BACK);
    }

    pub fn break_flight(&mut self) {
        if let Some(flight) = &mut self.flight {
            flight.is_broken = true;
        }
    }

    pub fn hold(&mut self, by: &'static str) {
        self.break_flight();
        if matches!(self.state, State::Pending(_)) {
            self.state = State::Held(by);
        }
    }

    /// A person cancels what waits.
    pub fn forget_asked(&mut self) {
        self.asked = false;
    }

    pub fn cancel(&mut self, reason: &'static str, now: Timestamp) {
        self.state = State::Cancelled(reason);
        self.finished = Some(now);
    }

    pub fn take(&mut self, replay: usize, now: Timestamp) {
        self.taken = Some(Taken { replay, from: self.state });
        self.state = self.soon(now, REPLAY_AHEAD);
        self.step = 0;
        self.finished = None;
    }

    /// The replay is cancelled: what it did not get through is again what it was.
    pub fn leave(&mut self, replay: usize, now: Timestamp) {
        let Some(taken) = self.taken.filter(|taken| taken.replay == replay && self.state.is_open()) else { return };
        self.taken = None;
        self.finished = Some(now);
        self.state = match taken.from {
            State::Cancelled(_) => State::Cancelled("replay_cancelled"),
            other => other,
        };
    }

    pub fn planned_flight(&self) -> Flight {
        let trigger = if self.taken.is_some() && self.step == 0 { "replay" } else { "schedule" };
        Flight { trigger, step: self.step, is_broken: false }
    }

    pub fn asked_flight(&self) -> Flight {
        Flight { trigger: "redeliver", step: self.step, is_broken: false }
    }

    /// The attempt is over and written down.
    pub fn record(&mut self, flight: Flight, succeeded: bool, now: Timestamp) {
        self.flight = None;
        self.asked &= flight.trigger != "redeliver";
        self.attempts += 1;
        self.read += 1;
        let after = now + Duration::from_micros(1);
        if succeeded {
            (self.state, self.finished) = (State::Succeeded, Some(after));
            return;
        }
        // A redelivery changes nothing, and neither does an attempt of a schedule that a replay has ended.
        if flight.trigger == "redeliver" || flight.step != self.step {
            return;
        }
        self.step += 1;
        match (SCHEDULE.get(flight.step), self.state) {
            (Some(delay), State::Pending(_)) => self.state = State::Pending(Span::at(now + *delay)),
            (None, State::Pending(_) | State::Held(_)) => (self.state, self.finished) = (State::Failed, Some(after)),
            _ => {}
        }
    }

    pub fn come_back(&mut self, now: Timestamp) {
        self.flight = None;
        if matches!(self.state, State::Pending(_)) {
            self.state = State::Pending(Span::within(now, HANDED_BACK));
        }
    }

    /// Whoever had it is gone. It comes again when the lease ends, or as soon as it is known that nobody holds it.
    pub fn crash(&mut self, now: Timestamp) {
        if self.flight.take().is_none() {
            return;
        }
        self.lost += 1;
        if let State::Pending(due) = self.state {
            self.state = State::Pending(Span { from: due.from.min(now), to: due.to.max(now + LEASE) });
        }
    }
}
