//! /profile/second-factor: turns the second step of sign-in on and off.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::super::code::{NO_CODE, proves};
use super::{Desk, NOT_YOURS};
use crate::accounts::actions::second_factor::{self, Proof, RecoveryCodes, State};
use crate::accounts::letters::Notice;
use crate::accounts::pages::qr::Picture;
use crate::accounts::throttles;
use crate::accounts::urls;
use crate::auth::store::second_factors::SecondFactor;
use crate::auth::totp;
use crate::base::{Secret, TimeZone};
use crate::web::guard::SignedIn;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Moment, Page as _, Result, Shell, Toast, page, see_other, session,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FactorForm {
    password: Secret,
    code: String,
}

/// What the page shows of the state.
enum View {
    Off,
    /// The key is shown until a code of it was.
    Pending {
        picture: Picture,
        key: String,
    },
    On {
        since: Moment,
        codes_left: i64,
    },
}

#[derive(Template)]
#[template(path = "accounts/second_factor.html")]
struct FactorPage {
    shell: Shell,
    email: String,
    view: View,
    errors: FieldErrors,
}

page!(FactorPage);

/// The codes, this once.
#[derive(Template)]
#[template(path = "accounts/recovery_codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
    /// They come with a second factor that was just turned on.
    is_first: bool,
}

page!(CodesPage);

impl CodesPage {
    fn of(somebody: &SignedIn, codes: &RecoveryCodes, is_first: bool) -> Self {
        Self {
            shell: somebody.shell(None, "Recovery codes"),
            codes: codes.shown.iter().map(|code| code.expose().to_owned()).collect(),
            is_first,
        }
    }
}

async fn state(somebody: &SignedIn, context: &Context) -> Result<State> {
    let mut conn = context.db.read().await?;
    Ok(second_factor::state(&mut conn, &context.vault, &somebody.user.id, context.clock.now()).await?)
}

async fn page_of(somebody: &SignedIn, context: &Context, errors: FieldErrors) -> Result<FactorPage> {
    let zone = somebody.organization.as_ref().map_or(TimeZone::UTC, |organization| organization.time_zone);
    let view = match state(somebody, context).await? {
        State::Off => View::Off,
        State::Pending(factor) => View::Pending {
            picture: Picture::of(totp::address(&factor.key, &somebody.user.email).expose())?,
            key: totp::spaced(&factor.key),
        },
        State::On(factor) => View::On {
            since: Moment::relative(factor.confirmed_at.unwrap_or(factor.created_at), context.clock.now(), zone),
            codes_left: factor.codes_left,
        },
    };
    let shell = somebody.shell(None, "Two-step sign-in");
    Ok(FactorPage { shell, email: somebody.user.email.clone(), view, errors })
}

impl Desk {
    /// The page again, with what is wrong in one field.
    async fn rejected(&self, field: &str, message: &str) -> Result {
        let mut errors = FieldErrors::default();
        errors.add(field, message);
        page_of(&self.somebody, &self.context, errors).await?.rejected(&self.hx)
    }
}

/// GET /profile/second-factor
pub async fn show(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    page_of(&somebody, &context, FieldErrors::default()).await?.answer(&hx)
}

/// POST /profile/second-factor/begin: makes the key. It asks for the password, so that nobody who finds a browser open can
/// lock its owner out.
pub async fn begin(desk: Desk, Form(form): Form<FactorForm>) -> Result {
    if form.password.is_empty() {
        return desk.rejected("password", "Enter your password.").await;
    }
    if !desk.is_own_password(&form.password).await? {
        return desk.rejected("password", NOT_YOURS).await;
    }
    let mut tx = desk.context.db.begin().await?;
    if !second_factor::begin(&mut tx, &desk.by(), &desk.context.vault, &desk.somebody.user).await? {
        return Err(Error::Conflict("Two-step sign-in is on already. Turn it off first to use another app.".into()));
    }
    tx.commit().await?;
    Ok(see_other(&desk.hx, urls::SECOND_FACTOR))
}

/// POST /profile/second-factor/cancel: forgets a key that was not confirmed.
pub async fn cancel(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    let mut tx = context.db.begin().await?;
    second_factor::cancel(&mut tx, &somebody.user).await?;
    tx.commit().await?;
    Ok(see_other(&hx, urls::PROFILE))
}

