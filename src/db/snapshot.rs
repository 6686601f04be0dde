//! A look at a database as it is, beside whoever uses it: nothing is made, migrated or written, and all that is read is of
//! one moment.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::open::{parse, unusable};
use super::{Conn, Dialect, OpenError, migrate, sqlite_file};

/// One reading transaction over the whole database; derefs to the connection that store functions take.
pub struct Snapshot {
    conn: Conn,
}

// What is sorted goes to files: a look must not need memory in proportion to what it looks at.
const PRAGMAS: &str =
    "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA cache_size=-16384; PRAGMA temp_store=FILE";

impl Snapshot {
    /// Opens `url` if there is a database that this version knows.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let (dialect, place, mut connect) = parse(url)?;
        let failed = |error: sqlx::Error| unusable(dialect, &place, &error);
        if let Some(file) = sqlite_file(url) {
            if !file.exists() {
                let cause = "there is no such file".into();
                let remedy = "Name the database with HERALD_DATABASE_URL.";
                return Err(OpenError::Unusable { place, cause, remedy });
            }
            connect = AnyConnectOptions::from_str(&format!("sqlite://{}?mode=rw", file.display())).map_err(failed)?;
        }
        let mut conn = connect.connect().await.map_err(failed)?;
        let begin = match dialect {
            Dialect::Sqlite => {
                conn.execute(PRAGMAS).await.map_err(failed)?;
                "BEGIN"
            }
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        conn.execute(begin).await.map_err(failed)?;
        migrate::check(&mut conn, &place).await?;
        Ok(Self { conn })
    }

    /// Ends the look.
    pub async fn close(self) {
        // Nothing was written: whatever becomes of the connection, nothing is lost.
        let _ = self.conn.close().await;
    }
}

impl Deref for Snapshot {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
