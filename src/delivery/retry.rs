//! When a failed delivery is tried again: pure functions of their inputs.

use std::str::FromStr;
use std::time::Duration;

use crate::base::Timestamp;

/// What a receiver may ask for by Retry-After at most.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Each delay is lengthened by up to this share of itself, by chance, so that what failed together does
/// not come back together.
const JITTER: f64 = 0.2;

/// Longest delay of a schedule: a year. Past it a setting is a mistake.
const LONGEST_DELAY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    #[error("a retry schedule is a list of delays such as 5s,5m,2h")]
    Empty,
    #[error("{0:?} is no delay: write a whole number with ms, s, m, h or d, at most 365d")]
    Delay(String),
}

/// The delays between the attempts of one delivery: the first stands between the first and the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Schedule {
    pub fn new(delays: Vec<Duration>) -> Self {
        Self(delays)
    }

    /// How many attempts a delivery gets in all: the first one and one after each delay.
    pub fn attempts(&self) -> usize {
        self.0.len() + 1
    }

    pub fn delays(&self) -> &[Duration] {
        &self.0
    }

    /// When to try again after the attempt that ended the `step`th time of waiting (0 for the first attempt);
    /// `None` when the schedule is over and the delivery has failed.
    ///
    /// `retry_after` is when the receiver asked for: it can only make the wait longer, up to 24 hours.
    /// `jitter` is a number from 0 to 1, drawn by chance.
    pub fn next(
        &self,
        step: usize,
        finished_at: Timestamp,
        retry_after: Option<Timestamp>,
        jitter: f64,
    ) -> Option<Timestamp> {
        let delay = self.0.get(step)?;
        let planned = finished_at + delay.mul_f64(1.0 + JITTER * jitter.clamp(0.0, 1.0));
        let asked = retry_after.map(|at| at.min(finished_at + LONGEST_RETRY_AFTER));
        Some(asked.map_or(planned, |at| at.max(planned)))
    }
}

impl Default for Schedule {
    /// The contract's: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let seconds = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
        Self(seconds.map(Duration::from_secs).to_vec())
    }
}

impl FromStr for Schedule {
    type Err = InvalidSchedule;
    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        if text.trim().is_empty() {
            return Err(InvalidSchedule::Empty);
        }
        let delay = |part: &str| parse_delay(part).ok_or_else(|| InvalidSchedule::Delay(part.trim().to_owned()));
        text.split(',').map(delay).collect::<Result<_, _>>().map(Self)
    }
}

/// A whole number with its unit: `500ms`, `5s`, `30m`, `2h`, `5d`.
fn parse_delay(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let delay = Duration::from_millis(number.checked_mul(unit_ms)?);
    (delay <= LONGEST_DELAY).then_some(delay)
}

