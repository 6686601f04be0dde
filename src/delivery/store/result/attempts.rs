//! The log of attempts.

use crate::base::OrganizationId;
use crate::db::{Conn, DbError, Dialect, Flag, sql};
use crate::delivery::model::AttemptResult;

const INSERT: sql::Insert<'_> = sql::Insert {
    table: "attempts",
    columns: &[
        ("webhook_id", "webhook_id"),
        ("event_id", "event_id"),
        ("number", "number"),
        ("organization_id", sql::SHARED),
        ("trigger_kind", sql::SHARED),
        ("started_at", "started_at"),
        ("duration", "duration"),
        ("url", "url"),
        ("outcome", sql::SHARED),
        ("status_code", "status_code"),
        ("error", "error"),
        ("request_headers", "request_headers"),
        ("response_headers", "response_headers"),
        ("response_body", "response_body"),
        ("response_encoding", sql::SHARED),
        ("response_truncated", "truncated"),
    ],
    own: &[
        ("webhook_id", "TEXT"),
        ("event_id", "TEXT"),
        ("number", "BIGINT"),
        ("started_at", "BIGINT"),
        ("duration", "BIGINT"),
        ("url", "TEXT"),
        ("status_code", "BIGINT"),
        ("error", "TEXT"),
        ("request_headers", "TEXT"),
        ("response_headers", "TEXT"),
        ("response_body", "TEXT"),
        ("truncated", "BIGINT"),
    ],
};

/// What attempts that are written by one statement share.
fn shared(result: &AttemptResult) -> (&OrganizationId, &'static str, &'static str, &'static str) {
    let attempt = &result.attempt;
    (&attempt.organization, result.trigger.as_str(), attempt.outcome, attempt.response_body.encoding)
}

/// Attempts whose numbers are known, because the deliveries are counted to just before them.
pub(super) async fn insert(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let mut results = results.to_vec();
    results.sort_by(|one, other| shared(one).cmp(&shared(other)));
    for alike in results.chunk_by(|one, next| shared(one) == shared(next)) {
        for (piece, places) in sql::pieces(alike) {
            let text = sql::shaped(dialect, "attempts.insert", places, |places| INSERT.text(dialect, places));
            let mut query = sqlx::query(text);
            for result in piece {
                let attempt = &result.attempt;
                query = query
                    .bind(&result.id.webhook)
                    .bind(&result.id.event)
                    .bind(result.number)
                    .bind(attempt.started_at)
                    .bind(attempt.duration_micros)
                    .bind(attempt.url.as_str())
                    .bind(attempt.status_code.map(i64::from))
                    .bind(attempt.error.as_deref())
                    .bind(attempt.request_headers.as_str())
                    .bind(attempt.response_headers.as_str())
                    .bind(attempt.response_body.text.as_str())
                    .bind(Flag(attempt.response_truncated));
            }
            let (organization, trigger, outcome, encoding) = shared(piece[0]);
            let query = INSERT.pad(query, places - piece.len());
            query.bind(organization).bind(trigger).bind(outcome).bind(encoding).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Numbers attempts in the order in which they are recorded: a late one, whose lease had run out and whose delivery was
/// sent again meanwhile, takes no number from the other. One so late that its delivery has been removed leaves nothing.
pub(super) async fn insert_late(conn: &mut Conn, results: &[&AttemptResult]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "attempts.insert_late", results.len(), |rows| {
        format!(
            "WITH v ({ATTEMPT}) AS (VALUES {}) INSERT INTO attempts ({ATTEMPT}, number) \
             SELECT {ATTEMPT}, (SELECT COALESCE(MAX(a.number), 0) + 1 FROM attempts a \
             WHERE a.webhook_id = v.webhook_id AND a.event_id = v.event_id) FROM v \
             WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.webhook_id = v.webhook_id AND d.event_id = v.event_id)",
            sql::typed_values(dialect, 1, rows, &ATTEMPT_TYPES)
        )
    });
    let query = results.iter().fold(sqlx::query(text), |query, result| bind_attempt(query, result));
    query.execute(conn).await?;
    Ok(())
}

/// The columns of an attempt but its number, as [`bind_attempt`] binds them.
const ATTEMPT: &str = "webhook_id, event_id, organization_id, trigger_kind, started_at, duration, url, outcome, status_code, error, \
    request_headers, response_headers, response_body, response_encoding, response_truncated";
const ATTEMPT_TYPES: [&str; 15] = [
    "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "TEXT", "TEXT", "BIGINT", "TEXT", "TEXT", "TEXT", "TEXT",
    "TEXT", "BIGINT",
];

fn bind_attempt<'q>(query: sql::Statement<'q>, result: &'q AttemptResult) -> sql::Statement<'q> {
    let attempt = &result.attempt;
    query
        .bind(&result.id.webhook)
        .bind(&result.id.event)
        .bind(&attempt.organization)
        .bind(result.trigger.as_str())
        .bind(attempt.started_at)
        .bind(attempt.duration_micros)
        .bind(attempt.url.as_str())
        .bind(attempt.outcome)
        .bind(attempt.status_code.map(i64::from))
        .bind(attempt.error.as_deref())
        .bind(attempt.request_headers.as_str())
        .bind(attempt.response_headers.as_str())
        .bind(attempt.response_body.text.as_str())
        .bind(attempt.response_body.encoding)
        .bind(Flag(attempt.response_truncated))
}
