//! An organization's time zone: an IANA name, and how instants are written in it.

use std::fmt;
use std::str::FromStr;

use chrono::{Duration, LocalResult, NaiveDateTime, TimeZone as _};
use chrono_tz::Tz;

use super::clock::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose a time zone by its IANA name, such as Europe/Berlin.")]
pub struct UnknownTimeZone;

/// A time zone by its IANA name, such as `America/Los_Angeles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    pub const UTC: Self = Self(Tz::UTC);

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Every name that `from_str` takes, in the database's order.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name())
    }

    pub fn local(self, at: Timestamp) -> chrono::DateTime<Tz> {
        at.utc().with_timezone(&self.0)
    }

    /// The instants at which clocks show `local`: two different ones in an hour that occurs twice, earlier first. Where clocks jump
    /// over it, the next full hour that they show.
    pub fn instants(self, local: NaiveDateTime) -> (Timestamp, Timestamp) {
        let at = |time: chrono::DateTime<Tz>| Timestamp::from_micros(time.timestamp_micros());
        // No clock has ever jumped further than a day.
        for hours in 0..=24 {
            match self.0.from_local_datetime(&(local + Duration::hours(hours))) {
                LocalResult::Single(only) => return (at(only), at(only)),
                LocalResult::Ambiguous(earlier, later) => return (at(earlier), at(later)),
                LocalResult::None => {}
            }
        }
        let utc = Timestamp::from_micros(local.and_utc().timestamp_micros());
        (utc, utc)
    }

    /// PERFORMED_AT as the callback writes it: `2021-05-26 00:50:15 PDT`, with the tz database's
    /// abbreviation at that instant; where the database has only digits, those (`-03`, `+0545`).
    pub fn performed_at(self, at: Timestamp) -> String {
        self.local(at).format("%Y-%m-%d %H:%M:%S %Z").to_string()
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;
    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        name.trim().parse().map(Self).map_err(|_| UnknownTimeZone)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clocks_show_is_one_instant_or_two() {
        let table = [
            ("Asia/Kathmandu", "2026-11-23T18:30:00", "2026-11-23T12:45:00Z", "2026-11-23T12:45:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            // Clocks jump from 02:00 to 03:00.
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),
            // A day that never was.
            ("Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
        ];
        for (zone, local, earlier, later) in table {
            let zone: TimeZone = zone.parse().unwrap();
            let at = |text| Timestamp::parse_rfc3339(text).unwrap();
            assert_eq!(zone.instants(local.parse().unwrap()), (at(earlier), at(later)), "{local}");
        }
    }

    #[test]
    fn performed_at_carries_the_abbreviation_of_that_instant() {
        let table = [
            ("America/Los_Angeles", "2021-05-26T07:50:15Z", "2021-05-26 00:50:15 PDT"),
            ("America/Los_Angeles", "2021-12-26T07:50:15Z", "2021-12-25 23:50:15 PST"),
            ("Asia/Kolkata", "2021-05-26T07:50:15Z", "2021-05-26 13:20:15 IST"),
            ("America/Sao_Paulo", "2021-05-26T07:50:15Z", "2021-05-26 04:50:15 -03"),
            ("Asia/Kathmandu", "2021-05-26T07:50:15Z", "2021-05-26 13:35:15 +0545"),
            ("UTC", "2021-05-26T07:50:15Z", "2021-05-26 07:50:15 UTC"),
            // The hour that occurs twice when summer time ends.
            ("America/Los_Angeles", "2021-11-07T08:30:00Z", "2021-11-07 01:30:00 PDT"),
            ("America/Los_Angeles", "2021-11-07T09:30:00Z", "2021-11-07 01:30:00 PST"),
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 CEST"),
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 CET"),
        ];
        for (zone, at, expected) in table {
            let zone: TimeZone = zone.parse().unwrap();
            assert_eq!(zone.performed_at(Timestamp::parse_rfc3339(at).unwrap()), expected);
        }
    }
}
