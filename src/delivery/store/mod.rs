//! The deliveries and attempts tables, and the columns of webhooks that delivering changes.
//!
//! `claim` and `result` are the engine's grouped commands; `disable` gives up on a webhook; `alerts` is what people are told; `change` is what people's actions do to deliveries; `replays`
//! keeps the replays, `replaying` carries them out; `target`
//! reads where to send.

mod alerts;
mod change;
mod claim;
mod disable;
mod replays;
mod replaying;
mod result;
mod target;

pub use alerts::{Evidence, climb, due_alerts, last_failure, note_success_of_test};
pub use change::{
    HAND_OVER, SwitchCounts, cancel_for_deletion, cancel_held, count_for_switch, count_held, forget_asked, hold,
    hold_for_switch, release_for_switch, release_held, release_held_slowly, start_redelivery, undo_deletion,
};
pub use claim::{Claim, Extend, Release, TakeUp, asked_redeliveries, due_webhooks, free_all_leases};
pub use disable::Disable;
pub use replaying::{
    Running, cancel_orphan, cancel_replay, finish_replay, next_batch, open_deliveries, running_replays, take_batch,
};
pub use replays::{count_replayable, insert_replay, replay_filter};
pub use result::{Health, RecordResult, RecordResults};
pub use target::{Target, endpoint, header_place, limits, load_target, query_place, secret_place};
