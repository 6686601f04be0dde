//! What the database remembers of itself: single values by name, and the counter of changes to what servers cache.

use sqlx::Row as _;

use super::{Conn, DbError};

/// The value under `key`.
pub async fn find(conn: &mut Conn, key: &str) -> Result<Option<String>, DbError> {
    let row = sqlx::query("SELECT value FROM meta WHERE key = $1").bind(key).fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Keeps `value` under `key` unless there is one already: the first to say so decides. Answers what is kept.
pub async fn keep_first(conn: &mut Conn, key: &str, value: &str) -> Result<String, DbError> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
        .bind(key)
        .bind(value)
        .execute(&mut *conn)
        .await?;
    find(conn, key)
        .await?
        .ok_or_else(|| DbError::inconsistent("meta", "key", key, "it vanished while it was being written"))
}

/// Rises with every change to what servers cache, by whichever process.
pub async fn changes(conn: &mut Conn) -> Result<i64, DbError> {
    Ok(sqlx::query("SELECT value FROM change_counter WHERE id = 1").fetch_one(conn).await?.try_get(0)?)
}

/// Tells every server that something it may keep in memory has changed. Until the transaction ends nobody else gets past
/// this line, which also puts in order what must not happen twice at once.
pub async fn raise_changes(conn: &mut Conn) -> Result<(), DbError> {
    sqlx::query("UPDATE change_counter SET value = value + 1 WHERE id = 1").execute(conn).await?;
    Ok(())
}
