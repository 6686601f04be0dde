//! What the benchmarks share. Each uses a part of it, so each says `expect(dead_code)` where it includes this file.

pub mod host;
pub mod publisher;

use std::time::Duration;

/// The number in this environment variable.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// How long something took, time after time. Rounds are put together: one pause of the machine decides the p99 of a hundred times,
/// and a median of such p99s says where the pauses fell.
#[derive(Clone, Default)]
pub struct Times {
    ascending: Vec<Duration>,
}

impl Times {
    pub fn add(&mut self, more: Self) {
        self.ascending.extend(more.ascending);
        self.ascending.sort_unstable();
    }

    pub fn len(&self) -> usize {
        self.ascending.len()
    }

    /// What this share of the times does not exceed.
    pub fn at(&self, share: f64) -> Duration {
        self.ascending[((self.ascending.len() - 1) as f64 * share).round() as usize]
    }

    pub fn p99(&self) -> Duration {
        self.at(0.99)
    }

    /// In milliseconds, for a table.
    pub fn shown(&self, share: f64) -> String {
        format!("{:.1} ms", self.at(share).as_secs_f64() * 1_000.0)
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut ascending: Vec<Duration> = times.into_iter().collect();
        ascending.sort_unstable();
        Self { ascending }
    }
}
