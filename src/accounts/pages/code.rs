//! /login/code: the second step of sign-in, for those who have turned it on.
//!
//! The first step left a session in which nobody is signed in, but which says who has shown the right password: in this
//! browser alone, and for ten minutes.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::home::after_sign_in;
use super::sign_in::{enter, status_of, wait};
use super::{address_of, by};
use crate::accounts::actions::second_factor::{self, Proof};
use crate::accounts::clerk::{Clerk, Errand};
use crate::accounts::letters::Notice;
use crate::accounts::throttles::{self, Throttles};
use crate::accounts::urls;
use crate::auth::model::User;
use crate::auth::store::{second_factors, users};
use crate::mail::Postbox;
use crate::web::session::{self, Owed, Session};
use crate::web::{Context, Form, Hx, Page as _, Result, Shell, Toast, page, see_other};

/// A field that takes recovery codes is none for digits only.
const WITH_RECOVERY: &str = "recovery";

#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(default)]
    with: String,
}

#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    with: String,
}

#[derive(Template)]
#[template(path = "accounts/code.html")]
struct CodePage {
    shell: Shell,
    /// Asks for a recovery code.
    is_recovery: bool,
    error: String,
}

page!(CodePage);

impl CodePage {
    fn new(with: &str, error: impl Into<String>) -> Self {
        Self { shell: Shell::outside("Sign in"), is_recovery: with == WITH_RECOVERY, error: error.into() }
    }
}

/// GET /login/code
pub async fn show(session: Session, context: web::Data<Context>, query: web::Query<Query>, hx: Hx) -> Result {
    if session::owed(&session, context.clock.now()).is_none() {
        return Ok(see_other(&hx, urls::LOGIN));
    }
    CodePage::new(&query.with, "").answer(&hx)
}

/// POST /login/code
#[expect(clippy::too_many_arguments, reason = "each is what actix hands to a handler")]
pub async fn sign_in(
    session: Session,
    throttles: web::Data<Throttles>,
    clerk: web::Data<Clerk>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<CodeForm>,
) -> Result {
    let Some((owed, user)) = who_owes(&session, &context).await? else {
        // Whoever is signed in has sent the form twice, and stays.
        if session::user(&session).is_none() {
            session::sign_out(&session);
        }
        return Ok(see_other(&hx, urls::LOGIN));
    };
    let (account, address) = (user.id.as_str(), address_of(&request));
    if let Err(wait_for) = throttles.codes.check(account, address) {
        let refusal = throttles::too_many(wait_for);
        let page = CodePage::new(&form.with, refusal.to_string());
        return wait(page.answer_with(&hx, status_of(&refusal))?, &refusal);
    }
    let Some(proof) = spent(&context, &postbox, &user, &form.code, &request).await? else {
        clerk.leave(Errand::FailedSignIn { email: user.email, address, step: "code" });
        let wrong = if form.with == WITH_RECOVERY {
            "This is none of your recovery codes, or it was used before. Enter another one."
        } else {
            "This code is wrong, or was used before. Enter the one that your app shows now."
        };
        return CodePage::new(&form.with, wrong).rejected(&hx);
    };
    throttles.codes.forgive(account, address);
    enter(&session, &context, &request, &user, proof.kind()).await?;
    if let Proof::Recovery { .. } = proof {
        let left = Toast::info("You used a recovery code").text("It works no more. Make new ones before they run out.");
        session::flash(&session, left.link("Two-step sign-in", urls::SECOND_FACTOR));
    }
    Ok(see_other(&hx, after_sign_in(&user, &owed.next)))
}

/// Who has shown the right password in this browser, and may still sign in.
async fn who_owes(session: &Session, context: &Context) -> Result<Option<(Owed, User)>> {
    let Some(owed) = session::owed(session, context.clock.now()) else { return Ok(None) };
    let found = users::find(&mut *context.db.read().await?, &owed.user).await?;
    Ok(found.filter(|(user, _)| user.active).map(|(user, _)| (owed, user)))
}

/// Uses the typed code up, if it is one of the user's. A recovery code's owner is told of it.
async fn spent(
    context: &Context,
    postbox: &Postbox,
    user: &User,
    typed: &str,
    request: &HttpRequest,
) -> Result<Option<Proof>> {
    let now = context.clock.now();
    let factor = second_factors::find(&mut *context.db.read().await?, &context.vault, &user.id).await?;
    let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some()) else { return Ok(None) };
    let Some(proof) = second_factor::weigh(&context.hasher, &factor, typed, now).await? else { return Ok(None) };
    let by = by(context, &user.email, address_of(request));
    let mut tx = context.db.begin().await?;
    if !second_factor::spend(&mut tx, &by, user, &proof).await? {
        return Ok(None);
    }
    if let Proof::Recovery { .. } = proof {
        let notice = Notice::RecoveryCodeUsed { left: factor.codes_left - 1 };
        postbox.post(&mut tx, by.rng, &notice.to(&user.email)?, now).await?;
    }
    tx.commit().await?;
    Ok(Some(proof))
}

/// For pages inside that ask for a code as well: uses it up, after the throttle has let it through.
pub(super) async fn proves(
    context: &Context,
    throttles: &Throttles,
    postbox: &Postbox,
    user: &User,
    typed: &str,
    request: &HttpRequest,
) -> Result<bool> {
    let address = address_of(request);
    throttles.codes.check(user.id.as_str(), address).map_err(throttles::too_many)?;
    let is_right = spent(context, postbox, user, typed, request).await?.is_some();
    if is_right {
        throttles.codes.forgive(user.id.as_str(), address);
    }
    Ok(is_right)
}

/// Nobody has to be told more than this.
pub(super) const NO_CODE: &str =
    "This code is wrong, or was used before. Enter the one that your app shows now, or a recovery code.";
