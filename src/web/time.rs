//! Times for people: relative within a day, in the organization's zone always.

use std::time::Duration;

use crate::base::{TimeZone, Timestamp};

/// A time, ready for `<time datetime title>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For machines: RFC 3339 in UTC, to the second.
    pub datetime: String,
    /// `2 min ago`, `in 3 h 21 min`, `23 Nov 2026, 05:12`.
    pub text: String,
    /// In full, to the second and with the zone's abbreviation.
    pub full: String,
}

const DAY: u64 = 24 * 60 * 60;

impl Moment {
    /// As people say it: relative if it is less than a day from `now`.
    pub fn relative(at: Timestamp, now: Timestamp, zone: TimeZone) -> Self {
        let (gap, is_past) = if at <= now { (now.saturating_sub(at), true) } else { (at.saturating_sub(now), false) };
        let mut moment = Self::exact(at, zone);
        if gap.as_secs() < DAY {
            moment.text = relative(gap, is_past);
        } else {
            moment.text = zone.local(at).format("%-d %b %Y, %H:%M").to_string();
        }
        moment
    }

    /// When something ends, and how long that is: `24 Nov, 09:40, in 23 hours`.
    pub fn until(at: Timestamp, now: Timestamp, zone: TimeZone) -> Self {
        let text = format!("{}, {}", Self::short(at, zone), left(at.saturating_sub(now)));
        Self { text, ..Self::exact(at, zone) }
    }

    /// `24 Nov, 09:40`, for what is less than a year away.
    pub fn short(at: Timestamp, zone: TimeZone) -> String {
        zone.local(at).format("%-d %b, %H:%M").to_string()
    }

    /// Date and time to the second: `23 Nov 2026, 05:12:28`.
    pub fn exact(at: Timestamp, zone: TimeZone) -> Self {
        let local = zone.local(at);
        Self {
            datetime: at.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: local.format("%-d %b %Y, %H:%M:%S").to_string(),
            full: local.format("%-d %b %Y, %H:%M:%S %Z").to_string(),
        }
    }
}

fn relative(gap: Duration, is_past: bool) -> String {
    let seconds = gap.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    // What comes is worth its minutes, what was is not.
    let amount = match (hours, minutes) {
        (0, 0) if is_past => return "just now".into(),
        (0, 0) => format!("{} s", seconds.max(1)),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) if !is_past && minutes > 0 => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{hours} h"),
    };
    if is_past { format!("{amount} ago") } else { format!("in {amount}") }
}

/// How long it is until then, in its largest unit. Rounded down, so that it promises nothing.
fn left(gap: Duration) -> String {
    let seconds = gap.as_secs();
    let (amount, unit) = match seconds {
        0..60 => return "in less than a minute".into(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("in {amount} {unit}{}", if amount == 1 { "" } else { "s" })
}

/// How long something took: `184 ms`, `1.18 s`, `15.0 s`.
pub fn taken(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{:.2} s", duration.as_secs_f64()),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_within_a_day_and_local_beyond() {
        let now = Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let table = [
            ("2026-11-23T11:59:31Z", "just now"),
            ("2026-11-23T11:58:00Z", "2 min ago"),
            ("2026-11-23T08:31:00Z", "3 h ago"),
            ("2026-11-23T12:00:05Z", "in 5 s"),
            ("2026-11-23T15:21:00Z", "in 3 h 21 min"),
            ("2026-11-22T11:59:00Z", "22 Nov 2026, 03:59"),
        ];
        let zone: TimeZone = "America/Los_Angeles".parse().unwrap();
        for (at, expected) in table {
            let moment = Moment::relative(Timestamp::parse_rfc3339(at).unwrap(), now, zone);
            assert_eq!(moment.text, expected);
            assert_eq!(moment.datetime, at);
        }
        assert_eq!(Moment::exact(now, zone).full, "23 Nov 2026, 04:00:00 PST");
    }

    #[test]
    fn what_ends_says_when_and_how_soon() {
        let now = Timestamp::parse_rfc3339("2026-11-23T09:41:00Z").unwrap();
        let zone: TimeZone = "UTC".parse().unwrap();
        for (at, expected) in [
            ("2026-11-24T09:40:00Z", "24 Nov, 09:40, in 23 hours"),
            ("2026-11-24T09:41:00Z", "24 Nov, 09:41, in 24 hours"),
            ("2026-11-30T09:41:00Z", "30 Nov, 09:41, in 7 days"),
            ("2026-11-23T10:41:00Z", "23 Nov, 10:41, in 1 hour"),
            ("2026-11-23T09:43:59Z", "23 Nov, 09:43, in 2 minutes"),
            ("2026-11-23T09:41:59Z", "23 Nov, 09:41, in less than a minute"),
            ("2026-11-23T09:40:00Z", "23 Nov, 09:40, in less than a minute"),
        ] {
            assert_eq!(Moment::until(Timestamp::parse_rfc3339(at).unwrap(), now, zone).text, expected);
        }
    }

    #[test]
    fn durations_have_the_digits_that_matter() {
        let table = [(0, "0 ms"), (184, "184 ms"), (1_180, "1.18 s"), (15_000, "15.0 s")];
        for (millis, expected) in table {
            assert_eq!(taken(Duration::from_millis(millis)), expected);
        }
    }
}
