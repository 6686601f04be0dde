//! Running Herald: what operators and their machines look at.

pub mod health;
