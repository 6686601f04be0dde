//! What can go wrong with the database, for operators; actions and pages pass it on.

use std::path::PathBuf;

/// A failure of the database itself. Rules that a caller can break are errors of the store functions.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Too much is waiting, or no connection could be had: try again in a moment.
    #[error("the database is busy")]
    Busy,
    #[error("the disk is full")]
    DiskFull,
    /// A unique rule was broken. The store function that can cause it says which one it is.
    #[error("a unique rule was broken")]
    Conflict,
    /// What was stored cannot be read as what it must be.
    #[error("{table}.{column} of {row} holds what it must not: {problem}")]
    Inconsistent { table: &'static str, column: &'static str, row: String, problem: String },
    /// The writer has stopped: the program is ending.
    #[error("the database is closed")]
    Closed,
    #[error("the database failed")]
    Driver(#[source] sqlx::Error),
}

impl DbError {
    pub fn inconsistent(table: &'static str, column: &'static str, row: &str, problem: impl std::fmt::Display) -> Self {
        Self::Inconsistent { table, column, row: row.to_owned(), problem: problem.to_string() }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Conflict,
            // SQLITE_FULL is 13, SQLITE_IOERR_SHMSIZE (no room for the shared memory of the log) 4874; PostgreSQL's disk_full is 53100.
            sqlx::Error::Database(db) if matches!(db.code().as_deref(), Some("13" | "4874" | "53100")) => {
                Self::DiskFull
            }
            // PostgreSQL: a deadlock (40P01) or a conflict of serializable transactions (40001), of which this was the victim.
            sqlx::Error::Database(db) if matches!(db.code().as_deref(), Some("40P01" | "40001")) => Self::Busy,
            // SQLITE_BUSY and its extended codes: another process held the file past the busy timeout.
            sqlx::Error::Database(db) if matches!(db.code().as_deref(), Some("5" | "261" | "517" | "773")) => {
                Self::Busy
            }
            _ => Self::Driver(error),
        }
    }
}

/// Why a database cannot be used at all. The message names the file, the cause and the remedy; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("HERALD_DATABASE_URL: {0:?} is neither sqlite://FILE nor postgres://…")]
    Url(String),
    #[error("cannot use the database {place}: {cause}. {remedy}")]
    Unusable { place: String, cause: String, remedy: &'static str },
    #[error(
        "the database {place} was written by a newer Herald (it has migration {version}). Start that version, or restore a backup made by this one."
    )]
    Newer { place: String, version: i64 },
    #[error("another `herald serve` is using {}. Stop it first; `herald admin` and `herald check` work beside it.", .0.display())]
    InUse(PathBuf),
}
