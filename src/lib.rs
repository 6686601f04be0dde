//! Herald: webhooks done right, in one self-contained program.
//!
//! The modules stand in the order in which they may depend on each other: each imports only what stands
//! above it (the table is kept true by `tests/app/architecture.rs`).

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used)]

pub mod base;
pub mod db;
pub mod auth;
pub mod events;
pub mod mail;
pub mod delivery;
pub mod web;
pub mod webhooks;
pub mod receiver;
pub mod publish;
pub mod workspace;
pub mod accounts;
pub mod ops;
pub mod config;
pub mod app;
pub mod openapi;
pub mod routes;
pub mod cli;
