//! The organizations table.

use sqlx::Row as _;

use crate::auth::model::{Edition, Organization};
use crate::base::{OrganizationId, TimeZone};
use crate::db::{Conn, DbError, Flag, Row};

/// The columns of [`read`], from its `first` on.
pub(in crate::auth) const COLUMNS: &str = "o.id, o.name, o.time_zone, o.edition, o.webhooks_enabled, o.created_at";

/// An organization out of [`COLUMNS`], which begin at `first`.
pub(in crate::auth) fn read(row: &Row, first: usize) -> Result<Organization, DbError> {
    let id: OrganizationId = row.try_get(first)?;
    let wrong =
        |column: &'static str, problem: String| DbError::inconsistent("organizations", column, id.as_str(), problem);
    let time_zone: String = row.try_get(first + 2)?;
    let edition: String = row.try_get(first + 3)?;
    Ok(Organization {
        name: row.try_get(first + 1)?,
        time_zone: time_zone.parse().map_err(|_| wrong("time_zone", time_zone.clone()))?,
        edition: edition.parse().map_err(|_| wrong("edition", edition.clone()))?,
        webhooks_enabled: row.try_get::<Flag, _>(first + 4)?.0,
        created_at: row.try_get(first + 5)?,
        id,
    })
}

pub async fn insert(conn: &mut Conn, organization: &Organization) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO organizations (id, name, time_zone, edition, webhooks_enabled, seq, created_at) \
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
    )
    .bind(&organization.id)
    .bind(&organization.name)
    .bind(organization.time_zone.name())
    .bind(organization.edition.as_str())
    .bind(Flag(organization.webhooks_enabled))
    .bind(organization.created_at)
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find(conn: &mut Conn, id: &OrganizationId) -> Result<Option<Organization>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM organizations o WHERE o.id = $1")))
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(|row| read(&row, 0)).transpose()
}

/// Changes name and time zone.
pub async fn update_settings(
    conn: &mut Conn,
    id: &OrganizationId,
    name: &str,
    time_zone: TimeZone,
) -> Result<(), DbError> {
    sqlx::query("UPDATE organizations SET name = $2, time_zone = $3 WHERE id = $1")
        .bind(id)
        .bind(name)
        .bind(time_zone.name())
        .execute(&mut *conn)
        .await?;
    super::raise_change_counter(conn).await
}

/// Changes what account managers decide. Whoever turns the switch also holds or lets go deliveries.
pub async fn update_plan(
    conn: &mut Conn,
    id: &OrganizationId,
    edition: Edition,
    webhooks_enabled: bool,
) -> Result<(), DbError> {
    sqlx::query("UPDATE organizations SET edition = $2, webhooks_enabled = $3 WHERE id = $1")
        .bind(id)
        .bind(edition.as_str())
        .bind(Flag(webhooks_enabled))
        .execute(&mut *conn)
        .await?;
    super::raise_change_counter(conn).await
}
