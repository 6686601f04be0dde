//! The guide for those who write a receiver: how a callback is made, what each of them looks like, and programs that
//! check one, with the names of a webhook filled in.

mod catalog;
pub mod pages;
mod receivers;
mod terms;

pub use terms::Terms;
pub(in crate::webhooks) use terms::span;
