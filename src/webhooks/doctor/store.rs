//! What the log knows of a callback that somebody pasted.

use sqlx::Row as _;

use crate::base::{EventId, OrganizationId};
use crate::db::{Conn, DbError};
use crate::events;

use super::diagnosis::{Request, SIGNATURE, Sent, TIMESTAMP};

/// Attempts of an event that are looked at, the latest of each webhook first.
const MOST_ATTEMPTS: i64 = 200;

/// What was sent of an event of the organization, to whichever webhook.
pub async fn sent(conn: &mut Conn, organization: &OrganizationId, id: &EventId) -> Result<Option<Sent>, DbError> {
    let Some(event) = events::store::find(conn, organization, id).await? else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT a.request_headers FROM webhooks w JOIN attempts a ON a.webhook_id = w.id \
         WHERE w.organization_id = $1 AND a.event_id = $2 ORDER BY a.number DESC LIMIT $3",
    )
    .bind(organization)
    .bind(id)
    .bind(MOST_ATTEMPTS)
    .fetch_all(conn)
    .await?;
    let mut requests = Vec::with_capacity(rows.len());
    for row in rows {
        let text: String = row.try_get(0)?;
        let headers: Vec<(String, Option<String>)> = serde_json::from_str(&text)
            .map_err(|problem| DbError::inconsistent("attempts", "request_headers", id.as_str(), problem))?;
        let value = |name| headers.iter().find(|(given, _)| given == name).and_then(|(_, value)| value.clone());
        if let (Some(timestamp), Some(signature)) = (value(TIMESTAMP), value(SIGNATURE)) {
            requests.push(Request { timestamp, signature });
        }
    }
    Ok(Some(Sent { id: id.to_string(), body: event.body, requests }))
}
