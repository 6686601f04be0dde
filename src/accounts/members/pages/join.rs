//! /invitations/{code}: whoever was invited chooses a name and a password, and is in.
//!
//! The code stands in the address, so nothing here tells the address to anybody: no Referer has it, and no log. Opening the
//! page uses nothing up; programs that look into mails open links, too.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{as_what, join_url};
use crate::accounts::actions::credentials;
use crate::accounts::members::actions::{self, AcceptError};
use crate::accounts::pages::{by, hash, home};
use crate::auth::model::{Organization, parse_name};
use crate::auth::passwords::{self, Names};
use crate::auth::store::invitations::{self, Invitation};
use crate::base::Secret;
use crate::web::guard::Visitor;
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Shell, Site, Toast, page, see_other, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JoinForm {
    name: String,
    password: Secret,
}

#[derive(Template)]
#[template(path = "accounts/members/join.html")]
struct JoinPage {
    shell: Shell,
    /// The address of the page itself.
    action: String,
    organization: String,
    email: String,
    role: &'static str,
    name: String,
    /// Who is signed in with this browser, or "".
    signed_in_as: String,
    /// What cannot be helped in a field, or "".
    refusal: String,
    errors: FieldErrors,
}
page!(JoinPage);

#[derive(Template)]
#[template(path = "accounts/members/join_ended.html")]
struct EndedPage {
    shell: Shell,
}
page!(EndedPage);

impl JoinPage {
    fn new(found: &(Invitation, Organization), code: &Secret, form: &JoinForm, visitor: &Visitor) -> Self {
        let (invitation, organization) = found;
        Self {
            shell: Shell::outside(format!("Join {}", organization.name)),
            action: join_url(code),
            organization: organization.name.clone(),
            email: invitation.email.clone(),
            role: as_what(invitation.role),
            name: form.name.clone(),
            signed_in_as: visitor.0.as_ref().map(|somebody| somebody.user.email.clone()).unwrap_or_default(),
            refusal: String::new(),
            errors: FieldErrors::default(),
        }
    }
}

/// 410 for whoever has a link that opens nothing (any more); how it ended is nobody's to know.
fn ended(hx: &Hx) -> Result {
    let page = EndedPage { shell: Shell::outside("This invitation has ended") };
    page.answer_with(hx, StatusCode::GONE)
}

async fn find(context: &Context, code: &str) -> Result<Option<(Invitation, Organization)>> {
    Ok(invitations::find_open(&mut *context.db.read().await?, code, context.clock.now()).await?)
}

/// GET /invitations/{code}
pub async fn show(visitor: Visitor, context: web::Data<Context>, code: web::Path<Secret>, hx: Hx) -> Result {
    match find(&context, code.expose()).await? {
        Some(found) => JoinPage::new(&found, &code, &JoinForm::default(), &visitor).answer(&hx),
        None => ended(&hx),
    }
}

/// POST /invitations/{code}
pub async fn join(
    visitor: Visitor,
    context: web::Data<Context>,
    code: web::Path<Secret>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<JoinForm>,
) -> Result {
    let Some(found) = find(&context, code.expose()).await? else { return ended(&hx) };
    let mut errors = FieldErrors::default();
    let name = errors.take("name", parse_name(&form.name));
    let names = Names::default().and(&found.1.name).and(&found.0.email).and(&form.name);
    errors.take("password", passwords::check(&form.password, &names));
    let name = match errors.into_result(name) {
        Ok(name) => name,
        Err(errors) => {
            let page = JoinPage { errors, ..JoinPage::new(&found, &code, &form, &visitor) };
            return page.rejected(&hx);
        }
    };
    let password_hash = hash(&context, form.password.clone()).await?;
    let by = by(&context, &found.0.email, Site::of(&request).client_ip(&request));
    let mut tx = context.db.begin().await?;
    match actions::accept(&mut tx, &by, code.expose(), name, &password_hash).await {
        Ok((user, organization)) => {
            credentials::signed_in(&mut tx, &by, &user, "none").await?;
            tx.commit().await?;
            let session = &visitor.1;
            session::sign_in(session, &user.id, &request)?;
            session::flash(session, Toast::ok(format!("Welcome to {}", organization.name)));
            Ok(see_other(&hx, home::landing(&user)))
        }
        Err(AcceptError::Ended) => ended(&hx),
        Err(AcceptError::EmailTaken) => {
            drop(tx);
            let refusal = format!(
                "There is already an account for {}, in another organization. An account belongs to one organization: ask for an invitation to another address.",
                found.0.email
            );
            let page = JoinPage { refusal, ..JoinPage::new(&found, &code, &form, &visitor) };
            page.answer_with(&hx, StatusCode::CONFLICT)
        }
        Err(AcceptError::Db(error)) => Err(error.into()),
    }
}
