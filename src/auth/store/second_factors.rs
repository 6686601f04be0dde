//! The second_factors and recovery_codes tables. The key is sealed; recovery codes are hashed, all of a user with one salt.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use sqlx::Row as _;

use crate::auth::model::User;
use crate::auth::passwords::SALT_BYTES;
use crate::base::{OrganizationId, Secret, Timestamp, UserId, Vault};
use crate::db::meta::freshen;
use crate::db::{Conn, DbError, Row};

/// A user's second factor, confirmed or about to be.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    pub key: Secret,
    pub created_at: Timestamp,
    /// `None`: no code of it was shown yet, and sign-in does not ask for one.
    pub confirmed_at: Option<Timestamp>,
    pub last_step: i64,
    pub recovery_salt: [u8; SALT_BYTES],
    /// Recovery codes that were not used.
    pub codes_left: i64,
}

/// The place of a key, for the vault. Account managers are in no organization
/// (docs/decisions/0044-what-seals-are-bound-to.md).
pub fn place(organization: Option<&OrganizationId>, user: &UserId) -> String {
    format!("{}/second_factors/{user}", organization.map_or("-", OrganizationId::as_str))
}

/// Begins anew: whatever the user had before is gone.
pub async fn replace(conn: &mut Conn, vault: &Vault, user: &User, key: &Secret, now: Timestamp) -> Result<(), DbError> {
    freshen(conn, vault).await?;
    delete(conn, &user.id).await?;
    sqlx::query(
        "INSERT INTO second_factors (user_id, secret, created_at, last_step, recovery_salt) VALUES ($1, $2, $3, 0, '')",
    )
    .bind(&user.id)
    .bind(vault.seal(&place(user.organization_id.as_ref(), &user.id), key))
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find(conn: &mut Conn, vault: &Vault, user: &UserId) -> Result<Option<SecondFactor>, DbError> {
    let row = sqlx::query(
        "SELECT f.secret, f.created_at, f.confirmed_at, f.last_step, f.recovery_salt, \
         (SELECT COUNT(*) FROM recovery_codes c WHERE c.user_id = f.user_id AND c.used_at IS NULL), u.organization_id \
         FROM second_factors f JOIN users u ON u.id = f.user_id WHERE f.user_id = $1",
    )
    .bind(user)
    .fetch_optional(conn)
    .await?;
    row.map(|row| read(&row, vault, user)).transpose()
}

fn read(row: &Row, vault: &Vault, user: &UserId) -> Result<SecondFactor, DbError> {
    let wrong =
        |column: &'static str, problem: String| DbError::inconsistent("second_factors", column, user.as_str(), problem);
    let sealed: String = row.try_get(0)?;
    let confirmed_at: Option<Timestamp> = row.try_get(2)?;
    let salt: String = row.try_get(4)?;
    let organization: Option<OrganizationId> = row.try_get(6)?;
    let place = place(organization.as_ref(), user);
    let recovery_salt = match confirmed_at {
        None => [0; SALT_BYTES],
        Some(_) => BASE64
            .decode(&salt)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| wrong("recovery_salt", "it is no salt".into()))?,
    };
    Ok(SecondFactor {
        key: vault.open(&place, &sealed).map_err(|error| wrong("secret", error.to_string()))?,
        created_at: row.try_get(1)?,
        confirmed_at,
        last_step: row.try_get(3)?,
        recovery_salt,
        codes_left: row.try_get(5)?,
    })
}

/// Whether sign-in asks this user for a code.
pub async fn is_confirmed(conn: &mut Conn, user: &UserId) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT 1 FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL")
        .bind(user)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// The users of an organization whom sign-in asks for a code.
pub async fn of_organization(conn: &mut Conn, organization: &OrganizationId) -> Result<HashSet<UserId>, DbError> {
    let rows = sqlx::query(
        "SELECT f.user_id FROM second_factors f JOIN users u ON u.id = f.user_id \
         WHERE u.organization_id = $1 AND f.confirmed_at IS NOT NULL",
    )
    .bind(organization)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Uses up the code of a step. `false`: it, or a later one, was used before.
pub async fn use_step(conn: &mut Conn, user: &UserId, step: i64) -> Result<bool, DbError> {
    let used = sqlx::query("UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2")
        .bind(user)
        .bind(step)
        .execute(conn)
        .await?;
    Ok(used.rows_affected() > 0)
}

/// From now on sign-in asks for codes. `false`: there is nothing to be confirmed (any more).
pub async fn confirm(conn: &mut Conn, user: &UserId, now: Timestamp) -> Result<bool, DbError> {
    let confirmed =
        sqlx::query("UPDATE second_factors SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL")
            .bind(user)
            .bind(now)
            .execute(conn)
            .await?;
    Ok(confirmed.rows_affected() > 0)
}

/// Replaces all recovery codes.
pub async fn set_recovery_codes(
    conn: &mut Conn,
    user: &UserId,
    salt: &[u8; SALT_BYTES],
    hashes: &[[u8; 32]],
) -> Result<(), DbError> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user).execute(&mut *conn).await?;
    sqlx::query("UPDATE second_factors SET recovery_salt = $2 WHERE user_id = $1")
        .bind(user)
        .bind(BASE64.encode(salt))
        .execute(&mut *conn)
        .await?;
    for hash in hashes {
        sqlx::query("INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)")
            .bind(user)
            .bind(BASE64.encode(hash))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Uses up a recovery code. `false`: the user has none like it, or has used it.
pub async fn use_recovery_code(
    conn: &mut Conn,
    user: &UserId,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, DbError> {
    let used =
        sqlx::query("UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL")
            .bind(user)
            .bind(BASE64.encode(hash))
            .bind(now)
            .execute(conn)
            .await?;
    Ok(used.rows_affected() > 0)
}

/// Removes the second factor with its recovery codes. `false`: there was none that sign-in asked for.
pub async fn delete(conn: &mut Conn, user: &UserId) -> Result<bool, DbError> {
    let was_asked = is_confirmed(conn, user).await?;
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user).execute(&mut *conn).await?;
    sqlx::query("DELETE FROM second_factors WHERE user_id = $1").bind(user).execute(conn).await?;
    Ok(was_asked)
}
