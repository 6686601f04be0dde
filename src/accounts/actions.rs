//! What people do with organizations and users: each loads, applies the rule, saves and writes the audit entry, in the
//! caller's transaction.

pub mod credentials;
pub mod second_factor;

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::model::{NewOrganization, NewUser, OrganizationChange};
use crate::auth::audit::{self, Who};
use crate::auth::model::{Organization, Role, Source, Theme, User};
use crate::auth::store::users::InsertError;
use crate::auth::store::{organizations, users};
use crate::base::{OrganizationId, Rng, Timestamp, UserId};
use crate::db::meta::raise_changes;
use crate::db::{DbError, Tx};
use crate::delivery::model::Hints;
use crate::delivery::store as deliveries;
use crate::events::record;

/// Who does it, when, and from where.
#[derive(Clone)]
pub struct By<'a> {
    pub email: &'a str,
    pub source: Source,
    /// The network address that it came from, as far as there is one.
    pub address: Option<IpAddr>,
    pub now: Timestamp,
    pub rng: &'a dyn Rng,
}

impl By<'_> {
    /// Adds to the audit log.
    pub(super) async fn write_down(
        &self,
        tx: &mut Tx,
        organization: Option<&OrganizationId>,
        action: &str,
        subject: &str,
        details: serde_json::Value,
    ) -> Result<(), DbError> {
        let who = Who { organization, email: self.email, source: &self.source, address: self.address };
        audit::append_as(tx, self.now, self.rng, who, action, subject, details).await
    }
}

/// Why the setup is refused.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("This Herald is already set up.")]
    AlreadyDone,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes the first organization and its first admin, unless there is any user.
pub async fn set_up(
    tx: &mut Tx,
    by: &By<'_>,
    new: NewOrganization,
    email: String,
    password_hash: String,
) -> Result<User, SetUpError> {
    // Two at once: the second waits here, and then sees the first one's user.
    raise_changes(tx).await?;
    if users::any(tx).await? {
        return Err(SetUpError::AlreadyDone);
    }
    let organization = create_organization(tx, by, new).await?;
    let admin = NewUser { organization: Some(organization.id), email, role: Role::Admin, password_hash };
    match add_user(tx, by, admin).await {
        Ok(user) => Ok(user),
        Err(AddUserError::Db(error)) => Err(error.into()),
        Err(AddUserError::EmailTaken | AddUserError::NoSuchOrganization) => Err(SetUpError::AlreadyDone),
    }
}

pub async fn create_organization(tx: &mut Tx, by: &By<'_>, new: NewOrganization) -> Result<Organization, DbError> {
    let organization = Organization {
        id: OrganizationId::new(by.now, by.rng),
        name: new.name,
        time_zone: new.time_zone,
        edition: new.edition,
        webhooks_enabled: new.webhooks_enabled,
        created_at: by.now,
    };
    organizations::insert(tx, &organization).await?;
    let details = json!({
        "time_zone": organization.time_zone.name(),
        "edition": organization.edition.as_str(),
        "webhooks_enabled": organization.webhooks_enabled,
    });
    by.write_down(tx, Some(&organization.id), "organization.created", &organization.name, details).await?;
    Ok(organization)
}

/// Why a user cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    #[error("Somebody already uses this email address.")]
    EmailTaken,
    #[error("There is no organization with this id.")]
    NoSuchOrganization,
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn add_user(tx: &mut Tx, by: &By<'_>, new: NewUser) -> Result<User, AddUserError> {
    if let Some(id) = &new.organization {
        organizations::find(tx, id).await?.ok_or(AddUserError::NoSuchOrganization)?;
    }
    let user = User {
        id: UserId::new(by.now, by.rng),
        organization_id: new.organization,
        email: new.email,
        name: String::new(),
        role: new.role,
        theme: Theme::System,
        active: true,
        created_at: by.now,
    };
    users::insert(tx, &user, &new.password_hash).await.map_err(|error| match error {
        InsertError::EmailTaken => AddUserError::EmailTaken,
        InsertError::Db(error) => error.into(),
    })?;
    let details = json!({ "user_id": user.id, "role": user.role.as_str() });
    by.write_down(tx, user.organization_id.as_ref(), "user.created", &user.email, details).await?;
    Ok(user)
}

/// Applies what differs, each with an audit entry. Turning webhooks off holds the open deliveries, turning them on lets
/// those go that the switch held. `None`: no such organization.
pub async fn change_organization(
    tx: &mut Tx,
    by: &By<'_>,
    hints: &Arc<dyn Hints>,
    id: &OrganizationId,
    change: OrganizationChange,
) -> Result<Option<Organization>, DbError> {
    // First of all: it keeps events from being recorded while the switch is turned.
    if record::next_seq(tx, id, 1).await?.is_none() {
        return Ok(None);
    }
    let Some(before) = organizations::find(tx, id).await? else { return Ok(None) };
    let mut after = Organization { name: change.name, time_zone: change.time_zone, ..before.clone() };
    if let Some(plan) = change.plan {
        after.edition = plan.edition;
        after.webhooks_enabled = plan.webhooks_enabled;
    }
    if after == before {
        return Ok(Some(after));
    }
    organizations::update(tx, &after).await?;
    for (action, details) in differences(&before, &after) {
        by.write_down(tx, Some(id), action, &after.name, details).await?;
    }
    match (before.webhooks_enabled, after.webhooks_enabled) {
        (true, false) => {
            deliveries::hold_for_switch(tx, id).await?;
        }
        (false, true) => {
            deliveries::release_for_switch(tx, id, by.now).await?;
            let hints = hints.clone();
            tx.after_commit(move || hints.wake());
        }
        (true, true) | (false, false) => {}
    }
    Ok(Some(after))
}

/// The audit entries of a change: what was done, and from what to what.
fn differences(before: &Organization, after: &Organization) -> Vec<(&'static str, serde_json::Value)> {
    let mut entries = Vec::new();
    if before.name != after.name {
        entries.push(("organization.renamed", json!({ "from": before.name, "to": after.name })));
    }
    if before.time_zone != after.time_zone {
        let details = json!({ "from": before.time_zone.name(), "to": after.time_zone.name() });
        entries.push(("organization.time_zone_changed", details));
    }
    if before.edition != after.edition {
        let details = json!({ "from": before.edition.as_str(), "to": after.edition.as_str() });
        entries.push(("organization.edition_changed", details));
    }
    match (before.webhooks_enabled, after.webhooks_enabled) {
        (false, true) => entries.push(("organization.webhooks_enabled", json!({}))),
        (true, false) => entries.push(("organization.webhooks_disabled", json!({}))),
        (true, true) | (false, false) => {}
    }
    entries
}

/// A user's own name and theme.
pub async fn change_profile(tx: &mut Tx, now: Timestamp, user: &User, name: &str, theme: Theme) -> Result<(), DbError> {
    users::update_profile(tx, &user.id, name, theme, now).await
}
