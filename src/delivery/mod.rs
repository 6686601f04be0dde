//! Delivering: from rows on disk to requests, and back to rows.
//!
//! **The cast.** The [`engine`] keeps one [`lane`] for each webhook that has work. A lane holds the leases of a bounded number of
//! deliveries, sends a few at a time through the one [`sender`], and has each attempt recorded together with the delivery's next
//! state (the [`recorder`] takes those of all lanes to the writer) before it forgets the delivery. New deliveries come to their lane from memory after their commit (they are born leased
//! to this process); everything else (retries, overflow, what waited over a restart, other nodes' dead leases) is found by the
//! poll, which is the guarantee. Waking is only a hint.
//!
//! **Promises.** At least once; attempts start in the order of the events, order of arrival is not promised. A slow, dead or
//! hostile receiver fills its own lane and nobody else's.
//!
//! **What a crash leaves.** Before the event's commit: nothing. After it, before the attempt: a leased row, due again when its lease
//! ends (on SQLite: at the next start). During or after the attempt, before its result is recorded: the same, and the
//! receiver may get the event twice, with the same id and bytes. A crash uses up no try: `attempts` rises only with a result.

pub mod endpoint;
pub mod engine;
mod lane;
pub mod model;
pub mod outcome;
mod recorder;
mod replay;
pub mod resolver;
pub mod retry;
pub mod scrub;
pub mod sender;
pub mod signing;
pub mod store;

pub use engine::Engine;
