//! The organization, as the contract has it: after every burst it tells whether what is seen can have come of what happened.

use std::collections::BTreeSet;

use herald::base::Timestamp;
use herald::delivery::model::{ReplayState, UNDO_WITHIN};
use herald::webhooks::model::{Held, WebhookState};

use super::commands::{Command, Mood};
use super::delivery::{Delivery, ReplayRule};
use super::happening::{Happening, Moment, No, Outcome};
use super::hook::{Hook, Told};
use super::seen::{Attempt, GONE, Row, Seen};
use super::story::Story;

struct Replay {
    hook: usize,
    rule: ReplayRule,
    state: ReplayState,
    /// The events that it was for; none where that was not certain.
    promised: Vec<usize>,
}

pub struct Book {
    pub on: bool,
    pub hooks: Vec<Hook>,
    /// When each event was recorded.
    pub events: Vec<Timestamp>,
    replays: Vec<Replay>,
}

impl Book {
    pub fn new() -> Self {
        Self { on: true, hooks: Vec::new(), events: Vec::new(), replays: Vec::new() }
    }

    /// The command with the numbers of what it is about, by what was known before the burst; `None` where there is nothing of
    /// that kind yet.
    pub fn resolve(&self, mut command: Command, now: Timestamp) -> Option<Command> {
        if let Command::CancelReplay { back } = &mut command {
            *back = newest(self.replays.len(), *back)?;
        }
        if let Some(hook) = command.hook_mut() {
            // What was deleted long ago is of no more interest.
            let reachable = self.hooks.iter().enumerate().filter(|(_, found)| found.is_within_reach(now));
            let reachable: Vec<usize> = reachable.map(|(number, _)| number).collect();
            *hook = reachable[newest(reachable.len(), *hook)?];
        }
        if let Command::Redeliver { hook, back } = &mut command {
            let known: Vec<usize> = self.hooks[*hook].deliveries.keys().copied().collect();
            *back = known[newest(known.len(), *back)?];
        }
        Some(command)
    }

    /// Goes on by a burst: from one quiet moment to the next, where everything was as `seen`.
    pub fn follow(&mut self, moments: &[Moment], seen: &Seen) -> Result<(), String> {
        let on = self.on;
        let mut begins = vec![0; self.hooks.len()];
        for (place, moment) in moments.iter().enumerate() {
            self.note(moment, moments[..place].iter().all(Moment::leaves_what_has_ended))?;
            begins.resize(self.hooks.len(), place + 1);
        }
        let mut deleted_for_good = Vec::new();
        for (number, begin) in begins.into_iter().enumerate() {
            let on = if begin == 0 { on } else { true };
            let told = self.explain(number, on, &moments[begin..], seen);
            let told = told.map_err(|why| format!("webhook {number}: {why}"))?;
            // Time may have passed between a deletion and its undo in the same burst, or before it.
            let last = moments.last().map(|moment| moment.now);
            let deleted = [self.hooks[number].deleted, told.hook.deleted].into_iter().flatten().min();
            let lasts = |(at, now): (Timestamp, Timestamp)| now.saturating_sub(at) >= UNDO_WITHIN;
            deleted_for_good.push(deleted.zip(last).is_some_and(lasts));
            self.hooks[number] = told.hook;
        }
        self.follow_replays(moments, seen, &deleted_for_good)
    }

    /// What is new: events, webhooks, replays.
    fn note(&mut self, moment: &Moment, is_certain: bool) -> Result<(), String> {
        match (&moment.command, &moment.outcome) {
            (Command::Turn { on }, _) => self.on = *on,
            (Command::Publish { .. }, Outcome::Published(events)) => self.events.resize(events.end, moment.now),
            (Command::Add { kinds }, outcome) => match (self.on, outcome) {
                (true, Outcome::Done) => self.hooks.push(Hook::new(kinds)),
                (false, Outcome::Refused(No::NotEnabled)) => {}
                _ => return Err(format!("{moment:?}: webhooks are turned on: {}", self.on)),
            },
            (Command::Replay { hook, succeeded }, Outcome::Replaying { total, .. }) => {
                let rule = ReplayRule { began: moment.now, succeeded: *succeeded };
                let is_certain = is_certain && self.hooks[*hook].replays.is_empty();
                let promised = if is_certain { self.takeable(*hook, rule) } else { Vec::new() };
                if is_certain && promised.len() != *total {
                    return Err(format!("{moment:?}: it takes {promised:?}"));
                }
                let state = if *total == 0 { ReplayState::Finished } else { ReplayState::Running };
                self.replays.push(Replay { hook: *hook, rule, state, promised });
            }
            _ => {}
        }
        Ok(())
    }

