//! Nobody is surprised: what admins and the operator are told of a webhook that fails, and how it reaches them.
//!
//! Alerts are rows that delivering writes with the change they tell (`delivery::store`). The [`teller`] adds those that come
//! by time alone, and makes of each one a mail for every admin who wants it and an event for the operator, once, whichever
//! node does it. Pages show the last alert of each webhook until it is over or dismissed.
//! See docs/decisions/0022-who-is-told-what.md.

mod letters;
pub mod model;
mod notices;
pub mod operator;
pub mod pages;
pub mod store;
pub mod teller;

pub use notices::WebhookNotices;
