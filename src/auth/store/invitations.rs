//! The invitations table: who was asked to join an organization, and has not answered yet. What became of the others, the
//! audit log tells.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row as _};

use super::organizations;
use crate::auth::codes;
use crate::auth::model::{Organization, Role};
use crate::base::{InvitationId, OrganizationId, Secret, Timestamp};
use crate::db::{Conn, DbError, Row};

/// How long a link can be followed.
pub const VALID: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Somebody who may join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub organization: OrganizationId,
    /// In lower case.
    pub email: String,
    pub role: Role,
    /// The address of the admin who asked last.
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Invitation {
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

const COLUMNS: &str = "i.id, i.organization_id, i.email, i.role, i.invited_by, i.created_at, i.expires_at";
const COLUMN_COUNT: usize = 7;

fn read(row: &Row) -> Result<Invitation, DbError> {
    let (id, role): (InvitationId, String) = (row.try_get(0)?, row.try_get(3)?);
    Ok(Invitation {
        organization: row.try_get(1)?,
        email: row.try_get(2)?,
        role: role.parse().map_err(|_| DbError::inconsistent("invitations", "role", id.as_str(), &role))?,
        invited_by: row.try_get(4)?,
        created_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        id,
    })
}

/// Adds an invitation that is opened with `code`. `false`: this address is invited already.
pub async fn insert(conn: &mut Conn, invitation: &Invitation, code: &Secret) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO invitations (id, organization_id, email, role, code_hash, invited_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organization_id, email) DO NOTHING",
    )
    .bind(&invitation.id)
    .bind(&invitation.organization)
    .bind(&invitation.email)
    .bind(invitation.role.as_str())
    .bind(codes::hash(code.expose()))
    .bind(&invitation.invited_by)
    .bind(invitation.created_at)
    .bind(invitation.expires_at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives it another code and another end; the old code opens nothing any more.
pub async fn renew(conn: &mut Conn, renewed: &Invitation, code: &Secret) -> Result<(), DbError> {
    sqlx::query("UPDATE invitations SET code_hash = $2, invited_by = $3, expires_at = $4 WHERE id = $1")
        .bind(&renewed.id)
        .bind(codes::hash(code.expose()))
        .bind(&renewed.invited_by)
        .bind(renewed.expires_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes it away: it was accepted, or taken back. `false`: somebody was faster.
pub async fn delete(conn: &mut Conn, id: &InvitationId) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM invitations WHERE id = $1").bind(id).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// An invitation of the organization, expired or not.
pub async fn find(
    conn: &mut Conn,
    organization: &OrganizationId,
    id: &InvitationId,
) -> Result<Option<Invitation>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM invitations i WHERE i.organization_id = $1 AND i.id = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(id).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// The organization's invitation of this address, expired or not.
pub async fn find_of(
    conn: &mut Conn,
    organization: &OrganizationId,
    email: &str,
) -> Result<Option<Invitation>, DbError> {
    let text = format!("SELECT {COLUMNS} FROM invitations i WHERE i.organization_id = $1 AND i.email = $2");
    let row = sqlx::query(AssertSqlSafe(text)).bind(organization).bind(email).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

/// What the code opens at `now`, with the organization that asks.
pub async fn find_open(
    conn: &mut Conn,
    code: &str,
    now: Timestamp,
) -> Result<Option<(Invitation, Organization)>, DbError> {
    let text = format!(
        "SELECT {COLUMNS}, {} FROM invitations i JOIN organizations o ON o.id = i.organization_id \
         WHERE i.code_hash = $1 AND i.expires_at > $2",
        organizations::COLUMNS
    );
    let row = sqlx::query(AssertSqlSafe(text)).bind(codes::hash(code)).bind(now).fetch_optional(conn).await?;
    row.map(|row| Ok((read(&row)?, organizations::read(&row, COLUMN_COUNT)?))).transpose()
}
