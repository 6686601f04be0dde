//! What is due for removal, and removing it: rows of many tables that go together, each table's last word.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{EventId, Timestamp, WebhookId};
use crate::db::{Command, Conn, DbError, Dialect, Row, sql};
use crate::delivery::model::{DeliveryState, UNDO_WITHIN};

/// An event that may be due.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub id: EventId,
    /// What is remembered of it from an earlier look.
    pub since: Option<Timestamp>,
    /// How many go with it.
    pub rows: i64,
    recorded_at: Option<Timestamp>,
    last_end: Option<Timestamp>,
    is_open: bool,
}

impl Candidate {
    /// Nothing goes on with it since then, or since later. What is open at `now` will end after it.
    pub fn quiet_since(&self, now: Timestamp) -> Timestamp {
        if self.is_open {
            return now;
        }
        // One that is not there any more was removed by another node.
        let times = [self.recorded_at, self.last_end];
        times.into_iter().flatten().max().unwrap_or(Timestamp::from_micros(i64::MIN))
    }
}

/// A delivery that is not at its end, or of which an attempt is under way or was asked for; $1 is the time.
const OPEN: &str = "COUNT(*) FILTER (WHERE d.state IN ('pending', 'held') OR d.leased_until > $1 OR d.redelivery_asked_at IS NOT NULL)";

fn candidate(row: &Row) -> Result<Candidate, DbError> {
    Ok(Candidate {
        id: row.try_get(0)?,
        recorded_at: row.try_get(1)?,
        since: row.try_get(2)?,
        rows: 1 + row.try_get::<i64, _>(3)?,
        last_end: row.try_get(4)?,
        is_open: row.try_get::<i64, _>(5)? > 0,
    })
}

