//! Carrying a replay out: its deliveries become pending in small batches, each a short transaction. Where it stands is written with
//! each batch, so that a stop or a crash in the middle changes nothing, and of two nodes that take the same batch one finds that it
//! is taken (docs/decisions/0025-a-replay-is-taken-in-batches.md).

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{EventId, OrganizationId, ReplayId, Timestamp, WebhookId};
use crate::db::{Conn, DbError, Dialect, Flag, Row, sql};
use crate::delivery::model::{ReplayFilter, ReplayState, UNDO_WITHIN};
use crate::events::record::next_seq;

use super::replays::{Reached, next_replayable, replay_filter};

/// A replay that has not come to its end.
#[derive(Clone, Debug)]
pub struct Running {
    pub id: ReplayId,
    pub organization: OrganizationId,
    pub webhook: WebhookId,
    /// When the webhook was deleted. The replay waits while that can be undone, and is cancelled afterwards.
    pub deleted_at: Option<Timestamp>,
    /// The webhook is there and active, and webhooks are turned on; otherwise the replay waits.
    pub is_deliverable: bool,
    /// Everything that it takes is taken.
    pub is_scanned: bool,
    /// When the next of its deliveries may start.
    pub next_due_at: Timestamp,
    /// What lies between one delivery and the next.
    pub pace: Duration,
    filter: ReplayFilter,
    reached: Reached,
    created_at: Timestamp,
}

impl Running {
    /// The webhook was deleted, and nobody can undo that any more.
    pub fn is_orphaned(&self, now: Timestamp) -> bool {
        is_for_good(self.deleted_at, now)
    }
}

/// All replays that are running, oldest first.
pub async fn running_replays(conn: &mut Conn) -> Result<Vec<Running>, DbError> {
    let rows = sqlx::query(
        "SELECT r.id, r.organization_id, r.webhook_id, r.since, r.until, r.states, r.event_types, r.pace, r.next_due_at, r.reached_at, \
         r.reached_event, r.is_scanned, r.created_at, w.deleted_at, \
         CASE WHEN w.state = 'active' AND w.deleted_at IS NULL AND o.webhooks_enabled = 1 THEN 1 ELSE 0 END \
         FROM replays r JOIN webhooks w ON w.id = r.webhook_id JOIN organizations o ON o.id = r.organization_id \
         WHERE r.state = 'running' ORDER BY r.id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(running).collect()
}

fn running(row: &Row) -> Result<Running, DbError> {
    let id: ReplayId = row.try_get(0)?;
    let (states, types): (String, Option<String>) = (row.try_get(5)?, row.try_get(6)?);
    Ok(Running {
        organization: row.try_get(1)?,
        webhook: row.try_get(2)?,
        filter: replay_filter(id.as_str(), (row.try_get(3)?, row.try_get(4)?), &states, types.as_deref())?,
        pace: Duration::from_micros(u64::try_from(row.try_get::<i64, _>(7)?).unwrap_or(0)),
        next_due_at: row.try_get(8)?,
        reached: (row.try_get(9)?, row.try_get(10)?),
        is_scanned: row.try_get::<Flag, _>(11)?.0,
        created_at: row.try_get(12)?,
        deleted_at: row.try_get(13)?,
        is_deliverable: row.try_get::<Flag, _>(14)?.0,
        id,
    })
}

/// What a replay has made pending, and not seen the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Not attempted yet.
    pub waiting: usize,
    /// Attempted without success, or held.
    pub others: bool,
}

pub async fn open_deliveries(conn: &mut Conn, id: &ReplayId) -> Result<Open, DbError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM deliveries WHERE replay_id = $1 AND state = 'pending' AND step = 0), \
         CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE replay_id = $1 AND (state = 'held' OR (state = 'pending' AND step > 0))) \
         THEN 1 ELSE 0 END",
    )
    .bind(id)
    .fetch_one(conn)
    .await?;
    let waiting: i64 = row.try_get(0)?;
    Ok(Open { waiting: usize::try_from(waiting).unwrap_or(usize::MAX), others: row.try_get::<Flag, _>(1)?.0 })
}

/// The next deliveries of a replay, each with its time.
#[derive(Clone, Debug)]
pub struct Batch {
    deliveries: Vec<(EventId, Timestamp)>,
    reached: Reached,
    next_due_at: Timestamp,
    is_last: bool,
}

