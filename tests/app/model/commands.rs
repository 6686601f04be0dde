//! What may happen to an organization's webhooks, drawn by chance: what people do, what receivers do, what machines do.

use std::time::Duration;

use herald::base::{Rng as _, SeededRng};
use herald::events::EventType;
use herald::webhooks::model::Held;

/// The types that are published and subscribed to; a few, so that they meet.
pub const KINDS: [EventType; 3] = [EventType::IntakeCreated, EventType::ProjectCreated, EventType::AnswerLibUpdated];

/// Most commands that come one after the other while requests are under way.
const LONGEST_BURST: usize = 12;

/// `hook` counts the webhooks back from the newest one, and `back` the events or replays likewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Publish { kind: EventType, count: usize },
    Add { kinds: Vec<EventType> },
    Subscribe { hook: usize, kinds: Vec<EventType> },
    Move { hook: usize },
    Pause { hook: usize },
    Resume { hook: usize, held: Option<Held> },
    Enable { hook: usize, held: Option<Held> },
    Delete { hook: usize },
    Undo { hook: usize },
    Replay { hook: usize, succeeded: bool },
    CancelReplay { back: usize },
    Redeliver { hook: usize, back: usize },
    Test { hook: usize },
    Turn { on: bool },
    Feel { hook: usize, mood: Mood },
    Crash,
    Pass(Duration),
}

/// How a receiver answers from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// 200, late enough for people to do something meanwhile.
    Slow,
    /// 500.
    Ill,
    /// 500, as late.
    Dying,
    /// 410 once, and then 200: Herald disables the webhook.
    Gone,
}

impl Command {
    /// The webhook that it is about.
    pub fn hook(&self) -> Option<usize> {
        self.clone().hook_mut().copied()
    }

    pub fn hook_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Subscribe { hook, .. }
            | Self::Move { hook }
            | Self::Pause { hook }
            | Self::Resume { hook, .. }
            | Self::Enable { hook, .. }
            | Self::Delete { hook }
            | Self::Undo { hook }
            | Self::Replay { hook, .. }
            | Self::Redeliver { hook, .. }
            | Self::Test { hook }
            | Self::Feel { hook, .. } => Some(hook),
            Self::Publish { .. } | Self::Add { .. } | Self::Turn { .. } => None,
            Self::CancelReplay { .. } | Self::Crash | Self::Pass(_) => None,
        }
    }

    /// Whether it leaves open what is to become of what is held.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::Resume { held: None, .. } | Self::Enable { held: None, .. })
    }
}

/// What chance says; the same for the same seed.
pub struct Dice(SeededRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    /// A number below `count`.
    pub fn below(&self, count: usize) -> usize {
        ((self.0.unit() * count as f64) as usize).min(count - 1)
    }

    fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn kinds(&self) -> Vec<EventType> {
        let chosen: Vec<_> = KINDS.into_iter().filter(|_| self.below(3) > 0).collect();
        if chosen.is_empty() { KINDS.to_vec() } else { chosen }
    }

    /// A near one more often than a far one.
    fn near(&self) -> usize {
        self.below(1 + self.below(12))
    }

    fn held(&self) -> Option<Held> {
        self.one_of(&[Some(Held::Deliver), Some(Held::Deliver), Some(Held::Deliver), Some(Held::Cancel), None])
    }

    /// Commands that come without a pause. Time passes before them, and a receiver is gone at most once.
    pub fn burst(&self) -> Vec<Command> {
        let mut burst = Vec::new();
        if self.below(3) == 0 {
            let seconds = self.one_of(&[1, 5, 5, 60, 60, 300, 700, 3_600]);
            burst.push(Command::Pass(Duration::from_secs(seconds)));
        }
        let length = 1 + self.below(LONGEST_BURST);
        if self.below(6) == 0 {
            burst.extend(self.haste(self.below(3)));
        }
        // Much at once to one webhook, or something to each.
        let focus = (self.below(2) == 0).then(|| self.below(5));
        while burst.len() < length {
            let next = self.command(focus.unwrap_or_else(|| self.below(5)));
            let is_gone = |command: &Command| matches!(command, Command::Feel { mood: Mood::Gone, .. });
            if !(is_gone(&next) && burst.iter().any(is_gone)) {
                burst.push(next);
            }
        }
        burst
    }

    /// What somebody does in haste while attempts are under way; rarely together by chance alone.
    fn haste(&self, hook: usize) -> Vec<Command> {
        let cancel = Some(Held::Cancel);
        let deliver = Some(Held::Deliver);
        let replay = Command::Replay { hook, succeeded: false };
        match self.below(4) {
            0 => vec![Command::Pause { hook }, Command::Resume { hook, held: cancel }, replay],
            1 => vec![
                Command::Pause { hook },
                Command::Resume { hook, held: deliver },
                Command::Redeliver { hook, back: 0 },
            ],
            2 => vec![Command::Delete { hook }, Command::Undo { hook }, Command::Pause { hook }],
            _ => vec![replay, Command::Delete { hook }, Command::Undo { hook }, Command::CancelReplay { back: 0 }],
        }
    }

    fn command(&self, hook: usize) -> Command {
        let weights: [(usize, &dyn Fn() -> Command); 16] = [
            (240, &|| Command::Publish { kind: self.one_of(&KINDS), count: self.one_of(&[1, 1, 1, 2]) }),
            (12, &|| Command::Add { kinds: self.kinds() }),
            (30, &|| Command::Subscribe { hook, kinds: self.kinds() }),
            (20, &|| Command::Move { hook }),
            (60, &|| Command::Pause { hook }),
            (90, &|| Command::Resume { hook, held: self.held() }),
            (50, &|| Command::Enable { hook, held: self.held() }),
            (25, &|| Command::Delete { hook }),
            (50, &|| Command::Undo { hook }),
            (40, &|| Command::Replay { hook, succeeded: self.below(3) == 0 }),
            (15, &|| Command::CancelReplay { back: self.below(3) }),
            (90, &|| Command::Redeliver { hook, back: self.near() }),
            (30, &|| Command::Test { hook }),
            (60, &|| Command::Turn { on: self.below(6) > 0 }),
            (100, &|| Command::Feel { hook, mood: self.mood() }),
            (10, &|| Command::Crash),
        ];
        let mut number = self.below(weights.iter().map(|(weight, _)| weight).sum());
        let chosen = weights.iter().find(|(weight, _)| match number.checked_sub(*weight) {
            Some(rest) => {
                number = rest;
                false
            }
            None => true,
        });
        chosen.expect("the number is below the sum of the weights").1()
    }

    fn mood(&self) -> Mood {
        self.one_of(&[Mood::Well, Mood::Well, Mood::Slow, Mood::Slow, Mood::Ill, Mood::Ill, Mood::Dying, Mood::Gone])
    }
}
