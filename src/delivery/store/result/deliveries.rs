//! What becomes of deliveries at the end of an attempt.

use crate::db::{Conn, DbError, Dialect, sql};
use crate::delivery::model::{AttemptResult, Verdict};
use crate::delivery::outcome::Outcome;

/// The states that an attempt's end moves a delivery to:
///
/// | verdict | pending | held | cancelled, failed, succeeded |
/// |---|---|---|---|
/// | success | succeeded | succeeded | succeeded |
/// | retry | pending, due then | held | unchanged |
/// | gave up | failed | failed | unchanged |
/// | unchanged (a redelivery) | unchanged | unchanged | unchanged |
///
/// An attempt that failed is as good as a redelivery once a replay has started the schedule anew.
///
/// Returns how many of the results came under the lease that is still their delivery's.
async fn update(conn: &mut Conn, results: &[&AttemptResult], places: usize, count: &Count) -> Result<usize, DbError> {
    const TYPES: [&str; 13] = [
        "TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT",
        "BIGINT",
    ];
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, count.name, places, |rows| {
        // Of the schedule that the attempt was made by; a replay may have begun another one since.
        let (retried, gave_up) = ("(verdict = 'retry' AND step = s)", "(verdict = 'gave_up' AND step = s)");
        format!(
            "WITH v (w, e, l, n, s, verdict, due, at, started, status, outcome, error, duration) AS (VALUES {}) \
             UPDATE{} deliveries SET attempts = {}, leased_until = NULL, last_attempt_at = started, last_status = status, last_outcome = outcome, \
             last_error = error, last_duration = duration, \
             step = CASE WHEN {retried} OR {gave_up} THEN s + 1 ELSE step END, \
             state = CASE WHEN verdict = 'succeeded' THEN 'succeeded' \
                 WHEN {gave_up} AND state IN ('pending', 'held') THEN 'failed' ELSE state END, \
             finished_at = CASE WHEN verdict = 'succeeded' OR ({gave_up} AND state IN ('pending', 'held')) THEN at ELSE finished_at END, \
             due_at = CASE WHEN verdict = 'succeeded' OR {gave_up} THEN NULL \
                 WHEN {retried} AND state = 'pending' THEN due ELSE due_at END, \
             hold = CASE WHEN verdict = 'succeeded' OR {gave_up} THEN NULL ELSE hold END, \
             reason = CASE WHEN verdict = 'succeeded' THEN NULL ELSE reason END, \
             undo_state = CASE WHEN verdict = 'succeeded' THEN NULL ELSE undo_state END \
             FROM v WHERE webhook_id = w AND event_id = e AND lease = l{}",
            sql::typed_values(dialect, 1, rows, &TYPES),
            dialect.or_fail(),
            count.made,
            count.condition,
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        let attempt = &result.attempt;
        let (verdict, due_at) = match result.verdict {
            Verdict::Succeeded => ("succeeded", None),
            Verdict::Retry { due_at } => ("retry", Some(due_at)),
            Verdict::GaveUp => ("gave_up", None),
            Verdict::Unchanged => ("unchanged", None),
        };
        query = query
            .bind(&result.id.webhook)
            .bind(&result.id.event)
            .bind(result.lease)
            .bind(result.number)
            .bind(result.step)
            .bind(verdict)
            .bind(due_at)
            .bind(result.ended_at())
            .bind(attempt.started_at)
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.outcome)
            .bind(attempt.error.as_deref())
            .bind(attempt.duration_micros);
    }
    let query = sql::pad(query, places - results.len(), TYPES.into_iter());
    Ok(usize::try_from(query.execute(conn).await?.rows_affected()).unwrap_or(usize::MAX))
}

/// Like [`update`] with [`NEXT`]. Nearly always all of them are successes, which say little.
pub(super) async fn update_next(conn: &mut Conn, results: &[&AttemptResult], places: usize) -> Result<usize, DbError> {
    const TYPES: [&str; 7] = ["TEXT", "TEXT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT"];
    if results.iter().any(|result| result.verdict != Verdict::Succeeded) {
        return update(conn, results, places, &NEXT).await;
    }
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.success", places, |places| {
        format!(
            "WITH v (w, e, l, n, started, status, duration) AS (VALUES {}) \
             UPDATE{} deliveries SET attempts = n, leased_until = NULL, last_attempt_at = started, last_status = status, \
             last_outcome = '{}', last_error = NULL, last_duration = duration, state = 'succeeded', finished_at = started + duration, \
             due_at = NULL, hold = NULL, reason = NULL, undo_state = NULL \
             FROM v WHERE webhook_id = w AND event_id = e AND lease = l{}",
            sql::typed_values(dialect, 1, places, &TYPES),
            dialect.or_fail(),
            Outcome::Success.as_str(),
            NEXT.condition,
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        let attempt = &result.attempt;
        query = query
            .bind(&result.id.webhook)
            .bind(&result.id.event)
            .bind(result.lease)
            .bind(result.number)
            .bind(attempt.started_at)
            .bind(attempt.status_code.map(i64::from))
            .bind(attempt.duration_micros);
    }
    let query = sql::pad(query, places - results.len(), TYPES.into_iter());
    Ok(usize::try_from(query.execute(conn).await?.rows_affected()).unwrap_or(usize::MAX))
}

/// Where not all came under the lease that is still their delivery's, and their attempts are in the log.
pub(super) async fn update_late(conn: &mut Conn, results: &[&AttemptResult], places: usize) -> Result<(), DbError> {
    update(conn, results, places, &LATE).await?;
    Ok(())
}

/// How a delivery's attempts are counted.
struct Count {
    name: &'static str,
    made: &'static str,
    condition: &'static str,
}

/// Nearly always: the attempt is the next one.
const NEXT: Count = Count { name: "deliveries.result", made: "n", condition: " AND attempts = n - 1" };

/// A late attempt has come between: the log is asked.
const LATE: Count = Count { name: "deliveries.result_late", made: MADE, condition: "" };

/// How many attempts a delivery has had, out of the log.
const MADE: &str = "(SELECT MAX(a.number) FROM attempts a WHERE a.webhook_id = w AND a.event_id = e)";

/// Counts attempts that came too late to say what becomes of their deliveries.
pub(super) async fn count_late(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.late", results.len(), |rows| {
        format!(
            "WITH v (w, e, l) AS (VALUES {}) UPDATE deliveries SET attempts = {MADE} FROM v \
             WHERE webhook_id = w AND event_id = e AND lease <> l",
            sql::typed_values(dialect, 1, rows, &["TEXT", "TEXT", "BIGINT"])
        )
    });
    let mut query = sqlx::query(text);
    for result in results {
        query = query.bind(&result.id.webhook).bind(&result.id.event).bind(result.lease);
    }
    query.execute(conn).await?;
    Ok(())
}
