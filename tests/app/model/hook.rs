//! One webhook, as the contract has it: which commands it takes in which state, and what they mean for its deliveries.

use std::collections::{BTreeMap, BTreeSet};

use herald::base::Timestamp;
use herald::delivery::model::UNDO_WITHIN;
use herald::events::EventType;
use herald::webhooks::model::{Held, WebhookState};

use super::commands::Command;
use super::delivery::{Birth, Delivery};
use super::happening::{Happening, Moment, No, Outcome, Step};

#[derive(Clone, Debug)]
pub struct Hook {
    pub state: WebhookState,
    pub deleted: Option<Timestamp>,
    pub kinds: BTreeSet<EventType>,
    /// Events that it would have been sent while it was deleted.
    missed: Vec<usize>,
    /// Replays that may still take something.
    pub replays: Vec<usize>,
    /// By the number of the event.
    pub deliveries: BTreeMap<usize, Delivery>,
}

/// A webhook after a burst, and how it came there.
#[derive(Debug)]
pub struct Told {
    pub hook: Hook,
    pub steps: Vec<Step>,
}

impl Hook {
    pub fn new(kinds: &[EventType]) -> Self {
        Self {
            state: WebhookState::Active,
            deleted: None,
            kinds: kinds.iter().copied().collect(),
            missed: Vec::new(),
            replays: Vec::new(),
            deliveries: BTreeMap::new(),
        }
    }

    /// Goes through `moments` as the webhook of that number. `gone_at`: before which of them (or after all) its receiver's 410
    /// disabled it. What contradicts the contract is an error.
    pub fn tell(
        &self,
        number: usize,
        mut on: bool,
        moments: &[Moment],
        gone_at: Option<usize>,
    ) -> Result<Told, String> {
        let mut told = Told { hook: self.without_deliveries(), steps: Vec::new() };
        for (place, moment) in moments.iter().enumerate() {
            if gone_at == Some(place) && place > 0 {
                told.disable(moments[place - 1].now, on)?;
            }
            if let Command::Turn { on: now_on } = moment.command {
                on = now_on;
            }
            let happening = told.hook.meets(number, on, moment).map_err(|why| format!("{moment:?}: {why}"))?;
            told.push(happening, moment.now, on);
        }
        if gone_at == Some(moments.len())
            && let Some(last) = moments.last()
        {
            told.disable(last.now, on)?;
        }
        Ok(told)
    }

    fn without_deliveries(&self) -> Self {
        Self {
            state: self.state,
            deleted: self.deleted,
            kinds: self.kinds.clone(),
            missed: self.missed.clone(),
            replays: self.replays.clone(),
            deliveries: BTreeMap::new(),
        }
    }

    pub fn is_active(&self) -> bool {
        self.state == WebhookState::Active && self.deleted.is_none()
    }

    /// Whether there is anything left to do with it.
    pub fn is_within_reach(&self, now: Timestamp) -> bool {
        self.deleted.is_none_or(|at| now.saturating_sub(at) < UNDO_WITHIN + UNDO_WITHIN)
    }

    /// What the moment is for this webhook, which changes with it.
    fn meets(&mut self, number: usize, on: bool, moment: &Moment) -> Result<Happening, String> {
        let refused = match moment.outcome {
            Outcome::Refused(no) => Some(no),
            _ => None,
        };
        match &moment.command {
            Command::Publish { kind, .. } => Ok(self.published(*kind, on, &moment.outcome)),
            Command::Turn { on } => Ok(if *on {
                Happening::TurnedOn { is_active: self.is_active() }
            } else {
                Happening::Held { by: "switch" }
            }),
            Command::Crash => Ok(Happening::Crashed),
            Command::CancelReplay { back } if self.replays.contains(back) => Ok(self.replay_cancelled(*back, refused)),
            Command::Redeliver { hook, back } if *hook == number => self.redelivered(*back, on, refused),
            Command::Replay { hook, .. } if *hook == number => self.replay_began(on, &moment.outcome),
            command if command.hook() == Some(number) => {
                let allowed = self.allows(command, on, moment.now);
                match (allowed, refused) {
                    (Ok(()), None) => Ok(self.obeys(command, moment.now)),
                    (Ok(()), Some(No::Undecided)) if command.is_undecided() => Ok(Happening::Nothing),
                    (Err(no), Some(given)) if no == given => Ok(Happening::Nothing),
                    (allowed, _) => Err(format!("expected {allowed:?}")),
                }
            }
            _ => Ok(Happening::Nothing),
        }
    }

    fn published(&mut self, kind: EventType, on: bool, outcome: &Outcome) -> Happening {
        let Outcome::Published(events) = outcome else { return Happening::Nothing };
        let is_wanted = on && self.kinds.contains(&kind);
        if is_wanted && self.deleted.is_some() {
            self.missed.extend(events.clone());
        }
        let birth = (is_wanted && self.deleted.is_none()).then(|| self.birth());
        Happening::Published { events: events.clone(), birth }
    }

