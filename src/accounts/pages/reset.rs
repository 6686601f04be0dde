//! /reset-password: a new password for whoever followed the link to it. Opening the page uses nothing up; programs that look
//! into mails do that, too.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{address_of, by, hash};
use crate::accounts::actions::credentials;
use crate::accounts::letters::Notice;
use crate::accounts::urls;
use crate::auth::model::User;
use crate::auth::passwords::{self, Names};
use crate::auth::store::links::{self, Purpose};
use crate::auth::store::users;
use crate::base::Secret;
use crate::mail::Postbox;
use crate::web::session::{self, Session};
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Shell, Toast, page, see_other};

#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    code: String,
    new_password: Secret,
    repeat_password: Secret,
}

#[derive(Template)]
#[template(path = "accounts/reset.html")]
struct ResetPage {
    shell: Shell,
    code: String,
    email: String,
    errors: FieldErrors,
}

page!(ResetPage);

impl ResetPage {
    fn new(code: String, user: &User, errors: FieldErrors) -> Self {
        Self { shell: Shell::outside("Set a new password"), code, email: user.email.clone(), errors }
    }
}

#[derive(Template)]
#[template(path = "accounts/link_ended.html")]
struct EndedPage {
    shell: Shell,
}

page!(EndedPage);

fn ended(hx: &Hx) -> Result<HttpResponse> {
    EndedPage { shell: Shell::outside("This link has ended") }.answer_with(hx, StatusCode::GONE)
}

/// Whose link it is, with the names that the new password may not be.
async fn who(context: &Context, code: &str) -> Result<Option<(User, Names)>> {
    let mut conn = context.db.read().await?;
    let link = links::find(&mut conn, Purpose::ResetPassword, code, context.clock.now()).await?;
    let Some(link) = link else { return Ok(None) };
    let found = users::find(&mut conn, &link.user).await?.filter(|(user, _)| user.active);
    Ok(found.map(|(user, organization)| {
        let names = Names::of(&user, organization.as_ref());
        (user, names)
    }))
}

/// GET /reset-password?code=…
pub async fn show(context: web::Data<Context>, query: web::Query<Query>, hx: Hx) -> Result {
    let code = query.into_inner().code;
    match who(&context, &code).await? {
        Some((user, _)) => ResetPage::new(code, &user, FieldErrors::default()).answer(&hx),
        None => ended(&hx),
    }
}

/// POST /reset-password
pub async fn reset(
    session: Session,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<ResetForm>,
) -> Result {
    let Some((user, names)) = who(&context, &form.code).await? else { return ended(&hx) };
    let password = match new_password(&form.new_password, &form.repeat_password, &names) {
        Ok(password) => password,
        Err(errors) => return ResetPage::new(form.code, &user, errors).rejected(&hx),
    };
    let password_hash = hash(&context, password).await?;
    let by = by(&context, &user.email, address_of(&request));
    let mut tx = context.db.begin().await?;
    if !credentials::reset_password(&mut tx, &by, &user, &form.code, &password_hash).await? {
        return ended(&hx);
    }
    postbox.post(&mut tx, by.rng, &Notice::PasswordChanged.to(&user.email)?, by.now).await?;
    tx.commit().await?;
    // Whoever was signed in with this browser is not, if it was the same person, and has no part in it if not.
    session.clear();
    session.renew();
    session::flash(&session, Toast::ok("Password changed").text("Sign in with the new one."));
    Ok(see_other(&hx, urls::LOGIN))
}

/// Checks what is typed twice where somebody sets a new password, in the fields `new_password` and `repeat_password`.
pub(super) fn new_password(
    typed: &Secret,
    repeated: &Secret,
    names: &Names,
) -> std::result::Result<Secret, FieldErrors> {
    let mut errors = FieldErrors::default();
    let checked = errors.take("new_password", passwords::check(typed, names));
    if checked.is_some() && typed != repeated {
        errors.add("repeat_password", "Enter the new password a second time.");
    }
    errors.into_result(checked.map(|()| typed.clone()))
}
