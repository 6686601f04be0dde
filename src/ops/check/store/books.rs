//! Events with their deliveries, and what says which deliveries an event has.

use sqlx::{AssertSqlSafe, Row as _};

use crate::db::{Conn, DbError, Row};

pub struct OrganizationRow {
    pub id: String,
    pub webhooks_enabled: bool,
    /// The last number that was given.
    pub seq: i64,
}

pub async fn organizations(conn: &mut Conn) -> Result<Vec<OrganizationRow>, DbError> {
    let rows = sqlx::query("SELECT id, webhooks_enabled, seq FROM organizations").fetch_all(conn).await?;
    let read = |row: &Row| {
        let enabled: i64 = row.try_get(1)?;
        Ok(OrganizationRow { id: row.try_get(0)?, webhooks_enabled: enabled != 0, seq: row.try_get(2)? })
    };
    rows.iter().map(read).collect()
}

pub struct HookRow {
    pub id: String,
    pub organization: String,
    pub state: String,
    pub is_deleted: bool,
    pub deleted_seq: Option<i64>,
    /// Secrets that sign from now on.
    pub secrets: i64,
}

/// Every webhook, the deleted ones too.
pub async fn webhooks(conn: &mut Conn) -> Result<Vec<HookRow>, DbError> {
    let text = "SELECT w.id, w.organization_id, w.state, w.deleted_at, w.deleted_seq, \
                (SELECT COUNT(*) FROM signing_secrets s WHERE s.webhook_id = w.id AND s.expires_at IS NULL) FROM webhooks w";
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let read = |row: &Row| {
        Ok(HookRow {
            id: row.try_get(0)?,
            organization: row.try_get(1)?,
            state: row.try_get(2)?,
            is_deleted: row.try_get::<Option<i64>, _>(3)?.is_some(),
            deleted_seq: row.try_get(4)?,
            secrets: row.try_get(5)?,
        })
    };
    rows.iter().map(read).collect()
}

pub struct SubscriptionRow {
    pub webhook: String,
    pub organization: String,
    pub event_type: String,
    pub from: i64,
    pub until: Option<i64>,
}

/// Every subscription that there is or was, those of a webhook to a type in their order.
pub async fn subscriptions(conn: &mut Conn) -> Result<Vec<SubscriptionRow>, DbError> {
    let text = "SELECT webhook_id, organization_id, event_type, from_seq, until_seq FROM subscriptions \
                ORDER BY webhook_id, event_type, from_seq";
    let rows = sqlx::query(text).fetch_all(conn).await?;
    let read = |row: &Row| {
        Ok(SubscriptionRow {
            webhook: row.try_get(0)?,
            organization: row.try_get(1)?,
            event_type: row.try_get(2)?,
            from: row.try_get(3)?,
            until: row.try_get(4)?,
        })
    };
    rows.iter().map(read).collect()
}

pub struct EventRow {
    pub id: String,
    pub organization: String,
    pub seq: i64,
    pub event_type: String,
    /// The organization's webhooks were turned on.
    pub webhooks_enabled: bool,
    pub deliveries: Vec<DeliveryRow>,
}

pub struct DeliveryRow {
    pub webhook: String,
    pub organization: String,
    pub event_type: String,
    pub state: String,
    pub hold: Option<String>,
    pub reason: Option<String>,
    pub attempts: i64,
    pub due_at: Option<i64>,
    pub leased_until: Option<i64>,
    pub finished_at: Option<i64>,
    pub undo_state: Option<String>,
    /// Attempts in the log, and those of them with a number from 1 to `attempts`.
    pub recorded: i64,
    pub numbered: i64,
}

/// The next events after this id, each with its deliveries.
pub async fn events_after(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<EventRow>, DbError> {
    let attempts = "SELECT COUNT(*) FROM attempts a WHERE a.event_id = d.event_id AND a.webhook_id = d.webhook_id";
    let text = format!(
        "SELECT e.id, e.organization_id, e.seq, e.event_type, e.webhooks_enabled, d.webhook_id, d.organization_id, d.event_type, \
         d.state, d.hold, d.reason, d.attempts, d.due_at, d.leased_until, d.finished_at, d.undo_state, ({attempts}), \
         ({attempts} AND a.number BETWEEN 1 AND d.attempts) \
         FROM (SELECT id, organization_id, seq, event_type, webhooks_enabled FROM events WHERE id > $1 ORDER BY id LIMIT $2) e \
         LEFT JOIN deliveries d ON d.event_id = e.id ORDER BY e.id"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(after).bind(limit).fetch_all(conn).await?;
    let mut events: Vec<EventRow> = Vec::new();
    for row in rows {
        let id: String = row.try_get(0)?;
        if events.last().is_none_or(|event| event.id != id) {
            let enabled: i64 = row.try_get(4)?;
            events.push(EventRow {
                id,
                organization: row.try_get(1)?,
                seq: row.try_get(2)?,
                event_type: row.try_get(3)?,
                webhooks_enabled: enabled != 0,
                deliveries: Vec::new(),
            });
        }
        if let (Some(event), Some(webhook)) = (events.last_mut(), row.try_get(5)?) {
            event.deliveries.push(delivery(&row, webhook)?);
        }
    }
    Ok(events)
}

fn delivery(row: &Row, webhook: String) -> Result<DeliveryRow, DbError> {
    Ok(DeliveryRow {
        webhook,
        organization: row.try_get(6)?,
        event_type: row.try_get(7)?,
        state: row.try_get(8)?,
        hold: row.try_get(9)?,
        reason: row.try_get(10)?,
        attempts: row.try_get(11)?,
        due_at: row.try_get(12)?,
        leased_until: row.try_get(13)?,
        finished_at: row.try_get(14)?,
        undo_state: row.try_get(15)?,
        recorded: row.try_get(16)?,
        numbered: row.try_get(17)?,
    })
}

/// Deliveries, as event and webhook, whose event is not there.
pub async fn deliveries_without_event(conn: &mut Conn) -> Result<Vec<(String, String)>, DbError> {
    strangers(
        conn,
        "SELECT d.event_id, d.webhook_id FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id)",
    )
    .await
}

/// The deliveries, as event and webhook, that attempts name and that are not there.
pub async fn attempts_without_delivery(conn: &mut Conn) -> Result<Vec<(String, String)>, DbError> {
    strangers(
        conn,
        "SELECT a.event_id, a.webhook_id FROM attempts a WHERE NOT EXISTS \
         (SELECT 1 FROM deliveries d WHERE d.event_id = a.event_id AND d.webhook_id = a.webhook_id)",
    )
    .await
}

/// There are more than anybody reads: so many are enough to know.
const STRANGERS: &str = " LIMIT 100000";

async fn strangers(conn: &mut Conn, text: &str) -> Result<Vec<(String, String)>, DbError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{text}{STRANGERS}"))).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