    fn birth(&self) -> Birth {
        if self.state == WebhookState::Active { Birth::Pending } else { Birth::Held }
    }

    fn allows(&self, command: &Command, on: bool, now: Timestamp) -> Result<(), No> {
        if matches!(command, Command::Feel { .. }) {
            return Ok(());
        }
        let is_test = matches!(command, Command::Test { .. });
        if !on && !is_test {
            return Err(No::NotEnabled);
        }
        match (command, self.deleted) {
            (Command::Undo { .. }, Some(at)) if now.saturating_sub(at) >= UNDO_WITHIN => return Err(No::TooLate),
            (Command::Undo { .. }, _) => return Ok(()),
            (_, Some(_)) => return Err(No::NotFound),
            (_, None) => {}
        }
        match (command, self.state) {
            (Command::Pause { .. }, WebhookState::Disabled)
            | (Command::Resume { .. }, WebhookState::Disabled)
            | (Command::Enable { .. }, WebhookState::Paused) => Err(No::Is(self.state)),
            _ => Ok(()),
        }
    }

    fn obeys(&mut self, command: &Command, now: Timestamp) -> Happening {
        match command {
            Command::Subscribe { kinds, .. } => self.kinds = kinds.iter().copied().collect(),
            Command::Pause { .. } if self.state == WebhookState::Active => {
                self.state = WebhookState::Paused;
                return Happening::Held { by: "webhook" };
            }
            Command::Resume { held, .. } | Command::Enable { held, .. } if self.state != WebhookState::Active => {
                self.state = WebhookState::Active;
                return match held {
                    None => Happening::NothingHeld,
                    Some(Held::Cancel) => Happening::CancelledOnResume,
                    Some(Held::Deliver | Held::DeliverSlowly(_)) => Happening::Released,
                };
            }
            Command::Delete { .. } => {
                self.deleted = Some(now);
                return Happening::Deleted;
            }
            Command::Undo { .. } if self.deleted.is_some() => {
                self.deleted = None;
                return Happening::Restored { birth: self.birth(), missed: std::mem::take(&mut self.missed) };
            }
            _ => {}
        }
        Happening::Nothing
    }

    fn replay_began(&mut self, on: bool, outcome: &Outcome) -> Result<Happening, String> {
        let allowed = match (self.deleted, on, self.state) {
            (Some(_), ..) => Err(No::NotFound),
            (None, false, _) => Err(No::TurnedOff),
            (None, true, WebhookState::Active) => Ok(()),
            (None, true, _) => Err(No::NotActive),
        };
        match (allowed, outcome) {
            (Ok(()), Outcome::Replaying { replay, total }) => {
                if *total > 0 {
                    self.replays.push(*replay);
                }
                Ok(Happening::Nothing)
            }
            (Err(no), Outcome::Refused(given)) if no == *given => Ok(Happening::Nothing),
            (allowed, _) => Err(format!("expected {allowed:?}")),
        }
    }

    fn replay_cancelled(&mut self, replay: usize, refused: Option<No>) -> Happening {
        self.replays.retain(|other| *other != replay);
        if refused.is_some() { Happening::Nothing } else { Happening::ReplayCancelled(replay) }
    }

    fn redelivered(&self, event: usize, on: bool, refused: Option<No>) -> Result<Happening, String> {
        let allowed = match (self.deleted, on, self.state) {
            (Some(_), ..) => Err(No::Deleted),
            (None, false, _) => Err(No::TurnedOff),
            (None, true, WebhookState::Active) => Ok(()),
            (None, true, _) => Err(No::NotActive),
        };
        match (allowed, refused) {
            (_, Some(No::NotFound)) => Ok(Happening::NoSuchDelivery { event }),
            (Ok(()), None) => Ok(Happening::Redelivered { event }),
            (Ok(()), Some(No::UnderWay)) => Ok(Happening::UnderWay { event }),
            (Err(no), Some(given)) if no == given => Ok(Happening::Nothing),
            (allowed, _) => Err(format!("expected {allowed:?}")),
        }
    }
}

impl Told {
    fn disable(&mut self, now: Timestamp, on: bool) -> Result<(), String> {
        if !self.hook.is_active() {
            return Err("only an active webhook is disabled".into());
        }
        self.hook.state = WebhookState::Disabled;
        self.push(Happening::Disabled, now, on);
        Ok(())
    }

    fn push(&mut self, happening: Happening, now: Timestamp, on: bool) {
        let is_deliverable = on && self.hook.is_active();
        let replays = self.hook.replays.clone();
        let is_new = self.steps.last().is_none_or(|last| last.now != now || last.replays != replays);
        if is_new || happening != Happening::Nothing {
            self.steps.push(Step { happening, now, is_deliverable, replays });
        }
    }

    /// Whether it took deliveries all the time.
    pub fn was_active_throughout(&self) -> bool {
        self.steps.iter().all(|step| step.is_deliverable)
    }
}
