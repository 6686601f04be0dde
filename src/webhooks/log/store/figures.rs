//! Figures over a time, from indexes that hold everything they need. The webhook is one that the caller has found in its
//! organization.

use sqlx::Row as _;

use crate::base::{Timestamp, WebhookId};
use crate::db::{Conn, DbError};
use crate::delivery::model::DeliveryState;

use super::super::model::{Figures, Range, ResponseTimes, Retries, SLOT, Slot, Tally};

/// Response times are those of this many attempts, the latest ones: enough for a 95th percentile, and little to read.
const SAMPLED_ATTEMPTS: i64 = 10_000;

/// Retries are counted among this many of the deliveries that are due first.
const COUNTED_RETRIES: i64 = 10_000;

/// The health of a webhook over `range` up to `now`.
pub async fn figures(conn: &mut Conn, webhook: &WebhookId, range: Range, now: Timestamp) -> Result<Figures, DbError> {
    let since = now - range.duration();
    Ok(Figures {
        tally: tally(conn, webhook, since, None).await?,
        before: tally(conn, webhook, since - range.duration(), Some(since)).await?,
        times: response_times(conn, webhook, since).await?,
        retries: retries(conn, webhook, now).await?,
    })
}

async fn tally(
    conn: &mut Conn,
    webhook: &WebhookId,
    since: Timestamp,
    until: Option<Timestamp>,
) -> Result<Tally, DbError> {
    let mut tally = Tally::default();
    // State by state: each is one range of the index of states.
    for state in DeliveryState::ALL {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM deliveries WHERE webhook_id = $1 AND state = $2 AND created_at >= $3 AND created_at < $4",
        )
        .bind(webhook)
        .bind(state.as_str())
        .bind(since)
        .bind(until.unwrap_or(Timestamp::from_micros(i64::MAX)))
        .fetch_one(&mut *conn)
        .await?;
        tally.add(*state, false, row.try_get(0)?);
    }
    Ok(tally)
}

async fn response_times(
    conn: &mut Conn,
    webhook: &WebhookId,
    since: Timestamp,
) -> Result<Option<ResponseTimes>, DbError> {
    let rows = sqlx::query(
        "SELECT duration FROM attempts WHERE webhook_id = $1 AND started_at >= $2 ORDER BY started_at DESC LIMIT $3",
    )
    .bind(webhook)
    .bind(since)
    .bind(SAMPLED_ATTEMPTS)
    .fetch_all(conn)
    .await?;
    let micros = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(ResponseTimes::of(micros))
}

async fn retries(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<Retries, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE attempts > 0), MIN(CASE WHEN attempts > 0 AND due_at > $3 \
         AND (leased_until IS NULL OR leased_until <= $3) THEN due_at END) FROM \
         (SELECT attempts, due_at, leased_until FROM deliveries WHERE webhook_id = $1 AND due_at IS NOT NULL \
         ORDER BY due_at, event_id LIMIT $2) due",
    )
    .bind(webhook)
    .bind(COUNTED_RETRIES)
    .bind(now)
    .fetch_one(conn)
    .await?;
    Ok(Retries {
        waiting: row.try_get(1)?,
        is_at_least: row.try_get::<i64, _>(0)? == COUNTED_RETRIES,
        next_at: row.try_get(2)?,
    })
}

/// The attempts of a webhook since `since` in quarters of an hour, oldest first; those without an attempt are left out.
pub async fn slots(conn: &mut Conn, webhook: &WebhookId, since: Timestamp) -> Result<Vec<Slot>, DbError> {
    let micros = i64::try_from(SLOT.as_micros()).unwrap_or(i64::MAX);
    let rows = sqlx::query(
        "SELECT started_at / $3 AS slot, COUNT(*), COUNT(*) FILTER (WHERE outcome = 'success') FROM attempts \
         WHERE webhook_id = $1 AND started_at >= $2 GROUP BY slot ORDER BY slot",
    )
    .bind(webhook)
    .bind(since)
    .bind(micros)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let (slot, all, succeeded): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok(Slot { start: Timestamp::from_micros(slot * micros), succeeded, failed: all - succeeded })
        })
        .collect()
}