/// POST /profile/second-factor/confirm: a code of the app turns it on; the answer shows the recovery codes.
pub async fn confirm(desk: Desk, Form(form): Form<FactorForm>) -> Result {
    let (somebody, context, throttles) = (&desk.somebody, &desk.context, &desk.throttles);
    let State::Pending(factor) = state(somebody, context).await? else {
        return Ok(see_other(&desk.hx, urls::SECOND_FACTOR));
    };
    let account = somebody.user.id.as_str();
    throttles.codes.check(account, somebody.address).map_err(throttles::too_many)?;
    let Some(step) = step_of(context, &factor, &form.code).await? else {
        let message = "This is not the code that your app shows now. Enter the newest one; if it goes on, check the clock of your phone.";
        return desk.rejected("code", message).await;
    };
    throttles.codes.forgive(account, somebody.address);
    let codes = RecoveryCodes::make(&context.hasher, context.rng.as_ref()).await?;
    let (user, by) = (&somebody.user, desk.by());
    let here = session::id(somebody.session());
    let mut tx = context.db.begin().await?;
    if !second_factor::enable(&mut tx, &by, user, step, &codes, here.as_ref()).await? {
        return Ok(see_other(&desk.hx, urls::SECOND_FACTOR));
    }
    desk.postbox.post(&mut tx, by.rng, &Notice::SecondFactorEnabled.to(&user.email)?, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    CodesPage::of(somebody, &codes, true).answer(&desk.hx)
}

async fn step_of(context: &Context, factor: &SecondFactor, typed: &str) -> Result<Option<i64>> {
    let proof = second_factor::weigh(&context.hasher, factor, typed, context.clock.now()).await?;
    Ok(proof.and_then(|proof| match proof {
        Proof::App { step } => Some(step),
        Proof::Recovery { .. } => None,
    }))
}

/// Password and code, which both of the following ask for. `Some`: the answer that says what is wrong with them.
async fn objection(desk: &Desk, form: &FactorForm) -> Result<Option<HttpResponse>> {
    let Desk { somebody, throttles, postbox, context, request, hx } = desk;
    if !matches!(state(somebody, context).await?, State::On(_)) {
        return Ok(Some(see_other(hx, urls::SECOND_FACTOR)));
    }
    let mut errors = FieldErrors::default();
    if form.password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    if form.code.trim().is_empty() {
        errors.add("code", "Enter the code that your app shows, or a recovery code.");
    }
    if !errors.is_empty() {
        return page_of(somebody, context, errors).await?.rejected(hx).map(Some);
    }
    if !desk.is_own_password(&form.password).await? {
        return desk.rejected("password", NOT_YOURS).await.map(Some);
    }
    if !proves(context, throttles, postbox, &somebody.user, &form.code, request).await? {
        return desk.rejected("code", NO_CODE).await.map(Some);
    }
    Ok(None)
}

/// POST /profile/second-factor/recovery-codes: new ones in place of all old ones.
pub async fn renew_codes(desk: Desk, Form(form): Form<FactorForm>) -> Result {
    if let Some(answer) = objection(&desk, &form).await? {
        return Ok(answer);
    }
    let (somebody, context) = (&desk.somebody, &desk.context);
    let codes = RecoveryCodes::make(&context.hasher, context.rng.as_ref()).await?;
    let mut tx = context.db.begin().await?;
    second_factor::renew_codes(&mut tx, &desk.by(), &somebody.user, &codes).await?;
    tx.commit().await?;
    CodesPage::of(somebody, &codes, false).answer(&desk.hx)
}

/// POST /profile/second-factor/remove
pub async fn remove(desk: Desk, Form(form): Form<FactorForm>) -> Result {
    if let Some(answer) = objection(&desk, &form).await? {
        return Ok(answer);
    }
    let (somebody, by) = (&desk.somebody, desk.by());
    let here = session::id(somebody.session());
    let mut tx = desk.context.db.begin().await?;
    second_factor::remove(&mut tx, &by, &somebody.user, here.as_ref()).await?;
    let notice = Notice::SecondFactorRemoved.to(&somebody.user.email)?;
    desk.postbox.post(&mut tx, by.rng, &notice, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    somebody.flash(Toast::ok("Two-step sign-in is off").text("You were signed out everywhere else."));
    Ok(see_other(&desk.hx, urls::PROFILE))
}
