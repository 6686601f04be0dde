//! /organizations: the account managers' list of organizations, and one of them with its edition and switch.

mod form;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use self::form::{AdminForm, OrganizationForm};
use super::{Choice, by, choice, hash, time_zones};
use crate::accounts::actions::{self, AddUserError};
use crate::accounts::model::NewUser;
use crate::auth::model::{Edition, Organization, Role};
use crate::auth::passwords;
use crate::auth::store::organizations;
use crate::base::{Cursor, OrganizationId, Secret, TimeZone};
use crate::delivery::model::Hints;
use crate::delivery::store::{SwitchCounts, count_for_switch};
use crate::web::guard::AccountManager;
use crate::web::hx::html;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Moment, Page as _, Paging, Result, Section, Shell, Toast, page, see_other,
};

/// The page of one organization.
fn url(id: &OrganizationId) -> String {
    format!("/organizations/{id}")
}

#[derive(Debug, Deserialize)]
pub struct Query {
    cursor: Option<String>,
}

struct Row {
    url: String,
    name: String,
    edition: &'static str,
    webhooks_enabled: bool,
    users: i64,
    instances: i64,
    created: Moment,
}

#[derive(Template)]
#[template(path = "accounts/organizations/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    newest: &'static str,
    older: String,
}

page!(ListPage);

/// GET /organizations
pub async fn list(manager: AccountManager, context: web::Data<Context>, query: web::Query<Query>, hx: Hx) -> Result {
    let paging = Paging::parse(None, query.cursor.as_deref()).map_err(|_| Error::NotFound)?;
    let mut conn = context.db.read().await?;
    let found = organizations::list(&mut conn, paging.after.as_ref(), paging.rows_to_read()).await?;
    let slice =
        paging.cut(found, |row| Cursor { at: row.organization.created_at, id: row.organization.id.to_string() });
    let now = context.clock.now();
    let rows = slice.rows.into_iter().map(|listed| Row {
        url: url(&listed.organization.id),
        edition: listed.organization.edition.label(),
        webhooks_enabled: listed.organization.webhooks_enabled,
        users: listed.users,
        instances: listed.instances,
        created: Moment::relative(listed.organization.created_at, now, TimeZone::UTC),
        name: listed.organization.name,
    });
    let page = ListPage {
        shell: manager.shell(Section::Organizations, "Organizations"),
        rows: rows.collect(),
        newest: if paging.after.is_some() { "/organizations" } else { "" },
        older: slice.next.map(|cursor| format!("/organizations?cursor={cursor}")).unwrap_or_default(),
    };
    page.answer(&hx)
}

/// The form of a new organization and of one that is there.
#[derive(Template)]
#[template(path = "accounts/organizations/form.html")]
struct FormPage {
    shell: Shell,
    /// `None`: it is to be made.
    organization: Option<Organization>,
    has_admin: bool,
    /// What is held until webhooks are turned on, in a sentence or "".
    held: String,
    form: OrganizationForm,
    admin: AdminForm,
    is_enabled: bool,
    zones: Vec<Choice>,
    editions: Vec<Choice>,
    errors: FieldErrors,
    admin_errors: FieldErrors,
}

page!(FormPage);

impl FormPage {
    fn new(manager: &AccountManager, organization: Option<Organization>, form: OrganizationForm) -> Self {
        let title = organization.as_ref().map_or("New organization", |organization| organization.name.as_str());
        Self {
            shell: manager.shell(Section::Organizations, title),
            organization,
            has_admin: true,
            held: String::new(),
            is_enabled: form.is_enabled(),
            form,
            admin: AdminForm::default(),
            zones: time_zones(),
            editions: Edition::ALL.iter().map(|edition| choice(edition.as_str(), edition.label())).collect(),
            errors: FieldErrors::default(),
            admin_errors: FieldErrors::default(),
        }
    }

    /// The address that the form posts to.
    fn action(&self) -> String {
        self.organization.as_ref().map_or_else(|| "/organizations".to_owned(), |organization| url(&organization.id))
    }

