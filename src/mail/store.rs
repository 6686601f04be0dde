//! The mails table. What a mail says is sealed: it may have a link in it that opens an account.

use sqlx::{AssertSqlSafe, Row as _};

use super::model::Mail;
use crate::base::vault::VaultError;
use crate::base::{MailId, Secret, Timestamp, Vault};
use crate::db::meta::freshen;
use crate::db::{Conn, DbError, Dialect};

/// A mail that this process has the lease of.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: MailId,
    /// `Err`: it was sealed with another key, and nobody can read it any more.
    pub mail: Result<Mail, VaultError>,
    pub created_at: Timestamp,
    /// This one included.
    pub tries: i64,
}

/// The sealed parts of a mail.
pub const TEXT: &str = "text";
pub const HTML: &str = "html";

/// The place of a part, for the vault. A mail is for an address, not for an organization: a part that has been moved to a mail
/// to another address does not open (docs/decisions/0044-what-seals-are-bound-to.md).
pub fn place(id: &MailId, to: &str, part: &str) -> String {
    format!("mails/{id}/{to}/{part}")
}

/// Puts a mail into the queue, to be sent at once.
pub async fn insert(conn: &mut Conn, vault: &Vault, id: &MailId, mail: &Mail, now: Timestamp) -> Result<(), DbError> {
    freshen(conn, vault).await?;
    let seal = |part: &str, text: &str| vault.seal(&place(id, &mail.to, part), &Secret::new(text));
    let text = "INSERT INTO mails (id, recipient, subject, body_text, body_html, created_at, tries, due_at) \
                VALUES ($1, $2, $3, $4, $5, $6, 0, $6)";
    sqlx::query(text)
        .bind(id)
        .bind(&mail.to)
        .bind(&mail.subject)
        .bind(seal(TEXT, &mail.text))
        .bind(seal(HTML, &mail.html))
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
pub async fn claim(
    conn: &mut Conn,
    vault: &Vault,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Queued>, DbError> {
    let text = format!(
        "UPDATE mails SET due_at = $2, tries = tries + 1 WHERE id = \
         (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1{}) \
         RETURNING id, recipient, subject, body_text, body_html, created_at, tries",
        Dialect::of(conn).skip_locked()
    );
    let row = sqlx::query(AssertSqlSafe(text)).bind(now).bind(until).fetch_optional(conn).await?;
    row.map(|row| {
        let id: MailId = row.try_get(0)?;
        let (to, subject): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let (text, html): (String, String) = (row.try_get(3)?, row.try_get(4)?);
        let open = |part: &str, sealed: &str| {
            vault.open(&place(&id, &to, part), sealed).map(|opened| opened.expose().to_owned())
        };
        let mail = open(TEXT, &text).and_then(|text| Ok((text, open(HTML, &html)?)));
        let mail = mail.map(|(text, html)| Mail { to, subject, text, html });
        Ok(Queued { id, mail, created_at: row.try_get(5)?, tries: row.try_get(6)? })
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
