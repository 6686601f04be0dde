//! Signing in and out: the first step. The second one is in `code.rs`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::home::{after_sign_in, is_safe};
use super::{address_of, by};
use crate::accounts::actions::credentials;
use crate::accounts::clerk::{Clerk, Errand};
use crate::accounts::throttles::{self, Throttles};
use crate::accounts::urls;
use crate::auth::model::{EMAIL_LENGTH, User};
use crate::auth::store::{second_factors, users};
use crate::base::Secret;
use crate::web::error::Error;
use crate::web::guard::Visitor;
use crate::web::session::{self, Owed, Session};
use crate::web::{Context, Form, Hx, Page as _, Result, Shell, page, see_other};

const WRONG: &str = "Email or password is wrong.";

#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    next: String,
}

#[derive(Debug, Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    error: String,
}

page!(SignInPage);

impl SignInPage {
    fn new(email: String, next: String, error: String) -> Self {
        let next = if is_safe(&next) { next } else { String::new() };
        Self { shell: Shell::outside("Sign in"), email, next, error }
    }
}

/// GET /login
pub async fn show(Visitor(visitor, session): Visitor, query: web::Query<Query>, hx: Hx) -> Result {
    let next = query.into_inner().next;
    if let Some(visitor) = visitor {
        return Ok(see_other(&hx, after_sign_in(&visitor.user, &next)));
    }
    let mut page = SignInPage::new(String::new(), next, String::new());
    page.shell.toasts = session::take_flash(&session);
    page.answer(&hx)
}

/// POST /login
pub async fn sign_in(
    session: Session,
    throttles: web::Data<Throttles>,
    clerk: web::Data<Clerk>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<SignInForm>,
) -> Result {
    let account = form.email.trim().to_lowercase();
    let address = address_of(&request);
    if let Err(wait) = throttles.passwords.check(&account, address) {
        return refused(SignInPage::new(form.email, form.next, String::new()), throttles::too_many(wait), &hx);
    }
    let user = match verified(&context, &account, form.password).await {
        Ok(user) => user,
        // It is not the visitor's fault, and what was typed is not lost.
        Err(busy @ Error::Unavailable { .. }) => {
            throttles.passwords.forgive(&account, address);
            return refused(SignInPage::new(form.email, form.next, String::new()), busy, &hx);
        }
        Err(error) => return Err(error),
    };
    let Some(user) = user else {
        clerk.leave(Errand::FailedSignIn { email: account, address, step: "password" });
        return SignInPage::new(form.email, form.next, WRONG.into()).rejected(&hx);
    };
    throttles.passwords.forgive(&account, address);
    if second_factors::is_confirmed(&mut *context.db.read().await?, &user.id).await? {
        let next = if is_safe(&form.next) { form.next } else { String::new() };
        session::owe_second_step(&session, Owed::new(user.id, next, context.clock.now()), &request)?;
        return Ok(see_other(&hx, urls::LOGIN_CODE));
    }
    enter(&session, &context, &request, &user, "none").await?;
    Ok(see_other(&hx, after_sign_in(&user, &form.next)))
}

/// Begins the session of somebody who has shown all that there is to show.
pub(super) async fn enter(
    session: &Session,
    context: &Context,
    request: &HttpRequest,
    user: &User,
    second_factor: &str,
) -> Result<()> {
    let mut tx = context.db.begin().await?;
    credentials::signed_in(&mut tx, &by(context, &user.email, address_of(request)), user, second_factor).await?;
    tx.commit().await?;
    session::sign_in(session, &user.id, request)
}

/// The active user whose address and password these are.
async fn verified(context: &Context, account: &str, password: Secret) -> Result<Option<User>> {
    let found = if account.len() > EMAIL_LENGTH {
        None
    } else {
        users::find_for_sign_in(&mut *context.db.read().await?, account).await?
    };
    let (user, hash) = found.filter(|(user, _)| user.active).unzip();
    // Nobody's password is looked at, too, and takes as long.
    let is_right = context.hasher.verify(password, hash).await?;
    Ok(user.filter(|_| is_right))
}

/// The form again, because now is no good time: 429 or 503, and when it is.
fn refused(page: SignInPage, refusal: Error, hx: &Hx) -> Result {
    let page = SignInPage { error: refusal.to_string(), ..page };
    wait(page.answer_with(hx, status_of(&refusal))?, &refusal)
}

/// The status of a refusal that says when to come back.
pub(super) fn status_of(refusal: &Error) -> StatusCode {
    actix_web::ResponseError::status_code(refusal)
}

/// Says with a page when to come back.
pub(super) fn wait(mut answer: HttpResponse, refusal: &Error) -> Result {
    if let Error::TooManyRequests { retry_after_seconds } | Error::Unavailable { retry_after_seconds } = refusal {
        answer.headers_mut().insert(header::RETRY_AFTER, (*retry_after_seconds).into());
    }
    Ok(answer)
}

/// POST /logout
pub async fn sign_out(Visitor(visitor, session): Visitor, context: web::Data<Context>, hx: Hx) -> Result {
    if let Some(visitor) = visitor {
        let by = by(&context, &visitor.user.email, visitor.address);
        let mut tx = context.db.begin().await?;
        credentials::signed_out(&mut tx, &by, &visitor.user).await?;
        tx.commit().await?;
    }
    session::sign_out(&session);
    Ok(see_other(&hx, urls::LOGIN))
}
