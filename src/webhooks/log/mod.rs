//! The log: what happened, and what became of it at each webhook. It only reads; the one thing that people start here
//! is a redelivery.

pub mod actions;
pub mod api;
pub mod model;
pub mod pages;
pub mod store;