/// When a receiver asks to be left alone until, by the `Retry-After` of a 429 or 503 that arrived at
/// `now`: whole seconds or an HTTP date. What is malformed, past or beyond a year is ignored; more than 24
/// hours means 24 hours.
pub fn retry_after(status: u16, value: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let value = value.filter(|_| matches!(status, 429 | 503))?.trim_matches([' ', '\t']);
    let at = match value.bytes().all(|byte| byte.is_ascii_digit()) {
        true => now + Duration::from_secs(value.parse().ok().filter(|seconds| *seconds <= LONGEST_DELAY.as_secs())?),
        false => {
            let since_epoch = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).ok()?)
        }
    };
    let is_sensible = at > now && at <= now + LONGEST_DELAY;
    is_sensible.then(|| at.min(now + LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_default_schedule_is_the_contracts() {
        assert_eq!("5s,5m,30m,2h,5h,10h,14h,20h,24h".parse(), Ok(Schedule::default()));
        assert_eq!(Schedule::default().attempts(), 10);
    }

    #[test]
    fn a_schedule_is_a_list_of_whole_numbers_with_units() {
        let read = |text: &str| text.parse::<Schedule>().map(|schedule| schedule.0);
        assert_eq!(read("100ms, 2s ,1d"), Ok(vec![Duration::from_millis(100), seconds(2), seconds(86_400)]));
        assert_eq!(read("0s"), Ok(vec![seconds(0)]));
        assert_eq!(read(" "), Err(InvalidSchedule::Empty));
        for bad in ["5", "s", "1.5s", "-1s", "5 s", "5S", "5s,", "5s,,5m", "99999999999999999999s", "366d", "٥s"] {
            assert!(matches!(read(bad), Err(InvalidSchedule::Delay(_))), "{bad}");
        }
    }

    #[test]
    fn each_step_waits_its_delay_and_up_to_a_fifth_more() {
        let schedule: Schedule = "10s,100s".parse().unwrap();
        for (step, jitter, expected) in [
            (0, 0.0, Some(10)),
            (0, 0.5, Some(11)),
            (0, 1.0, Some(12)),
            (0, 7.0, Some(12)),
            (1, 0.5, Some(110)),
            (2, 0.5, None),
            (usize::MAX, 0.5, None),
        ] {
            let next = schedule.next(step, NOW, None, jitter);
            assert_eq!(next, expected.map(|wait| NOW + seconds(wait)), "step {step}, jitter {jitter}");
        }
    }

    #[test]
    fn retry_after_only_makes_the_wait_longer() {
        let schedule: Schedule = "10s".parse().unwrap();
        for (asked, expected) in [(3, 10), (10, 10), (60, 60), (86_400, 86_400), (100_000, 86_400)] {
            let next = schedule.next(0, NOW, Some(NOW + seconds(asked)), 0.0);
            assert_eq!(next, Some(NOW + seconds(expected)), "asked for {asked} s");
        }
        assert_eq!(schedule.next(1, NOW, Some(NOW + seconds(60)), 0.0), None, "it does not add attempts");
        let long: Schedule = "2d".parse().unwrap();
        assert_eq!(long.next(0, NOW, Some(NOW + seconds(60)), 0.0), Some(NOW + seconds(172_800)));
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_does_no_harm() {
        let in_seconds = |wait| Some(NOW + seconds(wait));
        // NOW is 15 January 2027, 08:00:00.
        let table = [
            ("120", in_seconds(120)),
            (" 120 ", in_seconds(120)),
            ("0", None),
            ("00060", in_seconds(60)),
            ("86401", in_seconds(86_400)),
            ("31536001", None),
            ("99999999999999999999999999", None),
            ("18446744073709551615", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("5s", None),
            ("120, 240", None),
            ("Fri, 15 Jan 2027 08:02:00 GMT", in_seconds(120)),
            ("Friday, 15-Jan-27 08:02:00 GMT", in_seconds(120)),
            ("Fri Jan 15 08:02:00 2027", in_seconds(120)),
            ("Sat, 16 Jan 2027 09:00:00 GMT", in_seconds(86_400)),
            ("Fri, 15 Jan 2027 07:59:59 GMT", None),
            ("Fri, 01 Jan 1960 00:00:00 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("Fri, 15 Jan 2027 08:02:00 CET", None),
            ("2027-01-15T08:02:00Z", None),
        ];
        for (value, expected) in table {
            assert_eq!(retry_after(429, Some(value), NOW), expected, "{value:?}");
            assert_eq!(retry_after(503, Some(value), NOW), expected, "{value:?}");
        }
        assert_eq!(retry_after(503, None, NOW), None);
        for status in [200, 301, 408, 410, 425, 500, 502, 504] {
            assert_eq!(retry_after(status, Some("120"), NOW), None, "{status}");
        }
    }

    proptest! {
        #[test]
        fn no_retry_comes_before_its_step_or_after_a_day_more(step in 0usize..12, asked in 0u64..10_000_000, jitter in 0.0f64..1.0) {
            let schedule = Schedule::default();
            let next = schedule.next(step, NOW, Some(NOW + seconds(asked)), jitter);
            match schedule.delays().get(step) {
                None => prop_assert_eq!(next, None),
                Some(delay) => {
                    let wait = next.unwrap().saturating_sub(NOW);
                    prop_assert!(wait >= *delay && wait <= (*delay).mul_f64(1.2).max(LONGEST_RETRY_AFTER));
                }
            }
        }

        #[test]
        fn no_retry_after_is_too_odd_to_be_read(value in ".{0,40}") {
            if let Some(at) = retry_after(503, Some(&value), NOW) {
                prop_assert!(at > NOW && at <= NOW + LONGEST_RETRY_AFTER);
            }
        }
    }
}
