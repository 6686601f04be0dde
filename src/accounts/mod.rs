//! Accounts: the setup, signing in and out, the organization's general settings and API keys, everybody's own profile,
//! and the pages of the account managers.

pub mod actions;
pub mod api_keys;
pub mod clerk;
pub mod letters;
pub mod audit;
pub mod members;
pub mod model;
pub mod pages;
pub mod throttles;
pub mod urls;
