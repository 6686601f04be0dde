//! The people of an organization as one list: those who are in, and those who are invited. Reads only.

use sqlx::Row as _;

use crate::auth::model::Role;
use crate::base::{Listing, OrganizationId, Place, Timestamp, UserId, names};
use crate::db::keyset::Keyset;
use crate::db::{Conn, DbError, Row};

names! {
    /// How somebody stands to the organization.
    Standing {
        Active = "active",
        Deactivated = "deactivated",
        Invited = "invited",
    }
}

/// One of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Of a user, or of an invitation.
    pub id: String,
    pub email: String,
    /// May be empty.
    pub name: String,
    pub role: Role,
    pub standing: Standing,
    /// When somebody was here last, or when the invitation expires.
    pub at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What is wanted of the list; everything that is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Stands in the name or the address.
    pub text: Option<String>,
    pub role: Option<Role>,
    pub standing: Option<Standing>,
}

const COLUMNS: &str = "m.id, m.email, m.name, m.role, m.standing, m.at, m.created_at";

const PEOPLE: &str = "(SELECT id, organization_id, email, name, role, CASE WHEN active = 1 THEN 'active' ELSE 'deactivated' END AS standing, \
     last_seen_at AS at, created_at FROM users \
     UNION ALL SELECT id, organization_id, email, '' AS name, role, 'invited' AS standing, expires_at AS at, created_at FROM invitations) m";

fn read(row: &Row) -> Result<Listed, DbError> {
    let (id, role, standing): (String, String, String) = (row.try_get(0)?, row.try_get(3)?, row.try_get(4)?);
    Ok(Listed {
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        role: role.parse().map_err(|_| DbError::inconsistent("users", "role", &id, &role))?,
        standing: standing.parse().map_err(|_| DbError::inconsistent("users", "active", &id, &standing))?,
        at: row.try_get(5)?,
        created_at: row.try_get(6)?,
        id,
    })
}

/// Who came, or was invited, last comes first.
pub async fn list(
    conn: &mut Conn,
    organization: &OrganizationId,
    filter: &Filter,
    place: &Place,
    limit: usize,
) -> Result<Listing<Listed>, DbError> {
    let listing = Keyset::new(COLUMNS, PEOPLE, ("m.created_at", "m.id"))
        .and("m.organization_id =", organization.as_str())
        .and_if("m.role =", filter.role.map(|role| role.as_str()))
        .and_if("m.standing =", filter.standing.map(|standing| standing.as_str()))
        .and_contains(&["m.name", "m.email"], filter.text.as_deref())
        .page(conn, place, limit)
        .await?;
    let rows = listing.rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Listing { rows, has_newer: listing.has_newer, has_older: listing.has_older })
}

/// How many active members have each role.
pub async fn count_by_role(conn: &mut Conn, organization: &OrganizationId) -> Result<Vec<(Role, i64)>, DbError> {
    let text = "SELECT role, COUNT(*) FROM users WHERE organization_id = $1 AND active = 1 GROUP BY role";
    let rows = sqlx::query(text).bind(organization).fetch_all(conn).await?;
    let count = |row: &Row| {
        let role: String = row.try_get(0)?;
        let parsed = role.parse().map_err(|_| DbError::inconsistent("users", "role", organization.as_str(), &role))?;
        Ok((parsed, row.try_get(1)?))
    };
    rows.iter().map(count).collect()
}

/// How many people there are, in whatever standing.
pub async fn count(conn: &mut Conn, organization: &OrganizationId) -> Result<i64, DbError> {
    let text = "SELECT (SELECT COUNT(*) FROM users WHERE organization_id = $1) \
                + (SELECT COUNT(*) FROM invitations WHERE organization_id = $1)";
    Ok(sqlx::query(text).bind(organization).fetch_one(conn).await?.try_get(0)?)
}

/// Whether the organization has an active admin besides this one.
pub async fn has_other_admin(conn: &mut Conn, organization: &OrganizationId, user: &UserId) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM users WHERE organization_id = $1 AND role = 'admin' AND active = 1 AND id <> $2 LIMIT 1";
    Ok(sqlx::query(text).bind(organization).bind(user).fetch_optional(conn).await?.is_some())
}
