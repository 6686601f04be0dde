//! Which messages have come, how often, and what became of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use crate::receiver::Verdict;

/// Messages that are remembered; past that the oldest are forgotten.
const MAX_MESSAGES: usize = 10_000;

/// Characters of an id that tell messages apart: four times those of Herald's own.
const MAX_ID: usize = 128;

#[derive(Default)]
pub struct Seen(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// By `webhook-id`; requests without one are one message together.
    messages: HashMap<String, Message>,
    oldest: VecDeque<String>,
    callbacks: u64,
    repeated: u64,
    others: u64,
    holding: u64,
    failing: u64,
}

#[derive(Clone, Copy, Default)]
struct Message {
    attempts: u32,
    /// One of them was answered with 2xx.
    is_taken: bool,
}

/// One attempt of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// From 1.
    pub number: u32,
    /// An earlier attempt was answered with 2xx, so that this one must change nothing.
    pub is_duplicate: bool,
    /// How it is answered.
    pub status: u16,
}

impl Seen {
    /// Counts a callback; `status` says how the attempt of that number is answered.
    pub fn count(&self, id: Option<&str>, verdict: &Verdict, status: impl FnOnce(u32) -> u16) -> Visit {
        let mut counts = self.lock();
        counts.callbacks += 1;
        match verdict {
            Verdict::Holds { .. } => counts.holding += 1,
            Verdict::Problem(_) => counts.failing += 1,
            Verdict::NoKey => {}
        }
        let id: String = id.unwrap_or_default().chars().take(MAX_ID).collect();
        let message = counts.message(id);
        message.attempts = message.attempts.saturating_add(1);
        let status = status(message.attempts);
        let visit = Visit { number: message.attempts, is_duplicate: message.is_taken, status };
        message.is_taken |= (200..300).contains(&status);
        counts.repeated += u64::from(visit.number > 1);
        visit
    }

    /// Counts a request that was no callback.
    pub fn count_other(&self) {
        self.lock().others += 1;
    }

    /// All in a line, for the end.
    pub fn summary(&self) -> String {
        let counts = self.lock();
        let Counts { callbacks, repeated, holding, failing, others, .. } = *counts;
        let mut parts = vec![format!("{callbacks} {}", if callbacks == 1 { "callback" } else { "callbacks" })];
        if repeated > 0 {
            parts.push(format!("{repeated} of them repeated"));
        }
        if holding + failing > 0 {
            parts.push(format!("signatures: {holding} hold, {failing} do not"));
        } else if callbacks > 0 {
            parts.push("signatures not checked".into());
        }
        if others > 0 {
            parts.push(format!("{others} other {}", if others == 1 { "request" } else { "requests" }));
        }
        format!("Received {}.", parts.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl Counts {
    fn message(&mut self, id: String) -> &mut Message {
        if !self.messages.contains_key(&id) {
            self.oldest.push_back(id.clone());
            if self.oldest.len() > MAX_MESSAGES
                && let Some(forgotten) = self.oldest.pop_front()
            {
                self.messages.remove(&forgotten);
            }
        }
        self.messages.entry(id).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNCHECKED: Verdict = Verdict::NoKey;

    #[test]
    fn attempts_are_counted_for_each_message() {
        let seen = Seen::default();
        let fails_once = |number| if number == 1 { 503 } else { 200 };
        let visit = |id| seen.count(id, &UNCHECKED, fails_once);
        assert_eq!(visit(Some("a")), Visit { number: 1, is_duplicate: false, status: 503 });
        assert_eq!(visit(Some("b")), Visit { number: 1, is_duplicate: false, status: 503 });
        assert_eq!(visit(Some("a")), Visit { number: 2, is_duplicate: false, status: 200 });
        assert_eq!(visit(Some("a")), Visit { number: 3, is_duplicate: true, status: 200 });
        assert_eq!((visit(None).number, visit(None).number), (1, 2));
        seen.count_other();
        let summary = "Received 6 callbacks; 3 of them repeated; signatures not checked; 1 other request.";
        assert_eq!(seen.summary(), summary);
    }

    #[test]
    fn the_oldest_messages_are_forgotten() {
        let seen = Seen::default();
        for number in 0..=MAX_MESSAGES {
            seen.count(Some(&number.to_string()), &Verdict::Holds { key: "the secret".into() }, |_| 200);
        }
        assert_eq!(seen.count(Some("1"), &UNCHECKED, |_| 200).number, 2);
        assert_eq!(seen.count(Some("0"), &UNCHECKED, |_| 200).number, 1);
        assert_eq!(seen.lock().messages.len(), MAX_MESSAGES);
        assert!(seen.summary().ends_with("signatures: 10001 hold, 0 do not."), "{}", seen.summary());
    }
}
