//! What people's actions do to deliveries. The caller has locked the organization (`events::record::next_seq`), so that
//! no event is fanned out meanwhile.

use std::time::Duration;

use sqlx::Row as _;

use crate::base::{DeliveryId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError, Flag};
use crate::delivery::model::{Hold, Job, RedeliverRefusal, Redelivery, Trigger};

/// The lease of a redelivery on its way to the engine, which makes it longer before the attempt where that needs more.
pub const HAND_OVER: Duration = Duration::from_secs(30);

/// How many deliveries wait for a person to say what becomes of them.
pub async fn count_held(conn: &mut Conn, webhook: &WebhookId) -> Result<i64, DbError> {
    let row = sqlx::query("SELECT COUNT(*) FROM deliveries WHERE webhook_id = $1 AND state = 'held'")
        .bind(webhook)
        .fetch_one(conn)
        .await?;
    Ok(row.try_get(0)?)
}

/// What turning webhooks off or on for an organization is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchCounts {
    /// Will be held when they are turned off.
    pub pending: i64,
    /// Held since they were turned off.
    pub held: i64,
}

/// Counts what the switch of the organization would hold, and what it holds.
pub async fn count_for_switch(conn: &mut Conn, organization: &OrganizationId) -> Result<SwitchCounts, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FILTER (WHERE state = 'pending'), COUNT(*) FILTER (WHERE hold = 'switch') FROM deliveries \
         WHERE state IN ('pending', 'held') AND webhook_id IN (SELECT id FROM webhooks WHERE organization_id = $1)",
    )
    .bind(organization)
    .fetch_one(conn)
    .await?;
    Ok(SwitchCounts { pending: row.try_get(0)?, held: row.try_get(1)? })
}

/// Pausing or disabling: what is pending is held, its attempts kept. An attempt under way ends and counts.
pub async fn hold(conn: &mut Conn, webhook: &WebhookId) -> Result<u64, DbError> {
    let text = "UPDATE deliveries SET state = 'held', hold = 'webhook', due_at = NULL WHERE webhook_id = $1 AND state = 'pending'";
    let held = sqlx::query(text).bind(webhook).execute(&mut *conn).await?.rows_affected();
    // What the switch held now waits for the webhook, too, when the switch is turned on again.
    Ok(held)
}

