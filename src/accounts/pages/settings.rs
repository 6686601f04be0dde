//! Organization Settings > General: name and time zone.

use std::sync::Arc;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Choice, by, time_zones};
use crate::accounts::actions;
use crate::accounts::model::OrganizationChange;
use crate::auth::model::parse_name;
use crate::delivery::model::Hints;
use crate::web::guard::Admin;
use crate::web::{Context, Error, FieldErrors, Form, Hx, Page as _, Result, Section, Shell, Toast, page, see_other};

#[derive(Debug, Deserialize)]
pub struct SettingsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    time_zone: String,
}

impl SettingsForm {
    fn parse(&self) -> std::result::Result<OrganizationChange, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", parse_name(&self.name));
        let time_zone = errors.take("time_zone", self.time_zone.parse());
        let change = name.zip(time_zone).map(|(name, time_zone)| OrganizationChange { name, time_zone, plan: None });
        errors.into_result(change)
    }
}

#[derive(Template)]
#[template(path = "accounts/settings.html", blocks = ["form"])]
struct SettingsPage {
    shell: Shell,
    form: SettingsForm,
    zones: Vec<Choice>,
    errors: FieldErrors,
}

page!(SettingsPage, as_form);

impl SettingsPage {
    fn new(admin: &Admin, form: SettingsForm, errors: FieldErrors) -> Self {
        Self { shell: admin.shell(Section::General, "General"), form, zones: time_zones(), errors }
    }
}

/// GET /settings
pub async fn show(admin: Admin, hx: Hx) -> Result {
    let organization = &admin.organization;
    let form = SettingsForm { name: organization.name.clone(), time_zone: organization.time_zone.name().to_owned() };
    SettingsPage::new(&admin, form, FieldErrors::default()).answer(&hx)
}

/// POST /settings
pub async fn save(
    admin: Admin,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    hx: Hx,
    Form(form): Form<SettingsForm>,
) -> Result {
    let change = match form.parse() {
        Ok(change) => change,
        Err(errors) => return SettingsPage::new(&admin, form, errors).rejected(&hx),
    };
    let hints: Arc<dyn Hints> = hints.into_inner();
    let mut tx = context.db.begin().await?;
    let by = by(&context, &admin.user.email, admin.address());
    actions::change_organization(&mut tx, &by, &hints, &admin.organization.id, change).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    admin.flash(Toast::ok("Changes saved"));
    Ok(see_other(&hx, "/settings"))
}
