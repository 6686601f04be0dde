//! What changing the key does to what is sealed.

pub mod store;
