//! Everything in which the two engines differ, each as a named function with its reason.

use super::Conn;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub fn of(conn: &Conn) -> Self {
        if conn.backend_name() == "SQLite" { Self::Sqlite } else { Self::Postgres }
    }

    /// How a writing transaction begins. SQLite takes its one write lock at once: a transaction that reads first and
    /// writes later would find out too late that somebody else has written meanwhile.
    pub fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Appended to a `SELECT` that picks rows to claim: several PostgreSQL nodes pass over each other's picks. SQLite has
    /// one writer and does not know the words.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Appended to a `SELECT` of rows that must not change until the transaction ends. On SQLite nobody else writes meanwhile.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Stands behind `INSERT` or `UPDATE` in a statement over many rows whose failure ends its transaction. SQLite would
    /// otherwise copy every page before it changes it, to be able to take back the statement alone.
    pub fn or_fail(self) -> &'static str {
        match self {
            Self::Sqlite => " OR FAIL",
            Self::Postgres => "",
        }
    }

    /// A condition that the others imply, said for PostgreSQL's planner alone: its statistics tell it when the index that
    /// this opens is the shorter way. SQLite has none, and would always take it.
    pub fn hint(self, condition: &'static str) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => condition,
        }
    }

    /// Names the index that a table is read by, after the table. Without statistics SQLite takes a range for a narrower
    /// thing than a column that is told exactly; PostgreSQL knows better by itself, and not the words.
    pub fn indexed_by(self, index: &str) -> String {
        match self {
            Self::Sqlite => format!(" INDEXED BY {index}"),
            Self::Postgres => String::new(),
        }
    }

    /// Writer tasks: SQLite has one writer by nature; PostgreSQL commits a few groups side by side.
    pub fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 3,
        }
    }
}
