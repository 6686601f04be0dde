//! The projects table as the pages list it: of one status, in the order that was asked for.

use std::collections::HashMap;

use sqlx::Row as _;

use crate::base::OrganizationId;
use crate::db::sql::like_literal;
use crate::db::{Conn, DbError};
use crate::workspace::listing::store::{SortKey, Sorted};
use crate::workspace::listing::{Key, LIMIT, Listing, Place, Value};
use crate::workspace::projects::model::{Project, ProjectOrder, ProjectStatus};

use super::projects::{COLUMNS, read};

/// Sorts projects without a due date behind all others.
const NO_DAY: &str = "9999-12-31";

/// Projects out of the trash that have `words` in the name or the client, whatever the case.
pub async fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    status: ProjectStatus,
    words: Option<&str>,
    order: ProjectOrder,
    place: &Place,
) -> Result<Listing<Project>, DbError> {
    let (key, is_descending) = match order {
        ProjectOrder::Due => (SortKey::Text("COALESCE(due_date, '9999-12-31')"), false),
        ProjectOrder::Newest => (SortKey::Number("created_at"), true),
        ProjectOrder::Name => (SortKey::Text("search"), false),
    };
    let list = Sorted::new(COLUMNS, "projects", key, is_descending)
        .and("organization_id = ?", organization.as_str())
        .and("status = ?", status.as_str())
        .only("trashed_at IS NULL")
        .and_if("search LIKE ? ESCAPE '\\'", words.map(pattern));
    list.page(conn, place, LIMIT).await?.try_map(read)
}

/// The place of a project in that order.
pub fn key(order: ProjectOrder, project: &Project) -> Key {
    let value = match order {
        ProjectOrder::Due => {
            Value::Text(project.details.due_date.map_or_else(|| NO_DAY.to_owned(), |day| day.to_string()))
        }
        ProjectOrder::Newest => Value::Int(project.created_at.micros()),
        ProjectOrder::Name => Value::Text(project.details.search_text()),
    };
    Key { value, id: project.id.to_string() }
}

/// How many projects there are of each status with `words`; a status without any is missing.
pub async fn count_by_status(
    conn: &mut Conn,
    organization: &OrganizationId,
    words: Option<&str>,
) -> Result<HashMap<ProjectStatus, i64>, DbError> {
    let rows = sqlx::query(
        "SELECT status, COUNT(*) FROM projects WHERE organization_id = $1 AND trashed_at IS NULL \
         AND ($2 IS NULL OR search LIKE $2 ESCAPE '\\') GROUP BY status",
    )
    .bind(organization)
    .bind(words.map(pattern))
    .fetch_all(conn)
    .await?;
    let count = |row: &crate::db::Row| {
        let status: String = row.try_get(0)?;
        let known = status.parse();
        Ok((known.map_err(|_| DbError::inconsistent("projects", "status", "GROUP BY", &status))?, row.try_get(1)?))
    };
    rows.iter().map(count).collect()
}

fn pattern(words: &str) -> String {
    format!("%{}%", like_literal(&words.to_lowercase()))
}
