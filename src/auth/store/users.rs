//! The users table.

use sqlx::{AssertSqlSafe, Row as _};

use super::organizations;
use crate::auth::model::{Organization, Role, Theme, User};
use crate::base::{OrganizationId, Timestamp, UserId};
use crate::db::{Conn, DbError, Flag, Row, meta};

const COLUMNS: &str = "u.id, u.organization_id, u.email, u.name, u.role, u.theme, u.active, u.created_at";
const COLUMN_COUNT: usize = 8;

/// Why a user cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum InsertError {
    #[error("Somebody already uses this email address.")]
    EmailTaken,
    #[error(transparent)]
    Db(#[from] DbError),
}

fn read(row: &Row) -> Result<User, DbError> {
    let id: UserId = row.try_get(0)?;
    let role: String = row.try_get(4)?;
    let theme: String = row.try_get(5)?;
    Ok(User {
        organization_id: row.try_get(1)?,
        email: row.try_get(2)?,
        name: row.try_get(3)?,
        role: role.parse().map_err(|_| DbError::inconsistent("users", "role", id.as_str(), &role))?,
        theme: theme.parse().map_err(|_| DbError::inconsistent("users", "theme", id.as_str(), &theme))?,
        active: row.try_get::<Flag, _>(6)?.0,
        created_at: row.try_get(7)?,
        id,
    })
}

/// Adds a user. On PostgreSQL the transaction is of no more use after `EmailTaken`.
pub async fn insert(conn: &mut Conn, user: &User, password_hash: &str) -> Result<(), InsertError> {
    let inserted = sqlx::query(
        "INSERT INTO users (id, organization_id, email, name, role, password_hash, theme, active, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(&user.id)
    .bind(user.organization_id.as_ref())
    .bind(&user.email)
    .bind(&user.name)
    .bind(user.role.as_str())
    .bind(password_hash)
    .bind(user.theme.as_str())
    .bind(Flag(user.active))
    .bind(user.created_at)
    .execute(&mut *conn)
    .await;
    match inserted.map_err(DbError::from) {
        Ok(_) => Ok(meta::raise_changes(conn).await?),
        // The ids are made to be unlike each other, so it is the address.
        Err(DbError::Conflict) => Err(InsertError::EmailTaken),
        Err(error) => Err(error.into()),
    }
}

/// Whether there is any user: without one the server offers its setup.
pub async fn any(conn: &mut Conn) -> Result<bool, DbError> {
    Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(conn).await?.is_some())
}

/// A user with the organization, if it belongs to one: in one query, as it is asked for every request.
pub async fn find(conn: &mut Conn, id: &UserId) -> Result<Option<(User, Option<Organization>)>, DbError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS}, {} FROM users u LEFT JOIN organizations o ON o.id = u.organization_id WHERE u.id = $1",
        organizations::COLUMNS
    )))
    .bind(id)
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let user = read(&row)?;
    let organization = user.organization_id.as_ref().map(|_| organizations::read(&row, COLUMN_COUNT)).transpose()?;
    Ok(Some((user, organization)))
}

/// A user and the password's hash, by the address in lower case.
pub async fn find_for_sign_in(conn: &mut Conn, email: &str) -> Result<Option<(User, String)>, DbError> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS}, u.password_hash FROM users u WHERE u.email = $1")))
        .bind(email)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((read(&row)?, row.try_get(COLUMN_COUNT)?))).transpose()
}

/// A user of this organization, and of no other.
pub async fn find_in(conn: &mut Conn, organization: &OrganizationId, id: &UserId) -> Result<Option<User>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM users u WHERE u.organization_id = $1 AND u.id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Gives a user another role.
pub async fn update_role(conn: &mut Conn, id: &UserId, role: Role, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET role = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(role.as_str())
        .bind(now)
        .execute(&mut *conn)
        .await?;
    meta::raise_changes(conn).await
}

/// Lets a user in, or not any more; the user's API keys work as long as the user may come in.
pub async fn update_active(conn: &mut Conn, id: &UserId, active: bool, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET active = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(Flag(active))
        .bind(now)
        .execute(&mut *conn)
        .await?;
    meta::raise_changes(conn).await
}

/// Writes down that a user is here.
pub async fn note_seen(conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET last_seen_at = $2 WHERE id = $1").bind(id).bind(now).execute(conn).await?;
    Ok(())
}

/// When a user was here last, to within [`super::sessions::TOUCH_EVERY`].
pub async fn last_seen(conn: &mut Conn, id: &UserId) -> Result<Option<Timestamp>, DbError> {
    let row = sqlx::query("SELECT last_seen_at FROM users WHERE id = $1").bind(id).fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
}

/// Address and name (may be empty) of the organization's people, the active ones first.
pub async fn names(
    conn: &mut Conn,
    organization: &OrganizationId,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    let text = "SELECT email, name FROM users WHERE organization_id = $1 ORDER BY active DESC, name, email LIMIT $2";
    let rows = sqlx::query(text).bind(organization).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub async fn update_profile(
    conn: &mut Conn,
    id: &UserId,
    name: &str,
    theme: Theme,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET name = $2, theme = $3, updated_at = $4 WHERE id = $1")
        .bind(id)
        .bind(name)
        .bind(theme.as_str())
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Sets another password and ends every session of the user: whoever knew the old one is out.
pub async fn update_password(conn: &mut Conn, id: &UserId, hash: &str, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(hash)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    super::sessions::delete_of_user(conn, id).await
}

/// Whether somebody has this address.
pub async fn is_email_taken(conn: &mut Conn, email: &str) -> Result<bool, DbError> {
    Ok(sqlx::query("SELECT 1 FROM users WHERE email = $1").bind(email).fetch_optional(conn).await?.is_some())
}

/// The hash of the user's password.
pub async fn password_hash(conn: &mut Conn, id: &UserId) -> Result<Option<String>, DbError> {
    let row = sqlx::query("SELECT password_hash FROM users WHERE id = $1").bind(id).fetch_optional(conn).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Changes the address. On PostgreSQL the transaction is of no more use after `EmailTaken`.
pub async fn update_email(conn: &mut Conn, id: &UserId, email: &str, now: Timestamp) -> Result<(), InsertError> {
    let updated = sqlx::query("UPDATE users SET email = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(email)
        .bind(now)
        .execute(&mut *conn)
        .await;
    match updated.map_err(DbError::from) {
        // Calls with the user's keys are in the name of the new address from now on.
        Ok(_) => Ok(meta::raise_changes(conn).await?),
        Err(DbError::Conflict) => Err(InsertError::EmailTaken),
        Err(error) => Err(error.into()),
    }
}
