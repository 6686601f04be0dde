//! The audit log's page, and the same as a file. What is written down is decided where it is done
//! (docs/decisions/0037-what-the-audit-log-keeps.md).

pub mod actions;
pub mod model;
pub mod pages;
