//! The bars of the chart: hours, quarters of a day or days, as the organization's clocks show them.

use chrono::{Duration, NaiveDateTime, NaiveTime, Timelike as _};

use crate::base::{TimeZone, Timestamp};
use crate::web::chart::Bar;

use super::super::model::{Range, Slot};

/// The bars of a range up to now, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    range: Range,
    /// Where each bar begins on the clocks of the organization; one more than bars: the last is the end.
    edges: Vec<(NaiveDateTime, Timestamp)>,
}

impl Buckets {
    pub fn new(range: Range, now: Timestamp, zone: TimeZone) -> Self {
        let (hours, count) = shape(range);
        let local = zone.local(now).naive_local();
        let hour = NaiveTime::from_hms_opt(local.hour() / hours * hours, 0, 0).unwrap_or(NaiveTime::MIN);
        let current = local.date().and_time(hour);
        let edges = (0..=count).map(|index| {
            let edge = current + Duration::hours(i64::from(hours) * (index + 1 - count));
            (edge, zone.instants(edge).0)
        });
        Self { range, edges: edges.collect() }
    }

    /// Where the first bar begins.
    pub fn since(&self) -> Timestamp {
        self.edges[0].1
    }

    /// Sums up slots that lie in each bar.
    pub fn fill(&self, slots: &[Slot]) -> Vec<Bar> {
        self.edges
            .windows(2)
            .map(|edge| {
                let inside = slots.iter().filter(|slot| slot.start >= edge[0].1 && slot.start < edge[1].1);
                let (ok, bad) = inside.fold((0, 0), |(ok, bad), slot| (ok + slot.succeeded, bad + slot.failed));
                let label = format!("{}. {ok} succeeded, {bad} failed", self.name(edge[0].0, edge[1].0));
                Bar { ok: u64::try_from(ok).unwrap_or(0), bad: u64::try_from(bad).unwrap_or(0), label }
            })
            .collect()
    }

    /// The name of each bar.
    pub fn names(&self) -> Vec<String> {
        self.edges.windows(2).map(|edge| self.name(edge[0].0, edge[1].0)).collect()
    }

    fn name(&self, start: NaiveDateTime, end: NaiveDateTime) -> String {
        match self.range {
            Range::Day => format!("{} to {}", start.format("%H:%M"), end.format("%H:%M")),
            Range::Week => format!("{} to {}", start.format("%-d %b, %H:%M"), end.format("%H:%M")),
            Range::Month => start.format("%-d %b").to_string(),
        }
    }

    /// A few words below the chart, evenly spread.
    pub fn ticks(&self) -> Vec<String> {
        let (every, format) = match self.range {
            Range::Day => (4, "%H:%M"),
            Range::Week => (4, "%-d %b"),
            Range::Month => (5, "%-d %b"),
        };
        self.edges.iter().step_by(every).map(|(edge, _)| edge.format(format).to_string()).collect()
    }
}

/// Hours of a bar, and how many bars there are.
const fn shape(range: Range) -> (u32, i64) {
    match range {
        Range::Day => (1, 24),
        Range::Week => (6, 28),
        Range::Month => (24, 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn bars_follow_the_clocks_of_the_organization() {
        let zone = "Asia/Kathmandu".parse().unwrap();
        let day = Buckets::new(Range::Day, at("2026-11-23T12:34:00Z"), zone);
        assert_eq!(day.since(), at("2026-11-22T13:15:00Z"));
        assert_eq!(day.names()[23], "18:00 to 19:00");
        assert_eq!(day.ticks(), ["19:00", "23:00", "03:00", "07:00", "11:00", "15:00", "19:00"]);
        let week = Buckets::new(Range::Week, at("2026-11-23T12:34:00Z"), zone);
        assert_eq!(week.names()[27], "23 Nov, 18:00 to 00:00");
        let month = Buckets::new(Range::Month, at("2026-11-23T12:34:00Z"), TimeZone::UTC);
        assert_eq!((month.names()[0].as_str(), month.names()[29].as_str()), ("25 Oct", "23 Nov"));
    }

    #[test]
    fn every_attempt_falls_into_one_bar_when_clocks_change() {
        let slot = |start| Slot { start, succeeded: 1, failed: 2 };
        for now in ["2026-03-29T12:00:00Z", "2026-10-25T12:00:00Z", "2026-10-25T01:30:00Z"] {
            for range in Range::ALL {
                let buckets = Buckets::new(range, at(now), "Europe/Berlin".parse().unwrap());
                let mut slots = Vec::new();
                let mut start = buckets.since();
                while start <= at(now) {
                    slots.push(slot(start));
                    start = start + super::super::super::model::SLOT;
                }
                let bars = buckets.fill(&slots);
                let sum = bars.iter().fold((0, 0), |sum, bar| (sum.0 + bar.ok, sum.1 + bar.bad));
                let count = slots.len() as u64;
                assert_eq!(sum, (count, count * 2), "{now} {range:?}");
            }
        }
    }
}
