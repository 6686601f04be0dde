//! Tests of the program without a browser: pages, API, delivery, storage. Files are named as in `src`.

#[expect(dead_code, reason = "the support code serves two test binaries, and each uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod alerts;
mod api_keys;
mod architecture;
mod backup;
mod battery;
mod check;
mod crash;
mod databases;
mod demo;
mod disk_full;
mod endless;
mod engine;
mod health;
mod listen;
mod log;
mod model;
mod nodes;
mod openapi;
mod publish;
mod receiver;
mod retention;
mod secrets;
mod security;
mod sender;
mod store;
mod webhooks;
mod workspace;
