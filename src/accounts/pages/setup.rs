//! The setup of a fresh server: its first organization and first admin.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Choice, by, hash, is_ticked, time_zones};
use crate::accounts::actions::{self, SetUpError};
use crate::accounts::model::NewOrganization;
use crate::auth::model::{Edition, parse_email, parse_name};
use crate::auth::passwords::{self, Names};
use crate::auth::store::users;
use crate::base::Secret;
use crate::web::context::SetupCode;
use crate::web::session::{self, Session};
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Shell, Site, Toast, hx, page, see_other};

#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    code: String,
}

#[derive(Debug, Deserialize)]
pub struct SetupForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    organization_name: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: Secret,
    enable_webhooks: Option<String>,
}

/// What a good form asks for.
struct SetUp {
    organization: NewOrganization,
    email: String,
    password: Secret,
}

impl SetupForm {
    fn parse(&self) -> std::result::Result<SetUp, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("organization_name", parse_name(&self.organization_name));
        let time_zone = errors.take("time_zone", self.time_zone.parse());
        let email = errors.take("email", parse_email(&self.email));
        let password = self.password.clone();
        let names = Names::default().and(&self.organization_name).and(&self.email);
        errors.take("password", passwords::check(&password, &names));
        let (edition, webhooks_enabled) = (Edition::Enterprise, is_ticked(self.enable_webhooks.as_deref()));
        let organization =
            name.zip(time_zone).map(|(name, time_zone)| NewOrganization { name, time_zone, edition, webhooks_enabled });
        let asked = organization.zip(email).map(|(organization, email)| SetUp { organization, email, password });
        errors.into_result(asked)
    }
}

#[derive(Template)]
#[template(path = "accounts/setup.html")]
struct SetupPage {
    shell: Shell,
    form: SetupForm,
    is_enabled: bool,
    zones: Vec<Choice>,
    errors: FieldErrors,
}

page!(SetupPage);

impl SetupPage {
    fn new(form: SetupForm, errors: FieldErrors) -> Self {
        let is_enabled = is_ticked(form.enable_webhooks.as_deref());
        Self { shell: Shell::outside("Set up Herald"), form, is_enabled, zones: time_zones(), errors }
    }
}

#[derive(Template)]
#[template(path = "accounts/setup_refused.html")]
struct RefusedPage {
    shell: Shell,
}

/// GET /setup: the form, for whoever has the code; to the login once there is a user.
pub async fn show(query: web::Query<Query>, code: web::Data<SetupCode>, context: web::Data<Context>, hx: Hx) -> Result {
    if let Some(answer) = refuse(&context, &code, &query.code, &hx).await? {
        return Ok(answer);
    }
    let form = SetupForm {
        code: query.into_inner().code,
        organization_name: String::new(),
        time_zone: "UTC".into(),
        email: String::new(),
        password: Secret::default(),
        enable_webhooks: Some("true".into()),
    };
    SetupPage::new(form, FieldErrors::default()).answer(&hx)
}

/// POST /setup: makes the organization and its admin, and signs in.
pub async fn set_up(
    session: Session,
    code: web::Data<SetupCode>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<SetupForm>,
) -> Result {
    if let Some(answer) = refuse(&context, &code, &form.code, &hx).await? {
        return Ok(answer);
    }
    let asked = match form.parse() {
        Ok(asked) => asked,
        Err(errors) => return SetupPage::new(form, errors).rejected(&hx),
    };
    let password_hash = hash(&context, asked.password).await?;
    let mut tx = context.db.begin().await?;
    let by = by(&context, &asked.email, Site::of(&request).client_ip(&request));
    let admin = match actions::set_up(&mut tx, &by, asked.organization, asked.email.clone(), password_hash).await {
        Ok(admin) => admin,
        Err(SetUpError::AlreadyDone) => return Ok(see_other(&hx, "/login")),
        Err(SetUpError::Db(error)) => return Err(error.into()),
    };
    tx.commit().await?;
    session::sign_in(&session, &admin.id, &request)?;
    session::flash(&session, Toast::ok("Herald is set up"));
    Ok(see_other(&hx, super::home::landing(&admin)))
}

/// The answer to whoever may not set up this server: there is a user already, or the code is wrong.
async fn refuse(context: &Context, code: &SetupCode, given: &str, hx: &Hx) -> Result<Option<HttpResponse>> {
    if users::any(&mut *context.db.read().await?).await? {
        return Ok(Some(see_other(hx, "/login")));
    }
    if code.is(given) {
        return Ok(None);
    }
    let page = RefusedPage { shell: Shell::outside("Set up Herald") };
    Ok(Some(hx::html(StatusCode::FORBIDDEN, page.render()?)))
}
