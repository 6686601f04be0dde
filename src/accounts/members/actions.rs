//! What admins do with the people of their organization, and how the invited come in: each loads, applies the rule, saves and
//! writes the audit entry, in the caller's transaction.
//!
//! Whatever changes who is an admin locks the organization first, so that two admins who take the role from each other at the
//! same time, on two nodes even, come one after the other: the second is refused.

use serde_json::json;

use crate::accounts::actions::By;
use crate::auth::codes;
use crate::auth::model::{Organization, Role, Theme, User};
use crate::auth::store::invitations::{self, Invitation, VALID};
use crate::auth::store::users::InsertError;
use crate::auth::store::{api_keys, members, sessions, users};
use crate::base::{InvitationId, OrganizationId, Secret, UserId};
use crate::db::{DbError, Tx};
use crate::events::record::next_seq;

/// Why somebody is not invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    #[error("{0} is a member already.")]
    Member(String),
    #[error("{0} is a member who was deactivated. Reactivate them instead.")]
    Deactivated(String),
    #[error("{0} is invited already. Send the invitation again from the list of members.")]
    Invited(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a member is not changed.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    #[error("The organization has no such member.")]
    NotFound,
    #[error("An organization needs an active admin. Make somebody else an admin first.")]
    LastAdmin,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why nobody comes in with an invitation.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    #[error("This invitation was used, was taken back or is too old.")]
    Ended,
    #[error("Somebody already uses this email address.")]
    EmailTaken,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Locks the organization until the transaction ends.
async fn lock(tx: &mut Tx, organization: &OrganizationId) -> Result<(), DbError> {
    next_seq(tx, organization, 0).await?;
    Ok(())
}

/// Invites somebody. The code in the answer opens the invitation, and is known to nobody else. That somebody of another
/// organization has the address is not told: they are when they follow the link.
pub async fn invite(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    email: String,
    role: Role,
) -> Result<(Invitation, Secret), InviteError> {
    lock(tx, organization).await?;
    let found = users::find_for_sign_in(tx, &email).await?.map(|(user, _)| user);
    match found.filter(|user| user.organization_id.as_ref() == Some(organization)) {
        Some(user) if user.active => return Err(InviteError::Member(email)),
        Some(_) => return Err(InviteError::Deactivated(email)),
        None => {}
    }
    match invitations::find_of(tx, organization, &email).await? {
        Some(old) if old.has_expired(by.now) => {
            invitations::delete(tx, &old.id).await?;
        }
        Some(_) => return Err(InviteError::Invited(email)),
        None => {}
    }
    let invitation = Invitation {
        id: InvitationId::new(by.now, by.rng),
        organization: organization.clone(),
        email,
        role,
        invited_by: by.email.to_owned(),
        created_at: by.now,
        expires_at: by.now + VALID,
    };
    let code = codes::generate(by.rng);
    if !invitations::insert(tx, &invitation, &code).await? {
        return Err(InviteError::Invited(invitation.email));
    }
    note(tx, by, &invitation, "invitation.sent").await?;
    Ok((invitation, code))
}

/// Gives an invitation another code, which opens it for as long as a new one; the old code does not any more.
pub async fn renew(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    id: &InvitationId,
) -> Result<Option<(Invitation, Secret)>, DbError> {
    lock(tx, organization).await?;
    let Some(old) = invitations::find(tx, organization, id).await? else { return Ok(None) };
    let renewed = Invitation { invited_by: by.email.to_owned(), expires_at: by.now + VALID, ..old };
    let code = codes::generate(by.rng);
    invitations::renew(tx, &renewed, &code).await?;
    note(tx, by, &renewed, "invitation.renewed").await?;
    Ok(Some((renewed, code)))
}

/// Takes an invitation back. `None`: there is none, or it was accepted meanwhile.
pub async fn revoke(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    id: &InvitationId,
) -> Result<Option<Invitation>, DbError> {
    lock(tx, organization).await?;
    let Some(invitation) = invitations::find(tx, organization, id).await? else { return Ok(None) };
    invitations::delete(tx, id).await?;
    note(tx, by, &invitation, "invitation.revoked").await?;
    Ok(Some(invitation))
}

async fn note(tx: &mut Tx, by: &By<'_>, invitation: &Invitation, action: &str) -> Result<(), DbError> {
    let details = json!({ "id": invitation.id, "role": invitation.role.as_str() });
    by.write_down(tx, Some(&invitation.organization), action, &invitation.email, details).await
}

/// Makes whoever has the code a member. The password is hashed before the transaction.
pub async fn accept(
    tx: &mut Tx,
    by: &By<'_>,
    code: &str,
    name: String,
    password_hash: &str,
) -> Result<(User, Organization), AcceptError> {
    let found = invitations::find_open(tx, code, by.now).await?;
    let (invitation, organization) = found.ok_or(AcceptError::Ended)?;
    // Two at once: the second waits here, and then there is nothing left to take.
    if !invitations::delete(tx, &invitation.id).await? {
        return Err(AcceptError::Ended);
    }
    let user = User {
        id: UserId::new(by.now, by.rng),
        organization_id: Some(organization.id.clone()),
        email: invitation.email,
        name,
        role: invitation.role,
        theme: Theme::System,
        active: true,
        created_at: by.now,
    };
    users::insert(tx, &user, password_hash).await.map_err(|error| match error {
        InsertError::EmailTaken => AcceptError::EmailTaken,
        InsertError::Db(error) => error.into(),
    })?;
    let details = json!({ "user_id": user.id, "role": user.role.as_str(), "invited_by": invitation.invited_by });
    by.write_down(tx, Some(&organization.id), "invitation.accepted", &user.email, details).await?;
    Ok((user, organization))
}

/// The member, once nobody else can change who is an admin.
async fn load(tx: &mut Tx, organization: &OrganizationId, id: &UserId) -> Result<User, MemberError> {
    lock(tx, organization).await?;
    users::find_in(tx, organization, id).await?.ok_or(MemberError::NotFound)
}

/// Refuses to leave the organization without an active admin.
async fn keep_an_admin(tx: &mut Tx, organization: &OrganizationId, user: &User) -> Result<(), MemberError> {
    let is_admin = user.active && user.role == Role::Admin;
    if is_admin && !members::has_other_admin(tx, organization, &user.id).await? {
        return Err(MemberError::LastAdmin);
    }
    Ok(())
}

/// Gives a member another role, and ends the member's API keys where that is asked for. Answers the member as they are now.
pub async fn change_role(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    id: &UserId,
    role: Role,
    revokes_keys: bool,
) -> Result<User, MemberError> {
    let user = load(tx, organization, id).await?;
    if user.role != role {
        keep_an_admin(tx, organization, &user).await?;
        users::update_role(tx, id, role, by.now).await?;
        let details = json!({ "user_id": id, "from": user.role.as_str(), "to": role.as_str() });
        by.write_down(tx, Some(organization), "user.role_changed", &user.email, details).await?;
    }
    if revokes_keys {
        for key in api_keys::revoke_of_user(tx, organization, id, by.now).await? {
            let details = json!({ "id": key.id, "prefix": key.prefix, "user_id": id });
            by.write_down(tx, Some(organization), "api_key.revoked", &key.name, details).await?;
        }
    }
    Ok(User { role, ..user })
}

/// Ends a member's access at once: sessions end, API keys stop working. What they did stays. Repeated, it changes nothing.
pub async fn deactivate(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    id: &UserId,
) -> Result<User, MemberError> {
    let user = load(tx, organization, id).await?;
    if !user.active {
        return Ok(user);
    }
    keep_an_admin(tx, organization, &user).await?;
    set_active(tx, by, user, false, "user.deactivated").await
}

/// Lets a member in again, with the role and the API keys they had. Repeated, it changes nothing.
pub async fn reactivate(
    tx: &mut Tx,
    by: &By<'_>,
    organization: &OrganizationId,
    id: &UserId,
) -> Result<User, MemberError> {
    let user = load(tx, organization, id).await?;
    if user.active {
        return Ok(user);
    }
    set_active(tx, by, user, true, "user.reactivated").await
}

async fn set_active(tx: &mut Tx, by: &By<'_>, user: User, active: bool, action: &str) -> Result<User, MemberError> {
    users::update_active(tx, &user.id, active, by.now).await?;
    if !active {
        // They are refused anyway; so they are also gone when the member comes back.
        sessions::delete_of_user(tx, &user.id).await?;
    }
    let details = json!({ "user_id": user.id, "role": user.role.as_str() });
    by.write_down(tx, user.organization_id.as_ref(), action, &user.email, details).await?;
    Ok(User { active, ..user })
}
