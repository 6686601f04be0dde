//! From rows to webhooks.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{OrganizationId, Timestamp, UnknownName, Vault, WebhookId};
use crate::db::{Conn, DbError, Row};
use crate::delivery::store::{endpoint, limits};
use crate::webhooks::model::{Deletion, Description, HeaderName, LastTest, Name, Webhook};

pub(super) const COLUMNS: &str = "id, organization_id, name, description, url, state, disabled_reason, version, created_by, \
     created_at, updated_at, deleted_at, deleted_seq, failing_since, failures, last_test_at, last_test_success, last_test_status, max_concurrency, \
     max_per_second, signing, url_query, not_before";

/// A row of [`COLUMNS`], still without headers and events.
pub(super) fn webhook(vault: &Vault, row: &Row) -> Result<Webhook, DbError> {
    let (id, organization): (WebhookId, OrganizationId) = (row.try_get(0)?, row.try_get(1)?);
    let text = |index: usize| -> Result<String, DbError> { Ok(row.try_get(index)?) };
    let wrong = |column: &'static str, problem: String| DbError::inconsistent("webhooks", column, id.as_str(), problem);
    let deleted_at: Option<Timestamp> = row.try_get(11)?;
    let deleted_seq: Option<i64> = row.try_get(12)?;
    let last_test = last_test(row)?;
    Ok(Webhook {
        name: Name::parse(&text(2)?).map_err(|e| wrong("name", e.to_string()))?,
        description: Description::parse(&text(3)?).map_err(|e| wrong("description", e.to_string()))?,
        endpoint: endpoint(vault, &organization, &id, text(4)?, row.try_get(21)?)?,
        state: text(5)?.parse().map_err(|e: UnknownName| wrong("state", e.to_string()))?,
        disabled_reason: row.try_get(6)?,
        version: row.try_get(7)?,
        created_by: row.try_get(8)?,
        created_at: row.try_get(9)?,
        updated_at: row.try_get(10)?,
        deleted: deleted_at.zip(deleted_seq).map(|(at, seq)| Deletion { at, seq }),
        not_before: row.try_get(22)?,
        failing_since: row.try_get(13)?,
        failures: row.try_get(14)?,
        last_test,
        limits: limits(row, 18, &id)?,
        signing: text(20)?.parse().map_err(|e: UnknownName| wrong("signing", e.to_string()))?,
        header_names: Vec::new(),
        events: Default::default(),
        organization,
        id,
    })
}

fn last_test(row: &Row) -> Result<Option<LastTest>, DbError> {
    let (at, success): (Option<Timestamp>, Option<i64>) = (row.try_get(15)?, row.try_get(16)?);
    let status: Option<i64> = row.try_get(17)?;
    let status_code = status.and_then(|status| u16::try_from(status).ok());
    Ok(at.zip(success).map(|(at, success)| LastTest { at, success: success != 0, status_code }))
}

/// Gives webhooks of one organization their header names and events; `only` where there is one of them.
pub(super) async fn add_lists(
    conn: &mut Conn,
    organization: &OrganizationId,
    only: Option<&WebhookId>,
    webhooks: &mut [Webhook],
) -> Result<(), DbError> {
    let places: HashMap<WebhookId, usize> =
        webhooks.iter().enumerate().map(|(place, webhook)| (webhook.id.clone(), place)).collect();
    let text = "SELECT h.webhook_id, h.name FROM webhook_headers h JOIN webhooks w ON w.id = h.webhook_id \
                WHERE w.organization_id = $1";
    for (id, name) in
        pairs(conn, text, "h.webhook_id", " ORDER BY h.webhook_id, h.position", organization, only).await?
    {
        if let Some(place) = places.get(&id) {
            let name = HeaderName::parse(&name)
                .map_err(|e| DbError::inconsistent("webhook_headers", "name", id.as_str(), e))?;
            webhooks[*place].header_names.push(name);
        }
    }
    let text = "SELECT webhook_id, event_type FROM subscriptions WHERE organization_id = $1 AND until_seq IS NULL";
    for (id, name) in pairs(conn, text, "webhook_id", "", organization, only).await? {
        if let Some(place) = places.get(&id) {
            let event_type =
                name.parse().map_err(|e| DbError::inconsistent("subscriptions", "event_type", id.as_str(), e))?;
            webhooks[*place].events.insert(event_type);
        }
    }
    Ok(())
}

async fn pairs(
    conn: &mut Conn,
    text: &str,
    id_column: &str,
    order: &str,
    organization: &OrganizationId,
    only: Option<&WebhookId>,
) -> Result<Vec<(WebhookId, String)>, DbError> {
    let narrowed = only.map(|_| format!(" AND {id_column} = $2")).unwrap_or_default();
    let mut query: sqlx::query::Query<'_, sqlx::Any, _> =
        sqlx::query(AssertSqlSafe(format!("{text}{narrowed}{order}"))).bind(organization);
    if let Some(id) = only {
        query = query.bind(id);
    }
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
