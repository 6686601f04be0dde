//! The sections table.

use sqlx::Row as _;

use crate::base::{OrganizationId, ProjectId, SectionId};
use crate::db::{Conn, DbError, Row};
use crate::workspace::projects::model::Section;

fn read(row: &Row) -> Result<Section, DbError> {
    let id: SectionId = row.try_get(0)?;
    let status: String = row.try_get(5)?;
    Ok(Section {
        organization: row.try_get(1)?,
        project: row.try_get(2)?,
        name: row.try_get(3)?,
        position: row.try_get(4)?,
        status: status.parse().map_err(|_| DbError::inconsistent("sections", "status", id.as_str(), &status))?,
        version: row.try_get(6)?,
        id,
    })
}

pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &SectionId) -> Result<Option<Section>, DbError> {
    let row = sqlx::query(
        "SELECT id, organization_id, project_id, name, position, status, version FROM sections \
         WHERE organization_id = $1 AND id = $2",
    )
    .bind(organization)
    .bind(id)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(read).transpose()
}

/// The sections of a project, in their order.
pub async fn list(conn: &mut Conn, project: &ProjectId) -> Result<Vec<Section>, DbError> {
    let rows = sqlx::query(
        "SELECT id, organization_id, project_id, name, position, status, version FROM sections \
         WHERE project_id = $1 ORDER BY position, id",
    )
    .bind(project)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

pub async fn insert(conn: &mut Conn, section: &Section) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO sections (id, organization_id, project_id, name, position, status, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&section.id)
    .bind(&section.organization)
    .bind(&section.project)
    .bind(&section.name)
    .bind(section.position)
    .bind(section.status.as_str())
    .bind(section.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all of a section that can change.
pub async fn update(conn: &mut Conn, changed: &Section) -> Result<(), DbError> {
    sqlx::query("UPDATE sections SET name = $2, position = $3, status = $4, version = $5 WHERE id = $1")
        .bind(&changed.id)
        .bind(&changed.name)
        .bind(changed.position)
        .bind(changed.status.as_str())
        .bind(changed.version)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves a section without a change of its own: another one was put before it, or went.
pub async fn place(conn: &mut Conn, id: &SectionId, position: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE sections SET position = $2 WHERE id = $1").bind(id).bind(position).execute(conn).await?;
    Ok(())
}

/// Removes a section with its questions.
pub async fn delete(conn: &mut Conn, id: &SectionId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM questions WHERE section_id = $1").bind(id).execute(&mut *conn).await?;
    sqlx::query("DELETE FROM sections WHERE id = $1").bind(id).execute(conn).await?;
    Ok(())
}
