//! Events that were delivered long ago.

use herald::base::{Timestamp, WebhookId};
use herald::db::Db;
use sqlx::AssertSqlSafe;

use crate::support::house::House;

/// Between two events, in microseconds: a hundred a second.
const APART: i64 = 10_000;

/// So many events with ids of their time, the first at `first`, each with a delivery that arrived a second later at its first attempt.
pub async fn fill(house: &House, webhook: &WebhookId, first: Timestamp, count: u64) {
    // The key of an event: the second in which it was recorded, and its number. By it the program finds what is old.
    let (at, id) = (format!("$4 + i * {APART}"), format!("printf('EVT-%08x%016x', ($4 + i * {APART}) / 1000000, i)"));
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)";
    let headers = r#"[["content-type","application/json"],["webhook-signature","v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]]"#;
    let body = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"INTAKE_CREATED","ENTITY_ID":["5dd51ea63f3dad73ab0a344b"]}"#;
    let texts = [
        format!(
            "{numbers} INSERT INTO events (id, organization_id, seq, event_type, entity_ids, performed_by, performed_at, body, \
             webhooks_enabled, recorded_at) SELECT {id}, $1, 1 + i, 'INTAKE_CREATED', '[\"1\"]', 'ada@example.com', {at}, '{body}', 1, {at} \
             FROM n WHERE $2 = $2"
        ),
        format!(
            "{numbers} INSERT INTO deliveries (webhook_id, event_id, organization_id, event_type, state, attempts, step, lease, created_at, \
             finished_at, last_status, last_outcome) SELECT $2, {id}, $1, 'INTAKE_CREATED', 'succeeded', 1, 1, 1, {at}, {at} + 1000000, \
             200, 'success' FROM n"
        ),
        format!(
            "{numbers} INSERT INTO attempts (webhook_id, event_id, number, organization_id, trigger_kind, started_at, duration, url, outcome, \
             status_code, request_headers, response_headers, response_body, response_encoding, response_truncated) \
             SELECT $2, {id}, 1, $1, 'schedule', {at}, 1000, 'http://127.0.0.1:9/', 'success', 200, '{headers}', '{headers}', 'ok', 'text', 0 \
             FROM n"
        ),
    ];
    let count = i64::try_from(count).expect("a number of events");
    let mut tx = house.db.begin().await.expect("a transaction");
    for text in texts {
        let query = sqlx::query(AssertSqlSafe(text)).bind(&house.organization).bind(webhook).bind(count).bind(first);
        query.execute(&mut *tx).await.expect("many rows");
    }
    sqlx::query("UPDATE organizations SET seq = $1").bind(count + 1).execute(&mut *tx).await.expect("the last number");
    tx.commit().await.expect("a commit");
}

/// Events recorded before `at`.
pub async fn old_events(db: &Db, at: Timestamp) -> i64 {
    let mut conn = db.read().await.expect("a connection");
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE recorded_at < $1").bind(at);
    count.fetch_one(&mut *conn).await.expect("a count")
}
