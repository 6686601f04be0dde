//! From a committed event to an answer of its receiver.

pub mod endpoint;
pub mod outcome;
pub mod resolver;
pub mod retry;
pub mod sender;
pub mod signing;
