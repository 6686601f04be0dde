//! The audit log: who did what, when and from where. Entries are only ever added
//! (docs/decisions/0037-what-the-audit-log-keeps.md).

use std::net::IpAddr;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Row as _};

use crate::auth::model::{Actor, Source};
use crate::base::{AuditEntryId, Listing, OrganizationId, Place, ProjectId, Rng, Timestamp};
use crate::db::keyset::Keyset;
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
    let who = Who {
        organization: Some(&actor.organization),
        email: &actor.email,
        source: &actor.source,
        address: actor.address,
    };
    append_as(conn, now, rng, who, action, subject, details).await
}

/// Who does something. What is done to or by account managers is in no organization.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    pub organization: Option<&'a OrganizationId>,
    pub email: &'a str,
    pub source: &'a Source,
    pub address: Option<IpAddr>,
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
        "INSERT INTO audit_entries (id, organization_id, at, actor, action, subject, source, address, details, project_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(AuditEntryId::new(now, rng))
    .bind(who.organization)
    .bind(now)
    .bind(who.email)
    .bind(action)
    .bind(subject)
    .bind(who.source.to_string())
    .bind(who.address.map(|address| address.to_canonical().to_string()))
    .bind(details.to_string())
    .bind(details["project_id"].as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// One entry, as a page tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: AuditEntryId,
    pub at: Timestamp,
    /// An e-mail address, or `herald admin` for the command line.
    pub actor: String,
    pub action: String,
    pub subject: String,
    /// `page`, `api_key:<id>`, `command_line` or `herald`.
    pub source: String,
    pub address: Option<String>,
    pub details: Value,
}

const COLUMNS: &str = "a.id, a.at, a.actor, a.action, a.subject, a.source, a.address, a.details";
const COLUMN_COUNT: usize = 8;

fn read(row: &Row) -> Result<Entry, DbError> {
    let (id, details): (AuditEntryId, String) = (row.try_get(0)?, row.try_get(7)?);
    let details = serde_json::from_str(&details)
        .map_err(|_| DbError::inconsistent("audit_entries", "details", id.as_str(), details))?;
    Ok(Entry {
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        subject: row.try_get(4)?,
        source: row.try_get(5)?,
        address: row.try_get(6)?,
        details,
        id,
    })
}

/// The latest `limit` entries about a project and its sections, the last first; single questions would drown them.
pub async fn of_project(
    conn: &mut Conn,
    organization: &OrganizationId,
    project: &ProjectId,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM audit_entries a WHERE a.organization_id = $1 AND a.project_id = $2 \
         AND (a.action LIKE 'project.%' OR a.action LIKE 'section.%') ORDER BY a.at DESC, a.id DESC LIMIT $3"
    )))
    .bind(organization)
    .bind(project)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// What is wanted of the log; everything that is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// Stands in the subject or the details: a name, an id.
    pub text: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// One action, or all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `webhook.created`.
    One(String),
    /// `webhook`.
    Kind(String),
}

/// An entry with the name of whoever did it, where that is somebody of the organization who has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub entry: Entry,
    pub name: Option<String>,
}

/// The organization's entries, newest first.
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &Filter,
    place: &Place,
    limit: usize,
) -> Result<Listing<Named>, DbError> {
    let (one, kind) = match &filter.action {
        Some(Action::One(action)) => (Some(action.as_str()), None),
        Some(Action::Kind(kind)) => (None, Some(format!("{kind}.%"))),
        None => (None, None),
    };
    const TABLES: &str =
        "audit_entries a LEFT JOIN users u ON u.email = a.actor AND u.organization_id = a.organization_id";
    let listing = Keyset::new(NAMED, TABLES, ("a.at", "a.id"))
        .and("a.organization_id =", organization.as_str())
        .and_if("a.actor =", filter.actor.as_deref())
        .and_if("a.action =", one)
        .and_if("a.action LIKE", kind)
        .and_if("a.at >=", filter.since)
        .and_if("a.at <", filter.until)
        .and_contains(&["a.subject", "a.details"], filter.text.as_deref())
        .page(conn, place, limit)
        .await?;
    let named = |row: &Row| {
        let name: Option<String> = row.try_get(COLUMN_COUNT)?;
        Ok(Named { entry: read(row)?, name: name.filter(|name| !name.is_empty()) })
    };
    let rows = listing.rows.iter().map(named).collect::<Result<_, DbError>>()?;
    Ok(Listing { rows, has_newer: listing.has_newer, has_older: listing.has_older })
}

/// [`COLUMNS`], and the name of the actor.
const NAMED: &str = "a.id, a.at, a.actor, a.action, a.subject, a.source, a.address, a.details, u.name";
