//! How fast requests may go: a bucket of tokens that fills so many times a second. A request takes a token out.

use crate::base::Timestamp;
use crate::delivery::model::PerSecond;

/// A token, in the units that the bucket counts in: so many a second fill it by as many in a microsecond.
const TOKEN: i64 = 1_000_000;

/// So many requests in a second, and so many at once after a rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    per_second: u32,
    at_once: u32,
}

impl Pace {
    /// What failed together comes back spread out by chance, but what fell due while nothing was sent would come back all at once: a
    /// tenth of a second holds no more than 450, a twentieth of ten thousand (docs/decisions/0051-retries-come-back-at-a-pace.md).
    pub const RETRIES: Self = Self { per_second: 2_500, at_once: 200 };
}

impl From<PerSecond> for Pace {
    /// At once goes one, or what comes in a hundredth of a second: no timer is exact enough to send more than some hundreds a second
    /// one by one.
    fn from(pace: PerSecond) -> Self {
        Self { per_second: pace.count(), at_once: (pace.count() / 100).max(1) }
    }
}

/// As the bucket was at some instant. It knows no pace, so that another one holds from then on.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Negative where requests that a person asked for went ahead of their time.
    level: i64,
    /// `None`: nothing was sent yet, it is full.
    at: Option<Timestamp>,
}

impl Bucket {
    /// When the next request may go: `now`, or later.
    pub fn ready_at(&self, now: Timestamp, pace: impl Into<Pace>) -> Timestamp {
        let pace = pace.into();
        let missing = u64::try_from(TOKEN - self.level(now, pace)).unwrap_or(0);
        now + std::time::Duration::from_micros(missing.div_ceil(pace.per_second.into()))
    }

    /// A request goes at `now`, ready or not.
    pub fn take(&mut self, now: Timestamp, pace: impl Into<Pace>) {
        self.level = self.level(now, pace.into()) - TOKEN;
        self.at = Some(now);
    }

    /// Whether it is as if nothing had been sent.
    pub fn is_full(&self, now: Timestamp, pace: impl Into<Pace>) -> bool {
        let pace = pace.into();
        self.level(now, pace) == full(pace)
    }

    fn level(&self, now: Timestamp, pace: Pace) -> i64 {
        let Some(at) = self.at else { return full(pace) };
        let passed = i64::try_from(now.saturating_sub(at).as_micros()).unwrap_or(i64::MAX);
        self.level.saturating_add(passed.saturating_mul(pace.per_second.into())).min(full(pace))
    }
}

fn full(pace: Pace) -> i64 {
    i64::from(pace.at_once) * TOKEN
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn pace(count: u32) -> PerSecond {
        count.to_string().parse().unwrap()
    }

    /// When requests go that go as soon as they may.
    fn sends(bucket: &mut Bucket, from: Timestamp, pace: PerSecond, count: usize) -> Vec<Timestamp> {
        let mut now = from;
        let mut send = || {
            now = bucket.ready_at(now, pace);
            bucket.take(now, pace);
            now
        };
        (0..count).map(|_| send()).collect()
    }

    #[test]
    fn one_goes_at_once_and_the_others_one_interval_apart() {
        for count in [1, 3, 10, 199] {
            let times = sends(&mut Bucket::default(), START, pace(count), 500);
            assert_eq!(times[0], START);
            for pair in times.windows(2) {
                let gap = pair[1].saturating_sub(pair[0]);
                assert!((gap.as_secs_f64() * f64::from(count) - 1.0).abs() < 0.001, "{gap:?} at {count} a second");
            }
        }
    }

    #[test]
    fn no_second_holds_more_than_the_pace_and_what_the_bucket_holds() {
        for (count, most) in [(1, 1), (7, 7), (50, 50), (1_000, 1_010)] {
            let times = sends(&mut Bucket::default(), START, pace(count), 3_000);
            let within = |from: &Timestamp| {
                times.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count()
            };
            assert!(times.iter().all(|from| within(from) <= most), "{count} a second");
        }
    }

    #[test]
    fn a_long_rest_saves_nothing_up() {
        let mut bucket = Bucket::default();
        sends(&mut bucket, START, pace(5), 1);
        let times = sends(&mut bucket, START + Duration::from_secs(3_600), pace(5), 2);
        assert_eq!(times[1].saturating_sub(times[0]), Duration::from_millis(200));
    }

    #[test]
    fn another_pace_holds_at_once() {
        let mut bucket = Bucket::default();
        sends(&mut bucket, START, pace(1), 1);
        assert_eq!(bucket.ready_at(START, pace(1)), START + Duration::from_secs(1));
        assert_eq!(bucket.ready_at(START, pace(100)), START + Duration::from_millis(10));
    }

    #[test]
    fn what_goes_ahead_of_its_time_is_made_up_for() {
        let mut bucket = Bucket::default();
        (0..3).for_each(|_| bucket.take(START, pace(2)));
        assert_eq!(bucket.ready_at(START, pace(2)), START + Duration::from_millis(1_500));
    }

    #[test]
    fn a_clock_that_goes_back_stops_nothing_for_longer_than_one_interval() {
        let mut bucket = Bucket::default();
        bucket.take(START, pace(1));
        let earlier = Timestamp::from_seconds(1_799_990_000);
        assert_eq!(bucket.ready_at(earlier, pace(1)), earlier + Duration::from_secs(1));
    }
}
