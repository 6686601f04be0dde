//! Accounts: the setup, signing in and out, the organization's general settings, API keys, everybody's own profile, and the
//! pages of the account managers.

pub mod api_keys;