/// The next events with ids between these two.
pub async fn events_between(
    conn: &mut Conn,
    after: &str,
    before: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Candidate>, DbError> {
    let text = format!(
        "SELECT e.id, e.recorded_at, l.since, CAST(COUNT(d.event_id) + COALESCE(SUM(d.attempts), 0) AS BIGINT), MAX(d.finished_at), {OPEN} \
         FROM (SELECT id, recorded_at FROM events WHERE id > $2 AND id < $3 ORDER BY id LIMIT $4) e \
         LEFT JOIN deliveries d ON d.event_id = e.id LEFT JOIN lingering_events l ON l.event_id = e.id \
         GROUP BY e.id, e.recorded_at, l.since ORDER BY e.id"
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(now).bind(after).bind(before).bind(limit);
    query.fetch_all(conn).await?.iter().map(candidate).collect()
}

/// Remembered events of which it is time to look again.
pub async fn lingering(
    conn: &mut Conn,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<Candidate>, DbError> {
    let text = format!(
        "SELECT l.event_id, e.recorded_at, l.since, CAST(COUNT(d.event_id) + COALESCE(SUM(d.attempts), 0) AS BIGINT), MAX(d.finished_at), {OPEN} \
         FROM (SELECT event_id, since FROM lingering_events WHERE since <= $2 ORDER BY since LIMIT $3) l \
         LEFT JOIN events e ON e.id = l.event_id LEFT JOIN deliveries d ON d.event_id = l.event_id \
         GROUP BY l.event_id, e.recorded_at, l.since ORDER BY l.event_id"
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(now).bind(until).bind(limit);
    query.fetch_all(conn).await?.iter().map(candidate).collect()
}

/// Remembers since when at the earliest nothing goes on with events.
pub struct Linger(pub Vec<(EventId, Timestamp)>);

impl Command for Linger {
    type Output = ();

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<()>, DbError>> {
        Box::pin(async move {
            let dialect = Dialect::of(conn);
            for Linger(events) in commands {
                for piece in sql::shapes(events) {
                    let text = sql::shaped(dialect, "lingering_events.put", piece.len(), |rows| {
                        format!(
                            "INSERT INTO lingering_events (event_id, since) VALUES {} \
                             ON CONFLICT (event_id) DO UPDATE SET since = excluded.since",
                            sql::values(dialect, 1, rows, 2)
                        )
                    });
                    let bound = piece.iter().fold(sqlx::query(text), |query, (id, since)| query.bind(id).bind(*since));
                    bound.execute(&mut *conn).await?;
                }
            }
            Ok(commands.iter().map(|_| ()).collect())
        })
    }
}

/// Removes events whose deliveries have all ended by `until`, with everything that hangs on them.
pub struct Remove {
    /// As many as the largest statement takes, at most.
    pub events: Vec<EventId>,
    pub now: Timestamp,
    pub until: Timestamp,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub count: u64,
    /// Those that came to life again in the meantime.
    pub kept: Vec<EventId>,
}

impl Command for Remove {
    type Output = Removed;

    fn apply<'a>(conn: &'a mut Conn, commands: &'a [Self]) -> BoxFuture<'a, Result<Vec<Removed>, DbError>> {
        Box::pin(async move {
            let mut outputs = Vec::with_capacity(commands.len());
            for command in commands {
                outputs.push(remove(conn, command).await?);
            }
            Ok(outputs)
        })
    }
}

async fn remove(conn: &mut Conn, command: &Remove) -> Result<Removed, DbError> {
    let (lively, replayed) = look_closely(conn, command).await?;
    let (kept, going): (Vec<EventId>, Vec<EventId>) =
        command.events.iter().cloned().partition(|event| lively.contains(event));
    if going.is_empty() {
        return Ok(Removed { count: 0, kept });
    }
    count_in_replays(conn, replayed, &lively).await?;
    move_keys(conn, &going).await?;
    for (name, text) in [
        ("retention.alerts", "UPDATE alerts SET event_id = NULL WHERE event_id IN"),
        ("retention.keys", "DELETE FROM idempotency_keys WHERE event_id IN"),
        ("retention.attempts", "DELETE FROM attempts WHERE event_id IN"),
        ("retention.deliveries", "DELETE FROM deliveries WHERE event_id IN"),
        ("retention.lingering", "DELETE FROM lingering_events WHERE event_id IN"),
    ] {
        for_events(conn, name, text, &going).await?;
    }
    let count = for_events(conn, "retention.events", "DELETE FROM events WHERE id IN", &going).await?;
    Ok(Removed { count, kept })
}

/// Runs a statement that ends with a list of events: one for all of them.
async fn for_events(
    conn: &mut Conn,
    name: &'static str,
    text: &'static str,
    events: &[EventId],
) -> Result<u64, DbError> {
    let dialect = Dialect::of(conn);
    let mut count = 0;
    for (piece, places) in sql::pieces(events) {
        let text = sql::shaped(dialect, name, places, |rows| format!("{text} {}", sql::values(dialect, 1, 1, rows)));
        count += among(text, piece, places).execute(&mut *conn).await?.rows_affected();
    }
    Ok(count)
}

/// A statement about those among a list of events, which has so many places.
fn among<'q>(text: AssertSqlSafe<&'static str>, events: &'q [EventId], places: usize) -> sql::Statement<'q> {
    let query = events.iter().fold(sqlx::query(text), |query, event| query.bind(event));
    sql::pad(query, places - events.len(), std::iter::once("TEXT"))
}

/// What deliveries were replayed by, and how they ended.
type Replayed = Vec<(EventId, String, DeliveryState)>;

/// Locks the deliveries: nobody replays or redelivers them any more. Answers which events must stay.
async fn look_closely(conn: &mut Conn, command: &Remove) -> Result<(HashSet<EventId>, Replayed), DbError> {
    let dialect = Dialect::of(conn);
    let (mut lively, mut replayed) = (HashSet::new(), Vec::new());
    for (piece, places) in sql::pieces(&command.events) {
        let text = sql::shaped(dialect, "retention.look", places, |rows| {
            format!(
                "SELECT event_id, state, finished_at, leased_until, redelivery_asked_at, replay_id FROM deliveries \
                 WHERE event_id IN {} ORDER BY event_id, webhook_id{}",
                sql::values(dialect, 1, 1, rows),
                dialect.for_update()
            )
        });
        let query = among(text, piece, places);
        for row in query.fetch_all(&mut *conn).await? {
            let event: EventId = row.try_get(0)?;
            let state: String = row.try_get(1)?;
            let state: DeliveryState =
                state.parse().map_err(|e| DbError::inconsistent("deliveries", "state", event.as_str(), e))?;
            let time = |column: usize| -> Result<Option<Timestamp>, DbError> { Ok(row.try_get(column)?) };
            let has_ended = time(2)?.is_some_and(|at| at <= command.until)
                && !matches!(state, DeliveryState::Pending | DeliveryState::Held);
            let is_under_way = time(3)?.is_some_and(|until| until > command.now) || time(4)?.is_some();
            if !has_ended || is_under_way {
                lively.insert(event.clone());
            }
            if let Some(replay) = row.try_get::<Option<String>, _>(5)? {
                replayed.push((event, replay, state));
            }
        }
    }
    Ok((lively, replayed))
}

/// A replay that still runs counts its deliveries; those that go are written down.
async fn count_in_replays(conn: &mut Conn, replayed: Replayed, lively: &HashSet<EventId>) -> Result<(), DbError> {
    let mut counts: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for (_, replay, state) in replayed.into_iter().filter(|(event, ..)| !lively.contains(event)) {
        let place = match state {
            DeliveryState::Succeeded => 0,
            DeliveryState::Failed => 1,
            DeliveryState::Cancelled | DeliveryState::Pending | DeliveryState::Held => 2,
        };
        counts.entry(replay).or_default()[place] += 1;
    }
    for (replay, [succeeded, failed, ended]) in counts {
        sqlx::query(
            "UPDATE replays SET succeeded = succeeded + $2, failed = failed + $3, ended = ended + $4 \
             WHERE id = $1 AND state = 'running'",
        )
        .bind(replay)
        .bind(succeeded)
        .bind(failed)
        .bind(ended)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// An idempotency key of several events stays with one that stays.
async fn move_keys(conn: &mut Conn, going: &[EventId]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for (piece, places) in sql::pieces(going) {
        let text = sql::shaped(dialect, "retention.find_keys", places, |rows| {
            format!(
                "SELECT organization_id, call, key, answer FROM idempotency_keys WHERE event_id IN {}",
                sql::values(dialect, 1, 1, rows)
            )
        });
        let query = among(text, piece, places);
        for row in query.fetch_all(&mut *conn).await? {
            let (organization, call, key): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let answer: String = row.try_get(3)?;
            let answer: Vec<(EventId, i64)> = serde_json::from_str(&answer)
                .map_err(|error| DbError::inconsistent("idempotency_keys", "answer", &key, error))?;
            let others: Vec<EventId> =
                answer.into_iter().map(|(event, _)| event).filter(|event| !going.contains(event)).collect();
            let Some(other) = first_kept(conn, &others).await? else { continue };
            sqlx::query(
                "UPDATE idempotency_keys SET event_id = $4 WHERE organization_id = $1 AND call = $2 AND key = $3",
            )
            .bind(organization)
            .bind(call)
            .bind(key)
            .bind(other)
            .execute(&mut *conn)
            .await?;
        }
    }
    Ok(())
}

async fn first_kept(conn: &mut Conn, events: &[EventId]) -> Result<Option<EventId>, DbError> {
    let dialect = Dialect::of(conn);
    for (piece, places) in sql::pieces(events) {
        let text = sql::shaped(dialect, "retention.first_kept", places, |rows| {
            format!("SELECT id FROM events WHERE id IN {} LIMIT 1", sql::values(dialect, 1, 1, rows))
        });
        let query = among(text, piece, places);
        if let Some(row) = query.fetch_optional(&mut *conn).await? {
            return Ok(Some(row.try_get(0)?));
        }
    }
    Ok(None)
}

/// A table of which few rows at a time are due.
#[derive(Clone, Copy, Debug)]
pub struct SmallTable {
    /// $1 is the time, $2 how many rows at most.
    text: &'static str,
    /// Whether its rows are kept as long as events are.
    is_kept: bool,
}

/// Sessions that have ended. Secrets that were rotated out: as long as a callback that they signed is in the log, the
/// signature check knows them. Replays, when their deliveries have gone. What people were told, but for what still holds.
pub const SMALL_TABLES: [SmallTable; 4] = [
    SmallTable {
        text: "DELETE FROM sessions WHERE key_hash IN \
               (SELECT key_hash FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        is_kept: false,
    },
    SmallTable {
        text: "DELETE FROM signing_secrets WHERE id IN \
               (SELECT id FROM signing_secrets WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        is_kept: true,
    },
    SmallTable {
        text: "DELETE FROM replays WHERE id IN \
               (SELECT r.id FROM replays r WHERE r.finished_at IS NOT NULL AND r.finished_at <= $1 \
               AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.replay_id = r.id) ORDER BY r.finished_at LIMIT $2)",
        is_kept: true,
    },
    SmallTable {
        text: "DELETE FROM alerts WHERE (webhook_id, since, kind) IN \
               (SELECT a.webhook_id, a.since, a.kind FROM alerts a JOIN webhooks w ON w.id = a.webhook_id \
               WHERE a.told_at IS NOT NULL AND a.at <= $1 AND (w.alert_since IS NULL OR w.alert_since <> a.since) \
               ORDER BY a.at LIMIT $2)",
        is_kept: true,
    },
];

impl SmallTable {
    /// Removes up to `limit` rows that are due; answers how many.
    pub async fn remove(self, conn: &mut Conn, now: Timestamp, until: Timestamp, limit: i64) -> Result<u64, DbError> {
        let query = sqlx::query(self.text).bind(if self.is_kept { until } else { now }).bind(limit);
        Ok(query.execute(conn).await?.rows_affected())
    }
}

/// Deleted webhooks that nobody can bring back, and of which nothing is left: no delivery, and no event of the time when they were
/// there, whose page says why they did not get it.
pub async fn deleted_webhooks(
    conn: &mut Conn,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<WebhookId>, DbError> {
    let rows = sqlx::query(
        "SELECT w.id FROM webhooks w WHERE w.deleted_at IS NOT NULL AND w.deleted_at <= $1 \
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id) \
         AND NOT EXISTS (SELECT 1 FROM events e WHERE e.organization_id = w.organization_id AND e.recorded_at <= w.deleted_at) \
         ORDER BY w.deleted_at LIMIT $2",
    )
    .bind(until.min(now - UNDO_WITHIN - Duration::from_secs(1)))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Removes all that is known of a webhook.
pub async fn remove_webhook(conn: &mut Conn, webhook: &WebhookId) -> Result<(), DbError> {
    for text in [
        "DELETE FROM alert_dismissals WHERE webhook_id = $1",
        "DELETE FROM alerts WHERE webhook_id = $1",
        "DELETE FROM replays WHERE webhook_id = $1",
        "DELETE FROM webhook_headers WHERE webhook_id = $1",
        "DELETE FROM signing_secrets WHERE webhook_id = $1",
        "DELETE FROM subscriptions WHERE webhook_id = $1",
        "DELETE FROM webhooks WHERE id = $1",
    ] {
        sqlx::query(text).bind(webhook).execute(&mut *conn).await?;
    }
    Ok(())
}
