//! The log: what happened, and what became of it at each webhook. It only reads; what people start here are
//! redeliveries and replays.

pub mod actions;
pub mod api;
pub mod model;
pub mod pages;
pub mod replay;
pub mod store;
