//! The settings' tables: webhooks, their headers, subscriptions and signing secrets. Every write that whoever sends must see
//! raises the webhook's `version` and the change counter.

mod activity;
mod preview;
mod rotation;
mod rows;
mod secrets;
mod subscriptions;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Cursor, OrganizationId, Secret, Timestamp, Vault, WebhookId};
use crate::db::meta::{freshen, raise_changes};
use crate::db::{Conn, DbError, Flag};

use super::model::{Deletion, LastTest, Webhook, WebhookState};
use crate::delivery::store::query_place;

pub use activity::{
    Delivered, Hour, LastAttempt, attempts_by_hour, count_open, delivered, last_attempts, next_attempts,
};
pub use preview::{RecentEvent, count_in_state, recent_events};
pub use rotation::{
    end_current_secret, forget_old_secrets, forget_secrets, note_secrets_changed, old_secrets, time_of_new_secret,
};
pub use secrets::{OwnedSecret, every_secret, headers, insert_secret, secrets, set_headers};
pub use subscriptions::set_subscriptions;

/// The organization's webhooks, oldest first, without the deleted ones.
pub async fn list(conn: &mut Conn, vault: &Vault, organization: &OrganizationId) -> Result<Vec<Webhook>, DbError> {
    let text = format!(
        "SELECT {} FROM webhooks WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY created_at, id",
        rows::COLUMNS
    );
    let found = sqlx::query(AssertSqlSafe(text)).bind(organization).fetch_all(&mut *conn).await?;
    let mut webhooks = found.iter().map(|row| rows::webhook(vault, row)).collect::<Result<Vec<_>, _>>()?;
    rows::add_lists(conn, organization, None, &mut webhooks).await?;
    Ok(webhooks)
}

