//! Leases: taking deliveries that are due, and giving back what was not sent.
//!
//! A lease is `due_at` moved forward, past the end of any attempt: a crash needs no recovery, the row is due again. A claim
//! raises the lease number, and whoever comes later with an older one changes nothing.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{DeliveryId, EventId, Timestamp, WebhookId};
use crate::db::{Command, Conn, DbError, Dialect, Flag, sql};
use crate::delivery::model::{Job, Lease, Trigger};

/// Takes up to `limit` due deliveries of one webhook, in the order in which they became due.
#[derive(Clone, Debug)]
pub struct Claim {
    pub webhook: WebhookId,
    pub now: Timestamp,
    pub limit: usize,
    /// How long they belong to the claiming process.
    pub lease: Duration,
}

impl Command for Claim {
    type Output = Vec<Job>;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Vec<Job>>, DbError>> {
        Box::pin(async move {
            let mut outputs = Vec::with_capacity(commands.len());
            for command in commands {
                outputs.push(claim(conn, command).await?);
            }
            Ok(outputs)
        })
    }
}

async fn claim(conn: &mut Conn, claim: &Claim) -> Result<Vec<Job>, DbError> {
    let leased_until = claim.now + claim.lease;
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.claim", 1, |_| claim_text(dialect));
    let rows = sqlx::query(text)
        .bind(&claim.webhook)
        .bind(claim.now)
        .bind(i64::try_from(claim.limit).unwrap_or(i64::MAX))
        .bind(leased_until)
        .fetch_all(conn)
        .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in rows {
        let event: EventId = row.try_get(0)?;
        jobs.push(Job {
            id: DeliveryId { webhook: claim.webhook.clone(), event },
            lease: row.try_get(1)?,
            attempts: row.try_get(2)?,
            step: row.try_get(3)?,
            body: row.try_get::<String, _>(4)?.into(),
            leased_until,
            trigger: if row.try_get::<Flag, _>(5)?.0 { Trigger::Replay } else { Trigger::Schedule },
        });
    }
    jobs.sort_by(|a, b| a.id.event.cmp(&b.id.event));
    Ok(jobs)
}

/// The first attempt of a replay is its own; what fails is tried again by the schedule.
///
/// MATERIALIZED keeps PostgreSQL from evaluating the limited, locking part more than once.
fn claim_text(dialect: Dialect) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT event_id AS due_event FROM deliveries WHERE webhook_id = $1 AND due_at IS NOT NULL AND due_at <= $2 \
         AND (leased_until IS NULL OR leased_until <= $2) ORDER BY due_at, event_id LIMIT $3{}) \
         UPDATE deliveries SET lease = lease + 1, leased_until = $4, due_at = $4 FROM due \
         WHERE webhook_id = $1 AND event_id = due_event \
         RETURNING event_id, lease, attempts, step, (SELECT body FROM events WHERE events.id = deliveries.event_id), \
         CASE WHEN replay_id IS NOT NULL AND step = 0 THEN 1 ELSE 0 END",
        dialect.skip_locked()
    )
}

/// Gives a leased delivery back unsent: a stop, a webhook that is no longer active, a lane that must wait.
#[derive(Clone, Debug)]
pub struct Release {
    pub id: DeliveryId,
    pub lease: i64,
    /// When it may be taken again; `None` leaves its time as it was.
    pub due_at: Option<Timestamp>,
}

impl Command for Release {
    type Output = ();

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<()>, DbError>> {
        Box::pin(async move {
            let dialect = Dialect::of(conn);
            for piece in sql::shapes(commands) {
                let text = sql::shaped(dialect, "deliveries.release", piece.len(), |rows| {
                    format!(
                        "WITH v (w, e, l, d) AS (VALUES {}) UPDATE deliveries SET leased_until = NULL, \
                         due_at = CASE WHEN state = 'pending' THEN COALESCE(d, due_at) ELSE NULL END FROM v \
                         WHERE webhook_id = w AND event_id = e AND lease = l AND leased_until IS NOT NULL",
                        sql::typed_values(dialect, 1, rows, &["TEXT", "TEXT", "BIGINT", "BIGINT"])
                    )
                });
                let mut query = sqlx::query(text);
                for release in piece {
                    query = query
                        .bind(&release.id.webhook)
                        .bind(&release.id.event)
                        .bind(release.lease)
                        .bind(release.due_at);
                }
                query.execute(&mut *conn).await?;
            }
            Ok(commands.iter().map(|_| ()).collect())
        })
    }
}

/// Makes the lease of a redelivery end at `until`. `false`: it is no longer the holder's.
#[derive(Clone, Debug)]
pub struct Extend {
    pub id: DeliveryId,
    pub lease: i64,
    pub until: Timestamp,
}

impl Command for Extend {
    type Output = bool;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<bool>, DbError>> {
        Box::pin(async move {
            let text = "UPDATE deliveries SET leased_until = $4 WHERE webhook_id = $1 AND event_id = $2 AND lease = $3 \
                        AND leased_until IS NOT NULL";
            let mut outputs = Vec::with_capacity(commands.len());
            for extend in commands {
                let query = sqlx::query(text).bind(&extend.id.webhook).bind(&extend.id.event);
                let done = query.bind(extend.lease).bind(extend.until).execute(&mut *conn).await?;
                outputs.push(done.rows_affected() == 1);
            }
            Ok(outputs)
        })
    }
}

