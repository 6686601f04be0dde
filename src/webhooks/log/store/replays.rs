//! Replays, and how far they are.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Listing, OrganizationId, Place, ReplayId, WebhookId};
use crate::db::keyset::Keyset;
use crate::db::{Conn, DbError, Flag, Row};
use crate::delivery::model::{Replay, ReplayState};
use crate::delivery::store::replay_filter;

/// While it runs, what became of its deliveries is counted; afterwards it stands in the row.
const COLUMNS: &str = "r.id, r.webhook_id, r.state, r.since, r.until, r.states, r.event_types, r.is_scanned, r.total, \
     r.succeeded + (SELECT COUNT(*) FROM deliveries d WHERE r.state = 'running' AND d.replay_id = r.id AND d.state = 'succeeded'), \
     r.failed + (SELECT COUNT(*) FROM deliveries d WHERE r.state = 'running' AND d.replay_id = r.id AND d.state = 'failed'), \
     r.ended + (SELECT COUNT(*) FROM deliveries d WHERE r.state = 'running' AND d.replay_id = r.id AND d.state = 'cancelled'), \
     (SELECT COUNT(*) FROM deliveries d WHERE r.state = 'running' AND d.replay_id = r.id AND d.state IN ('pending', 'held')), \
     r.created_by, r.created_at, r.finished_at, r.pace";

/// One replay of the organization.
pub async fn find_replay(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &ReplayId,
) -> Result<Option<Replay>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM replays r WHERE r.id = $1 AND r.organization_id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).bind(organization).fetch_optional(conn).await?;
    row.as_ref().map(replay).transpose()
}

/// The replays of a webhook, newest first.
pub async fn list_replays(
    conn: &mut Conn,
    webhook: &WebhookId,
    place: &Place,
    limit: usize,
) -> Result<Listing<Replay>, DbError> {
    let listing = Keyset::new(COLUMNS, "replays r", ("r.created_at", "r.id"))
        .and("r.webhook_id =", webhook.as_str())
        .page(conn, place, limit)
        .await?;
    let rows = listing.rows.iter().map(replay).collect::<Result<_, _>>()?;
    Ok(Listing { rows, has_newer: listing.has_newer, has_older: listing.has_older })
}

fn replay(row: &Row) -> Result<Replay, DbError> {
    let id: ReplayId = row.try_get(0)?;
    let state: String = row.try_get(2)?;
    let state = state.parse().map_err(|error| DbError::inconsistent("replays", "state", id.as_str(), error))?;
    let (states, types): (String, Option<String>) = (row.try_get(5)?, row.try_get(6)?);
    let is_scanned = row.try_get::<Flag, _>(7)?.0;
    let total: i64 = row.try_get(8)?;
    let (succeeded, failed): (i64, i64) = (row.try_get(9)?, row.try_get(10)?);
    let (ended, open): (i64, i64) = (row.try_get(11)?, row.try_get(12)?);
    Ok(Replay {
        webhook: row.try_get(1)?,
        filter: replay_filter(id.as_str(), (row.try_get(3)?, row.try_get(4)?), &states, types.as_deref())?,
        total,
        done: match state {
            ReplayState::Finished => total,
            // What others brought to its end in the meantime is done, too: it was not taken.
            ReplayState::Running if is_scanned => total - open,
            ReplayState::Running | ReplayState::Cancelled => (succeeded + failed + ended).min(total),
        },
        state,
        succeeded,
        failed,
        created_by: row.try_get(13)?,
        created_at: row.try_get(14)?,
        finished_at: row.try_get(15)?,
        per_second: per_second(row.try_get(16)?),
        id,
    })
}

/// From the microseconds between one and the next, which were rounded.
fn per_second(pace: i64) -> i64 {
    let pace = pace.max(1);
    (1_000_000 + pace / 2) / pace
}
