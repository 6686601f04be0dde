//! Mail: a queue in the database, and the one who takes it to the mail server.
//!
//! A mail is queued in the transaction of what it tells, and leaves the queue when the mail server has taken it: at least once,
//! and after a crash at that very moment twice, with the same Message-ID. See docs/decisions/0022-who-is-told-what.md.

pub mod model;
pub mod post;
pub mod postbox;
pub mod store;

pub use model::{InvalidSettings, Mail, Settings};
pub use post::Post;
pub use postbox::Postbox;
