//! The HTTP kit: everything that pages and API share, without features.

pub mod context;

pub use context::Context;
