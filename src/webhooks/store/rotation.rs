//! How signing secrets follow one another. What is said here of old secrets is said of those that have an end.

use sqlx::Row as _;

use crate::base::{Timestamp, WebhookId};
use crate::db::meta::raise_changes;
use crate::db::{Conn, DbError};

/// When the old secrets that still sign at `now` end, the newest first.
pub async fn old_secrets(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<Vec<Timestamp>, DbError> {
    let rows = sqlx::query(
        "SELECT expires_at FROM signing_secrets WHERE webhook_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC",
    )
    .bind(webhook)
    .bind(now)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Lets the secret that signs now do so until `until` only.
pub async fn end_current_secret(conn: &mut Conn, webhook: &WebhookId, until: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE signing_secrets SET expires_at = $2 WHERE webhook_id = $1 AND expires_at IS NULL")
        .bind(webhook)
        .bind(until)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the old secrets that end by `until`: they are in no backup made from now on.
pub async fn forget_secrets(conn: &mut Conn, webhook: &WebhookId, until: Timestamp) -> Result<(), DbError> {
    sqlx::query("DELETE FROM signing_secrets WHERE webhook_id = $1 AND expires_at <= $2")
        .bind(webhook)
        .bind(until)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets all old secrets.
pub async fn forget_old_secrets(conn: &mut Conn, webhook: &WebhookId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM signing_secrets WHERE webhook_id = $1 AND expires_at IS NOT NULL")
        .bind(webhook)
        .execute(conn)
        .await?;
    Ok(())
}

/// When a secret that is made at `now` counts as made: later than every other, so that the newest signs first even if two of
/// them are made in one microsecond or the clock was set back.
pub async fn time_of_new_secret(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<Timestamp, DbError> {
    let row = sqlx::query("SELECT MAX(created_at) FROM signing_secrets WHERE webhook_id = $1")
        .bind(webhook)
        .fetch_one(conn)
        .await?;
    let newest: Option<Timestamp> = row.try_get(0)?;
    Ok(newest.map_or(now, |newest| now.max(newest + std::time::Duration::from_micros(1))))
}

/// Has every node read the webhook's secrets again.
pub async fn note_secrets_changed(conn: &mut Conn, webhook: &WebhookId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("UPDATE webhooks SET version = version + 1, updated_at = $2 WHERE id = $1")
        .bind(webhook)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    raise_changes(conn).await
}