/// Redeliveries that were asked for and that nobody has in hand: whoever had is gone, or has given them back. Those of webhooks
/// that take deliveries, the longest waiting first, `limit` at most.
pub async fn asked_redeliveries(conn: &mut Conn, now: Timestamp, limit: usize) -> Result<Vec<DeliveryId>, DbError> {
    let text = "SELECT d.webhook_id, d.event_id FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id \
                JOIN organizations o ON o.id = w.organization_id \
                WHERE d.redelivery_asked_at IS NOT NULL AND (d.leased_until IS NULL OR d.leased_until <= $1) \
                AND w.state = 'active' AND w.deleted_at IS NULL AND o.webhooks_enabled = 1 \
                ORDER BY d.redelivery_asked_at, d.webhook_id, d.event_id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(text).bind(now).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(DeliveryId { webhook: row.try_get(0)?, event: row.try_get(1)? })).collect()
}

/// Takes one of [`asked_redeliveries`] in hand. `None`: somebody else has it by now, or it is off.
#[derive(Clone, Debug)]
pub struct TakeUp {
    pub id: DeliveryId,
    pub now: Timestamp,
    /// How long it belongs to this process.
    pub lease: Duration,
}

impl Command for TakeUp {
    type Output = Option<Job>;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Option<Job>>, DbError>> {
        Box::pin(async move {
            // `due_at` stays: a planned retry keeps its time.
            let text = "UPDATE deliveries SET lease = lease + 1, leased_until = $4 WHERE webhook_id = $1 AND event_id = $2 \
                        AND redelivery_asked_at IS NOT NULL AND (leased_until IS NULL OR leased_until <= $3) \
                        RETURNING lease, attempts, step, (SELECT body FROM events WHERE events.id = deliveries.event_id)";
            let mut outputs = Vec::with_capacity(commands.len());
            for TakeUp { id, now, lease } in commands {
                let leased_until = *now + *lease;
                let query = sqlx::query(text).bind(&id.webhook).bind(&id.event).bind(*now).bind(leased_until);
                let Some(row) = query.fetch_optional(&mut *conn).await? else {
                    outputs.push(None);
                    continue;
                };
                outputs.push(Some(Job {
                    id: id.clone(),
                    lease: row.try_get(0)?,
                    attempts: row.try_get(1)?,
                    step: row.try_get(2)?,
                    body: row.try_get::<String, _>(3)?.into(),
                    leased_until,
                    trigger: Trigger::Redeliver,
                }));
            }
            Ok(outputs)
        })
    }
}

/// Every webhook with open work, and when the earliest of it is due. Jumps from webhook to webhook through the index of due
/// rows, so that it costs what there are webhooks with work, however long their queues.
pub async fn due_webhooks(conn: &mut Conn) -> Result<Vec<(WebhookId, Timestamp)>, DbError> {
    let rows = sqlx::query(
        "WITH RECURSIVE w (id) AS (SELECT MIN(webhook_id) FROM deliveries WHERE due_at IS NOT NULL \
         UNION ALL SELECT (SELECT MIN(d.webhook_id) FROM deliveries d WHERE d.due_at IS NOT NULL AND d.webhook_id > w.id) FROM w WHERE w.id IS NOT NULL) \
         SELECT w.id, (SELECT MIN(d.due_at) FROM deliveries d WHERE d.webhook_id = w.id AND d.due_at IS NOT NULL) FROM w WHERE w.id IS NOT NULL",
    )
    .fetch_all(conn)
    .await?;
    let mut webhooks = Vec::with_capacity(rows.len());
    for row in rows {
        // The work of a webhook may have ended between the two looks.
        if let Some(due_at) = row.try_get::<Option<Timestamp>, _>(1)? {
            webhooks.push((row.try_get(0)?, due_at));
        }
    }
    Ok(webhooks)
}

/// Frees what a process that is gone had leased. Only where there is one process for a database: SQLite. A lease that
/// has run out holds nothing back, and none is longer than [`Lease::LONGEST`]: of the planned retries, however many, only
/// those of that time are looked at.
pub async fn free_all_leases(conn: &mut Conn, now: Timestamp) -> Result<u64, DbError> {
    let due = format!(
        "UPDATE deliveries{} SET leased_until = NULL, due_at = $1 \
         WHERE due_at IS NOT NULL AND due_at > $1 AND due_at <= $2 AND leased_until = due_at",
        Dialect::of(conn).indexed_by("deliveries_due")
    );
    let due = sqlx::query(AssertSqlSafe(due)).bind(now).bind(now + Lease::LONGEST).execute(&mut *conn).await?;
    let apart = "UPDATE deliveries SET leased_until = NULL WHERE leased_until <> COALESCE(due_at, 0)";
    let apart = sqlx::query(apart).execute(conn).await?;
    Ok(due.rows_affected() + apart.rows_affected())
}
