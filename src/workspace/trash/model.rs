//! What lies in the trash, and for how long.

use std::time::Duration;

use crate::base::Timestamp;
use crate::workspace::listing::{Key, Value};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long things stay before they are deleted for good.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a thing in the trash is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Project,
    /// A pair of the answer library.
    Answer,
}

/// One thing in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    pub id: String,
    /// What it is called: a project's name, a pair's question.
    pub name: String,
    pub trashed_at: Timestamp,
    pub trashed_by: String,
}

impl Item {
    /// Its place in the trash, where the latest lies on top.
    pub fn key(&self) -> Key {
        Key { value: Value::Int(self.trashed_at.micros()), id: self.id.clone() }
    }

    /// Whole days that it still has, the last one counted until it is over.
    pub fn days_left(&self, now: Timestamp) -> u64 {
        (self.trashed_at + KEPT).saturating_sub(now).as_secs().div_ceil(DAY.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_left_until_it_is_over() {
        let at = Timestamp::from_seconds(1_800_000_000);
        let item =
            Item { kind: Kind::Project, id: "1".into(), name: "A".into(), trashed_at: at, trashed_by: "ada".into() };
        for (after, left) in [(0, 30), (1, 30), (86_400, 29), (29 * 86_400 + 1, 1), (30 * 86_400, 0), (31 * 86_400, 0)]
        {
            assert_eq!(item.days_left(at + Duration::from_secs(after)), left, "{after}");
        }
    }
}
