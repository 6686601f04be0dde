//! The sessions table. The cookie holds a random key; here is only the key's SHA-256, so that nobody who reads the
//! database can sign in with what they find.

use std::collections::HashMap;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};
use sqlx::Row as _;

use crate::base::{Rng, Timestamp, UserId};
use crate::db::{Conn, DbError};

/// A session that is not used for this long ends.
pub const IDLE: Duration = Duration::from_secs(8 * 60 * 60);
/// A session ends after this long however much it is used.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Use is written down this often at most, so that reading pages does not mean writing to the disk.
pub const TOUCH_EVERY: Duration = Duration::from_secs(5 * 60);

/// What a session remembers, by name; the values are JSON.
pub type State = HashMap<String, String>;

/// What the cookie holds: 256 random bits.
pub fn new_key(rng: &dyn Rng) -> String {
    BASE64.encode(rng.bytes::<32>())
}

/// What the table holds of a key.
fn hash(key: &str) -> String {
    BASE64.encode(Sha256::digest(key))
}

/// A session that has not ended.
#[derive(Clone, Debug)]
pub struct Session {
    pub state: State,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
}

fn expiry(created_at: Timestamp, seen_at: Timestamp) -> Timestamp {
    (created_at + LONGEST).min(seen_at + IDLE)
}

fn write(state: &State) -> String {
    serde_json::to_string(state).expect("a map of strings always has a JSON form")
}

/// The session with this key, unless it has ended.
pub async fn find(conn: &mut Conn, key: &str, now: Timestamp) -> Result<Option<Session>, DbError> {
    let hash = hash(key);
    let row = sqlx::query("SELECT state, created_at, seen_at FROM sessions WHERE key_hash = $1 AND expires_at > $2")
        .bind(&hash)
        .bind(now)
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let state: String = row.try_get(0)?;
    let state = serde_json::from_str(&state).map_err(|e| DbError::inconsistent("sessions", "state", &hash, e))?;
    Ok(Some(Session { state, created_at: row.try_get(1)?, seen_at: row.try_get(2)? }))
}

/// Begins a session of `user`, and forgets all that have ended.
pub async fn insert(
    conn: &mut Conn,
    key: &str,
    user: Option<&UserId>,
    state: &State,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(&mut *conn).await?;
    sqlx::query(
        "INSERT INTO sessions (key_hash, user_id, state, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)",
    )
    .bind(hash(key))
    .bind(user)
    .bind(write(state))
    .bind(now)
    .bind(expiry(now, now))
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces what the session remembers. One that has ended meanwhile stays ended.
pub async fn update_state(conn: &mut Conn, key: &str, state: &State) -> Result<(), DbError> {
    sqlx::query("UPDATE sessions SET state = $2 WHERE key_hash = $1")
        .bind(hash(key))
        .bind(write(state))
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down that the session is in use.
pub async fn touch(conn: &mut Conn, key: &str, created_at: Timestamp, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE key_hash = $1")
        .bind(hash(key))
        .bind(now)
        .bind(expiry(created_at, now))
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn delete(conn: &mut Conn, key: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE key_hash = $1").bind(hash(key)).execute(conn).await?;
    Ok(())
}

pub async fn delete_of_user(conn: &mut Conn, user: &UserId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user).execute(conn).await?;
    Ok(())
}
