//! /confirm-email: the link that went to a new address. Who follows it must be signed in as whoever asked for it: an address
//! that was mistyped is somebody else's, who could have the password reset then.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::email::tell_old_address;
use crate::accounts::actions::credentials::{self, ChangeEmailError};
use crate::accounts::pages::by;
use crate::accounts::urls;
use crate::auth::store::links::{self, Purpose};
use crate::mail::Postbox;
use crate::web::guard::SignedIn;
use crate::web::{Context, Error, Form, Hx, Page as _, Result, Shell, Toast, page, see_other};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    code: String,
}

#[derive(Template)]
#[template(path = "accounts/confirm_email.html")]
struct ConfirmPage {
    shell: Shell,
    code: String,
    old: String,
    /// `None`: the link has ended, or was for somebody else.
    new: Option<String>,
}

page!(ConfirmPage);

/// GET /confirm-email?code=…
pub async fn show(somebody: SignedIn, context: web::Data<Context>, query: web::Query<Code>, hx: Hx) -> Result {
    let code = query.into_inner().code;
    let mut conn = context.db.read().await?;
    let link = links::find(&mut conn, Purpose::ChangeEmail, &code, context.clock.now()).await?;
    let new = link.filter(|link| link.user == somebody.user.id).and_then(|link| link.email);
    drop(conn);
    answer(&somebody, code, new, &hx)
}

fn answer(somebody: &SignedIn, code: String, new: Option<String>, hx: &Hx) -> Result {
    let status = if new.is_some() { StatusCode::OK } else { StatusCode::GONE };
    let shell = somebody.shell(None, "Confirm your email address");
    ConfirmPage { shell, code, old: somebody.user.email.clone(), new }.answer_with(hx, status)
}

/// POST /confirm-email
pub async fn confirm(
    somebody: SignedIn,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    hx: Hx,
    Form(form): Form<Code>,
) -> Result {
    let old = &somebody.user.email;
    let by = by(&context, old, somebody.address);
    let mut tx = context.db.begin().await?;
    match credentials::confirm_email(&mut tx, &by, &somebody.user, &form.code).await {
        Ok(new) => {
            tell_old_address(&mut tx, &by, &postbox, old, &new).await?;
            tx.commit().await?;
            somebody.flash(Toast::ok("Email address changed").text(format!("Sign in as {new} from now on.")));
            Ok(see_other(&hx, urls::PROFILE))
        }
        Err(ChangeEmailError::LinkEnded) => answer(&somebody, String::new(), None, &hx),
        Err(taken @ ChangeEmailError::Taken) => Err(Error::Conflict(taken.to_string().into())),
        Err(ChangeEmailError::Db(error)) => Err(error.into()),
    }
}
