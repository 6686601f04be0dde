//! What account managers post.

use serde::Deserialize;

use super::super::is_ticked;
use crate::accounts::model::{NewOrganization, OrganizationChange, Plan};
use crate::auth::model::{Edition, Organization, parse_email, parse_name};
use crate::web::FieldErrors;

/// An organization, new or not.
#[derive(Debug, Deserialize)]
pub struct OrganizationForm {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub time_zone: String,
    #[serde(default)]
    pub edition: String,
    pub webhooks_enabled: Option<String>,
    /// Of the first admin; only a new organization asks for it.
    #[serde(default)]
    pub email: String,
    /// The question whether to turn webhooks off was answered.
    pub confirm: Option<String>,
}

impl OrganizationForm {
    pub fn empty() -> Self {
        Self {
            name: String::new(),
            time_zone: "UTC".into(),
            edition: Edition::Enterprise.as_str().into(),
            webhooks_enabled: None,
            email: String::new(),
            confirm: None,
        }
    }

    pub fn of(organization: &Organization) -> Self {
        Self {
            name: organization.name.clone(),
            time_zone: organization.time_zone.name().into(),
            edition: organization.edition.as_str().into(),
            webhooks_enabled: organization.webhooks_enabled.then(|| "true".into()),
            ..Self::empty()
        }
    }

    pub fn is_enabled(&self) -> bool {
        is_ticked(self.webhooks_enabled.as_deref())
    }

    pub fn is_confirmed(&self) -> bool {
        is_ticked(self.confirm.as_deref())
    }

    fn read(&self, errors: &mut FieldErrors) -> Option<NewOrganization> {
        let name = errors.take("name", parse_name(&self.name));
        let time_zone = errors.take("time_zone", self.time_zone.parse());
        let edition = errors.take("edition", self.edition.parse());
        let webhooks_enabled = self.is_enabled();
        let ((name, time_zone), edition) = name.zip(time_zone).zip(edition)?;
        Some(NewOrganization { name, time_zone, edition, webhooks_enabled })
    }

    pub fn parse(&self) -> Result<OrganizationChange, FieldErrors> {
        let mut errors = FieldErrors::default();
        let change = self.read(&mut errors).map(|new| OrganizationChange {
            name: new.name,
            time_zone: new.time_zone,
            plan: Some(Plan { edition: new.edition, webhooks_enabled: new.webhooks_enabled }),
        });
        errors.into_result(change)
    }

    /// A new organization, and the address of its first admin if one is given.
    pub fn parse_new(&self) -> Result<(NewOrganization, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let new = self.read(&mut errors);
        let email = (!self.email.trim().is_empty()).then(|| errors.take("email", parse_email(&self.email))).flatten();
        errors.into_result(new.map(|new| (new, email)))
    }
}

/// Another admin of an organization.
#[derive(Debug, Default, Deserialize)]
pub struct AdminForm {
    #[serde(default)]
    pub admin_email: String,
}

impl AdminForm {
    pub fn parse(&self) -> Result<String, FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.take("admin_email", parse_email(&self.admin_email));
        errors.into_result(email)
    }
}