/// Reads up to `limit` deliveries that the replay takes next, the first of which starts at `start`. Outside of any transaction: what
/// changes until they are taken is looked at then.
pub async fn next_batch(conn: &mut Conn, replay: &Running, start: Timestamp, limit: usize) -> Result<Batch, DbError> {
    let Running { webhook, filter, created_at, reached, .. } = replay;
    let found = next_replayable(conn, webhook, filter, *created_at, reached, limit).await?;
    let mut next_due_at = start;
    let mut deliveries = Vec::with_capacity(found.len());
    let is_last = found.len() < limit;
    let reached = found.last().map_or_else(|| reached.clone(), |(at, event)| (*at, event.to_string()));
    for (_, event) in found {
        deliveries.push((event, next_due_at));
        next_due_at = next_due_at + replay.pace;
    }
    Ok(Batch { deliveries, reached, next_due_at, is_last })
}

/// Makes the deliveries of a batch pending again, and starts their schedule anew. `false`: somebody else has taken it, or the replay
/// may not go on.
pub async fn take_batch(conn: &mut Conn, replay: &Running, batch: &Batch) -> Result<bool, DbError> {
    // Locks the organization: nobody pauses or deletes the webhook meanwhile.
    next_seq(conn, &replay.organization, 1).await?;
    let goes_on = sqlx::query(
        "UPDATE replays SET reached_at = $2, reached_event = $3, next_due_at = $4, is_scanned = $5 \
         WHERE id = $1 AND state = 'running' AND is_scanned = 0 AND reached_at = $6 AND reached_event = $7 AND webhook_id IN \
         (SELECT w.id FROM webhooks w JOIN organizations o ON o.id = w.organization_id \
         WHERE w.id = $8 AND w.state = 'active' AND w.deleted_at IS NULL AND o.webhooks_enabled = 1)",
    )
    .bind(&replay.id)
    .bind(batch.reached.0)
    .bind(batch.reached.1.as_str())
    .bind(batch.next_due_at)
    .bind(Flag(batch.is_last))
    .bind(replay.reached.0)
    .bind(replay.reached.1.as_str())
    .bind(&replay.webhook)
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if goes_on == 0 {
        return Ok(false);
    }
    let mut taken = 0;
    for piece in sql::shapes(&batch.deliveries) {
        leave_other_replays(conn, replay, piece).await?;
        taken += make_pending(conn, replay, piece).await?;
    }
    // Who was faster with some of them, a redelivery perhaps, has brought them to another end.
    let text = "UPDATE replays SET taken = taken + $2, total = CASE WHEN taken + $2 > total THEN taken + $2 ELSE total END WHERE id = $1";
    sqlx::query(text).bind(&replay.id).bind(i64::try_from(taken).unwrap_or(i64::MAX)).execute(conn).await?;
    Ok(true)
}

/// What a delivery must be like to be taken.
fn takeable(replay: &Running, began_at: &str) -> String {
    let states: Vec<_> = replay.filter.states.iter().map(|state| format!("'{state}'")).collect();
    format!(
        "webhook_id = w AND event_id = e AND state IN ({}) AND COALESCE(finished_at, 0) <= {began_at}",
        states.join(", ")
    )
}

