//! The audit log: who did what, when and from where. Entries are only ever added.

use serde_json::Value;
use sqlx::Row as _;

use crate::auth::model::{Actor, Source};
use crate::base::{AuditEntryId, OrganizationId, ProjectId, Rng, Timestamp};
use crate::db::{Conn, DbError, Row};

/// Writes down that `actor` did `action` (a word such as `webhook.created`) to `subject` (what it was done to, for
/// people). `details` is a JSON object without secrets; what has a `project_id` in it is part of that project's story
/// ([`of_project`]). Belongs in the transaction of the change itself.
pub async fn append(
    conn: &mut Conn,
    now: Timestamp,
    rng: &dyn Rng,
    actor: &Actor,
    action: &str,
    subject: &str,
    details: Value,
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
    details: Value,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO audit_entries (id, organization_id, at, actor, action, subject, source, details, project_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(AuditEntryId::new(now, rng))
    .bind(who.organization)
    .bind(now)
    .bind(who.email)
    .bind(action)
    .bind(subject)
    .bind(who.source.to_string())
    .bind(details.to_string())
    .bind(details["project_id"].as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// One entry, as a page tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub details: Value,
}

/// The latest `limit` entries about a project and its sections, the last first; single questions would drown them.
pub async fn of_project(
    conn: &mut Conn,
    organization: &OrganizationId,
    project: &ProjectId,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let rows = sqlx::query(
        "SELECT at, actor, action, subject, details FROM audit_entries WHERE organization_id = $1 AND project_id = $2 \
         AND (action LIKE 'project.%' OR action LIKE 'section.%') ORDER BY at DESC, id DESC LIMIT $3",
    )
    .bind(organization)
    .bind(project)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let entry = |row: &Row| {
        let details: String = row.try_get(4)?;
        let details = serde_json::from_str(&details)
            .map_err(|_| DbError::inconsistent("audit_entries", "details", project.as_str(), details))?;
        Ok(Entry {
            at: row.try_get(0)?,
            actor: row.try_get(1)?,
            action: row.try_get(2)?,
            subject: row.try_get(3)?,
            details,
        })
    };
    rows.iter().map(entry).collect()
}
