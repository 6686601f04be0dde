//! A webhook that nothing but fails: when people are told, and when Herald stops sending. Pure: time is an argument.

use std::time::Duration;

use crate::base::{OrganizationId, Timestamp, names};

/// Failed attempts that it takes at least before a webhook is disabled, however much time has passed: one event a week that
/// fails says little.
pub const LEAST_FAILURES: i64 = 10;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

names! {
    /// What people are told of a webhook, each once for each spell of failures.
    AlertKind {
        /// The first failure.
        Failing = "failing",
        FailingForAnHour = "failing_for_an_hour",
        FailingForADay = "failing_for_a_day",
        /// Past four fifths of the time to disabling.
        AlmostDisabled = "almost_disabled",
        Disabled = "disabled",
        /// A success after any of these.
        Recovered = "recovered",
    }
}

/// Nothing but failures, of an active webhook. Tests and redeliveries are no failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    pub organization: OrganizationId,
    /// The first failure after the last success.
    pub since: Timestamp,
    /// Failed attempts since then.
    pub failures: i64,
}

impl Spell {
    /// Whether it has lasted for so long that the webhook is to be disabled; looked at when an attempt has failed.
    pub fn ends_in_disabling(&self, disable_after: Duration, now: Timestamp) -> bool {
        self.failures >= LEAST_FAILURES && now >= self.since + disable_after
    }
}

/// When people are told of a spell that lasts, after its first failure and before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    disable_after: Duration,
    /// In the order of time.
    rungs: [(Duration, AlertKind); 3],
}

impl Ladder {
    /// `disable_after`: HERALD_DISABLE_AFTER.
    pub fn new(disable_after: Duration) -> Self {
        let mut rungs = [
            (HOUR, AlertKind::FailingForAnHour),
            (DAY, AlertKind::FailingForADay),
            (disable_after * 4 / 5, AlertKind::AlmostDisabled),
        ];
        rungs.sort_by_key(|(after, _)| *after);
        Self { disable_after, rungs }
    }

    /// The highest rung that a spell has reached at `now`. Those below it that nobody looked at in time are not told late.
    pub fn reached(&self, since: Timestamp, now: Timestamp) -> Option<AlertKind> {
        self.rungs.iter().rev().find(|(after, _)| now >= since + *after).map(|(_, kind)| *kind)
    }

    /// When a spell has lasted for so long that the next failure disables the webhook.
    pub fn disabling_at(&self, since: Timestamp) -> Timestamp {
        since + self.disable_after
    }

    /// When the next rung is reached.
    pub fn next(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        self.rungs.iter().map(|(after, _)| since + *after).find(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    const SINCE: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn it_takes_ten_failures_and_the_whole_time() {
        let organization = OrganizationId::new(SINCE, &SystemRng);
        let five_days = DAY * 5;
        for (failures, after, expected) in [
            (10, five_days, true),
            (10, five_days - Duration::from_micros(1), false),
            (9, five_days, false),
            (9, DAY * 100, false),
            (1_000, HOUR, false),
            (11, DAY * 6, true),
        ] {
            let spell = Spell { organization: organization.clone(), since: SINCE, failures };
            assert_eq!(spell.ends_in_disabling(five_days, SINCE + after), expected, "{failures} in {after:?}");
        }
    }

    #[test]
    fn the_ladder_has_an_hour_a_day_and_four_fifths() {
        use AlertKind::{AlmostDisabled, FailingForADay, FailingForAnHour};
        let ladder = Ladder::new(DAY * 5);
        let second = Duration::from_secs(1);
        for (after, reached, next) in [
            (Duration::ZERO, None, Some(HOUR)),
            (HOUR - second, None, Some(HOUR)),
            (HOUR, Some(FailingForAnHour), Some(DAY)),
            (DAY, Some(FailingForADay), Some(DAY * 4)),
            (DAY * 4, Some(AlmostDisabled), None),
            (DAY * 40, Some(AlmostDisabled), None),
        ] {
            assert_eq!(ladder.reached(SINCE, SINCE + after), reached, "{after:?}");
            assert_eq!(ladder.next(SINCE, SINCE + after), next.map(|after| SINCE + after), "{after:?}");
        }
    }

    #[test]
    fn a_short_time_to_disabling_is_warned_of_first() {
        let ladder = Ladder::new(Duration::from_secs(100));
        assert_eq!(ladder.next(SINCE, SINCE), Some(SINCE + Duration::from_secs(80)));
        assert_eq!(ladder.reached(SINCE, SINCE + Duration::from_secs(80)), Some(AlertKind::AlmostDisabled));
        assert_eq!(ladder.reached(SINCE, SINCE + HOUR), Some(AlertKind::FailingForAnHour), "it failed too seldom");
    }
}
