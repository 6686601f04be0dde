//! Webhooks as people configure them: the instances, their form, the test, and what each of them is sent with.
//!
//! `model` holds the rules, `store` the tables, `actions` what people do (in the caller's transaction); pages and API call those.

pub mod actions;
pub mod alerts;
pub mod api;
pub mod doctor;
pub mod form;
pub mod guide;
pub mod limit;
pub mod log;
pub mod model;
pub mod pages;
pub mod store;
pub mod urls;
