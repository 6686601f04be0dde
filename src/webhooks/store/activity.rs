//! What the list of instances says about deliveries: figures of the last day, and the last attempt. Reads only.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::Row as _;

use crate::base::{EventId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError};

/// Hours that the figures cover.
pub const HOURS: usize = 24;

const HOUR_MICROS: i64 = 3_600_000_000;

/// Attempts of one webhook in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    pub succeeded: u64,
    pub failed: u64,
}

/// The latest attempt of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAttempt {
    pub event: EventId,
    pub started_at: Timestamp,
    pub duration: Duration,
    pub succeeded: bool,
    pub status_code: Option<u16>,
    pub error: Option<String>,
}

/// Attempts of the 24 hours before `now`, oldest hour first, of each webhook that had any.
pub async fn attempts_by_hour(
    conn: &mut Conn,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<HashMap<WebhookId, [Hour; HOURS]>, DbError> {
    let start = now.micros() - HOUR_MICROS * HOURS as i64;
    let rows = sqlx::query(
        "SELECT a.webhook_id, (a.started_at - $2) / 3600000000, COUNT(*), COUNT(*) FILTER (WHERE a.outcome = 'success') \
         FROM webhooks w JOIN attempts a ON a.webhook_id = w.id \
         WHERE w.organization_id = $1 AND w.deleted_at IS NULL AND a.started_at >= $2 GROUP BY 1, 2",
    )
    .bind(organization)
    .bind(start)
    .fetch_all(conn)
    .await?;
    let mut figures: HashMap<WebhookId, [Hour; HOURS]> = HashMap::new();
    for row in rows {
        let (hour, all, succeeded): (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        // An attempt of this very moment lies at the end of the last hour.
        let place = usize::try_from(hour).unwrap_or(0).min(HOURS - 1);
        let entry = &mut figures.entry(row.try_get(0)?).or_default()[place];
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        entry.succeeded += count(succeeded);
        entry.failed += count(all - succeeded);
    }
    Ok(figures)
}

/// Deliveries of one webhook: how many arrived, of how many that were to be sent (not held, not cancelled).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub succeeded: u64,
    pub all: u64,
}

/// Deliveries of the events of the 24 hours before `now`, of each webhook that had any.
pub async fn delivered(
    conn: &mut Conn,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<HashMap<WebhookId, Delivered>, DbError> {
    let rows = sqlx::query(
        "SELECT d.webhook_id, COUNT(*), COUNT(*) FILTER (WHERE d.state = 'succeeded') \
         FROM webhooks w JOIN deliveries d ON d.webhook_id = w.id WHERE w.organization_id = $1 AND w.deleted_at IS NULL \
         AND d.state IN ('pending', 'succeeded', 'failed') AND d.created_at >= $2 GROUP BY 1",
    )
    .bind(organization)
    .bind(now.micros() - HOUR_MICROS * HOURS as i64)
    .fetch_all(conn)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let delivered = rows.iter().map(|row| {
        let (all, succeeded) = (row.try_get(1)?, row.try_get(2)?);
        Ok((row.try_get(0)?, Delivered { succeeded: count(succeeded), all: count(all) }))
    });
    delivered.collect()
}

/// The latest attempt of each webhook that has one.
pub async fn last_attempts(
    conn: &mut Conn,
    organization: &OrganizationId,
) -> Result<HashMap<WebhookId, LastAttempt>, DbError> {
    let rows = sqlx::query(
        "SELECT a.webhook_id, a.started_at, a.duration, a.outcome, a.status_code, a.error, a.event_id FROM webhooks w JOIN attempts a \
         ON a.webhook_id = w.id AND a.started_at = (SELECT MAX(b.started_at) FROM attempts b WHERE b.webhook_id = w.id) \
         WHERE w.organization_id = $1 AND w.deleted_at IS NULL",
    )
    .bind(organization)
    .fetch_all(conn)
    .await?;
    let mut attempts = HashMap::new();
    for row in rows {
        let (duration, outcome, status): (i64, String, Option<i64>) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let attempt = LastAttempt {
            started_at: row.try_get(1)?,
            duration: Duration::from_micros(u64::try_from(duration).unwrap_or(0)),
            succeeded: outcome == "success",
            status_code: status.and_then(|status| u16::try_from(status).ok()),
            error: row.try_get(5)?,
            event: row.try_get(6)?,
        };
        attempts.insert(row.try_get(0)?, attempt);
    }
    Ok(attempts)
}

/// When the next attempt of each active webhook is due that has one, by the schedule.
pub async fn next_attempts(
    conn: &mut Conn,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<HashMap<WebhookId, Timestamp>, DbError> {
    // One step into the index of what is due for each webhook; those under way stand where their leases end.
    let rows = sqlx::query(
        "SELECT w.id, (SELECT d.due_at FROM deliveries d WHERE d.webhook_id = w.id AND d.due_at IS NOT NULL \
         AND (d.leased_until IS NULL OR d.leased_until <= $2) ORDER BY d.due_at, d.event_id LIMIT 1) \
         FROM webhooks w WHERE w.organization_id = $1 AND w.deleted_at IS NULL AND w.state = 'active'",
    )
    .bind(organization)
    .bind(now)
    .fetch_all(conn)
    .await?;
    let mut next = HashMap::new();
    for row in rows {
        if let Some(due_at) = row.try_get(1)? {
            next.insert(row.try_get(0)?, due_at);
        }
    }
    Ok(next)
}

/// How many deliveries of the webhook are open: they are cancelled when it is deleted.
pub async fn count_open(conn: &mut Conn, webhook: &WebhookId) -> Result<i64, DbError> {
    let row = sqlx::query("SELECT COUNT(*) FROM deliveries WHERE webhook_id = $1 AND state IN ('pending', 'held')")
        .bind(webhook)
        .fetch_one(conn)
        .await?;
    Ok(row.try_get(0)?)
}
