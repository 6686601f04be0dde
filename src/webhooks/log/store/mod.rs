//! Read-only queries over deliveries, attempts, events and replays, all within one organization.
//!
//! Lists are paged by key, newest first, through an index that answers them alone; figures are bounded by a time, so that
//! no page walks through the whole history.

mod deliveries;
mod events;
mod figures;
mod replays;
mod search;

pub use deliveries::{attempt, attempt_lines, attempts, find_delivery, list_deliveries};
pub use events::{find_event, list_events};
pub use figures::{figures, slots};
pub use replays::{find_replay, list_replays};
pub use search::search_deliveries;
