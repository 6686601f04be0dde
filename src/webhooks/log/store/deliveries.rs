//! Deliveries of a webhook, and the attempts of one.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{DeliveryId, EventId, Listing, OrganizationId, Place, WebhookId};
use crate::db::keyset::{Keyset, Value};
use crate::db::{Conn, DbError, Flag, Row};
use crate::delivery::model::StoredBody;

use super::super::model::{Attempt, AttemptLine, Delivery, DeliveryFilter, Due, LastAttempt};

/// What a [`Delivery`] is read from: `d` is the delivery, `e` its event, `w` its webhook.
pub(super) const COLUMNS: &str = "d.webhook_id, d.event_id, d.event_type, e.entity_ids, d.state, d.hold, d.reason, d.attempts, \
     d.created_at, d.finished_at, d.last_attempt_at, d.last_duration, d.last_status, d.last_outcome, d.last_error, \
     d.due_at, d.leased_until, w.not_before";

pub(super) const TABLES: &str =
    "deliveries d JOIN events e ON e.id = d.event_id JOIN webhooks w ON w.id = d.webhook_id";

/// Deliveries of a webhook, newest first.
pub async fn list_deliveries(
    conn: &mut Conn,
    organization: &OrganizationId,
    webhook: &WebhookId,
    filter: &DeliveryFilter,
    place: &Place,
    limit: usize,
) -> Result<Listing<Delivery>, DbError> {
    let listing = Keyset::new(COLUMNS, TABLES, ("d.created_at", "d.event_id"))
        .and("d.webhook_id =", webhook.as_str())
        // Of the webhook, not of the deliveries: SQLite would think of their organization's index.
        .and("w.organization_id =", organization.as_str())
        .and_if("d.state =", filter.state.map(|state| state.as_str()))
        .and_if("d.event_type =", filter.event_type.map(|kind| kind.as_str()))
        .and_if("d.event_id =", filter.event.as_ref().map(EventId::as_str))
        .and_if("d.last_status =", filter.status_code.map(|code| Value::Int(code.into())))
        .and_if("d.created_at >=", filter.since)
        .and_if("d.created_at <", filter.until)
        .and_names("e.entity_ids", filter.entity.as_deref())
        .page(conn, place, limit)
        .await?;
    let rows = listing.rows.iter().map(delivery).collect::<Result<_, _>>()?;
    Ok(Listing { rows, has_newer: listing.has_newer, has_older: listing.has_older })
}

/// One delivery of the organization.
pub async fn find_delivery(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DeliveryId,
) -> Result<Option<Delivery>, DbError> {
    let text = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE d.webhook_id = $1 AND d.event_id = $2 AND d.organization_id = $3"
    );
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(&id.webhook)
        .bind(&id.event)
        .bind(organization)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(delivery).transpose()
}