    fn takeable(&self, hook: usize, rule: ReplayRule) -> Vec<usize> {
        let deliveries = self.hooks[hook].deliveries.iter();
        let taken = deliveries.filter(|(event, delivery)| delivery.is_for(rule, self.events[**event]));
        taken.map(|(event, _)| *event).collect()
    }

    /// A webhook after the burst, by the first way that leads to what is seen.
    fn explain(&self, number: usize, on: bool, moments: &[Moment], seen: &Seen) -> Result<Told, String> {
        let hook = &self.hooks[number];
        let explain = |gone_at| {
            let mut told = hook.tell(number, on, moments, gone_at)?;
            self.compare(number, &mut told, gone_at, seen)?;
            Ok(told)
        };
        let plainly = explain(None);
        if plainly.is_err() && (seen.has_crashed || self.has_answered_gone(number, seen)) {
            // Commands and the 410 were under way together: it came before one of them, or after all.
            let way = (1..=moments.len()).find_map(|place| explain(Some(place)).ok());
            return way.map_or(plainly, Ok);
        }
        plainly
    }

    fn compare(&self, number: usize, told: &mut Told, gone_at: Option<usize>, seen: &Seen) -> Result<(), String> {
        let (state, is_deleted) = seen.hooks[number];
        if (state, is_deleted) != (told.hook.state, told.hook.deleted.is_some()) {
            return Err(format!("is {state}, deleted: {is_deleted}; expected {:?}", told.hook));
        }
        if gone_at.is_none() && told.was_active_throughout() && self.has_answered_gone(number, seen) {
            return Err(format!("answered {GONE} and is {state}"));
        }
        let before = &self.hooks[number].deliveries;
        let mut deliveries = before.clone();
        for event in self.concerned(number, told, seen) {
            let after = self.compare_delivery(number, event, told, seen);
            match after.map_err(|why| format!("event {event}: {why}"))? {
                Some(delivery) => deliveries.insert(event, delivery),
                None => deliveries.remove(&event),
            };
        }
        told.hook.deliveries = deliveries;
        Ok(())
    }

    /// Events whose deliveries may be others than before.
    fn concerned(&self, number: usize, told: &Told, seen: &Seen) -> BTreeSet<usize> {
        let before = &self.hooks[number].deliveries;
        let open = before.iter().filter(|(_, delivery)| delivery.state.is_open()).map(|(event, _)| *event);
        let mut concerned: BTreeSet<usize> = open.chain(seen.rows[number].keys().copied()).collect();
        for step in &told.steps {
            match &step.happening {
                Happening::Published { events, .. } => concerned.extend(events.clone()),
                Happening::Restored { missed, .. } => concerned.extend(missed),
                Happening::Redelivered { event }
                | Happening::UnderWay { event }
                | Happening::NoSuchDelivery { event } => {
                    concerned.insert(*event);
                }
                _ => {}
            }
        }
        if seen.is_whole {
            concerned.extend(before.keys());
        }
        concerned
    }

