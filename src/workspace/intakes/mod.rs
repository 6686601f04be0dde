//! Intakes: requests for a response, before they become projects.

pub mod actions;
pub mod api;
pub mod model;
pub mod pages;
pub mod store;
