//! The audit log: who did what, when and from where. Entries are only ever added.

use crate::auth::model::{Actor, Source, User};
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

/// Writes down what `user` did to the own account. Account managers' entries are in no organization.
pub async fn append_own(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    user: &User,
    action: &str,
    details: serde_json::Value,
) -> Result<(), DbError> {
    let who = Who { organization: user.organization_id.as_ref(), email: &user.email, source: &Source::Page };
    append_as(conn, now, rng, who, action, &user.email, details).await
}

struct Who<'a> {
    organization: Option<&'a OrganizationId>,
    email: &'a str,
    source: &'a Source,
}

async fn append_as(
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
