//! A copy of a SQLite database while others use it.

use std::path::Path;
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::error::{DbError, OpenError};
use super::migrate;
use super::open::unusable;
use super::{Dialect, sqlite_file};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    /// PostgreSQL has a program of its own for that.
    #[error("the database is not a SQLite file")]
    NotSqlite,
    #[error("cannot write the copy: {0}")]
    Write(#[source] DbError),
}

/// Writes all that the database at `url` holds at this moment into the new file `to`. Nobody waits for it; what is written
/// meanwhile is not in the copy. The file is not synced.
pub async fn copy(url: &str, to: &Path) -> Result<(), CopyError> {
    sqlx::any::install_default_drivers();
    let file = sqlite_file(url).ok_or(CopyError::NotSqlite)?;
    let place = file.display().to_string();
    let failed = |error: sqlx::Error| unusable(Dialect::Sqlite, &place, &error);
    if !file.exists() {
        let remedy = "Name the database with HERALD_DATABASE_URL.";
        return Err(OpenError::Unusable { place, cause: "there is no such file".into(), remedy }.into());
    }
    let connect = AnyConnectOptions::from_str(&format!("sqlite://{place}?mode=rw")).map_err(failed)?;
    let mut conn = connect.connect().await.map_err(failed)?;
    conn.execute("PRAGMA busy_timeout=5000; PRAGMA temp_store=FILE").await.map_err(failed)?;
    migrate::check(&mut conn, &place).await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut conn).await;
    copied.map_err(|error| CopyError::Write(error.into()))?;
    // Only read: whatever becomes of the connection, nothing is lost.
    let _ = conn.close().await;
    Ok(())
}
