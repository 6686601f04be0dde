//! A receiver of callbacks that checks their signatures, as a customer's own should.
//!
//! It keeps what arrived in memory and shows it on a page. In the demo it stands inside the program: [`Receiver`] is the
//! sender's `LocalReceiver`, recognizes its own addresses by their path and is handed requests in memory, never dialled. A
//! server without one recognizes nothing.

mod check;
mod kept;
mod local;
pub mod pages;

pub use check::{Key, Keys, Verdict, check};
pub use kept::{Callback, MAX_CALLBACKS};
pub use local::{Address, Receiver};
