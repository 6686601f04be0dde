//! The idempotency_keys table: what was answered to a call that may be sent again.

use std::collections::HashMap;

use sqlx::Row as _;

use crate::base::{OrganizationId, Timestamp};
use crate::db::{Conn, DbError, Dialect, sql};

use super::model::{Answer, Once};

/// What is known of a key: the body that came with it, and what was answered.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub body_hash: String,
    pub answer: Vec<Answer>,
}

/// What is remembered of `keys`, by call and key.
pub(super) async fn find(
    conn: &mut Conn,
    organization: &OrganizationId,
    keys: &[&Once],
) -> Result<HashMap<(String, String), Remembered>, DbError> {
    let mut found = HashMap::new();
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(keys) {
        let text = sql::shaped(dialect, "idempotency_keys.find", piece.len(), |rows| {
            format!(
                "SELECT call, key, body_hash, answer FROM idempotency_keys \
                 WHERE organization_id = {} AND (call, key) IN (VALUES {})",
                sql::mark(dialect, 1),
                sql::typed_values(dialect, 2, rows, &["TEXT", "TEXT"])
            )
        });
        let mut query = sqlx::query(text).bind(organization);
        for once in piece {
            query = query.bind(once.call).bind(once.key.as_str());
        }
        for row in query.fetch_all(&mut *conn).await? {
            let key: String = row.try_get(1)?;
            let answer: String = row.try_get(3)?;
            let answer = serde_json::from_str(&answer)
                .map_err(|error| DbError::inconsistent("idempotency_keys", "answer", &key, error))?;
            found.insert((row.try_get(0)?, key), Remembered { body_hash: row.try_get(2)?, answer });
        }
    }
    Ok(found)
}

/// A call that was done, and what it is answered with from now on.
pub(super) struct Done<'a> {
    pub once: &'a Once,
    pub answer: &'a [Answer],
    pub at: Timestamp,
}

/// Remembers calls. The caller has locked the organization's row and looked before, so no key is there yet.
pub(super) async fn insert(conn: &mut Conn, organization: &OrganizationId, calls: &[Done<'_>]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(calls) {
        let text = sql::shaped(dialect, "idempotency_keys.insert", piece.len(), |rows| {
            format!(
                "INSERT{} INTO idempotency_keys (organization_id, call, key, body_hash, answer, created_at, event_id) VALUES {}",
                dialect.or_fail(),
                sql::values(dialect, 1, rows, 7)
            )
        });
        let mut query = sqlx::query(text);
        for call in piece {
            let answer = serde_json::to_string(call.answer).expect("ids and numbers always have a JSON form");
            query = query
                .bind(organization)
                .bind(call.once.call)
                .bind(call.once.key.as_str())
                .bind(call.once.body_hash.as_str())
                .bind(answer)
                .bind(call.at)
                .bind(call.answer.first().map(|(event, _)| event));
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}
