//! The sessions table. The cookie holds a random key; here is only the key's SHA-256, so that nobody who reads the
//! database can sign in with what they find.

use std::collections::HashMap;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use sha2::{Digest, Sha256};
use sqlx::Row as _;

use super::users;
use crate::base::{Rng, SessionId, Timestamp, UserId};
use crate::db::{Conn, DbError, Flag, Row};

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

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub id: SessionId,
    /// Whose it is, or will be after the second step of sign-in; `None`: a visitor's.
    pub user: Option<UserId>,
    pub is_signed_in: bool,
    /// How the browser calls itself.
    pub agent: String,
    pub address: Option<String>,
}

/// Begins a session, and forgets all that have ended.
pub async fn insert(
    conn: &mut Conn,
    key: &str,
    new: &NewSession,
    state: &State,
    now: Timestamp,
) -> Result<(), DbError> {
    purge(conn, now).await?;
    sqlx::query(
        "INSERT INTO sessions (key_hash, id, user_id, signed_in, agent, address, state, created_at, seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
    )
    .bind(hash(key))
    .bind(&new.id)
    .bind(new.user.as_ref())
    .bind(Flag(new.is_signed_in))
    .bind(&new.agent)
    .bind(new.address.as_ref())
    .bind(write(state))
    .bind(now)
    .bind(expiry(now, now))
    .execute(&mut *conn)
    .await?;
    match new.user.as_ref().filter(|_| new.is_signed_in) {
        Some(user) => users::note_seen(conn, user, now).await,
        None => Ok(()),
    }
}

/// Forgets the sessions that have ended.
pub async fn purge(conn: &mut Conn, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: SessionId,
    pub agent: String,
    pub address: Option<String>,
    pub created_at: Timestamp,
    /// To within [`TOUCH_EVERY`].
    pub seen_at: Timestamp,
}

/// Sessions that a page shows at most.
const MOST_LISTED: i64 = 100;

/// Where the user is signed in, the latest first.
pub async fn list_of_user(conn: &mut Conn, user: &UserId, now: Timestamp) -> Result<Vec<Listed>, DbError> {
    let rows = sqlx::query(
        "SELECT id, agent, address, created_at, seen_at FROM sessions \
         WHERE user_id = $1 AND signed_in = 1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC LIMIT $3",
    )
    .bind(user)
    .bind(now)
    .bind(MOST_LISTED)
    .fetch_all(conn)
    .await?;
    let listed = |row: &Row| {
        Ok(Listed {
            id: row.try_get(0)?,
            agent: row.try_get(1)?,
            address: row.try_get(2)?,
            created_at: row.try_get(3)?,
            seen_at: row.try_get(4)?,
        })
    };
    rows.iter().map(listed).collect()
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
    let row = sqlx::query("UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE key_hash = $1 RETURNING user_id")
        .bind(hash(key))
        .bind(now)
        .bind(expiry(created_at, now))
        .fetch_optional(&mut *conn)
        .await?;
    match row.map(|row| row.try_get::<Option<UserId>, _>(0)).transpose()?.flatten() {
        Some(user) => users::note_seen(conn, &user, now).await,
        None => Ok(()),
    }
}

pub async fn delete(conn: &mut Conn, key: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE key_hash = $1").bind(hash(key)).execute(conn).await?;
    Ok(())
}

pub async fn delete_of_user(conn: &mut Conn, user: &UserId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user).execute(conn).await?;
    Ok(())
}

/// Ends one session of the user. `false`: there is none with this id.
pub async fn delete_one(conn: &mut Conn, user: &UserId, id: &SessionId) -> Result<bool, DbError> {
    let deleted =
        sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id = $2").bind(user).bind(id).execute(conn).await?;
    Ok(deleted.rows_affected() > 0)
}

/// Ends every session of the user but this one, and says how many.
pub async fn delete_others(conn: &mut Conn, user: &UserId, id: &SessionId) -> Result<u64, DbError> {
    let deleted =
        sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2").bind(user).bind(id).execute(conn).await?;
    Ok(deleted.rows_affected())
}
