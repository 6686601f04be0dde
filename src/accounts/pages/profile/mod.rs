//! One's own profile: name and theme, address, password, second factor, sessions, and the mails of admins. Account managers
//! have one too. Each card of the page posts to a file of its own.

pub mod confirm_email;
pub mod email;
pub mod password;
pub mod second_factor;
pub mod sessions;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use self::email::EmailForm;
use self::sessions::Row;
use super::{Choice, by, choice, mails};
use crate::accounts::actions::{self, By};
use crate::accounts::throttles::{self, Throttles};
use crate::auth::model::{Theme, parse_optional_name};
use crate::auth::store::{second_factors, users};
use crate::base::Secret;
use crate::mail::Postbox;
use crate::web::guard::SignedIn;
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Shell, Toast, page, see_other};

#[derive(Debug, Deserialize)]
pub struct ProfileForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    theme: String,
}

impl ProfileForm {
    fn parse(&self) -> std::result::Result<(String, Theme), FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", parse_optional_name(&self.name));
        let theme = errors.take("theme", self.theme.parse());
        errors.into_result(name.zip(theme))
    }
}

#[derive(Template)]
#[template(path = "accounts/profile.html", blocks = ["profile", "address", "password"])]
struct ProfilePage {
    shell: Shell,
    email: String,
    form: ProfileForm,
    themes: Vec<Choice>,
    errors: FieldErrors,
    email_form: EmailForm,
    email_errors: FieldErrors,
    /// A new address is confirmed by a mail to it.
    has_mail: bool,
    password_errors: FieldErrors,
    /// Sign-in asks for a code.
    has_second_factor: bool,
    sessions: Vec<Row>,
    /// For admins.
    mails: Vec<mails::Choice>,
}

page!(ProfilePage, as_profile, "address" => as_address, "password" => as_password);

impl ProfilePage {
    /// The page as it is opened.
    async fn of(somebody: &SignedIn, context: &Context, postbox: &Postbox) -> Result<Self> {
        let user = &somebody.user;
        let mut conn = context.db.read().await?;
        Ok(Self {
            shell: somebody.shell(None, "Your profile"),
            email: user.email.clone(),
            form: ProfileForm { name: user.name.clone(), theme: user.theme.as_str().to_owned() },
            themes: Theme::ALL.iter().map(|theme| choice(theme.as_str(), theme.label())).collect(),
            errors: FieldErrors::default(),
            email_form: EmailForm::default(),
            email_errors: FieldErrors::default(),
            has_mail: postbox.is_open(),
            password_errors: FieldErrors::default(),
            has_second_factor: second_factors::is_confirmed(&mut conn, &user.id).await?,
            sessions: sessions::rows(&mut conn, somebody, context.clock.now()).await?,
            mails: mails::choices(&mut conn, user).await?,
        })
    }
}

/// GET /profile
pub async fn show(somebody: SignedIn, context: web::Data<Context>, postbox: web::Data<Postbox>, hx: Hx) -> Result {
    ProfilePage::of(&somebody, &context, &postbox).await?.answer(&hx)
}

/// POST /profile: name and theme.
pub async fn save(
    somebody: SignedIn,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    hx: Hx,
    Form(form): Form<ProfileForm>,
) -> Result {
    let (name, theme) = match form.parse() {
        Ok(change) => change,
        Err(errors) => {
            let page = ProfilePage::of(&somebody, &context, &postbox).await?;
            return ProfilePage { form, errors, ..page }.rejected(&hx);
        }
    };
    let mut tx = context.db.begin().await?;
    actions::change_profile(&mut tx, context.clock.now(), &somebody.user, &name, theme).await?;
    tx.commit().await?;
    somebody.flash(Toast::ok("Changes saved"));
    Ok(see_other(&hx, "/profile"))
}

/// Whoever changes how they sign in, with all that this takes.
pub struct Desk {
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
}

impl FromRequest for Desk {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        type Parts = (SignedIn, web::Data<Throttles>, web::Data<Postbox>, web::Data<Context>, HttpRequest, Hx);
        let parts = Parts::from_request(request, payload);
        Box::pin(async move {
            let (somebody, throttles, postbox, context, request, hx) = parts.await?;
            Ok(Self { somebody, throttles, postbox, context, request, hx })
        })
    }
}

impl Desk {
    fn by(&self) -> By<'_> {
        by(&self.context, &self.somebody.user.email, self.somebody.address)
    }

    /// Whether this is the password of who is signed in. Wrong ones are counted with those of sign-in.
    async fn is_own_password(&self, typed: &Secret) -> Result<bool> {
        let (email, address) = (&self.somebody.user.email, self.somebody.address);
        self.throttles.passwords.check(email, address).map_err(throttles::too_many)?;
        let stored = users::password_hash(&mut *self.context.db.read().await?, &self.somebody.user.id).await?;
        let is_right = self.context.hasher.verify(typed.clone(), stored).await?;
        if is_right {
            self.throttles.passwords.forgive(email, address);
        }
        Ok(is_right)
    }

    async fn profile(&self) -> Result<ProfilePage> {
        ProfilePage::of(&self.somebody, &self.context, &self.postbox).await
    }
}

const NOT_YOURS: &str = "This is not your current password. Enter it again.";
