//! Sealing all that is kept sealed anew, with another key (docs/decisions/0035-the-key-is-changed-while-running.md).
//!
//! The places are those under which the stores seal: written in SQL here, and held against them by the test that changes the key.

use sqlx::Row as _;

use crate::base::Vault;
use crate::db::{Conn, DbError};

/// Rows of a batch: the writer is never held for long.
const BATCH: i64 = 200;

/// A column with something sealed in it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Rows after $1 in the order of their first column: what they are ordered by, the place, what is sealed, and two texts that
    /// name the row. At most $2.
    select: &'static str,
    /// Writes $1 where $2 still is, in the row that $3 and $4 name.
    update: &'static str,
}

pub const COLUMNS: [Column; 6] = [
    Column {
        select: "SELECT h.webhook_id || '/' || LOWER(h.name), \
                 w.organization_id || '/webhook_headers/' || h.webhook_id || '/' || LOWER(h.name), h.value, h.webhook_id, h.name \
                 FROM webhook_headers h JOIN webhooks w ON w.id = h.webhook_id \
                 WHERE h.webhook_id || '/' || LOWER(h.name) > $1 ORDER BY 1 LIMIT $2",
        update: "UPDATE webhook_headers SET value = $1 WHERE webhook_id = $3 AND name = $4 AND value = $2",
    },
    Column {
        select: "SELECT s.id, w.organization_id || '/signing_secrets/' || s.webhook_id || '/' || s.id, s.secret, s.id, s.webhook_id \
                 FROM signing_secrets s JOIN webhooks w ON w.id = s.webhook_id WHERE s.id > $1 ORDER BY s.id LIMIT $2",
        update: "UPDATE signing_secrets SET secret = $1 WHERE id = $3 AND webhook_id = $4 AND secret = $2",
    },
    Column {
        select: "SELECT id, organization_id || '/webhooks/' || id || '/url_query', url_query, id, organization_id \
                 FROM webhooks WHERE id > $1 AND url_query IS NOT NULL ORDER BY id LIMIT $2",
        update: "UPDATE webhooks SET url_query = $1 WHERE id = $3 AND organization_id = $4 AND url_query = $2",
    },
    Column {
        select: "SELECT f.user_id, COALESCE(u.organization_id, '-') || '/second_factors/' || f.user_id, f.secret, f.user_id, f.user_id \
                 FROM second_factors f JOIN users u ON u.id = f.user_id WHERE f.user_id > $1 ORDER BY f.user_id LIMIT $2",
        update: "UPDATE second_factors SET secret = $1 WHERE user_id = $3 AND user_id = $4 AND secret = $2",
    },
    Column {
        select: "SELECT id, 'mails/' || id || '/' || recipient || '/text', body_text, id, id \
                 FROM mails WHERE id > $1 ORDER BY id LIMIT $2",
        update: "UPDATE mails SET body_text = $1 WHERE id = $3 AND id = $4 AND body_text = $2",
    },
    Column {
        select: "SELECT id, 'mails/' || id || '/' || recipient || '/html', body_html, id, id \
                 FROM mails WHERE id > $1 ORDER BY id LIMIT $2",
        update: "UPDATE mails SET body_html = $1 WHERE id = $3 AND id = $4 AND body_html = $2",
    },
];

/// What has been done.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub resealed: u64,
    /// Values that no key here opens; they stay as they are.
    pub unreadable: u64,
    /// The last row of a batch; `None` if there are no more.
    pub last: Option<String>,
}

impl Column {
    /// Seals the next rows after `after` anew, those that are not yet.
    pub async fn reseal(self, conn: &mut Conn, vault: &Vault, after: &str) -> Result<Progress, DbError> {
        let rows = sqlx::query(self.select).bind(after.to_owned()).bind(BATCH).fetch_all(&mut *conn).await?;
        let current = format!("v1.{}.", vault.key_id());
        let mut progress = Progress::default();
        for row in &rows {
            let (place, sealed): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            if sealed.starts_with(&current) {
                continue;
            }
            let Ok(secret) = vault.open(&place, &sealed) else {
                progress.unreadable += 1;
                tracing::error!(place, "a secret does not open, and stays as it is");
                continue;
            };
            let done = sqlx::query(self.update)
                .bind(vault.seal(&place, &secret))
                .bind(sealed)
                .bind(row.try_get::<String, _>(3)?)
                .bind(row.try_get::<String, _>(4)?)
                .execute(&mut *conn)
                .await?;
            progress.resealed += done.rows_affected();
        }
        progress.last = rows.last().map(|row| row.try_get(0)).transpose()?;
        Ok(progress)
    }
}
