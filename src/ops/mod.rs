//! Running Herald: what operators and their machines look at.

pub mod backup;
pub mod check;
pub mod health;
pub mod reseal;
pub mod retention;
