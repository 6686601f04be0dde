//! What is in the trash, of all tables that have one.

use sqlx::Row as _;

use crate::base::{AnswerId, OrganizationId, ProjectId, Timestamp};
use crate::db::{Conn, DbError};
use crate::workspace::listing::store::{SortKey, Sorted};
use crate::workspace::listing::{LIMIT, Listing, Place};

use super::model::{Item, Kind};

/// What lies in the trash of any organization, as one table.
const ALL: &str = "(SELECT 'project' AS kind, id, organization_id, name, trashed_at, trashed_by FROM projects \
    WHERE trashed_at IS NOT NULL UNION ALL \
    SELECT 'answer' AS kind, id, organization_id, question AS name, trashed_at, trashed_by FROM answers \
    WHERE trashed_at IS NOT NULL) AS trash";

/// The trash of an organization, the latest first.
pub async fn page(conn: &mut Conn, organization: &OrganizationId, place: &Place) -> Result<Listing<Item>, DbError> {
    let list = Sorted::new("kind, id, name, trashed_at, trashed_by", ALL, SortKey::Number("trashed_at"), true)
        .and("organization_id = ?", organization.as_str());
    let read = |row: &crate::db::Row| {
        let kind: String = row.try_get(0)?;
        Ok(Item {
            kind: if kind == "project" { Kind::Project } else { Kind::Answer },
            id: row.try_get(1)?,
            name: row.try_get(2)?,
            trashed_at: row.try_get(3)?,
            trashed_by: row.try_get(4)?,
        })
    };
    list.page(conn, place, LIMIT).await?.try_map(read)
}

/// Projects in the trash, the latest first.
pub async fn projects(conn: &mut Conn, organization: &OrganizationId, limit: i64) -> Result<Vec<ProjectId>, DbError> {
    let rows = sqlx::query(
        "SELECT id FROM projects WHERE organization_id = $1 AND trashed_at IS NOT NULL ORDER BY trashed_at DESC, id DESC \
         LIMIT $2",
    )
    .bind(organization)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Pairs of the answer library in the trash, the latest first.
pub async fn answers(conn: &mut Conn, organization: &OrganizationId, limit: i64) -> Result<Vec<AnswerId>, DbError> {
    let rows = sqlx::query(
        "SELECT id FROM answers WHERE organization_id = $1 AND trashed_at IS NOT NULL ORDER BY trashed_at DESC, id DESC \
         LIMIT $2",
    )
    .bind(organization)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Whose things in which trash lie there since `until` or longer.
pub async fn overdue(conn: &mut Conn, until: Timestamp) -> Result<Vec<(OrganizationId, String)>, DbError> {
    let rows = sqlx::query(
        "SELECT DISTINCT organization_id, trashed_by FROM projects WHERE trashed_at IS NOT NULL AND trashed_at <= $1 \
         UNION SELECT organization_id, trashed_by FROM answers WHERE trashed_at IS NOT NULL AND trashed_at <= $1",
    )
    .bind(until)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The projects that somebody put into the trash at `until` or before, the first ones first.
pub async fn overdue_projects(
    conn: &mut Conn,
    organization: &OrganizationId,
    trashed_by: &str,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ProjectId>, DbError> {
    let rows = sqlx::query(
        "SELECT id FROM projects WHERE organization_id = $1 AND trashed_at IS NOT NULL AND trashed_at <= $2 \
         AND trashed_by = $3 ORDER BY trashed_at, id LIMIT $4",
    )
    .bind(organization)
    .bind(until)
    .bind(trashed_by)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The pairs of the answer library that somebody put into the trash at `until` or before, the first ones first.
pub async fn overdue_answers(
    conn: &mut Conn,
    organization: &OrganizationId,
    trashed_by: &str,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<AnswerId>, DbError> {
    let rows = sqlx::query(
        "SELECT id FROM answers WHERE organization_id = $1 AND trashed_at IS NOT NULL AND trashed_at <= $2 \
         AND trashed_by = $3 ORDER BY trashed_at, id LIMIT $4",
    )
    .bind(organization)
    .bind(until)
    .bind(trashed_by)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
