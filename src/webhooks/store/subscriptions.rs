//! What a webhook wants, from when, until when, in the order of the organization's numbers.

use std::collections::BTreeSet;

use crate::base::{OrganizationId, WebhookId};
use crate::db::meta::raise_changes;
use crate::db::{Conn, DbError};
use crate::events::EventType;

/// Makes `wanted` what the webhook is subscribed to from `seq` on. A row is never changed but to say when it ended.
pub async fn set_subscriptions(
    conn: &mut Conn,
    organization: &OrganizationId,
    webhook: &WebhookId,
    current: &BTreeSet<EventType>,
    wanted: &BTreeSet<EventType>,
    seq: i64,
) -> Result<(), DbError> {
    for event_type in current.difference(wanted) {
        sqlx::query(
            "UPDATE subscriptions SET until_seq = $3 WHERE webhook_id = $1 AND event_type = $2 AND until_seq IS NULL",
        )
        .bind(webhook)
        .bind(event_type.as_str())
        .bind(seq)
        .execute(&mut *conn)
        .await?;
    }
    for event_type in wanted.difference(current) {
        sqlx::query(
            "INSERT INTO subscriptions (webhook_id, event_type, from_seq, organization_id) VALUES ($1, $2, $3, $4)",
        )
        .bind(webhook)
        .bind(event_type.as_str())
        .bind(seq)
        .bind(organization)
        .execute(&mut *conn)
        .await?;
    }
    raise_changes(conn).await
}
