//! The answer library: pairs of a question and its answer, with moderation and review.
//!
//! What admins, moderators and programs save is published at once; what members save, or anybody from a project, waits in
//! moderation. A published pair can be sent to somebody who reviews it until a day. Every change is a step of the pair's history,
//! which keeps the texts as they were before it.

pub mod actions;
pub mod api;
pub mod model;
pub(crate) mod pages;
pub mod store;
pub mod transfer;
