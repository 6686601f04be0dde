//! Projects with their sections and questions.

pub mod actions;
pub mod api;
pub mod model;
pub mod pages;
pub mod store;
