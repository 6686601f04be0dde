//! The intakes table.

use sqlx::{AssertSqlSafe, Row as _};

use crate::base::{Cursor, IntakeId, OrganizationId, Timestamp};
use crate::db::sql::like_literal;
use crate::db::{Conn, DbError, Row};
use crate::workspace::listing::store::{SortKey, Sorted};
use crate::workspace::listing::{Key, LIMIT, Listing, Place, Value};

use super::model::{Details, Intake, IntakeStatus};

const COLUMNS: &str = "id, organization_id, title, requester, email, client, due_date, description, status, project_id, \
    version, created_by, created_at";

fn read(row: &Row) -> Result<Intake, DbError> {
    let id: IntakeId = row.try_get(0)?;
    let wrong = |column: &'static str, found: String| DbError::inconsistent("intakes", column, id.as_str(), found);
    let due_date: Option<String> = row.try_get(6)?;
    let status: String = row.try_get(8)?;
    Ok(Intake {
        organization: row.try_get(1)?,
        details: Details {
            title: row.try_get(2)?,
            requester: row.try_get(3)?,
            email: row.try_get(4)?,
            client: row.try_get(5)?,
            due_date: due_date.map(|day| day.parse().map_err(|_| wrong("due_date", day))).transpose()?,
            description: row.try_get(7)?,
        },
        status: status.parse().map_err(|_| wrong("status", status))?,
        project: row.try_get(9)?,
        version: row.try_get(10)?,
        created_by: row.try_get(11)?,
        created_at: row.try_get(12)?,
        id,
    })
}

pub async fn find(conn: &mut Conn, organization: &OrganizationId, id: &IntakeId) -> Result<Option<Intake>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM intakes WHERE organization_id = $1 AND id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// Intakes, newest first, `limit` of them after `after`; of one status, or of all.
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    status: Option<IntakeStatus>,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Intake>, DbError> {
    let latest = Timestamp::from_micros(i64::MAX);
    let (at, id) = after.map_or((latest, ""), |cursor| (cursor.at, cursor.id.as_str()));
    let text = format!(
        "SELECT {COLUMNS} FROM intakes WHERE organization_id = $1 AND (created_at, id) < ($2, $3) \
         AND ($4 IS NULL OR status = $4) ORDER BY created_at DESC, id DESC LIMIT $5"
    );
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(organization)
        .bind(at)
        .bind(id)
        .bind(status.map(IntakeStatus::as_str))
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

/// The same for the page: with `words` in title, client or requester, whatever the case, and paged in both directions.
pub async fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    status: Option<IntakeStatus>,
    words: Option<&str>,
    place: &Place,
) -> Result<Listing<Intake>, DbError> {
    let list = Sorted::new(COLUMNS, "intakes", SortKey::Number("created_at"), true)
        .and("organization_id = ?", organization.as_str())
        .and_if("status = ?", status.map(IntakeStatus::as_str))
        .and_if("search LIKE ? ESCAPE '\\'", words.map(|words| format!("%{}%", like_literal(&words.to_lowercase()))));
    list.page(conn, place, LIMIT).await?.try_map(read)
}

/// The place of an intake in that list.
pub fn key(intake: &Intake) -> Key {
    Key { value: Value::Int(intake.created_at.micros()), id: intake.id.to_string() }
}

pub async fn insert(conn: &mut Conn, intake: &Intake) -> Result<(), DbError> {
    let details = &intake.details;
    sqlx::query(
        "INSERT INTO intakes (id, organization_id, title, requester, email, client, due_date, description, status, version, \
         created_by, created_at, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(&intake.id)
    .bind(&intake.organization)
    .bind(&details.title)
    .bind(details.requester.as_deref())
    .bind(details.email.as_deref())
    .bind(details.client.as_deref())
    .bind(details.due_date.map(|day| day.to_string()))
    .bind(details.description.as_deref())
    .bind(intake.status.as_str())
    .bind(intake.version)
    .bind(&intake.created_by)
    .bind(intake.created_at)
    .bind(details.search_text())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all of an intake that can change.
pub async fn update(conn: &mut Conn, changed: &Intake) -> Result<(), DbError> {
    let details = &changed.details;
    sqlx::query(
        "UPDATE intakes SET title = $2, requester = $3, email = $4, client = $5, due_date = $6, description = $7, status = $8, \
         project_id = $9, version = $10, search = $11 WHERE id = $1",
    )
    .bind(&changed.id)
    .bind(&details.title)
    .bind(details.requester.as_deref())
    .bind(details.email.as_deref())
    .bind(details.client.as_deref())
    .bind(details.due_date.map(|day| day.to_string()))
    .bind(details.description.as_deref())
    .bind(changed.status.as_str())
    .bind(changed.project.as_ref())
    .bind(changed.version)
    .bind(details.search_text())
    .execute(conn)
    .await?;
    Ok(())
}
