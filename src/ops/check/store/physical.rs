//! What SQLite says of its own file.

use sqlx::Row as _;

use crate::db::{Conn, DbError};

/// What is damaged in SQLite's file, `limit` sentences at most.
pub async fn damages(conn: &mut Conn, limit: usize) -> Result<Vec<String>, DbError> {
    let text = sqlx::AssertSqlSafe(format!("PRAGMA integrity_check({limit})"));
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let said: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(said?.into_iter().filter(|sentence| sentence != "ok").collect())
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
