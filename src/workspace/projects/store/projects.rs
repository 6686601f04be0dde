//! The projects table.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Cursor, IntakeId, OrganizationId, ProjectId, Timestamp};
use crate::db::sql::like_literal;
use crate::db::{Conn, DbError, Dialect, Row, sql};
use crate::workspace::projects::model::{Details, Progress, Project, ProjectStatus, Trashed};

pub(super) const COLUMNS: &str = "id, organization_id, name, client, due_date, owner, description, status, archived_from, \
    trashed_at, trashed_by, intake_id, version, created_by, created_at, updated_at";

pub(super) fn read(row: &Row) -> Result<Project, DbError> {
    let id: ProjectId = row.try_get(0)?;
    let wrong = |column: &'static str, found: String| DbError::inconsistent("projects", column, id.as_str(), found);
    let due_date: Option<String> = row.try_get(4)?;
    let due_date = due_date.map(|day| day.parse().map_err(|_| wrong("due_date", day))).transpose()?;
    let status: String = row.try_get(7)?;
    let archived_from: Option<String> = row.try_get(8)?;
    let trashed_at: Option<Timestamp> = row.try_get(9)?;
    let trashed_by: Option<String> = row.try_get(10)?;
    Ok(Project {
        organization: row.try_get(1)?,
        details: Details {
            name: row.try_get(2)?,
            client: row.try_get(3)?,
            due_date,
            owner: row.try_get(5)?,
            description: row.try_get(6)?,
        },
        status: status.parse().map_err(|_| wrong("status", status))?,
        archived_from: archived_from
            .map(|status| status.parse().map_err(|_| wrong("archived_from", status)))
            .transpose()?,
        trashed: trashed_at.map(|at| Trashed { at, by: trashed_by.unwrap_or_default() }),
        intake: row.try_get(11)?,
        version: row.try_get(12)?,
        created_by: row.try_get(13)?,
        created_at: row.try_get(14)?,
        updated_at: row.try_get(15)?,
        id,
    })
}

/// One project of the organization, in the trash or not.
pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &ProjectId) -> Result<Option<Project>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM projects WHERE organization_id = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

