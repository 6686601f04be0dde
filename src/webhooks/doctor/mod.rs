//! The signature doctor: why the signature of a callback that somebody pasted does not hold, and what to do about it.
//!
//! It asks the same [`verify`](crate::delivery::signing::verify) as every receiver of ours. Where that says no, it tries what
//! people get wrong, one mistake after the other, until the pasted signature comes out: then that was the mistake. What was sent
//! is in the database, so a body is compared with the very bytes. All but `store` and `pages` is a pure function of what was
//! pasted, what is known, and the time. Nothing that was pasted is written down.

mod body;
mod diagnosis;
#[cfg(test)]
mod diagnosis_tests;
mod form;
mod headers;
pub mod pages;
mod search;
mod secret;
mod signature;
mod store;
mod words;
