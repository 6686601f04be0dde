//! The alerts table: what people are to be told of a webhook. A row is written in the transaction of what it tells; that
//! mails and notices are made of it comes after.

use std::time::Duration;

use sqlx::Row as _;

use crate::base::{DeliveryId, EventId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError};
use crate::delivery::model::{AlertKind, Ladder, Spell};

/// Spells of one webhook of which people are told within [`FLAPPING`]. A receiver that refuses one request in ten fails and
/// recovers many times a second.
const SPELLS_TOLD: i64 = 5;
const FLAPPING: Duration = Duration::from_secs(60 * 60);

/// The attempt that made something to tell.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub event: EventId,
    /// The sentence for people; `None` for a success.
    pub error: Option<String>,
}

/// Something to tell of a webhook.
pub(super) struct News<'a> {
    pub kind: AlertKind,
    pub spell: &'a Spell,
    pub at: Timestamp,
    pub evidence: Option<Evidence>,
}

/// Writes it down, unless this spell has had it. `true`: there is something to tell.
pub(super) async fn tell(conn: &mut Conn, webhook: &WebhookId, news: News<'_>) -> Result<bool, DbError> {
    let News { kind, spell, at, evidence } = news;
    let (event, error) = evidence.map(|evidence| (evidence.event, evidence.error)).unzip();
    let insert = "INSERT INTO alerts (webhook_id, since, kind, organization_id, at, failures, event_id, error) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (webhook_id, since, kind) DO NOTHING";
    let inserted = sqlx::query(insert)
        .bind(webhook)
        .bind(spell.since)
        .bind(kind.as_str())
        .bind(&spell.organization)
        .bind(at)
        .bind(spell.failures)
        .bind(event)
        .bind(error.flatten())
        .execute(&mut *conn)
        .await?
        .rows_affected();
    if inserted == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE webhooks SET alert = $2, alert_since = $3 WHERE id = $1")
        .bind(webhook)
        .bind(kind.as_str())
        .bind(spell.since)
        .execute(conn)
        .await?;
    Ok(true)
}

/// Tells the first failure of a spell, but not of the sixth spell within an hour.
pub(super) async fn tell_first_failure(
    conn: &mut Conn,
    webhook: &WebhookId,
    spell: &Spell,
    evidence: Evidence,
) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT COUNT(*) FROM alerts WHERE webhook_id = $1 AND since > $2 AND kind = 'failing'")
        .bind(webhook)
        .bind(spell.since - FLAPPING)
        .fetch_one(&mut *conn)
        .await?;
    if row.try_get::<i64, _>(0)? >= SPELLS_TOLD {
        return Ok(false);
    }
    tell(conn, webhook, News { kind: AlertKind::Failing, spell, at: spell.since, evidence: Some(evidence) }).await
}

/// A success ends the spell of failures of an active webhook, if it is in one; people who were told of failures hear of it.
/// `told`: the spell that they know of. `true`: there is something to tell.
pub(super) async fn end_spell(
    conn: &mut Conn,
    webhook: &WebhookId,
    organization: &OrganizationId,
    told: Option<Timestamp>,
    at: Timestamp,
    event: Option<EventId>,
) -> Result<bool, DbError> {
    sqlx::query("UPDATE webhooks SET failing_since = NULL, failures = 0, next_alert_at = NULL WHERE id = $1 AND failing_since IS NOT NULL")
        .bind(webhook)
        .execute(&mut *conn)
        .await?;
    let Some(since) = told else { return Ok(false) };
    let evidence = event.map(|event| Evidence { event, error: None });
    let spell = Spell { organization: organization.clone(), since, failures: 0 };
    tell(conn, webhook, News { kind: AlertKind::Recovered, spell: &spell, at, evidence }).await
}

/// A test of the saved webhook succeeded, which ends its spell, too. A disabled one stays what it is.
pub async fn note_success_of_test(conn: &mut Conn, webhook: &WebhookId, at: Timestamp) -> Result<bool, DbError> {
    let row = sqlx::query(
        "SELECT organization_id, CASE WHEN alert <> 'recovered' THEN alert_since END FROM webhooks \
         WHERE id = $1 AND state = 'active' AND deleted_at IS NULL AND (failing_since IS NOT NULL OR alert <> 'recovered')",
    )
    .bind(webhook)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(false) };
    end_spell(conn, webhook, &row.try_get(0)?, row.try_get(1)?, at, None).await
}

/// Webhooks that may have reached a rung of the ladder at `now`, and when the next of the others does.
pub async fn due_alerts(conn: &mut Conn, now: Timestamp) -> Result<(Vec<WebhookId>, Option<Timestamp>), DbError> {
    let rows = sqlx::query(
        "SELECT w.id, w.next_alert_at FROM webhooks w JOIN organizations o ON o.id = w.organization_id AND o.webhooks_enabled = 1 \
         WHERE w.next_alert_at IS NOT NULL AND w.state = 'active' AND w.deleted_at IS NULL ORDER BY w.next_alert_at",
    )
    .fetch_all(conn)
    .await?;
    let mut due = Vec::new();
    for row in rows {
        let at: Timestamp = row.try_get(1)?;
        if at > now {
            return Ok((due, Some(at)));
        }
        due.push(row.try_get(0)?);
    }
    Ok((due, None))
}

/// Tells the rung that a webhook has reached, and notes when the next one is. Whoever comes second finds nothing to do.
/// `true`: there is something to tell.
pub async fn climb(conn: &mut Conn, webhook: &WebhookId, ladder: &Ladder, now: Timestamp) -> Result<bool, DbError> {
    let row = sqlx::query(
        "UPDATE webhooks SET next_alert_at = NULL WHERE id = $1 AND next_alert_at <= $2 AND state = 'active' AND deleted_at IS NULL \
         RETURNING organization_id, failing_since, failures",
    )
    .bind(webhook)
    .bind(now)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let Some(since) = row.try_get::<Option<Timestamp>, _>(1)? else { return Ok(false) };
    let spell = Spell { organization: row.try_get(0)?, since, failures: row.try_get(2)? };
    if let Some(next) = ladder.next(since, now) {
        let later = sqlx::query("UPDATE webhooks SET next_alert_at = $2 WHERE id = $1").bind(webhook).bind(next);
        later.execute(&mut *conn).await?;
    }
    let Some(kind) = ladder.reached(since, now) else { return Ok(false) };
    let evidence = latest_evidence(conn, webhook).await?;
    tell(conn, webhook, News { kind, spell: &spell, at: now, evidence }).await
}

/// The latest attempt of the webhook that failed.
async fn latest_evidence(conn: &mut Conn, webhook: &WebhookId) -> Result<Option<Evidence>, DbError> {
    let row = sqlx::query(
        "SELECT event_id, error FROM attempts WHERE webhook_id = $1 AND outcome <> 'success' ORDER BY started_at DESC LIMIT 1",
    )
    .bind(webhook)
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok(Evidence { event: row.try_get(0)?, error: row.try_get(1)? })).transpose()
}

/// The delivery of that attempt.
pub async fn last_failure(conn: &mut Conn, webhook: &WebhookId) -> Result<Option<DeliveryId>, DbError> {
    let evidence = latest_evidence(conn, webhook).await?;
    Ok(evidence.map(|evidence| DeliveryId { webhook: webhook.clone(), event: evidence.event }))
}
