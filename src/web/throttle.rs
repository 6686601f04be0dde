//! How often something may be tried, for each key: sign-ins by account and address, tests by person, and so on.
//! Each node counts for itself, in memory.
//!
//! The generic cell rate algorithm, as `governor` has it; our own because a try that turned out well can be given back
//! here, and because it asks our clock (docs/decisions/0011-only-wrong-sign-ins-count.md).

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::base::{Clock, Timestamp};

/// So many in a period: `10/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub period: Duration,
}

/// Keys kept at most. Of more, those are forgotten that would be soonest: whoever wants to be forgotten has to come from so
/// many addresses, and waits for little else than the next one does.
const MOST: usize = 50_000;

/// Counts tries by key. A quiet key may use up the whole rate in one burst.
pub struct Throttle<K> {
    period: Duration,
    /// The time that one try costs.
    step: Duration,
    clock: Arc<dyn Clock>,
    /// When everything that the key has used is paid back.
    paid_back: Mutex<HashMap<K, Timestamp>>,
    most: usize,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self {
            period: rate.period,
            step: rate.period / rate.count.get(),
            clock,
            paid_back: Mutex::default(),
            most: MOST,
        }
    }

    /// Counts a try. `Err`: too many; come back after this time.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut paid_back = self.lock();
        if paid_back.len() >= self.most {
            forget(&mut paid_back, now, self.most / 2);
        }
        let next = paid_back.get(key).map_or(now, |at| now.max(*at)) + self.step;
        let used = next.saturating_sub(now);
        if used > self.period {
            return Err(used - self.period);
        }
        paid_back.insert(key.clone(), next);
        Ok(())
    }

    /// How long a try of this key would have to wait now. Counts nothing.
    pub fn wait(&self, key: &K) -> Duration {
        let now = self.clock.now();
        let next = self.lock().get(key).map_or(now, |at| now.max(*at)) + self.step;
        next.saturating_sub(now).saturating_sub(self.period)
    }

    /// Takes back one try that was counted.
    pub fn give_back(&self, key: &K) {
        if let Some(at) = self.lock().get_mut(key) {
            *at = *at - self.step;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Timestamp>> {
        self.paid_back.lock().expect("no holder of this lock panics")
    }
}

/// Forgets the quiet keys, and of the others the quietest, until no more than `left` are kept: seldom enough to cost each try
/// next to nothing.
fn forget<K: Hash + Eq>(paid_back: &mut HashMap<K, Timestamp>, now: Timestamp, left: usize) {
    paid_back.retain(|_, at| *at > now);
    if paid_back.len() <= left {
        return;
    }
    let mut times: Vec<Timestamp> = paid_back.values().copied().collect();
    let place = times.len() - left;
    let (_, last, _) = times.select_nth_unstable(place - 1);
    let last = *last;
    paid_back.retain(|_, at| *at > last);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;

    #[test]
    fn a_key_may_burst_and_then_waits_alone() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let rate = Rate { count: NonZeroU32::new(10).unwrap(), period: Duration::from_secs(60) };
        let throttle = Throttle::new(rate, clock.clone());
        for _ in 0..10 {
            assert_eq!(throttle.check(&"ada"), Ok(()));
        }
        assert_eq!(throttle.check(&"ada"), Err(Duration::from_secs(6)));
        assert_eq!((throttle.wait(&"ada"), throttle.wait(&"bob")), (Duration::from_secs(6), Duration::ZERO));
        assert_eq!(throttle.check(&"bob"), Ok(()));
        clock.advance(Duration::from_secs(6));
        assert_eq!(throttle.check(&"ada"), Ok(()));
        assert!(throttle.check(&"ada").is_err());
        throttle.give_back(&"ada");
        assert_eq!(throttle.check(&"ada"), Ok(()));
    }

    #[test]
    fn however_many_keys_there_are_the_busiest_are_remembered() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let rate = Rate { count: NonZeroU32::new(3).unwrap(), period: Duration::from_secs(60) };
        let throttle = Throttle { most: 100, ..Throttle::new(rate, clock.clone()) };
        for _ in 0..3 {
            assert!(throttle.check(&"busy".to_owned()).is_ok());
        }
        for key in 0..10_000 {
            clock.advance(Duration::from_millis(1));
            assert!(throttle.check(&key.to_string()).is_ok());
            assert!(throttle.lock().len() <= 100);
        }
        assert!(throttle.check(&"busy".to_owned()).is_err(), "still remembered");
        clock.advance(Duration::from_secs(60));
        forget(&mut throttle.lock(), clock.now(), 50);
        assert_eq!(throttle.lock().len(), 0);
    }
}
