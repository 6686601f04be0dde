//! The mails table.

use sqlx::{AssertSqlSafe, Row as _};

use super::model::Mail;
use crate::base::{MailId, Timestamp};
use crate::db::{Conn, DbError, Dialect};

/// A mail that this process has the lease of.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: MailId,
    pub mail: Mail,
    pub created_at: Timestamp,
    /// This one included.
    pub tries: i64,
}

/// Puts a mail into the queue, to be sent at once.
pub async fn insert(conn: &mut Conn, id: &MailId, mail: &Mail, now: Timestamp) -> Result<(), DbError> {
    let text = "INSERT INTO mails (id, recipient, subject, body_text, body_html, created_at, tries, due_at) \
                VALUES ($1, $2, $3, $4, $5, $6, 0, $6)";
    sqlx::query(text)
        .bind(id)
        .bind(&mail.to)
        .bind(&mail.subject)
        .bind(&mail.text)
        .bind(&mail.html)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// When the next mail is due.
pub async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    Ok(sqlx::query("SELECT MIN(due_at) FROM mails").fetch_one(conn).await?.try_get(0)?)
}

/// Takes the mail that has been due for longest, until `until`: nobody else takes it before.
pub async fn claim(conn: &mut Conn, now: Timestamp, until: Timestamp) -> Result<Option<Queued>, DbError> {
    let text = format!(
        "UPDATE mails SET due_at = $2, tries = tries + 1 WHERE id = \
         (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1{}) \
         RETURNING id, recipient, subject, body_text, body_html, created_at, tries",
        Dialect::of(conn).skip_locked()
    );
    let row = sqlx::query(AssertSqlSafe(text)).bind(now).bind(until).fetch_optional(conn).await?;
    row.map(|row| {
        let mail = Mail { to: row.try_get(1)?, subject: row.try_get(2)?, text: row.try_get(3)?, html: row.try_get(4)? };
        Ok(Queued { id: row.try_get(0)?, mail, created_at: row.try_get(5)?, tries: row.try_get(6)? })
    })
    .transpose()
}

/// Sets when a mail is tried again.
pub async fn postpone(conn: &mut Conn, id: &MailId, due_at: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE mails SET due_at = $2 WHERE id = $1").bind(id).bind(due_at).execute(conn).await?;
    Ok(())
}

/// Takes a mail out of the queue: it was sent, or is given up.
pub async fn delete(conn: &mut Conn, id: &MailId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM mails WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}
