//! What the database remembers of itself: single values by name, and the counter of changes to what servers cache.

use sqlx::Row as _;

use super::{Conn, DbError};
use crate::base::Vault;

/// Under which the database keeps the id of the key that its secrets are sealed with.
pub const VAULT_KEY_ID: &str = "vault_key_id";

/// Under which it keeps, sealed, what other keys are made from.
pub const VAULT_ROOT: &str = "vault_root";

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

/// Keeps `value` under `key`, whatever was there.
pub async fn put(conn: &mut Conn, key: &str, value: &str) -> Result<(), DbError> {
    sqlx::query("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets the vault seal with the key that the database names: another process may have changed it. To be called in the transaction
/// that writes what is sealed; after [`raise_changes`], it is in order with the change.
pub async fn freshen(conn: &mut Conn, vault: &Vault) -> Result<(), DbError> {
    match find(conn, VAULT_KEY_ID).await? {
        Some(id) if !vault.use_key(&id) => Err(DbError::inconsistent(
            "meta",
            "value",
            VAULT_KEY_ID,
            "secrets are sealed with a new key, which is neither in the key file nor in the one beside it whose name ends with .next",
        )),
        _ => Ok(()),
    }
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
