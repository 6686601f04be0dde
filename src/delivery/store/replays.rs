//! Replays as they are asked for: which deliveries one would take, and the beginning of one.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{EventId, Timestamp, WebhookId};
use crate::db::{Conn, DbError, Dialect};
use crate::delivery::model::{DeliveryState, NewReplay, ReplayFilter, ReplayState};
use crate::events::EventType;

/// How many deliveries of the webhook a replay that begins at `now` would take.
pub async fn count_replayable(
    conn: &mut Conn,
    webhook: &WebhookId,
    filter: &ReplayFilter,
    now: Timestamp,
) -> Result<i64, DbError> {
    let mut total = 0;
    for state in &filter.states {
        let text = format!("SELECT COUNT(*) FROM {}", matching(Dialect::of(conn), filter, *state));
        let query = sqlx::query(AssertSqlSafe(text)).bind(webhook).bind(filter.since).bind(filter.until).bind(now);
        total += query.fetch_one(&mut *conn).await?.try_get::<i64, _>(0)?;
    }
    Ok(total)
}

/// Where a replay stands in the deliveries of its webhook: after the one that was made at that time, of that event.
pub(super) type Reached = (Timestamp, String);

/// The next deliveries that a replay takes, oldest first. One state after the other is read from its own range of the index, and
/// merged.
pub(super) async fn next_replayable(
    conn: &mut Conn,
    webhook: &WebhookId,
    filter: &ReplayFilter,
    began_at: Timestamp,
    reached: &Reached,
    limit: usize,
) -> Result<Vec<(Timestamp, EventId)>, DbError> {
    let dialect = Dialect::of(conn);
    let mut found: Vec<(Timestamp, EventId)> = Vec::new();
    for state in &filter.states {
        let text = format!(
            "SELECT d.created_at, d.event_id FROM {} AND (d.created_at, d.event_id) > ($5, $6) \
             ORDER BY d.created_at, d.event_id LIMIT $7",
            matching(dialect, filter, *state)
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(webhook).bind(filter.since).bind(filter.until).bind(began_at);
        let query = query.bind(reached.0).bind(reached.1.as_str()).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        for row in query.fetch_all(&mut *conn).await? {
            found.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    found.sort_unstable();
    found.truncate(limit);
    Ok(found)
}

/// The deliveries of webhook $1 in `state` whose events were recorded from $2 to $3, and which came to their end up to $4: what fails
/// while a replay runs is not in it. No delivery is made before its event is recorded.
fn matching(dialect: Dialect, filter: &ReplayFilter, state: DeliveryState) -> String {
    let by_state = dialect.indexed_by("deliveries_state");
    let types: Vec<_> = filter.event_types.iter().map(|kind| format!("'{kind}'")).collect();
    let types = if types.is_empty() { String::new() } else { format!(" AND d.event_type IN ({})", types.join(", ")) };
    format!(
        "deliveries d{by_state} JOIN events e ON e.id = d.event_id WHERE d.webhook_id = $1 AND d.state = '{state}' \
         AND d.created_at >= $2 AND e.recorded_at >= $2 AND e.recorded_at < $3 AND COALESCE(d.finished_at, 0) <= $4{types}"
    )
}

/// Begins a replay; one of nothing is finished already. The caller has locked the organization.
pub async fn insert_replay(conn: &mut Conn, new: &NewReplay) -> Result<(), DbError> {
    let is_empty = new.total == 0;
    let state = if is_empty { ReplayState::Finished } else { ReplayState::Running };
    let names = |names: Vec<&str>| serde_json::to_string(&names).expect("lists of strings always have a JSON form");
    let types = &new.filter.event_types;
    let types = (!types.is_empty()).then(|| names(types.iter().copied().map(EventType::as_str).collect()));
    sqlx::query(
        "INSERT INTO replays (id, organization_id, webhook_id, state, since, until, states, event_types, pace, next_due_at, reached_at, \
         reached_event, is_scanned, total, taken, succeeded, failed, ended, created_by, created_at, finished_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', 0, $11, 0, 0, 0, 0, $12, $13, $14)",
    )
    .bind(&new.id)
    .bind(&new.organization)
    .bind(&new.webhook)
    .bind(state.as_str())
    .bind(new.filter.since)
    .bind(new.filter.until)
    .bind(names(new.filter.states.iter().copied().map(DeliveryState::as_str).collect()))
    .bind(types)
    .bind(i64::try_from(new.pace.as_micros()).unwrap_or(i64::MAX))
    .bind(new.created_at)
    .bind(new.total)
    .bind(new.created_by.as_str())
    .bind(new.created_at)
    .bind(is_empty.then_some(new.created_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads the JSON lists that stand for a filter's states and event types.
pub fn replay_filter(
    id: &str,
    (since, until): (Timestamp, Timestamp),
    states: &str,
    event_types: Option<&str>,
) -> Result<ReplayFilter, DbError> {
    Ok(ReplayFilter {
        since,
        until,
        states: list(states).map_err(|error| DbError::inconsistent("replays", "states", id, error))?,
        event_types: list(event_types.unwrap_or("[]"))
            .map_err(|error| DbError::inconsistent("replays", "event_types", id, error))?,
    })
}

fn list<T: std::str::FromStr<Err: std::fmt::Display>>(json: &str) -> Result<Vec<T>, String> {
    let names: Vec<String> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    names.iter().map(|name| name.parse().map_err(|error: T::Err| error.to_string())).collect()
}
