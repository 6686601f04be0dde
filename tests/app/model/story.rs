//! What may become of one delivery in a burst.
//!
//! The engine works beside the commands of a burst, so it is not known between which of them an attempt began and ended. The
//! model follows all the ways in which it can have been; what is seen at the end must be the end of one of them.

use std::collections::HashSet;

use herald::base::Timestamp;

use super::delivery::{Birth, Delivery, ReplayRule, State};
use super::happening::{Happening, Step};
use super::seen::Attempt;

/// All that bears on one delivery in a burst.
pub struct Story<'a> {
    pub event: usize,
    pub recorded: Timestamp,
    pub steps: &'a [Step],
    pub attempts: &'a [Attempt],
    pub replays: &'a [ReplayRule],
}

impl Story<'_> {
    /// Every delivery that `before` can have become by the end of the burst; `None`: there is none.
    pub fn ends(&self, before: Option<Delivery>) -> HashSet<Option<Delivery>> {
        let mut all = HashSet::from([before]);
        for step in self.steps {
            all = all.into_iter().filter_map(|one| self.happens(one, step)).collect();
            self.engine_works(&mut all, step);
        }
        let is_over = |one: &Option<Delivery>| match one {
            Some(one) => one.flight.is_none() && one.read == self.attempts.len(),
            None => self.attempts.is_empty(),
        };
        all.retain(is_over);
        all
    }

    /// What the command makes of it; nothing where it cannot have been like this.
    fn happens(&self, one: Option<Delivery>, step: &Step) -> Option<Option<Delivery>> {
        let now = step.now;
        let Some(mut it) = one else {
            return match &step.happening {
                Happening::Published { events, birth: Some(birth) } if events.contains(&self.event) => {
                    Some(Some(Delivery::born(*birth, now)))
                }
                Happening::Restored { birth, missed } if missed.contains(&self.event) => {
                    Some(Some(Delivery::born(*birth, now)))
                }
                Happening::Redelivered { event } | Happening::UnderWay { event } if *event == self.event => None,
                _ => Some(None),
            };
        };
        match &step.happening {
            Happening::Held { by } => it.hold(by),
            Happening::Disabled => it.hold("webhook"),
            Happening::NothingHeld if matches!(it.state, State::Held(_)) => return None,
            Happening::Released if matches!(it.state, State::Held(_)) => it.release(now),
            Happening::CancelledOnResume => {
                it.forget_asked();
                if matches!(it.state, State::Held(_)) {
                    it.cancel("cancelled_on_resume", now);
                }
            }
            Happening::Deleted => {
                it.break_flight();
                it.forget_asked();
                if it.state.is_open() {
                    it.cancel("webhook_deleted", now);
                }
            }
            Happening::Restored { birth, .. } if it.state == State::Cancelled("webhook_deleted") => {
                it.finished = None;
                match birth {
                    Birth::Pending => it.release(now),
                    Birth::Held => it.state = State::Held("webhook"),
                }
            }
            Happening::TurnedOn { is_active } if it.state == State::Held("switch") => match is_active {
                true => it.release(now),
                false => it.state = State::Held("webhook"),
            },
            Happening::ReplayCancelled(replay) => it.leave(*replay, now),
            Happening::Redelivered { event } if *event == self.event => {
                if it.flight.is_some() {
                    return None;
                }
                it.asked = true;
                it.flight = Some(it.asked_flight());
            }
            Happening::UnderWay { event } if *event == self.event && it.flight.is_none() => return None,
            Happening::NoSuchDelivery { event } if *event == self.event => return None,
            Happening::Crashed => it.crash(now),
            _ => {}
        }
        Some(Some(it))
    }

    /// Adds everything that the engine may do by itself between two commands.
    fn engine_works(&self, all: &mut HashSet<Option<Delivery>>, step: &Step) {
        let mut new: Vec<Delivery> = all.iter().flatten().cloned().collect();
        while let Some(it) = new.pop() {
            for next in self.moves(&it, step) {
                if all.insert(Some(next.clone())) {
                    new.push(next);
                }
            }
        }
    }

    fn moves(&self, it: &Delivery, step: &Step) -> Vec<Delivery> {
        let mut moves = Vec::new();
        let mut may = |change: &dyn Fn(&mut Delivery)| {
            let mut next = it.clone();
            change(&mut next);
            moves.push(next);
        };
        if it.flight.is_none() && it.asked && step.is_deliverable {
            may(&|next| next.flight = Some(next.asked_flight()));
        }
        match (it.flight, it.state) {
            (None, State::Pending(due)) if due.from <= step.now && step.is_deliverable => {
                may(&|next| next.flight = Some(next.planned_flight()));
            }
            (Some(flight), _) => {
                if let Some(attempt) = self.attempts.get(it.read).filter(|next| next.trigger == flight.trigger) {
                    may(&|next| next.record(flight, attempt.succeeded, step.now));
                }
                if flight.is_broken {
                    may(&|next| next.come_back(step.now));
                }
            }
            _ => {}
        }
        if step.is_deliverable {
            for replay in &step.replays {
                if it.is_for(self.replays[*replay], self.recorded) {
                    may(&|next| next.take(*replay, step.now));
                }
            }
        }
        moves
    }
}
