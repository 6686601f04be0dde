//! Publishing: events that other programs raise, `POST /api/v1/events` and `/events/batch`.
//!
//! `model` has the rules, `wire` reads a body by them and tells all that is wrong, `actions` is the command that the
//! grouped writer applies, many callers at a time, and `api` answers once it is on disk.

pub mod actions;
pub mod api;
pub mod model;
mod store;
pub mod wire;
