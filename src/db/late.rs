//! What the engines spell differently, and so no migration can make: it is made after the migrations where it is missing.

use sqlx::Executor as _;

use super::{Conn, Dialect};

/// Something of the database that each engine has words of its own for.
pub(super) struct Piece {
    /// Answers a row if it is there.
    pub is_there: fn(Dialect) -> &'static str,
    /// The statements that make it.
    pub makes: fn(Dialect) -> &'static [&'static str],
}

impl Piece {
    /// Makes it where it is missing.
    pub async fn prepare(&self, conn: &mut Conn) -> Result<(), sqlx::Error> {
        let dialect = Dialect::of(conn);
        if self.is_there(conn, dialect).await? {
            return Ok(());
        }
        conn.execute(dialect.begin()).await?;
        let made = self.make(conn, dialect).await;
        conn.execute(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        made
    }

    async fn is_there(&self, conn: &mut Conn, dialect: Dialect) -> Result<bool, sqlx::Error> {
        Ok(conn.fetch_optional((self.is_there)(dialect)).await?.is_some())
    }

    async fn make(&self, conn: &mut Conn, dialect: Dialect) -> Result<(), sqlx::Error> {
        // Of several nodes that start at once, one makes it and the others wait here.
        conn.execute("UPDATE change_counter SET value = value WHERE id = 1").await?;
        if self.is_there(conn, dialect).await? {
            return Ok(());
        }
        for text in (self.makes)(dialect) {
            conn.execute(*text).await?;
        }
        Ok(())
    }
}
