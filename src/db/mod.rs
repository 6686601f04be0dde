//! The database: one SQL text for SQLite (the default) and PostgreSQL, through sqlx's `Any` driver.
//!
//! Readers come from a pool of their own; whatever writes goes through the writer: grouped commands
//! ([`Db::submit`]) or an ordinary transaction ([`Db::begin`]). On SQLite the writer is one connection, so
//! nothing ever sees "database is locked". Only `store.rs` files and this module see sqlx.

mod append_only;
mod checkpoints;
mod columns;
mod copy;
mod counter;
pub mod dialect;
mod error;
pub mod full_text;
pub mod keyset;
mod late;
mod lock;
pub mod meta;
mod migrate;
mod open;
mod snapshot;
pub mod sql;
mod tx;
mod writer;

pub use columns::Flag;
pub use copy::{CopyError, copy};
pub use dialect::Dialect;
pub use error::{DbError, OpenError};
pub use lock::ServeLock;
pub use open::{Db, Options, sqlite_file, sqlite_version};
pub use snapshot::Snapshot;
pub use tx::Tx;
pub use writer::{Command, Turn};

/// A connection in or outside of a transaction: what every store function takes first.
pub type Conn = sqlx::AnyConnection;
pub type Row = sqlx::any::AnyRow;
