//! Idempotency keys, replays, secrets, and how many rows there are.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{MailId, OrganizationId, UserId, WebhookId};
use crate::db::{Conn, DbError, Row};

/// How many rows a table has; its name is one of ours.
pub async fn count(conn: &mut Conn, table: &'static str) -> Result<u64, DbError> {
    let row = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(conn).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0))
}

pub struct KeyRow {
    pub organization: String,
    pub call: String,
    pub key: String,
    /// The event that it is kept with.
    pub event: String,
    pub answer: String,
    pub has_event: bool,
}

/// The next idempotency keys after this one.
pub async fn keys_after(
    conn: &mut Conn,
    (organization, call, key): (&str, &str, &str),
    limit: i64,
) -> Result<Vec<KeyRow>, DbError> {
    let rows = sqlx::query(
        "SELECT k.organization_id, k.call, k.key, k.event_id, k.answer, \
         CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.id = k.event_id) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END \
         FROM idempotency_keys k WHERE (k.organization_id, k.call, k.key) > ($1, $2, $3) \
         ORDER BY k.organization_id, k.call, k.key LIMIT $4",
    )
    .bind(organization)
    .bind(call)
    .bind(key)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let read = |row: &Row| {
        Ok(KeyRow {
            organization: row.try_get(0)?,
            call: row.try_get(1)?,
            key: row.try_get(2)?,
            event: row.try_get(3)?,
            answer: row.try_get(4)?,
            has_event: row.try_get::<i64, _>(5)? != 0,
        })
    };
    rows.iter().map(read).collect()
}

pub struct ReplayRow {
    pub id: String,
    pub state: String,
    pub total: i64,
    pub taken: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub ended: i64,
    pub is_finished: bool,
    /// Deliveries that say that it has made them pending.
    pub deliveries: i64,
}

pub async fn replays(conn: &mut Conn) -> Result<Vec<ReplayRow>, DbError> {
    let text = "SELECT r.id, r.state, r.total, r.taken, r.succeeded, r.failed, r.ended, r.finished_at, \
                (SELECT COUNT(*) FROM deliveries d WHERE d.replay_id = r.id) FROM replays r";
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let read = |row: &Row| {
        Ok(ReplayRow {
            id: row.try_get(0)?,
            state: row.try_get(1)?,
            total: row.try_get(2)?,
            taken: row.try_get(3)?,
            succeeded: row.try_get(4)?,
            failed: row.try_get(5)?,
            ended: row.try_get(6)?,
            is_finished: row.try_get::<Option<i64>, _>(7)?.is_some(),
            deliveries: row.try_get(8)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Something that is sealed: of which webhook, under which name or id.
pub struct SealedRow {
    pub organization: OrganizationId,
    pub webhook: WebhookId,
    pub name: String,
    pub sealed: String,
}

pub async fn headers(conn: &mut Conn) -> Result<Vec<SealedRow>, DbError> {
    sealed(
        conn,
        "SELECT w.organization_id, w.id, h.name, h.value FROM webhook_headers h JOIN webhooks w ON w.id = h.webhook_id",
    )
    .await
}

pub async fn secrets(conn: &mut Conn) -> Result<Vec<SealedRow>, DbError> {
    sealed(
        conn,
        "SELECT w.organization_id, w.id, s.id, s.secret FROM signing_secrets s JOIN webhooks w ON w.id = s.webhook_id",
    )
    .await
}

/// What stands behind the `?` of URLs.
pub async fn queries(conn: &mut Conn) -> Result<Vec<SealedRow>, DbError> {
    sealed(conn, "SELECT organization_id, id, id, url_query FROM webhooks WHERE url_query IS NOT NULL").await
}

/// A key of a second factor: whose, and of which organization.
pub struct FactorRow {
    pub organization: Option<OrganizationId>,
    pub user: UserId,
    pub sealed: String,
}

pub async fn second_factors(conn: &mut Conn) -> Result<Vec<FactorRow>, DbError> {
    let text = "SELECT u.organization_id, f.user_id, f.secret FROM second_factors f JOIN users u ON u.id = f.user_id";
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let read =
        |row: &Row| Ok(FactorRow { organization: row.try_get(0)?, user: row.try_get(1)?, sealed: row.try_get(2)? });
    rows.iter().map(read).collect()
}

/// A mail that waits: its two parts.
pub struct MailRow {
    pub id: MailId,
    pub to: String,
    pub text: String,
    pub html: String,
}

pub async fn mails(conn: &mut Conn) -> Result<Vec<MailRow>, DbError> {
    let rows = sqlx::query("SELECT id, recipient, body_text, body_html FROM mails").fetch_all(conn).await?;
    let read = |row: &Row| {
        let (id, to) = (row.try_get(0)?, row.try_get(1)?);
        Ok(MailRow { id, to, text: row.try_get(2)?, html: row.try_get(3)? })
    };
    rows.iter().map(read).collect()
}

async fn sealed(conn: &mut Conn, text: &'static str) -> Result<Vec<SealedRow>, DbError> {
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let read = |row: &Row| {
        let (organization, webhook) = (row.try_get(0)?, row.try_get(1)?);
        Ok(SealedRow { organization, webhook, name: row.try_get(2)?, sealed: row.try_get(3)? })
    };
    rows.iter().map(read).collect()
}

/// Events that are remembered for their removal and are not kept.
pub async fn removals_unknown(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    let text = "SELECT l.event_id FROM lingering_events l WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = l.event_id) \
                LIMIT 100000";
    let rows = sqlx::query(text).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
