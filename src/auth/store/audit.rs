//! The audit log: who did what, when and from where. Entries are only ever added.

use crate::auth::model::{Actor, Source};
use crate::base::{AuditEntryId, OrganizationId, Rng, Timestamp};
use crate::db::{Conn, DbError};

/// Writes down that `actor` did `action` (a word such as `webhook.created`) to `subject` (what it was done to, for
/// people). `details` is a JSON object without secrets. Belongs in the transaction of the change itself.
pub async fn append(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    actor: &Actor,
    action: &str,
    subject: &str,
    details: serde_json::Value,
) -> Result<(), DbError> {
    let who = Who { organization: Some(&actor.organization), email: &actor.email, source: &actor.source };
    append_as(conn, now, rng, who, action, subject, details).await
}

/// Who does something. What is done to or by account managers is in no organization.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    pub organization: Option<&'a OrganizationId>,
    pub email: &'a str,
    pub source: &'a Source,
}

/// Like [`append`], also for what is in no organization.
pub async fn append_as(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    who: Who<'_>,
    action: &str,
    subject: &str,
    details: serde_json::Value,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO audit_entries (id, organization_id, at, actor, action, subject, source, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(AuditEntryId::new(now, rng))
    .bind(who.organization)
    .bind(now)
    .bind(who.email)
    .bind(action)
    .bind(subject)
    .bind(who.source.to_string())
    .bind(details.to_string())
    .execute(conn)
    .await?;
    Ok(())
}