/// Of other replays that still run, those that come into this one count as what they came to there.
async fn leave_other_replays(conn: &mut Conn, replay: &Running, piece: &[(EventId, Timestamp)]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = format!(
        "WITH v (w, e) AS (VALUES {}) SELECT replay_id, COUNT(*), COUNT(*) FILTER (WHERE state = 'succeeded'), \
         COUNT(*) FILTER (WHERE state = 'failed') FROM deliveries JOIN v ON {} AND replay_id IS NOT NULL GROUP BY replay_id",
        sql::typed_values(dialect, 1, piece.len(), &["TEXT", "TEXT"]),
        takeable(replay, &sql::mark(dialect, piece.len() * 2 + 1)),
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (event, _) in piece {
        query = query.bind(&replay.webhook).bind(event);
    }
    for row in query.bind(replay.created_at).fetch_all(&mut *conn).await? {
        let other: ReplayId = row.try_get(0)?;
        let (all, succeeded, failed): (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let text = "UPDATE replays SET succeeded = succeeded + $2, failed = failed + $3, ended = ended + $4 WHERE id = $1 AND state = 'running'";
        let query = sqlx::query(text).bind(other).bind(succeeded).bind(failed).bind(all - succeeded - failed);
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

async fn make_pending(conn: &mut Conn, replay: &Running, piece: &[(EventId, Timestamp)]) -> Result<u64, DbError> {
    let dialect = Dialect::of(conn);
    let text = format!(
        "WITH v (w, e, at) AS (VALUES {}) UPDATE deliveries SET state = 'pending', hold = NULL, reason = NULL, undo_state = NULL, \
         step = 0, finished_at = NULL, replayed_from = state, replay_id = {}, \
         due_at = CASE WHEN leased_until > at THEN leased_until ELSE at END FROM v WHERE {}",
        sql::typed_values(dialect, 1, piece.len(), &["TEXT", "TEXT", "BIGINT"]),
        sql::mark(dialect, piece.len() * 3 + 1),
        takeable(replay, &sql::mark(dialect, piece.len() * 3 + 2)),
    );
    let mut query = sqlx::query(AssertSqlSafe(text));
    for (event, at) in piece {
        query = query.bind(&replay.webhook).bind(event).bind(*at);
    }
    Ok(query.bind(&replay.id).bind(replay.created_at).execute(conn).await?.rows_affected())
}

/// Ends a replay of which everything is taken and nothing is open. `false`: it is not at its end, or another was faster.
pub async fn finish_replay(conn: &mut Conn, id: &ReplayId, now: Timestamp) -> Result<bool, DbError> {
    let condition = "AND is_scanned = 1 AND NOT EXISTS \
                     (SELECT 1 FROM deliveries d WHERE d.replay_id = replays.id AND d.state IN ('pending', 'held'))";
    end(conn, id, ReplayState::Finished, condition, now).await
}

/// Ends a replay in the middle. What it has made pending and did not get through goes back to what it was before; an attempt under
/// way ends and counts. `false`: it had ended. The caller has locked the organization.
pub async fn cancel_replay(conn: &mut Conn, id: &ReplayId, now: Timestamp) -> Result<bool, DbError> {
    if !end(conn, id, ReplayState::Cancelled, "", now).await? {
        return Ok(false);
    }
    let text = "UPDATE deliveries SET state = replayed_from, hold = NULL, due_at = NULL, finished_at = $2, \
                reason = CASE WHEN replayed_from = 'cancelled' THEN 'replay_cancelled' END, replay_id = NULL, replayed_from = NULL \
                WHERE replay_id = $1 AND state IN ('pending', 'held')";
    sqlx::query(text).bind(id).bind(now).execute(conn).await?;
    Ok(true)
}

/// Cancels a replay whose webhook is deleted for good. `false`: the deletion can be undone, or was since `replay` was read, or the
/// replay had ended.
pub async fn cancel_orphan(conn: &mut Conn, replay: &Running, now: Timestamp) -> Result<bool, DbError> {
    // Locks the organization: nobody undoes the deletion meanwhile.
    next_seq(conn, &replay.organization, 1).await?;
    let row = sqlx::query("SELECT deleted_at FROM webhooks WHERE id = $1")
        .bind(&replay.webhook)
        .fetch_one(&mut *conn)
        .await?;
    let deleted_at: Option<Timestamp> = row.try_get(0)?;
    Ok(is_for_good(deleted_at, now) && cancel_replay(conn, &replay.id, now).await?)
}

/// Whether a deletion can no longer be undone.
fn is_for_good(deleted_at: Option<Timestamp>, now: Timestamp) -> bool {
    deleted_at.is_some_and(|at| now.saturating_sub(at) >= UNDO_WITHIN)
}

/// Writes down for good what became of the deliveries of a replay: they may come into another one now.
async fn end(
    conn: &mut Conn,
    id: &ReplayId,
    state: ReplayState,
    condition: &'static str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let count = |state: &str| {
        format!("(SELECT COUNT(*) FROM deliveries d WHERE d.replay_id = replays.id AND d.state = '{state}')")
    };
    let text = format!(
        "UPDATE replays SET state = $2, finished_at = $3, succeeded = succeeded + {}, failed = failed + {}, ended = ended + {} \
         WHERE id = $1 AND state = 'running' {condition}",
        count("succeeded"),
        count("failed"),
        count("cancelled"),
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(id).bind(state.as_str()).bind(now);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}