/// At most `limit` of the organization's webhooks, newest first, beginning after the one at `after`.
pub async fn list_newest(
    conn: &mut Conn,
    vault: &Vault,
    organization: &OrganizationId,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Webhook>, DbError> {
    let text = format!(
        "SELECT {} FROM webhooks WHERE organization_id = $1 AND deleted_at IS NULL AND (created_at, id) < ($2, $3) \
         ORDER BY created_at DESC, id DESC LIMIT $4",
        rows::COLUMNS
    );
    let (at, id) = after.map_or((i64::MAX, ""), |cursor| (cursor.at.micros(), cursor.id.as_str()));
    let query = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(at).bind(id.to_owned()).bind(limit);
    let found = query.fetch_all(&mut *conn).await?;
    let mut webhooks = found.iter().map(|row| rows::webhook(vault, row)).collect::<Result<Vec<_>, _>>()?;
    rows::add_lists(conn, organization, None, &mut webhooks).await?;
    Ok(webhooks)
}

/// One webhook of the organization that is not deleted.
pub async fn find(
    conn: &mut Conn,
    vault: &Vault,
    organization: &OrganizationId,
    id: &WebhookId,
) -> Result<Option<Webhook>, DbError> {
    Ok(find_even_deleted(conn, vault, organization, id).await?.filter(|webhook| webhook.deleted.is_none()))
}

/// One webhook of the organization, deleted or not: for its log and its undo.
pub async fn find_even_deleted(
    conn: &mut Conn,
    vault: &Vault,
    organization: &OrganizationId,
    id: &WebhookId,
) -> Result<Option<Webhook>, DbError> {
    let text = format!("SELECT {} FROM webhooks WHERE organization_id = $1 AND id = $2", rows::COLUMNS);
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(&mut *conn).await?;
    let Some(row) = row else { return Ok(None) };
    let mut found = [rows::webhook(vault, &row)?];
    rows::add_lists(conn, organization, Some(id), &mut found).await?;
    let [webhook] = found;
    Ok(Some(webhook))
}

/// Name and state of a webhook of the organization, and whether it is deleted: for those who need no more.
pub async fn find_name(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &WebhookId,
) -> Result<Option<(String, WebhookState, bool)>, DbError> {
    let text = "SELECT name, state, deleted_at FROM webhooks WHERE organization_id = $1 AND id = $2";
    let Some(row) = sqlx::query(text).bind(organization).bind(id).fetch_optional(conn).await? else { return Ok(None) };
    let state: String = row.try_get(1)?;
    let state = state.parse().map_err(|e| DbError::inconsistent("webhooks", "state", id.as_str(), e))?;
    Ok(Some((row.try_get(0)?, state, row.try_get::<Option<Timestamp>, _>(2)?.is_some())))
}

/// The state of a webhook of the organization that is not deleted.
pub async fn find_state(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &WebhookId,
) -> Result<Option<WebhookState>, DbError> {
    let found = find_name(conn, organization, id).await?;
    Ok(found.and_then(|(_, state, is_deleted)| (!is_deleted).then_some(state)))
}

/// How many webhooks the organization has, without the deleted ones.
pub async fn count(conn: &mut Conn, organization: &OrganizationId) -> Result<i64, DbError> {
    let row = sqlx::query("SELECT COUNT(*) FROM webhooks WHERE organization_id = $1 AND deleted_at IS NULL")
        .bind(organization)
        .fetch_one(conn)
        .await?;
    Ok(row.try_get(0)?)
}

/// Adds the row of a new webhook; its headers, subscriptions and secret are written beside it.
pub async fn insert(conn: &mut Conn, vault: &Vault, webhook: &Webhook, created_seq: i64) -> Result<(), DbError> {
    raise_changes(conn).await?;
    freshen(conn, vault).await?;
    let (url, query) = split_url(vault, webhook);
    sqlx::query(
        "INSERT INTO webhooks (id, organization_id, name, description, url, state, version, created_by, created_seq, \
         created_at, updated_at, max_concurrency, max_per_second, signing, url_query, failures) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0)",
    )
    .bind(&webhook.id)
    .bind(&webhook.organization)
    .bind(webhook.name.as_str())
    .bind(webhook.description.as_str())
    .bind(url)
    .bind(webhook.state.as_str())
    .bind(webhook.version)
    .bind(&webhook.created_by)
    .bind(created_seq)
    .bind(webhook.created_at)
    .bind(webhook.updated_at)
    .bind(webhook.limits.concurrency.map(|most| i64::from(most.count())))
    .bind(webhook.limits.per_second.map(|most| i64::from(most.count())))
    .bind(webhook.signing.as_str())
    .bind(query)
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// The URL without its query, and that sealed. The vault must be [fresh](freshen).
fn split_url(vault: &Vault, webhook: &Webhook) -> (String, Option<String>) {
    match webhook.endpoint.as_str().split_once('?') {
        Some((url, query)) => {
            let place = query_place(&webhook.organization, &webhook.id);
            (url.to_owned(), Some(vault.seal(&place, &Secret::new(query))))
        }
        None => (webhook.endpoint.as_str().to_owned(), None),
    }
}

/// Writes name, description, URL, limits and signing. A Retry-After that another address asked for is forgotten.
pub async fn update_settings(
    conn: &mut Conn,
    vault: &Vault,
    webhook: &Webhook,
    before: &Webhook,
    now: Timestamp,
) -> Result<(), DbError> {
    raise_changes(conn).await?;
    freshen(conn, vault).await?;
    let (url, query) = split_url(vault, webhook);
    sqlx::query(
        "UPDATE webhooks SET name = $2, description = $3, not_before = CASE WHEN $10 = 0 THEN not_before END, url = $4, \
         max_concurrency = $6, max_per_second = $7, signing = $8, url_query = $9, version = version + 1, updated_at = $5 WHERE id = $1",
    )
    .bind(&webhook.id)
    .bind(webhook.name.as_str())
    .bind(webhook.description.as_str())
    .bind(url)
    .bind(now)
    .bind(webhook.limits.concurrency.map(|most| i64::from(most.count())))
    .bind(webhook.limits.per_second.map(|most| i64::from(most.count())))
    .bind(webhook.signing.as_str())
    .bind(query)
    .bind(Flag(webhook.endpoint != before.endpoint))
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Changes the state by a person's choice. Becoming active starts anew: no spell of failures, no Retry-After to wait for.
pub async fn update_state(conn: &mut Conn, id: &WebhookId, state: WebhookState, now: Timestamp) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE webhooks SET state = $2, disabled_reason = NULL, failures = CASE WHEN $2 = 'active' THEN 0 ELSE failures END, \
         failing_since = CASE WHEN $2 = 'active' THEN NULL ELSE failing_since END, \
         not_before = CASE WHEN $2 = 'active' THEN NULL ELSE not_before END, \
         next_alert_at = CASE WHEN $2 = 'active' THEN NULL ELSE next_alert_at END, \
         version = version + 1, updated_at = $3 WHERE id = $1",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(now)
    .execute(&mut *conn)
    .await?;
    raise_changes(conn).await
}

/// Marks it deleted, or not any more. Its rows stay: the log needs them, and so does the undo.
pub async fn update_deleted(
    conn: &mut Conn,
    id: &WebhookId,
    deletion: Option<Deletion>,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE webhooks SET deleted_at = $2, deleted_seq = $3, version = version + 1, updated_at = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(deletion.map(|deletion| deletion.at))
    .bind(deletion.map(|deletion| deletion.seq))
    .bind(now)
    .execute(&mut *conn)
    .await?;
    raise_changes(conn).await
}

/// Keeps how the last test went. Nothing that is sent depends on it, so the version stays.
pub async fn record_test(conn: &mut Conn, id: &WebhookId, test: LastTest) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE webhooks SET last_test_at = $2, last_test_success = $3, last_test_status = $4 \
         WHERE id = $1 AND (last_test_at IS NULL OR last_test_at <= $2)",
    )
    .bind(id)
    .bind(test.at)
    .bind(Flag(test.success))
    .bind(test.status_code.map(i64::from))
    .execute(conn)
    .await?;
    Ok(())
}