    /// The page of `organization` with `form` in its fields.
    async fn of(
        manager: &AccountManager,
        context: &Context,
        organization: Organization,
        form: OrganizationForm,
    ) -> Result<Self> {
        let mut conn = context.db.read().await?;
        let has_admin = organizations::has_admin(&mut conn, &organization.id).await?;
        let held = count_for_switch(&mut conn, &organization.id).await?.held;
        let held = match held {
            0 => String::new(),
            1 => "1 delivery is held, and sent when webhooks are turned on.".to_owned(),
            held => format!("{held} deliveries are held, and sent, oldest first, when webhooks are turned on."),
        };
        Ok(Self { has_admin, held, ..Self::new(manager, Some(organization), form) })
    }
}

/// GET /organizations/new
pub async fn new(manager: AccountManager, hx: Hx) -> Result {
    FormPage::new(&manager, None, OrganizationForm::empty()).answer(&hx)
}

/// POST /organizations: an organization, and its first admin where an address is given.
pub async fn create(
    manager: AccountManager,
    context: web::Data<Context>,
    hx: Hx,
    Form(form): Form<OrganizationForm>,
) -> Result {
    let rejected = |form, errors| FormPage { errors, ..FormPage::new(&manager, None, form) }.rejected(&hx);
    let (new, email) = match form.parse_new() {
        Ok(asked) => asked,
        Err(errors) => return rejected(form, errors),
    };
    let password = passwords::generate(context.rng.as_ref());
    let password_hash = hash(&context, password.clone()).await?;
    let by = by(&context, &manager.user.email, manager.address());
    let mut tx = context.db.begin().await?;
    let organization = actions::create_organization(&mut tx, &by, new).await?;
    let Some(email) = email else {
        tx.commit().await?;
        manager.flash(Toast::ok("Organization created"));
        return Ok(see_other(&hx, url(&organization.id)));
    };
    let admin = NewUser { organization: Some(organization.id.clone()), email, role: Role::Admin, password_hash };
    match actions::add_user(&mut tx, &by, admin).await {
        Ok(user) => {
            tx.commit().await?;
            added(&manager, organization, user.email, &password)
        }
        Err(AddUserError::Db(error)) => Err(error.into()),
        Err(refusal @ (AddUserError::EmailTaken | AddUserError::NoSuchOrganization)) => {
            let mut errors = FieldErrors::default();
            errors.add("email", refusal.to_string());
            rejected(form, errors)
        }
    }
}

/// Shows the password of a new admin, this once.
#[derive(Template)]
#[template(path = "accounts/organizations/added.html")]
struct AddedPage<'a> {
    shell: Shell,
    organization: Organization,
    url: String,
    email: String,
    password: &'a str,
}

fn added(manager: &AccountManager, organization: Organization, email: String, password: &Secret) -> Result {
    let page = AddedPage {
        shell: manager.shell(Section::Organizations, "Admin added"),
        url: url(&organization.id),
        organization,
        email,
        password: password.expose(),
    };
    Ok(html(StatusCode::OK, page.render()?))
}

async fn find(context: &Context, id: &OrganizationId) -> Result<Organization> {
    organizations::find(&mut *context.db.read().await?, id).await?.ok_or(Error::NotFound)
}

/// GET /organizations/{id}
pub async fn show(
    manager: AccountManager,
    context: web::Data<Context>,
    id: web::Path<OrganizationId>,
    hx: Hx,
) -> Result {
    let organization = find(&context, &id).await?;
    let form = OrganizationForm::of(&organization);
    FormPage::of(&manager, &context, organization, form).await?.answer(&hx)
}

/// Turning webhooks off asks first: it stops what somebody may rely on.
#[derive(Template)]
#[template(path = "accounts/organizations/turn_off.html")]
struct TurnOffPage {
    shell: Shell,
    organization: Organization,
    url: String,
    active_webhooks: i64,
    /// Deliveries that would be held.
    pending: i64,
    form: OrganizationForm,
}

page!(TurnOffPage);

