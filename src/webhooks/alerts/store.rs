//! Alerts as they are read, and who was told of them: alert_dismissals, operator_events, and who wants which mail.

use sqlx::{AssertSqlSafe, Row as _};

use super::model::Alert;
use crate::base::{DeliveryId, EventId, OrganizationId, TimeZone, Timestamp, UnknownName, UserId, WebhookId};
use crate::db::{Conn, DbError, Dialect, Flag, Row};
use crate::delivery::endpoint::Endpoint;
use crate::delivery::model::AlertKind;

const COLUMNS: &str = "a.kind, a.webhook_id, w.name, w.url, w.disabled_reason, a.organization_id, a.since, a.at, a.failures, a.event_id, a.error";

fn read(row: &Row) -> Result<Alert, DbError> {
    let webhook: WebhookId = row.try_get(1)?;
    let (kind, url): (String, String) = (row.try_get(0)?, row.try_get(3)?);
    let wrong = |table, column, problem: String| DbError::inconsistent(table, column, webhook.as_str(), problem);
    let event: Option<EventId> = row.try_get(9)?;
    Ok(Alert {
        kind: kind.parse().map_err(|error: UnknownName| wrong("alerts", "kind", error.to_string()))?,
        name: row.try_get(2)?,
        origin: Endpoint::parse(&url).map_err(|error| wrong("webhooks", "url", error.to_string()))?.origin().to_owned(),
        disabled_reason: row.try_get(4)?,
        organization: row.try_get(5)?,
        since: row.try_get(6)?,
        at: row.try_get(7)?,
        failures: row.try_get(8)?,
        delivery: event.map(|event| DeliveryId { webhook: webhook.clone(), event }),
        error: row.try_get(10)?,
        webhook,
    })
}

/// An alert that nobody has been told of yet, with what a mail needs besides.
#[derive(Clone, Debug)]
pub struct Untold {
    pub alert: Alert,
    pub organization_name: String,
    pub zone: TimeZone,
    /// Its webhook is still there.
    pub matters: bool,
}

/// Alerts that nobody has been told of, oldest first.
pub async fn untold(conn: &mut Conn, limit: i64) -> Result<Vec<Untold>, DbError> {
    let text = format!(
        "SELECT {COLUMNS}, o.name, o.time_zone, CASE WHEN w.deleted_at IS NULL THEN 1 ELSE 0 END FROM alerts a \
         JOIN webhooks w ON w.id = a.webhook_id JOIN organizations o ON o.id = a.organization_id \
         WHERE a.told_at IS NULL ORDER BY a.at, a.since LIMIT $1"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).bind(limit).fetch_all(conn).await?;
    let untold = rows.iter().map(|row| {
        let zone: String = row.try_get(12)?;
        Ok(Untold {
            alert: read(row)?,
            organization_name: row.try_get(11)?,
            zone: zone
                .parse()
                .map_err(|_| DbError::inconsistent("organizations", "time_zone", "of an alert", &zone))?,
            matters: row.try_get::<Flag, _>(13)?.0,
        })
    });
    untold.collect()
}

