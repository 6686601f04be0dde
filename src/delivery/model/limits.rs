//! What a webhook's receiver can take: so many requests at a time, so many in a second. Neither has to be set.

use std::str::FromStr;
use std::time::Duration;

/// The limits of one webhook; what is `None` is not limited beyond what the settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// In place of HERALD_LANE_CONCURRENCY.
    pub concurrency: Option<Concurrency>,
    pub per_second: Option<PerSecond>,
}

/// Requests at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency(u32);

impl Concurrency {
    pub const MOST: u32 = 50;

    pub const fn count(self) -> u32 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter a whole number from 1 to 50, or leave it empty.")]
pub struct InvalidConcurrency;

impl FromStr for Concurrency {
    type Err = InvalidConcurrency;
    fn from_str(text: &str) -> Result<Self, InvalidConcurrency> {
        within(text, Self::MOST).map(Self).ok_or(InvalidConcurrency)
    }
}

/// How many go out in a second at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerSecond(u32);

impl PerSecond {
    pub const MOST: u32 = 1_000;
    /// What a replay keeps to unless somebody says otherwise.
    pub const OF_REPLAYS: Self = Self(100);

    pub const fn count(self) -> u32 {
        self.0
    }

    /// What lies between one and the next.
    pub fn interval(self) -> Duration {
        Duration::from_secs(1) / self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter a whole number from 1 to 1000, or leave it empty.")]
pub struct InvalidPerSecond;

impl FromStr for PerSecond {
    type Err = InvalidPerSecond;
    fn from_str(text: &str) -> Result<Self, InvalidPerSecond> {
        within(text, Self::MOST).map(Self).ok_or(InvalidPerSecond)
    }
}

fn within(text: &str, most: u32) -> Option<u32> {
    text.trim().parse().ok().filter(|count| (1..=most).contains(count))
}
