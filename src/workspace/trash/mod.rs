//! The trash: what was put there, the ways out of it, and that it empties itself.

pub mod actions;
pub mod emptying;
pub mod model;
pub mod pages;
pub mod store;
