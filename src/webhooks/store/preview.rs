//! What the form says before it is submitted: the events that happened last, and what waits to be sent. Reads only, and never
//! more than so many rows.

use sqlx::Row as _;

use crate::base::{EventId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError};
use crate::delivery::model::DeliveryState;
use crate::events::EventType;

/// An event that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentEvent {
    pub id: EventId,
    pub event_type: EventType,
    pub recorded_at: Timestamp,
}

/// The last events of the organization, newest first, at most `limit` of them. The index has all that is read.
pub async fn recent_events(
    conn: &mut Conn,
    organization: &OrganizationId,
    limit: i64,
) -> Result<Vec<RecentEvent>, DbError> {
    let rows = sqlx::query(
        "SELECT id, event_type, recorded_at FROM events WHERE organization_id = $1 ORDER BY recorded_at DESC, id DESC LIMIT $2",
    )
    .bind(organization)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let id: EventId = row.try_get(0)?;
            let event_type: String = row.try_get(1)?;
            Ok(RecentEvent {
                event_type: event_type
                    .parse()
                    .map_err(|e| DbError::inconsistent("events", "event_type", id.as_str(), e))?,
                recorded_at: row.try_get(2)?,
                id,
            })
        })
        .collect()
}

/// How many deliveries of a webhook are in `state`; the counting stops at `most`.
pub async fn count_in_state(
    conn: &mut Conn,
    webhook: &WebhookId,
    state: DeliveryState,
    most: i64,
) -> Result<i64, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM deliveries WHERE webhook_id = $1 AND state = $2 LIMIT $3) counted",
    )
    .bind(webhook)
    .bind(state.as_str())
    .bind(most)
    .fetch_one(conn)
    .await?;
    Ok(row.try_get(0)?)
}