pub async fn insert(conn: &mut Conn, project: &Project) -> Result<(), DbError> {
    let details = &project.details;
    sqlx::query(
        "INSERT INTO projects (id, organization_id, name, client, due_date, owner, description, status, intake_id, version, \
         created_by, created_at, updated_at, search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(&project.id)
    .bind(&project.organization)
    .bind(&details.name)
    .bind(details.client.as_deref())
    .bind(details.due_date.map(|day| day.to_string()))
    .bind(details.owner.as_deref())
    .bind(details.description.as_deref())
    .bind(project.status.as_str())
    .bind(project.intake.as_ref())
    .bind(project.version)
    .bind(&project.created_by)
    .bind(project.created_at)
    .bind(project.updated_at)
    .bind(details.search_text())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes details, status and trash of a project as they are in `changed`, its version too.
pub async fn update(conn: &mut Conn, changed: &Project) -> Result<(), DbError> {
    let details = &changed.details;
    sqlx::query(
        "UPDATE projects SET name = $2, client = $3, due_date = $4, owner = $5, description = $6, status = $7, \
         archived_from = $8, trashed_at = $9, trashed_by = $10, version = $11, updated_at = $12, search = $13 WHERE id = $1",
    )
    .bind(&changed.id)
    .bind(&details.name)
    .bind(details.client.as_deref())
    .bind(details.due_date.map(|day| day.to_string()))
    .bind(details.owner.as_deref())
    .bind(details.description.as_deref())
    .bind(changed.status.as_str())
    .bind(changed.archived_from.map(ProjectStatus::as_str))
    .bind(changed.trashed.as_ref().map(|trashed| trashed.at))
    .bind(changed.trashed.as_ref().map(|trashed| trashed.by.as_str()))
    .bind(changed.version)
    .bind(changed.updated_at)
    .bind(details.search_text())
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a project with its sections and questions for good.
pub async fn delete(conn: &mut Conn, id: &ProjectId) -> Result<(), DbError> {
    for text in [
        "DELETE FROM questions WHERE project_id = $1",
        "DELETE FROM sections WHERE project_id = $1",
        "DELETE FROM projects WHERE id = $1",
    ] {
        sqlx::query(text).bind(id).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Removes projects with their sections and questions for good.
pub async fn delete_all(conn: &mut Conn, ids: &[ProjectId]) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    for (name, table, column) in [
        ("projects.delete_questions", "questions", "project_id"),
        ("projects.delete_sections", "sections", "project_id"),
        ("projects.delete", "projects", "id"),
    ] {
        for piece in sql::shapes(ids) {
            let text = sql::shaped(dialect, name, piece.len(), |rows| {
                format!("DELETE FROM {table} WHERE {column} IN {}", sql::values(dialect, 1, 1, rows))
            });
            let mut query = sqlx::query(text);
            for id in piece {
                query = query.bind(id);
            }
            query.execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Which projects are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<ProjectStatus>,
    /// In the trash, instead of out of it.
    pub trashed: bool,
    /// Somewhere in the name or the client, whatever the case.
    pub words: Option<String>,
}

/// Projects, newest first, `limit` of them after `after`.
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Project>, DbError> {
    let latest = Timestamp::from_micros(i64::MAX);
    let (at, id) = after.map_or((latest, ""), |cursor| (cursor.at, cursor.id.as_str()));
    let trashed = if filter.trashed { "IS NOT NULL" } else { "IS NULL" };
    let text = format!(
        "SELECT {COLUMNS} FROM projects WHERE organization_id = $1 AND trashed_at {trashed} \
         AND (created_at, id) < ($2, $3) AND ($4 IS NULL OR status = $4) AND ($5 IS NULL OR search LIKE $5 ESCAPE '\\') \
         ORDER BY created_at DESC, id DESC LIMIT $6"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(organization)
        .bind(at)
        .bind(id)
        .bind(filter.status.map(ProjectStatus::as_str))
        .bind(filter.words.as_deref().map(|words| format!("%{}%", like_literal(&words.to_lowercase()))))
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

/// The project that was made from an intake.
pub async fn intake_of(conn: &mut Conn, intake: &IntakeId) -> Result<Option<ProjectId>, DbError> {
    let row = sqlx::query("SELECT id FROM projects WHERE intake_id = $1").bind(intake).fetch_optional(conn).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// How far each of `projects` is; those without sections are missing.
pub async fn progress(conn: &mut Conn, projects: &[ProjectId]) -> Result<HashMap<ProjectId, Progress>, DbError> {
    let mut found = HashMap::new();
    let dialect = Dialect::of(conn);
    for piece in sql::shapes(projects) {
        let text = sql::shaped(dialect, "projects.progress", piece.len(), |rows| {
            format!(
                "SELECT s.project_id, COUNT(DISTINCT s.id), COUNT(DISTINCT CASE WHEN s.status = 'completed' THEN s.id END), \
                 COUNT(q.id), COUNT(q.answer) FROM sections s LEFT JOIN questions q ON q.section_id = s.id \
                 WHERE s.project_id IN {} GROUP BY s.project_id",
                sql::values(dialect, 1, 1, rows)
            )
        });
        let mut query = sqlx::query(text);
        for project in piece {
            query = query.bind(project);
        }
        for row in query.fetch_all(&mut *conn).await? {
            let progress = Progress {
                sections: row.try_get(1)?,
                completed_sections: row.try_get(2)?,
                questions: row.try_get(3)?,
                answered_questions: row.try_get(4)?,
            };
            found.insert(row.try_get(0)?, progress);
        }
    }
    Ok(found)
}