    /// The attempts that were written down since the burst before.
    fn new_attempts<'a>(&self, number: usize, event: usize, seen: &'a Seen) -> &'a [Attempt] {
        let known = self.hooks[number].deliveries.get(&event).map_or(0, |delivery| delivery.attempts);
        let read = seen.attempts.get(&(number, event)).map_or(&[][..], Vec::as_slice);
        &read[read.partition_point(|attempt| attempt.number <= known)..]
    }

    fn has_answered_gone(&self, number: usize, seen: &Seen) -> bool {
        let events = seen.attempts.keys().filter(|(hook, _)| *hook == number).map(|(_, event)| *event);
        let mut new = events.flat_map(|event| self.new_attempts(number, event, seen));
        new.any(|attempt| attempt.status == Some(GONE))
    }

    fn compare_delivery(
        &self,
        number: usize,
        event: usize,
        told: &Told,
        seen: &Seen,
    ) -> Result<Option<Delivery>, String> {
        let before = self.hooks[number].deliveries.get(&event).cloned();
        let attempts = self.new_attempts(number, event, seen);
        let rules: Vec<ReplayRule> = self.replays.iter().map(|replay| replay.rule).collect();
        let story = Story { event, recorded: self.events[event], steps: &told.steps, attempts, replays: &rules };
        let row = seen.rows[number].get(&event);
        let received = seen.received.get(&(number, event)).copied().unwrap_or(0);
        let ends = story.ends(before.clone());
        let fits = |end: &&Option<Delivery>| match (end, row) {
            (Some(end), Some(row)) => is_seen(end, row) && may_have_received(end, received),
            (Some(end), None) => {
                let is_unchanged = before.as_ref().is_some_and(|before| end.is_still(before));
                !seen.is_whole && is_unchanged && may_have_received(end, received)
            }
            (None, row) => row.is_none() && received == 0,
        };
        // A request that a crash has lost may arrive later than one looks: the most that there can have been are remembered.
        let fitting = ends.iter().filter(fits).max_by_key(|end| end.as_ref().map_or(0, |end| end.lost));
        match (fitting, row) {
            (Some(Some(end)), Some(row)) => Ok(Some(end.clone().settled(row))),
            (Some(end), _) => Ok(end.clone()),
            (None, _) => Err(format!(
                "is {row:?} after {attempts:?}, requests in all: {received}\nbefore: {before:?}\nmay be: {ends:#?}\nafter: {:#?}",
                told.steps
            )),
        }
    }

    fn follow_replays(&mut self, moments: &[Moment], seen: &Seen, deleted_for_good: &[bool]) -> Result<(), String> {
        for (number, replay) in self.replays.iter_mut().enumerate() {
            let is_cancelled = moments.iter().any(|moment| {
                moment.command == Command::CancelReplay { back: number } && moment.outcome == Outcome::Done
            });
            let deliveries = &self.hooks[replay.hook].deliveries;
            let is_of_it = |delivery: &&Delivery| delivery.taken.is_some_and(|taken| taken.replay == number);
            let is_open = deliveries.values().filter(is_of_it).any(|delivery| delivery.state.is_open());
            let state = seen.replays[number];
            let is_right = match (replay.state, state) {
                (ReplayState::Running, ReplayState::Running) => !is_cancelled,
                (ReplayState::Running, ReplayState::Finished) => !is_cancelled && !is_open,
                (ReplayState::Running, ReplayState::Cancelled) => is_cancelled || deleted_for_good[replay.hook],
                (before, after) => before == after,
            };
            if !is_right {
                return Err(format!("replay {number}, which was {}, is {state}; open: {is_open}", replay.state));
            }
            if (replay.state, state) == (ReplayState::Running, ReplayState::Finished) {
                let is_forgotten = |event: &&usize| {
                    let delivery = &deliveries[*event];
                    delivery.is_for(replay.rule, self.events[**event])
                        && delivery.finished.is_some_and(|at| at < replay.rule.began)
                };
                if let Some(event) = replay.promised.iter().find(is_forgotten) {
                    return Err(format!("replay {number} has finished and has forgotten event {event}"));
                }
            }
            replay.state = state;
            if state != ReplayState::Running {
                self.hooks[replay.hook].replays.retain(|other| *other != number);
            }
        }
        Ok(())
    }

    /// Something that is still on its way.
    pub fn open(&self) -> Option<String> {
        let of_hook = |(number, hook): (usize, &Hook)| {
            let (event, delivery) = hook.deliveries.iter().find(|(_, delivery)| delivery.state.is_open())?;
            Some(format!("event {event} to webhook {number}: {delivery:?}"))
        };
        let running = self.replays.iter().position(|replay| replay.state == ReplayState::Running);
        let replay = running.map(|number| format!("replay {number}"));
        self.hooks.iter().enumerate().find_map(of_hook).or(replay)
    }

    /// What makes everybody well and active.
    pub fn remedies(&self) -> Vec<Command> {
        let held = Some(Held::Deliver);
        let mut remedies = vec![Command::Turn { on: true }];
        for (hook, found) in self.hooks.iter().enumerate() {
            remedies.push(Command::Feel { hook, mood: Mood::Well });
            match (found.deleted, found.state) {
                (None, WebhookState::Paused) => remedies.push(Command::Resume { hook, held }),
                (None, WebhookState::Disabled) => remedies.push(Command::Enable { hook, held }),
                _ => {}
            }
        }
        remedies
    }
}

/// The number of the one that is so far back from the newest, or of the oldest.
fn newest(count: usize, back: usize) -> Option<usize> {
    count.checked_sub(1).map(|last| last - back.min(last))
}

fn is_seen(delivery: &Delivery, row: &Row) -> bool {
    delivery.is_seen_as(row) && delivery.taken.map(|taken| taken.replay) == row.replay
}

/// Every attempt was a request, and every request is an attempt, but for those that a crash has lost.
fn may_have_received(delivery: &Delivery, requests: usize) -> bool {
    (delivery.attempts..=delivery.attempts + delivery.lost).contains(&requests)
}

impl Moment {
    /// Whether deliveries that have come to an end are still what they were.
    fn leaves_what_has_ended(&self) -> bool {
        matches!(
            self.command,
            Command::Feel { .. }
                | Command::Test { .. }
                | Command::Pass(_)
                | Command::Publish { .. }
                | Command::Move { .. }
                | Command::Subscribe { .. }
                | Command::Add { .. }
        )
    }
}
