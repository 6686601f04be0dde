//! The organizations table.

use sqlx::Row as _;

use crate::auth::model::Organization;
use crate::base::{Cursor, OrganizationId, Timestamp};
use crate::db::{Conn, DbError, Flag, Row, meta};

/// The columns of [`read`], from its `first` on.
pub(in crate::auth) const COLUMNS: &str = "o.id, o.name, o.time_zone, o.edition, o.webhooks_enabled, o.created_at";
const COLUMN_COUNT: usize = 6;

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

/// Changes everything that can be changed. Whoever turns the switch also holds or lets go deliveries.
pub async fn update(conn: &mut Conn, changed: &Organization) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE organizations SET name = $2, time_zone = $3, edition = $4, webhooks_enabled = $5 WHERE id = $1",
    )
    .bind(&changed.id)
    .bind(&changed.name)
    .bind(changed.time_zone.name())
    .bind(changed.edition.as_str())
    .bind(Flag(changed.webhooks_enabled))
    .execute(&mut *conn)
    .await?;
    meta::raise_changes(conn).await
}

/// An organization in the list of the account managers.
#[derive(Clone, Debug)]
pub struct Listed {
    pub organization: Organization,
    pub users: i64,
    /// Webhooks that are not deleted.
    pub instances: i64,
}

/// Organizations, newest first, `limit` of them after `after`.
pub async fn list(conn: &mut Conn, after: Option<&Cursor>, limit: i64) -> Result<Vec<Listed>, DbError> {
    let latest = Timestamp::from_micros(i64::MAX);
    let (at, id) = after.map_or((latest, ""), |cursor| (cursor.at, cursor.id.as_str()));
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, (SELECT COUNT(*) FROM users u WHERE u.organization_id = o.id AND u.active = 1), \
         (SELECT COUNT(*) FROM webhooks w WHERE w.organization_id = o.id AND w.deleted_at IS NULL) \
         FROM organizations o WHERE (o.created_at, o.id) < ($1, $2) ORDER BY o.created_at DESC, o.id DESC LIMIT $3"
    )))
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let listed = |row: &Row| {
        Ok(Listed {
            organization: read(row, 0)?,
            users: row.try_get(COLUMN_COUNT)?,
            instances: row.try_get(COLUMN_COUNT + 1)?,
        })
    };
    rows.iter().map(listed).collect()
}

/// How many webhooks of the organization are sent something now.
pub async fn count_active_webhooks(conn: &mut Conn, id: &OrganizationId) -> Result<i64, DbError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM webhooks WHERE organization_id = $1 AND state = 'active' AND deleted_at IS NULL",
    )
    .bind(id)
    .fetch_one(conn)
    .await?;
    Ok(row.try_get(0)?)
}

/// Whether the organization has somebody who may change its settings.
pub async fn has_admin(conn: &mut Conn, id: &OrganizationId) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT 1 FROM users WHERE organization_id = $1 AND role = 'admin' AND active = 1 LIMIT 1")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
