//! What is asked for when organizations and users are made or changed.

use crate::auth::model::{Edition, Role};
use crate::base::{OrganizationId, TimeZone};

/// An organization that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganization {
    pub name: String,
    pub time_zone: TimeZone,
    pub edition: Edition,
    pub webhooks_enabled: bool,
}

/// A user who is to be added. The password is hashed before the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// `None` for account managers, and for nobody else.
    pub organization: Option<OrganizationId>,
    /// As `parse_email` gives it.
    pub email: String,
    pub role: Role,
    pub password_hash: String,
}

/// What may be changed of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationChange {
    pub name: String,
    pub time_zone: TimeZone,
    /// What only account managers decide; `None` leaves it as it is.
    pub plan: Option<Plan>,
}

/// What an organization has bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub edition: Edition,
    pub webhooks_enabled: bool,
}
