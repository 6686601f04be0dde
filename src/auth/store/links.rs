//! The account_links table: links in mails, or handed over by an admin, whose code proves who follows them. Here is only the
//! code's SHA-256.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};

use crate::auth::codes;
use crate::base::{Rng, Secret, Timestamp, UserId, names};
use crate::db::{Conn, DbError};

/// A link can be followed for this long.
pub const VALID: Duration = Duration::from_secs(60 * 60);

names! {
    /// What a link is for.
    Purpose {
        ResetPassword = "reset_password",
        ChangeEmail = "change_email",
    }
}

/// A link that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub user: UserId,
    /// The address that the user wants to change to.
    pub email: Option<String>,
}

/// Makes a link's code: 256 random bits. Older links of the user for the same purpose end.
pub async fn insert(
    conn: &mut Conn,
    rng: &dyn Rng,
    purpose: Purpose,
    link: &Link,
    now: Timestamp,
) -> Result<Secret, DbError> {
    purge(conn, now).await?;
    delete_of_user(conn, &link.user, purpose).await?;
    let code = codes::generate(rng);
    sqlx::query(
        "INSERT INTO account_links (code_hash, user_id, purpose, email, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(codes::hash(code.expose()))
    .bind(&link.user)
    .bind(purpose.as_str())
    .bind(link.email.as_ref())
    .bind(now)
    .bind(now + VALID)
    .execute(conn)
    .await?;
    Ok(code)
}

/// The link with this code, if it can still be followed.
pub async fn find(conn: &mut Conn, purpose: Purpose, code: &str, now: Timestamp) -> Result<Option<Link>, DbError> {
    the_one(conn, "SELECT user_id, email FROM account_links WHERE {which}", purpose, code, now).await
}

/// Uses up the link with this code. `None`: it is none, is too old, or somebody was faster.
pub async fn take(conn: &mut Conn, purpose: Purpose, code: &str, now: Timestamp) -> Result<Option<Link>, DbError> {
    the_one(conn, "DELETE FROM account_links WHERE {which} RETURNING user_id, email", purpose, code, now).await
}

/// Runs `statement` on the link with this code, if it can still be followed, and answers it.
async fn the_one(
    conn: &mut Conn,
    statement: &str,
    purpose: Purpose,
    code: &str,
    now: Timestamp,
) -> Result<Option<Link>, DbError> {
    let text = statement.replace("{which}", "code_hash = $1 AND purpose = $2 AND expires_at > $3");
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(codes::hash(code))
        .bind(purpose.as_str())
        .bind(now)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok(Link { user: row.try_get(0)?, email: row.try_get(1)? })).transpose()
}

/// Ends the user's links for a purpose.
pub async fn delete_of_user(conn: &mut Conn, user: &UserId, purpose: Purpose) -> Result<(), DbError> {
    sqlx::query("DELETE FROM account_links WHERE user_id = $1 AND purpose = $2")
        .bind(user)
        .bind(purpose.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what is too old to be followed.
pub async fn purge(conn: &mut Conn, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("DELETE FROM account_links WHERE expires_at <= $1").bind(now).execute(conn).await?;
    Ok(())
}
