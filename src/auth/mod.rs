//! Who people are and what they may do: organizations, users, roles, passwords, sessions, audit entries. No HTTP.
//!
//! Users are read anew for every request, and what is kept of API keys is checked for every call, so that what another
//! process changes (`herald admin`) holds at once.

pub mod api_keys;
pub mod callers;
pub mod codes;
pub mod model;
pub mod passwords;
pub mod store;
pub mod totp;

pub use store::audit;
