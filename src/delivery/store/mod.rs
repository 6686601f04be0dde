//! The deliveries and attempts tables, and the columns of webhooks that delivering changes.
//!
//! `claim` and `result` are the engine's grouped commands; `change` is what people's actions do to deliveries; `target`
//! reads where to send.

mod change;
mod claim;
mod result;
mod target;

pub use change::{
    HAND_OVER, cancel_for_deletion, cancel_held, count_held, hold, hold_for_switch, release_for_switch, release_held,
    start_redelivery, undo_deletion,
};
pub use claim::{Claim, Extend, Release, due_webhooks, free_all_leases};
pub use result::{Disable, RecordResult};
pub use target::{Target, header_place, load_target};
