//! What SQLite says of its own file.

use futures_util::StreamExt as _;
use sqlx::Row as _;

use crate::db::{Conn, DbError};

/// What is damaged in SQLite's file, about `limit` sentences at most.
pub async fn damages(conn: &mut Conn, limit: usize) -> Result<Vec<String>, DbError> {
    let text = sqlx::AssertSqlSafe(format!("PRAGMA integrity_check({limit})"));
    let mut rows = sqlx::query(text).fetch(conn);
    let mut said = Vec::new();
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => said.push(row.try_get(0)?),
            // SQLITE_CORRUPT: the check itself comes to where it cannot go on. What it said before counts.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("11") => {
                said.push(error.message().to_owned());
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(said.into_iter().filter(|sentence| sentence != "ok").collect())
}

/// References of SQLite's tables that lead nowhere.
pub async fn broken_references(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query("PRAGMA foreign_key_check").fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let (table, place, parent): (String, Option<i64>, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok(format!("row {} of {table}: no such row in {parent}", place.unwrap_or(0)))
        })
        .collect()
}