/// Reads [`COLUMNS`], which stand first in the row.
pub(super) fn delivery(row: &Row) -> Result<Delivery, DbError> {
    let id = DeliveryId { webhook: row.try_get(0)?, event: row.try_get(1)? };
    let wrong =
        |column, problem: &dyn std::fmt::Display| DbError::inconsistent("deliveries", column, &id.to_string(), problem);
    let event_type: String = row.try_get(2)?;
    let entity_ids: String = row.try_get(3)?;
    let state: String = row.try_get(4)?;
    let hold: Option<String> = row.try_get(5)?;
    Ok(Delivery {
        event_type: event_type.parse().map_err(|e| wrong("event_type", &e))?,
        entity_ids: serde_json::from_str(&entity_ids).map_err(|e| wrong("entity_ids", &e))?,
        state: state.parse().map_err(|e| wrong("state", &e))?,
        hold: hold.map(|hold| hold.parse()).transpose().map_err(|e| wrong("hold", &e))?,
        reason: row.try_get(6)?,
        attempts_made: row.try_get(7)?,
        created_at: row.try_get(8)?,
        finished_at: row.try_get(9)?,
        last: LastAttempt {
            started_at: row.try_get(10)?,
            duration: row.try_get::<Option<i64>, _>(11)?.map(duration),
            status_code: row.try_get::<Option<i64>, _>(12)?.and_then(status),
            outcome: row.try_get(13)?,
            error: row.try_get(14)?,
        },
        due: Due { due_at: row.try_get(15)?, leased_until: row.try_get(16)?, not_before: row.try_get(17)? },
        id,
    })
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn status(code: i64) -> Option<u16> {
    u16::try_from(code).ok()
}

const LINE: &str = "number, trigger_kind, started_at, duration, outcome, status_code, error";

/// The attempts of a delivery, newest first, at most `limit` of them.
pub async fn attempt_lines(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DeliveryId,
    limit: usize,
) -> Result<Vec<AttemptLine>, DbError> {
    let text = format!(
        "SELECT {LINE} FROM attempts WHERE webhook_id = $1 AND event_id = $2 AND organization_id = $3 \
         ORDER BY number DESC LIMIT $4"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(&id.webhook)
        .bind(&id.event)
        .bind(organization)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| line(row, id)).collect()
}

/// What an [`Attempt`] has besides.
const REST: &str = "url, request_headers, response_headers, response_body, response_encoding, response_truncated";

/// The attempts of a delivery up to the one of that number, with all that they sent and received, oldest first; of more
/// than `limit` the last.
pub async fn attempts(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DeliveryId,
    last: i64,
    limit: i64,
) -> Result<Vec<Attempt>, DbError> {
    let text = format!(
        "SELECT {LINE}, {REST} FROM attempts WHERE webhook_id = $1 AND event_id = $2 AND organization_id = $3 AND number <= $4 \
         ORDER BY number DESC LIMIT $5"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(&id.webhook)
        .bind(&id.event)
        .bind(organization)
        .bind(last)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().rev().map(|row| whole(row, id)).collect()
}

/// One attempt with all that it sent and received.
pub async fn attempt(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &DeliveryId,
    number: i64,
) -> Result<Option<Attempt>, DbError> {
    let text = format!(
        "SELECT {LINE}, {REST} FROM attempts WHERE webhook_id = $1 AND event_id = $2 AND number = $3 AND organization_id = $4"
    );
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(&id.webhook)
        .bind(&id.event)
        .bind(number)
        .bind(organization)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(|row| whole(row, id)).transpose()
}

/// Bytes that were received: base64 has four characters for three of them.
fn size_of(body: &str, encoding: &str) -> usize {
    match encoding {
        "base64" => body.len() / 4 * 3 - body.bytes().rev().take_while(|byte| *byte == b'=').count(),
        _ => body.len(),
    }
}

fn line(row: &Row, id: &DeliveryId) -> Result<AttemptLine, DbError> {
    let trigger: String = row.try_get(1)?;
    Ok(AttemptLine {
        number: row.try_get(0)?,
        trigger: trigger.parse().map_err(|e| DbError::inconsistent("attempts", "trigger_kind", &id.to_string(), e))?,
        started_at: row.try_get(2)?,
        duration: duration(row.try_get(3)?),
        outcome: row.try_get(4)?,
        status_code: row.try_get::<Option<i64>, _>(5)?.and_then(status),
        error: row.try_get(6)?,
    })
}

fn whole(row: &Row, id: &DeliveryId) -> Result<Attempt, DbError> {
    let wrong =
        |column, problem: serde_json::Error| DbError::inconsistent("attempts", column, &id.to_string(), problem);
    let request_headers: String = row.try_get(8)?;
    let response_headers: String = row.try_get(9)?;
    let (body, encoding): (String, String) = (row.try_get(10)?, row.try_get(11)?);
    Ok(Attempt {
        line: line(row, id)?,
        url: row.try_get(7)?,
        request_headers: serde_json::from_str(&request_headers).map_err(|e| wrong("request_headers", e))?,
        response_headers: serde_json::from_str(&response_headers).map_err(|e| wrong("response_headers", e))?,
        response_size_bytes: size_of(&body, &encoding),
        response_body: StoredBody::shown(&body, &encoding),
        response_truncated: row.try_get::<Flag, _>(12)?.0,
    })
}
