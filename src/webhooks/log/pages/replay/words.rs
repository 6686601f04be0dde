//! Replays in words.

use crate::base::{TimeZone, Timestamp};
use crate::delivery::model::{DeliveryState, Replay, ReplayFilter, ReplayState};

use super::super::words::{StateWord, count, when};

/// A state as part of a sentence.
pub(super) const fn state_word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Held => "held",
        DeliveryState::Succeeded => "delivered",
        DeliveryState::Failed => "failed",
        DeliveryState::Cancelled => "cancelled",
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `failed and cancelled`.
pub(super) fn states(filter: &ReplayFilter) -> String {
    listed(&filter.states.iter().map(|state| state_word(*state).to_owned()).collect::<Vec<_>>())
}

/// `14 failed deliveries`, `17 deliveries` where they are in more than one state.
pub(super) fn how_many(counts: &[(DeliveryState, i64)]) -> String {
    let some: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
    match some.as_slice() {
        [(DeliveryState::Succeeded, number)] => count(*number, "delivery that arrived", "deliveries that arrived"),
        [(state, number)] => {
            let word = state_word(*state);
            count(*number, &format!("{word} delivery"), &format!("{word} deliveries"))
        }
        _ => count(counts.iter().map(|(_, count)| count).sum(), "delivery", "deliveries"),
    }
}

/// `23 Nov, 09:40 to 12:00:05`.
pub(super) fn period(filter: &ReplayFilter, now: Timestamp, zone: TimeZone) -> String {
    format!("{} to {}", when(filter.since, now, zone).text, when(filter.until, now, zone).text)
}

pub(super) fn badge(replay: &Replay) -> StateWord {
    match replay.state {
        ReplayState::Running => StateWord::new("info", "refresh-cw", "Running"),
        ReplayState::Finished => StateWord::new("ok", "circle-check", "Finished"),
        ReplayState::Cancelled => StateWord::new("off", "ban", "Cancelled"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState::{Cancelled, Failed, Succeeded};

    #[test]
    fn deliveries_are_called_by_their_state_where_it_is_one() {
        for (counts, words) in [
            (&[(Failed, 14), (Cancelled, 0)][..], "14 failed deliveries"),
            (&[(Failed, 0), (Cancelled, 1)], "1 cancelled delivery"),
            (&[(Failed, 14), (Cancelled, 3)], "17 deliveries"),
            (&[(Failed, 0), (Cancelled, 0)], "0 deliveries"),
            (&[(Succeeded, 2)], "2 deliveries that arrived"),
        ] {
            assert_eq!(how_many(counts), words);
        }
    }

    #[test]
    fn lists_have_an_and() {
        let words = |words: &[&str]| listed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b", "c"]), "a, b and c");
    }
}