/// Becoming active, choice "deliver": what is held goes on, oldest first. Starts the spell of failures anew, and forgets an
/// earlier Retry-After.
pub async fn release_held(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<u64, DbError> {
    // A delivery whose attempt is still under way is due again only after its lease.
    let text = "UPDATE deliveries SET state = 'pending', hold = NULL, \
                due_at = CASE WHEN leased_until > $2 THEN leased_until ELSE $2 END WHERE webhook_id = $1 AND state = 'held'";
    Ok(sqlx::query(text).bind(webhook).bind(now).execute(conn).await?.rows_affected())
}

/// The same, one every `interval`: each has its own time from the start, so a stop or a crash in the middle changes nothing
/// (docs/decisions/0023-what-was-held-comes-back-slowly.md).
pub async fn release_held_slowly(
    conn: &mut Conn,
    webhook: &WebhookId,
    now: Timestamp,
    interval: Duration,
) -> Result<u64, DbError> {
    let text = "WITH v (e, at) AS (SELECT event_id, CAST($2 AS BIGINT) + CAST($3 AS BIGINT) * (ROW_NUMBER() OVER (ORDER BY event_id) - 1) \
                FROM deliveries WHERE webhook_id = $1 AND state = 'held') \
                UPDATE deliveries SET state = 'pending', hold = NULL, due_at = CASE WHEN leased_until > at THEN leased_until ELSE at END \
                FROM v WHERE webhook_id = $1 AND event_id = e AND state = 'held'";
    let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
    Ok(sqlx::query(text).bind(webhook).bind(now).bind(interval).execute(conn).await?.rows_affected())
}

/// Becoming active, choice "cancel".
pub async fn cancel_held(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<u64, DbError> {
    let text = "UPDATE deliveries SET state = 'cancelled', hold = NULL, reason = 'cancelled_on_resume', finished_at = $2, due_at = NULL \
                WHERE webhook_id = $1 AND state = 'held'";
    Ok(sqlx::query(text).bind(webhook).bind(now).execute(conn).await?.rows_affected())
}

/// Turning webhooks off for an organization: what is pending is held until they are turned on.
pub async fn hold_for_switch(conn: &mut Conn, organization: &OrganizationId) -> Result<u64, DbError> {
    let text = "UPDATE deliveries SET state = 'held', hold = 'switch', due_at = NULL WHERE state = 'pending' AND webhook_id IN \
                (SELECT id FROM webhooks WHERE organization_id = $1)";
    Ok(sqlx::query(text).bind(organization).execute(conn).await?.rows_affected())
}

/// Turning webhooks on: what the switch held goes on; where the webhook is no longer active it waits for that.
pub async fn release_for_switch(
    conn: &mut Conn,
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<u64, DbError> {
    let going_on = "UPDATE deliveries SET state = 'pending', hold = NULL, \
                    due_at = CASE WHEN leased_until > $2 THEN leased_until ELSE $2 END WHERE state = 'held' AND hold = 'switch' \
                    AND webhook_id IN (SELECT id FROM webhooks WHERE organization_id = $1 AND state = 'active' AND deleted_at IS NULL)";
    let released = sqlx::query(going_on).bind(organization).bind(now).execute(&mut *conn).await?.rows_affected();
    let waiting = "UPDATE deliveries SET hold = 'webhook' WHERE state = 'held' AND hold = 'switch' \
                   AND webhook_id IN (SELECT id FROM webhooks WHERE organization_id = $1)";
    sqlx::query(waiting).bind(organization).execute(conn).await?;
    Ok(released)
}

/// Deleting a webhook cancels what is open, in a way that its undo can take back.
pub async fn cancel_for_deletion(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<u64, DbError> {
    forget_asked(conn, webhook).await?;
    let text = "UPDATE deliveries SET undo_state = state, state = 'cancelled', hold = NULL, reason = 'webhook_deleted', finished_at = $2, due_at = NULL \
                WHERE webhook_id = $1 AND state IN ('pending', 'held')";
    Ok(sqlx::query(text).bind(webhook).bind(now).execute(conn).await?.rows_affected())
}

/// Undoes a deletion: exactly the deliveries that it cancelled come back, and one for each subscribed event that was recorded
/// meanwhile. The caller has already made the webhook undeleted. What they wait for is what would hold a new one: nothing,
/// the webhook, or the organization's switch, which may have been turned meanwhile. Returns how many are open because of it.
pub async fn undo_deletion(
    conn: &mut Conn,
    organization: &OrganizationId,
    webhook: &WebhookId,
    deleted_seq: i64,
    now: Timestamp,
) -> Result<u64, DbError> {
    let (state, hold, due_at) = match what_holds(conn, webhook).await? {
        None => ("pending", None, Some(now)),
        Some(hold) => ("held", Some(hold.as_str()), None),
    };
    let back = "UPDATE deliveries SET undo_state = NULL, reason = NULL, finished_at = NULL, state = $2, hold = $3, \
                due_at = CASE WHEN leased_until > CAST($4 AS BIGINT) THEN leased_until ELSE CAST($4 AS BIGINT) END \
                WHERE webhook_id = $1 AND state = 'cancelled' AND reason = 'webhook_deleted' AND undo_state IS NOT NULL";
    let returned =
        sqlx::query(back).bind(webhook).bind(state).bind(hold).bind(due_at).execute(&mut *conn).await?.rows_affected();
    let missed = "INSERT INTO deliveries (webhook_id, event_id, organization_id, event_type, state, hold, due_at, lease, \
                  created_at, attempts, step) \
                  SELECT s.webhook_id, e.id, e.organization_id, e.event_type, CAST($4 AS TEXT), CAST($5 AS TEXT), \
                  CAST($6 AS BIGINT), 0, CAST($7 AS BIGINT), 0, 0 \
                  FROM events e JOIN subscriptions s ON s.event_type = e.event_type AND s.webhook_id = $2 AND s.until_seq IS NULL \
                  WHERE e.organization_id = $1 AND e.seq > $3 AND e.webhooks_enabled = 1 \
                  ON CONFLICT (webhook_id, event_id) DO NOTHING";
    let made = sqlx::query(missed)
        .bind(organization)
        .bind(webhook)
        .bind(deleted_seq)
        .bind(state)
        .bind(hold)
        .bind(due_at)
        .bind(now)
        .execute(conn)
        .await?
        .rows_affected();
    Ok(returned + made)
}

/// What a new delivery of the webhook would have to wait for.
async fn what_holds(conn: &mut Conn, webhook: &WebhookId) -> Result<Option<Hold>, DbError> {
    let row = sqlx::query("SELECT w.state, o.webhooks_enabled FROM webhooks w JOIN organizations o ON o.id = w.organization_id WHERE w.id = $1")
        .bind(webhook)
        .fetch_one(conn)
        .await?;
    let state: String = row.try_get(0)?;
    if state != "active" {
        return Ok(Some(Hold::Webhook));
    }
    Ok((!row.try_get::<Flag, _>(1)?.0).then_some(Hold::Switch))
}

/// Redeliveries of the webhook that were asked for and not made are off.
pub async fn forget_asked(conn: &mut Conn, webhook: &WebhookId) -> Result<(), DbError> {
    let text =
        "UPDATE deliveries SET redelivery_asked_at = NULL WHERE webhook_id = $1 AND redelivery_asked_at IS NOT NULL";
    sqlx::query(text).bind(webhook).execute(conn).await?;
    Ok(())
}

/// Takes the lease for one attempt at once, of a delivery in whatever state, and writes down that it was asked for: should this
/// process end before the attempt, [`asked_redeliveries`](super::asked_redeliveries) finds it. `None`: no such delivery in the
/// organization. After the commit it goes to [`Hints::redeliver`](crate::delivery::model::Hints::redeliver).
pub async fn start_redelivery(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DeliveryId,
    now: Timestamp,
) -> Result<Option<Result<Redelivery, RedeliverRefusal>>, DbError> {
    let row = sqlx::query(
        "SELECT w.state, w.deleted_at, d.leased_until, o.webhooks_enabled, e.body FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id \
         JOIN events e ON e.id = d.event_id JOIN organizations o ON o.id = d.organization_id \
         WHERE d.organization_id = $1 AND d.webhook_id = $2 AND d.event_id = $3",
    )
    .bind(organization)
    .bind(&id.webhook)
    .bind(&id.event)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let webhook_state: String = row.try_get(0)?;
    let refusal = if row.try_get::<Option<Timestamp>, _>(1)?.is_some() {
        Some(RedeliverRefusal::Deleted)
    } else if !row.try_get::<Flag, _>(3)?.0 {
        Some(RedeliverRefusal::TurnedOff)
    } else if webhook_state != "active" {
        Some(RedeliverRefusal::NotActive)
    } else if row.try_get::<Option<Timestamp>, _>(2)?.is_some_and(|until| until > now) {
        Some(RedeliverRefusal::UnderWay)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        return Ok(Some(Err(refusal)));
    }
    let body: String = row.try_get(4)?;
    // `due_at` stays: a planned retry keeps its time, and no claim takes a row that is leased.
    let leased = sqlx::query(
        "UPDATE deliveries SET lease = lease + 1, leased_until = $4, redelivery_asked_at = $5 \
         WHERE organization_id = $1 AND webhook_id = $2 AND event_id = $3 \
         AND (leased_until IS NULL OR leased_until <= $5) RETURNING lease, attempts, step",
    )
    .bind(organization)
    .bind(&id.webhook)
    .bind(&id.event)
    .bind(now + HAND_OVER)
    .bind(now)
    .fetch_optional(conn)
    .await?;
    // Two presses of the button at once on PostgreSQL: the second finds the lease taken.
    let Some(leased) = leased else { return Ok(Some(Err(RedeliverRefusal::UnderWay))) };
    let job = Job {
        id: id.clone(),
        lease: leased.try_get(0)?,
        body: body.into(),
        attempts: leased.try_get(1)?,
        step: leased.try_get(2)?,
        leased_until: now + HAND_OVER,
        trigger: Trigger::Redeliver,
    };
    Ok(Some(Ok(Redelivery { job })))
}