/// Takes it upon the caller to tell the alert. `false`: somebody else has.
pub async fn take(conn: &mut Conn, alert: &Alert, now: Timestamp) -> Result<bool, DbError> {
    let text = "UPDATE alerts SET told_at = $4 WHERE webhook_id = $1 AND since = $2 AND kind = $3 AND told_at IS NULL";
    let taken = sqlx::query(text)
        .bind(&alert.webhook)
        .bind(alert.since)
        .bind(alert.kind.as_str())
        .bind(now)
        .execute(conn)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// The addresses of the organization's admins who want mails of this kind.
pub async fn recipients(
    conn: &mut Conn,
    organization: &OrganizationId,
    kind: AlertKind,
) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query(
        "SELECT u.email FROM users u WHERE u.organization_id = $1 AND u.role = 'admin' AND u.active = 1 \
         AND NOT EXISTS (SELECT 1 FROM unwanted_mails m WHERE m.user_id = u.id AND m.kind = $2) ORDER BY u.email",
    )
    .bind(organization)
    .bind(kind.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The last alert of each webhook of the organization that still holds and that the person has not dismissed, newest first.
/// A recovery holds since `recovered_after`.
pub async fn standing(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: &UserId,
    recovered_after: Timestamp,
) -> Result<Vec<Alert>, DbError> {
    let text = format!(
        "SELECT {COLUMNS} FROM webhooks w JOIN alerts a ON a.webhook_id = w.id AND a.since = w.alert_since AND a.kind = w.alert \
         WHERE w.organization_id = $1 AND w.deleted_at IS NULL AND CASE w.alert WHEN 'disabled' THEN w.state = 'disabled' \
         WHEN 'recovered' THEN w.state = 'active' AND w.failing_since IS NULL AND a.at > $3 \
         ELSE w.state = 'active' AND w.failing_since IS NOT NULL END \
         AND NOT EXISTS (SELECT 1 FROM alert_dismissals d WHERE d.user_id = $2 AND d.webhook_id = w.id AND d.since = a.since \
         AND d.kind = a.kind) ORDER BY a.at DESC"
    );
    let rows =
        sqlx::query(AssertSqlSafe(text)).bind(organization).bind(user).bind(recovered_after).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// The person has seen this alert of the webhook, and does not want to see it again.
pub async fn dismiss(
    conn: &mut Conn,
    user: &UserId,
    webhook: &WebhookId,
    since: Timestamp,
    kind: AlertKind,
) -> Result<(), DbError> {
    let text = "INSERT INTO alert_dismissals (user_id, webhook_id, since, kind) VALUES ($1, $2, $3, $4) \
                ON CONFLICT (user_id, webhook_id) DO UPDATE SET since = excluded.since, kind = excluded.kind";
    sqlx::query(text).bind(user).bind(webhook).bind(since).bind(kind.as_str()).execute(conn).await?;
    Ok(())
}

/// An event for the operator that this process has the lease of.
#[derive(Clone, Debug)]
pub struct OperatorEvent {
    pub id: String,
    pub body: String,
    /// This one included.
    pub tries: i64,
}

/// Queues an event for the operator, to be sent at once.
pub async fn insert_operator_event(conn: &mut Conn, id: &str, body: &str, now: Timestamp) -> Result<(), DbError> {
    let text = "INSERT INTO operator_events (id, body, created_at, tries, due_at) VALUES ($1, $2, $3, 0, $3)";
    sqlx::query(text).bind(id).bind(body).bind(now).execute(conn).await?;
    Ok(())
}

/// When the next event for the operator is due.
pub async fn next_operator_event(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    Ok(sqlx::query("SELECT MIN(due_at) FROM operator_events").fetch_one(conn).await?.try_get(0)?)
}

/// Takes the event that has been due for longest, until `until`: nobody else takes it before.
pub async fn claim_operator_event(
    conn: &mut Conn,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<OperatorEvent>, DbError> {
    let text = format!(
        "UPDATE operator_events SET due_at = $2, tries = tries + 1 WHERE id = \
         (SELECT id FROM operator_events WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1{}) RETURNING id, body, tries",
        Dialect::of(conn).skip_locked()
    );
    let row = sqlx::query(AssertSqlSafe(text)).bind(now).bind(until).fetch_optional(conn).await?;
    row.map(|row| Ok(OperatorEvent { id: row.try_get(0)?, body: row.try_get(1)?, tries: row.try_get(2)? })).transpose()
}

/// Sets when an event is sent again; `None`: it was sent, or is given up.
pub async fn settle_operator_event(conn: &mut Conn, id: &str, due_at: Option<Timestamp>) -> Result<(), DbError> {
    let query = match due_at {
        Some(due_at) => sqlx::query("UPDATE operator_events SET due_at = $2 WHERE id = $1").bind(id).bind(due_at),
        None => sqlx::query("DELETE FROM operator_events WHERE id = $1").bind(id),
    };
    query.execute(conn).await?;
    Ok(())
}
