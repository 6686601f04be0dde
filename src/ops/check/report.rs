//! What a check has looked at, and what it has found wrong.

use std::collections::BTreeMap;
use std::fmt;

/// So many of a kind are named.
const NAMED: usize = 10;

macro_rules! faults {
    ($($name:ident = $sentence:literal,)*) => {
        /// A way in which the books can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $sentence] $name,)*
        }

        impl Fault {
            /// For people: what is wrong.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)*
                }
            }
        }
    };
}

faults! {
    Damaged = "the database file is damaged",
    BrokenReference = "a row refers to one that is not there",
    Unreadable = "a part of the books cannot be read",
    NumberTwice = "two events or changes of an organization have one number",
    NumberAhead = "an event has a number that its organization has not given yet",
    UnknownEventType = "an event is of a type that does not exist",
    MissingDelivery = "an event has no delivery to a webhook that was subscribed to it",
    UnexpectedDelivery = "an event has a delivery to a webhook that was not subscribed to it",
    DeliveryWithoutEvent = "a delivery has no event",
    DeliveryWithoutWebhook = "a delivery has no webhook",
    DeliveryOfAnother = "a delivery is of another organization or event type than its event",
    UnknownState = "a delivery is in a state that does not exist",
    PendingWithoutTime = "a pending delivery has no time at which it is due",
    PendingUnsendable = "a delivery is pending though its webhook is not active, or webhooks are turned off",
    HeldWithoutReason = "a held delivery does not say what it waits for",
    HeldForNothing = "a delivery is held though its webhook is active and webhooks are turned on",
    HeldWithTime = "a held delivery has a time at which it is due",
    OpenAndFinished = "an open delivery has a time at which it ended",
    EndedWithoutTime = "a delivery is at its end and does not say since when",
    EndedAndDue = "a delivery is at its end and has a time at which it is due, or something that it waits for",
    CancelledWithoutReason = "a cancelled delivery does not say why",
    UndoOutOfPlace = "a delivery could be brought back by an undo, though no deletion has cancelled it",
    AttemptsDiffer = "a delivery counts other attempts than are recorded",
    AttemptsGap = "the attempts of a delivery are not numbered from 1 on without a gap",
    AbsurdLease = "a delivery is leased for longer than any attempt lasts",
    AttemptWithoutDelivery = "an attempt has no delivery",
    SubscriptionBackwards = "a subscription ends before it begins",
    SubscriptionTwice = "a webhook is subscribed to an event type twice at a time",
    WebhookWithoutSecret = "a webhook has not exactly one secret that signs from now on",
    KeyWithoutEvent = "an idempotency key answers with an event that is not kept",
    KeyAnswerDiffers = "an idempotency key is kept with an event that it does not answer with",
    ReplayDiffers = "the numbers of a replay do not add up",
    Unsealable = "a secret cannot be opened with the key file",
    TagsDiffer = "the tags by which a pair of the answer library is found are not the pair's",
    TagWithoutAnswer = "the answer library has a tag of a pair that is not there",
    NotInFullText = "a pair of the answer library is not found by the words that it has",
    FullTextWithoutAnswer = "the full-text index has a pair that is not in the answer library",
    RemovalUnknown = "an event is remembered for its removal, and is not kept",
}

/// Cases of one fault.
#[derive(Clone, Debug, Default)]
struct Cases {
    count: u64,
    named: Vec<String>,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    counts: Vec<(&'static str, u64)>,
    found: BTreeMap<Fault, Cases>,
    left_out: Vec<String>,
}

impl Report {
    /// Adds to what was looked at.
    pub(super) fn count(&mut self, what: &'static str, count: u64) {
        match self.counts.iter_mut().find(|(known, _)| *known == what) {
            Some((_, total)) => *total += count,
            None => self.counts.push((what, count)),
        }
    }

    /// How much of it was looked at so far.
    pub fn counted(&self, what: &str) -> u64 {
        self.counts.iter().find(|(known, _)| *known == what).map_or(0, |(_, count)| *count)
    }

    /// Something is wrong with what `name` names.
    pub(super) fn find(&mut self, fault: Fault, name: impl FnOnce() -> String) {
        let cases = self.found.entry(fault).or_default();
        cases.count += 1;
        if cases.named.len() < NAMED {
            cases.named.push(name());
        }
    }

    /// Something could not be looked at, and why.
    pub(super) fn leave_out(&mut self, sentence: impl Into<String>) {
        self.left_out.push(sentence.into());
    }

    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// Every fault that was found, with how often.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.found.iter().map(|(fault, cases)| (*fault, cases.count)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.counts {
            writeln!(f, "{count:>12}  {what}")?;
        }
        for sentence in &self.left_out {
            writeln!(f, "not checked: {sentence}")?;
        }
        for (fault, Cases { count, named }) in &self.found {
            writeln!(f, "\n{} ({count}):", fault.sentence())?;
            for name in named {
                writeln!(f, "  {name}")?;
            }
            let more = count.saturating_sub(named.len() as u64);
            if more > 0 {
                writeln!(f, "  and {more} more")?;
            }
        }
        Ok(())
    }
}