/// POST /organizations/{id}: name, time zone, edition and switch.
pub async fn save(
    manager: AccountManager,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    id: web::Path<OrganizationId>,
    hx: Hx,
    Form(form): Form<OrganizationForm>,
) -> Result {
    let organization = find(&context, &id).await?;
    let change = match form.parse() {
        Ok(change) => change,
        Err(errors) => {
            let page = FormPage::of(&manager, &context, organization, form).await?;
            return FormPage { errors, ..page }.rejected(&hx);
        }
    };
    if organization.webhooks_enabled && !form.is_enabled() && !form.is_confirmed() {
        let mut conn = context.db.read().await?;
        let page = TurnOffPage {
            shell: manager.shell(Section::Organizations, "Turn off webhooks"),
            url: url(&organization.id),
            active_webhooks: organizations::count_active_webhooks(&mut conn, &organization.id).await?,
            pending: count_for_switch(&mut conn, &organization.id).await?.pending,
            organization,
            form,
        };
        return page.answer(&hx);
    }
    let hints: Arc<dyn Hints> = hints.into_inner();
    let by = by(&context, &manager.user.email, manager.address());
    let mut tx = context.db.begin().await?;
    let before = count_for_switch(&mut tx, &organization.id).await?;
    let changed = actions::change_organization(&mut tx, &by, &hints, &organization.id, change).await?;
    let changed = changed.ok_or(Error::NotFound)?;
    tx.commit().await?;
    manager.flash(confirmation(&organization, &changed, before));
    Ok(see_other(&hx, url(&organization.id)))
}

fn confirmation(before: &Organization, after: &Organization, counts: SwitchCounts) -> Toast {
    match (before.webhooks_enabled, after.webhooks_enabled) {
        (false, true) => Toast::ok("Webhooks enabled").text(match counts.held {
            0 => format!("{} can now add instances.", after.name),
            1 => "1 held delivery is let go.".to_owned(),
            held => format!("{held} held deliveries are let go, oldest first."),
        }),
        (true, false) => Toast::ok("Webhooks turned off").text(match counts.pending {
            0 => "Nothing was waiting to be sent.".to_owned(),
            1 => "1 delivery is held until they are turned on.".to_owned(),
            pending => format!("{pending} deliveries are held until they are turned on."),
        }),
        (true, true) | (false, false) => Toast::ok("Changes saved"),
    }
}

/// POST /organizations/{id}/admins: another admin, whose password is shown once.
pub async fn add_admin(
    manager: AccountManager,
    context: web::Data<Context>,
    id: web::Path<OrganizationId>,
    hx: Hx,
    Form(admin): Form<AdminForm>,
) -> Result {
    let organization = find(&context, &id).await?;
    let email = match admin.parse() {
        Ok(email) => email,
        Err(errors) => return admin_rejected(&manager, &context, organization, admin, errors, &hx).await,
    };
    let password = passwords::generate(context.rng.as_ref());
    let password_hash = hash(&context, password.clone()).await?;
    let mut tx = context.db.begin().await?;
    let new = NewUser { organization: Some(organization.id.clone()), email, role: Role::Admin, password_hash };
    let result = actions::add_user(&mut tx, &by(&context, &manager.user.email, manager.address()), new).await;
    match result {
        Ok(user) => {
            tx.commit().await?;
            added(&manager, organization, user.email, &password)
        }
        Err(AddUserError::NoSuchOrganization) => Err(Error::NotFound),
        Err(AddUserError::Db(error)) => Err(error.into()),
        Err(AddUserError::EmailTaken) => {
            drop(tx);
            let mut errors = FieldErrors::default();
            errors.add("admin_email", AddUserError::EmailTaken.to_string());
            admin_rejected(&manager, &context, organization, admin, errors, &hx).await
        }
    }
}

async fn admin_rejected(
    manager: &AccountManager,
    context: &Context,
    organization: Organization,
    admin: AdminForm,
    admin_errors: FieldErrors,
    hx: &Hx,
) -> Result {
    let form = OrganizationForm::of(&organization);
    let page = FormPage::of(manager, context, organization, form).await?;
    FormPage { admin, admin_errors, ..page }.rejected(hx)
}
