//! The api_keys table.

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, Row as _};

use super::organizations;
use crate::auth::api_keys::{ApiKey, Caller, LastUse, email_of_key};
use crate::base::{ApiKeyId, OrganizationId, Timestamp, UserId};
use crate::db::{Command, Conn, DbError, Flag, Row, meta};

const COLUMNS: &str =
    "k.id, k.organization_id, k.user_id, k.name, k.prefix, k.scopes, k.created_at, k.last_used_at, k.expires_at";
const COLUMN_COUNT: usize = 9;

fn read(row: &Row) -> Result<ApiKey, DbError> {
    let id: ApiKeyId = row.try_get(0)?;
    let scopes: String = row.try_get(5)?;
    Ok(ApiKey {
        organization: row.try_get(1)?,
        user: row.try_get(2)?,
        name: row.try_get(3)?,
        prefix: row.try_get(4)?,
        scopes: scopes.parse().map_err(|error| DbError::inconsistent("api_keys", "scopes", id.as_str(), error))?,
        created_at: row.try_get(6)?,
        last_used_at: row.try_get(7)?,
        expires_at: row.try_get(8)?,
        id,
    })
}

pub async fn insert(conn: &mut Conn, key: &ApiKey, hash: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, key_hash, scopes, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&key.id)
    .bind(&key.organization)
    .bind(key.user.as_ref())
    .bind(key.name.as_str())
    .bind(key.prefix.as_str())
    .bind(hash)
    .bind(key.scopes.to_string())
    .bind(key.created_at)
    .bind(key.expires_at)
    .execute(&mut *conn)
    .await?;
    meta::raise_changes(conn).await
}

/// Ends a key; `false`: it was at its end before.
pub async fn revoke(conn: &mut Conn, id: &ApiKeyId, now: Timestamp) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    meta::raise_changes(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every key of a user at once, and answers them.
pub async fn revoke_of_user(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<ApiKey>, DbError> {
    let text = format!(
        "SELECT {COLUMNS} FROM api_keys k WHERE k.organization_id = $1 AND k.user_id = $2 AND k.revoked_at IS NULL"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(user).fetch_all(&mut *conn).await?;
    let keys = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    for key in &keys {
        revoke(conn, &key.id, now).await?;
    }
    Ok(keys)
}

/// How many keys of a user are not revoked.
pub async fn count_of_user(conn: &mut Conn, organization: &OrganizationId, user: &UserId) -> Result<i64, DbError> {
    let text = "SELECT COUNT(*) FROM api_keys WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL";
    Ok(sqlx::query(text).bind(organization).bind(user).fetch_one(conn).await?.try_get(0)?)
}

/// A key of the organization that is not revoked.
pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &ApiKeyId) -> Result<Option<ApiKey>, DbError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM api_keys k WHERE k.organization_id = $1 AND k.id = $2 AND k.revoked_at IS NULL"
    )))
    .bind(organization)
    .bind(id)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// A key in the list, with whom it belongs to.
#[derive(Clone, Debug)]
pub struct Listed {
    pub key: ApiKey,
    /// Name (may be empty) and address of its user.
    pub owner: Option<(String, String)>,
    /// Its user was removed or has left: the key does not work.
    pub is_orphan: bool,
}

/// The organization's keys that are not revoked, newest first.
pub async fn list(conn: &mut Conn, organization: &OrganizationId) -> Result<Vec<Listed>, DbError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS}, u.name, u.email, CAST(CASE WHEN {WORKS} THEN 0 ELSE 1 END AS BIGINT) FROM api_keys k \
         LEFT JOIN users u ON u.id = k.user_id \
         WHERE k.organization_id = $1 AND k.revoked_at IS NULL ORDER BY k.created_at DESC, k.id DESC"
    )))
    .bind(organization)
    .fetch_all(conn)
    .await?;
    let listed = |row: &Row| {
        let name: Option<String> = row.try_get(COLUMN_COUNT)?;
        let email: Option<String> = row.try_get(COLUMN_COUNT + 1)?;
        let Flag(is_orphan) = row.try_get(COLUMN_COUNT + 2)?;
        Ok(Listed { key: read(row)?, owner: email.map(|email| (name.unwrap_or_default(), email)), is_orphan })
    };
    rows.iter().map(listed).collect()
}

/// The keys of a removed member stop working.
const WORKS: &str = "k.user_id IS NULL OR (u.active = 1 AND u.organization_id = k.organization_id)";

/// Who calls with the key of this hash, whether or not it has expired: that is a question of the time.
pub async fn find_caller(conn: &mut Conn, hash: &str) -> Result<Option<Caller>, DbError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "SELECT k.id, k.scopes, k.last_used_at, u.email, k.expires_at, {} FROM api_keys k \
         JOIN organizations o ON o.id = k.organization_id LEFT JOIN users u ON u.id = k.user_id \
         WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND ({WORKS})",
        organizations::COLUMNS
    )))
    .bind(hash)
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let key: ApiKeyId = row.try_get(0)?;
    let scopes: String = row.try_get(1)?;
    let email: Option<String> = row.try_get(3)?;
    Ok(Some(Caller {
        scopes: scopes.parse().map_err(|error| DbError::inconsistent("api_keys", "scopes", key.as_str(), error))?,
        email: email.unwrap_or_else(|| email_of_key(&key)),
        organization: organizations::read(&row, 5)?,
        last_use: LastUse::new(row.try_get(2)?),
        expires_at: row.try_get(4)?,
        key,
    }))
}

/// Notes that a key was used, in a group with other writes: no call waits for a sync because of it.
pub struct NoteUse {
    pub key: ApiKeyId,
    pub at: Timestamp,
}

impl Command for NoteUse {
    type Output = ();

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<()>, DbError>> {
        Box::pin(async move {
            let mut latest: Vec<&Self> = Vec::new();
            for command in commands {
                match latest.iter_mut().find(|other| other.key == command.key) {
                    Some(other) if other.at < command.at => *other = command,
                    Some(_) => {}
                    None => latest.push(command),
                }
            }
            // In one order, so that two nodes cannot wait for each other.
            latest.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            for command in latest {
                sqlx::query(
                    "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
                )
                .bind(&command.key)
                .bind(command.at)
                .execute(&mut *conn)
                .await?;
            }
            Ok(vec![(); commands.len()])
        })
    }

    fn weight(&self) -> usize {
        64
    }
}
