//! What this server promises to a receiver, as it is configured.

use std::time::Duration;

/// Settings that a receiver's author needs to know. App data.
#[derive(Clone, Debug)]
pub struct Terms {
    /// HERALD_RETRY_SCHEDULE: the waits between the attempts of a delivery.
    pub delays: Vec<Duration>,
    /// HERALD_REQUEST_TIMEOUT: one attempt, in all.
    pub request_timeout: Duration,
    /// HERALD_DISABLE_AFTER: of nothing but failures.
    pub disable_after: Duration,
    /// HERALD_EGRESS_ADDRESSES: addresses and networks that requests come from.
    pub egress_addresses: Vec<String>,
}

/// An attempt of the schedule, in words.
pub(super) struct Step {
    pub number: usize,
    /// `5 minutes` after the attempt before; empty for the first one.
    pub wait: String,
    /// How long after the first attempt, at least.
    pub in_all: String,
}

impl Terms {
    /// Every attempt that a delivery gets.
    pub(super) fn steps(&self) -> Vec<Step> {
        let first = Step { number: 1, wait: String::new(), in_all: String::new() };
        let mut in_all = Duration::ZERO;
        let retries = (2..).zip(&self.delays).map(|(number, delay)| {
            in_all += *delay;
            Step { number, wait: span(*delay), in_all: span(in_all) }
        });
        std::iter::once(first).chain(retries).collect()
    }
}

/// A length of time in its two largest units: `5 minutes`, `3 days 3 hours`, `250 ms`.
pub(in crate::webhooks) fn span(time: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    if !time.as_millis().is_multiple_of(1_000) && time < Duration::from_secs(60) {
        return format!("{} ms", time.as_millis());
    }
    let mut rest = time.as_secs();
    let parts = UNITS.map(|(seconds, unit)| {
        let count = rest / seconds;
        rest %= seconds;
        (count, unit)
    });
    let shown: Vec<_> = parts.into_iter().skip_while(|(count, _)| *count == 0).take(2).collect();
    let words = shown.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() { "0 seconds".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        for (millis, words) in [
            (0, "0 seconds"),
            (250, "250 ms"),
            (5_000, "5 seconds"),
            (60_000, "1 minute"),
            (2_105_000, "35 minutes 5 seconds"),
            (9_305_000, "2 hours 35 minutes"),
            (86_400_000, "1 day"),
            (270_005_000, "3 days 3 hours"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), words);
        }
    }

    #[test]
    fn every_attempt_has_its_step() {
        let delays = [5, 300].map(Duration::from_secs).to_vec();
        let second = Duration::from_secs(1);
        let terms = Terms { delays, request_timeout: second, disable_after: second, egress_addresses: Vec::new() };
        let steps: Vec<_> = terms.steps().into_iter().map(|step| (step.number, step.wait, step.in_all)).collect();
        let text = str::to_owned;
        assert_eq!(
            steps,
            [
                (1, text(""), text("")),
                (2, text("5 seconds"), text("5 seconds")),
                (3, text("5 minutes"), text("5 minutes 5 seconds"))
            ]
        );
    }
}
