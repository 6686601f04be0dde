//! How often something may be tried, for each key: sign-ins by account and address, tests by person, and so on.
//! Counted by each node for itself.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::base::Clock;

/// So many in a period: `10/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub period: Duration,
}

/// Keys after which those that are long idle are forgotten.
const MANY: usize = 10_000;

/// Counts tries by key. A quiet key may burst up to the whole rate at once.
pub struct Throttle<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, Now, NoOpMiddleware<Duration>>,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let step = (rate.period / rate.count.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(step).expect("the step is not zero").allow_burst(rate.count);
        Self { limiter: RateLimiter::new(quota, DefaultKeyedStateStore::default(), Now(clock)) }
    }

    /// Counts a try. `Err`: too many, come back after this time.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        if self.limiter.len() > MANY {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| until.wait_time_from(GovernorClock::now(self.limiter.clock())))
    }
}

/// Our clock as governor asks for it: the time since the Unix epoch.
#[derive(Clone)]
struct Now(Arc<dyn Clock>);

impl GovernorClock for Now {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.now().micros()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ManualClock, Timestamp};

    #[test]
    fn a_key_may_burst_and_then_waits_alone() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let rate = Rate { count: NonZeroU32::new(10).unwrap(), period: Duration::from_secs(60) };
        let throttle = Throttle::new(rate, clock.clone());
        for _ in 0..10 {
            assert_eq!(throttle.check(&"ada"), Ok(()));
        }
        assert_eq!(throttle.check(&"ada"), Err(Duration::from_secs(6)));
        assert_eq!(throttle.check(&"bob"), Ok(()));
        clock.advance(Duration::from_secs(6));
        assert_eq!(throttle.check(&"ada"), Ok(()));
        assert!(throttle.check(&"ada").is_err());
    }
}
