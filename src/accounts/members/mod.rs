//! The people of an organization: inviting them, their roles, and an end to their access
//! (docs/decisions/0036-how-people-join-and-leave.md).

pub mod actions;
mod letters;
pub mod pages;
