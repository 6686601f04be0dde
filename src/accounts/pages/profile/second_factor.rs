//! /profile/second-factor: turns the second step of sign-in on and off.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::super::code::{NO_CODE, proves};
use super::{NOT_YOURS, is_own_password};
use crate::accounts::actions::second_factor::{self, Proof, RecoveryCodes, State};
use crate::accounts::letters::Notice;
use crate::accounts::pages::by;
use crate::accounts::pages::qr::Picture;
use crate::accounts::throttles::{self, Throttles};
use crate::accounts::urls;
use crate::auth::store::second_factors::SecondFactor;
use crate::auth::totp;
use crate::base::TimeZone;
use crate::mail::Postbox;
use crate::web::guard::SignedIn;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Moment, Page as _, Result, Shell, Toast, page, see_other, session,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FactorForm {
    password: String,
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

async fn rejected(somebody: &SignedIn, context: &Context, field: &str, message: &str, hx: &Hx) -> Result {
    let mut errors = FieldErrors::default();
    errors.add(field, message);
    page_of(somebody, context, errors).await?.rejected(hx)
}

/// GET /profile/second-factor
pub async fn show(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    page_of(&somebody, &context, FieldErrors::default()).await?.answer(&hx)
}

/// POST /profile/second-factor/begin: makes the key. It asks for the password, so that nobody who finds a browser open can
/// lock its owner out.
pub async fn begin(
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    context: web::Data<Context>,
    hx: Hx,
    Form(form): Form<FactorForm>,
) -> Result {
    if form.password.is_empty() {
        return rejected(&somebody, &context, "password", "Enter your password.", &hx).await;
    }
    if !is_own_password(&somebody, &context, &throttles, &form.password).await? {
        return rejected(&somebody, &context, "password", NOT_YOURS, &hx).await;
    }
    let by = by(&context, &somebody.user.email, somebody.address);
    let mut tx = context.db.begin().await?;
    if !second_factor::begin(&mut tx, &by, &context.vault, &somebody.user).await? {
        return Err(Error::Conflict("Two-step sign-in is on already. Turn it off first to use another app.".into()));
    }
    tx.commit().await?;
    Ok(see_other(&hx, urls::SECOND_FACTOR))
}

/// POST /profile/second-factor/cancel: forgets a key that was not confirmed.
pub async fn cancel(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    let mut tx = context.db.begin().await?;
    second_factor::cancel(&mut tx, &somebody.user).await?;
    tx.commit().await?;
    Ok(see_other(&hx, urls::PROFILE))
}

/// POST /profile/second-factor/confirm: a code of the app turns it on; the answer shows the recovery codes.
pub async fn confirm(
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    hx: Hx,
    Form(form): Form<FactorForm>,
) -> Result {
    let State::Pending(factor) = state(&somebody, &context).await? else {
        return Ok(see_other(&hx, urls::SECOND_FACTOR));
    };
    let account = somebody.user.id.as_str();
    throttles.codes.check(account, somebody.address).map_err(throttles::too_many)?;
    let Some(step) = step_of(&context, &factor, &form.code).await? else {
        let message = "This is not the code that your app shows now. Enter the newest one; if it goes on, check the clock of your phone.";
        return rejected(&somebody, &context, "code", message, &hx).await;
    };
    throttles.codes.forgive(account, somebody.address);
    let codes = RecoveryCodes::make(&context.hasher, context.rng.as_ref()).await?;
    let (user, by) = (&somebody.user, by(&context, &somebody.user.email, somebody.address));
    let here = session::id(somebody.session());
    let mut tx = context.db.begin().await?;
    if !second_factor::enable(&mut tx, &by, user, step, &codes, here.as_ref()).await? {
        return Ok(see_other(&hx, urls::SECOND_FACTOR));
    }
    postbox.post(&mut tx, by.rng, &Notice::SecondFactorEnabled.to(&user.email)?, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    CodesPage::of(&somebody, &codes, true).answer(&hx)
}

async fn step_of(context: &Context, factor: &SecondFactor, typed: &str) -> Result<Option<i64>> {
    let proof = second_factor::weigh(&context.hasher, factor, typed, context.clock.now()).await?;
    Ok(proof.and_then(|proof| match proof {
        Proof::App { step } => Some(step),
        Proof::Recovery { .. } => None,
    }))
}

/// Password and code, which both of the following ask for. `Err`: the answer that says what is wrong with them.
async fn shown(
    somebody: &SignedIn,
    throttles: &Throttles,
    postbox: &Postbox,
    context: &Context,
    request: &HttpRequest,
    form: &FactorForm,
    hx: &Hx,
) -> Result<Option<actix_web::HttpResponse>> {
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
    if !is_own_password(somebody, context, throttles, &form.password).await? {
        return rejected(somebody, context, "password", NOT_YOURS, hx).await.map(Some);
    }
    if !proves(context, throttles, postbox, &somebody.user, &form.code, request).await? {
        return rejected(somebody, context, "code", NO_CODE, hx).await.map(Some);
    }
    Ok(None)
}

/// POST /profile/second-factor/recovery-codes: new ones in place of all old ones.
pub async fn renew_codes(
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<FactorForm>,
) -> Result {
    if let Some(answer) = shown(&somebody, &throttles, &postbox, &context, &request, &form, &hx).await? {
        return Ok(answer);
    }
    let codes = RecoveryCodes::make(&context.hasher, context.rng.as_ref()).await?;
    let by = by(&context, &somebody.user.email, somebody.address);
    let mut tx = context.db.begin().await?;
    second_factor::renew_codes(&mut tx, &by, &somebody.user, &codes).await?;
    tx.commit().await?;
    CodesPage::of(&somebody, &codes, false).answer(&hx)
}

/// POST /profile/second-factor/remove
pub async fn remove(
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<FactorForm>,
) -> Result {
    if let Some(answer) = shown(&somebody, &throttles, &postbox, &context, &request, &form, &hx).await? {
        return Ok(answer);
    }
    let (user, by) = (&somebody.user, by(&context, &somebody.user.email, somebody.address));
    let here = session::id(somebody.session());
    let mut tx = context.db.begin().await?;
    second_factor::remove(&mut tx, &by, user, here.as_ref()).await?;
    postbox.post(&mut tx, by.rng, &Notice::SecondFactorRemoved.to(&user.email)?, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    somebody.flash(Toast::ok("Two-step sign-in is off").text("You were signed out everywhere else."));
    Ok(see_other(&hx, urls::PROFILE))
}
