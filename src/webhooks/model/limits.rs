//! What a webhook's receiver can take, as it was typed.

use std::str::FromStr;

use super::draft::{Field, Invalid};
use super::{Concurrency, Limits, PerSecond};

/// Limits as they were typed: `None` stays as it is, an empty text takes the limit away.
#[derive(Clone, Debug, Default)]
pub struct DraftLimits {
    pub max_concurrency: Option<String>,
    pub max_per_second: Option<String>,
}

/// What is to change of a webhook's limits; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsChange {
    pub max_concurrency: Option<Option<Concurrency>>,
    pub max_per_second: Option<Option<PerSecond>>,
}

impl DraftLimits {
    pub(super) fn parse(&self, wrong: &mut Invalid) -> LimitsChange {
        LimitsChange {
            max_concurrency: wrong.take(Field::MaxConcurrency, limit(self.max_concurrency.as_deref())).flatten(),
            max_per_second: wrong.take(Field::MaxPerSecond, limit(self.max_per_second.as_deref())).flatten(),
        }
    }
}

impl LimitsChange {
    pub fn of(self, before: Limits) -> Limits {
        Limits {
            concurrency: self.max_concurrency.unwrap_or(before.concurrency),
            per_second: self.max_per_second.unwrap_or(before.per_second),
        }
    }
}

fn limit<T: FromStr>(text: Option<&str>) -> Result<Option<Option<T>>, T::Err> {
    match text.map(str::trim) {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => text.parse().map(|limit| Some(Some(limit))),
    }
}
