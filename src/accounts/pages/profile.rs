//! One's own profile: name, theme and password, and the mails of admins. Account managers have one too.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::sign_in::SignInThrottle;
use super::{Choice, by, choice, hash, mails};
use crate::accounts::actions;
use crate::auth::model::{Theme, parse_optional_name};
use crate::auth::passwords;
use crate::auth::store::users;
use crate::base::Secret;
use crate::web::error::Error;
use crate::web::guard::SignedIn;
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Shell, Site, Toast, page, see_other, session};

#[derive(Debug, Deserialize)]
pub struct ProfileForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    theme: String,
}

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    repeat_password: String,
}

impl ProfileForm {
    fn parse(&self) -> std::result::Result<(String, Theme), FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", parse_optional_name(&self.name));
        let theme = errors.take("theme", self.theme.parse());
        errors.into_result(name.zip(theme))
    }
}

impl PasswordForm {
    /// The new password, where the form allows to look at the current one at all.
    fn parse(&self) -> std::result::Result<Secret, FieldErrors> {
        let mut errors = FieldErrors::default();
        if self.current_password.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        let password = Secret::new(self.new_password.as_str());
        let checked = errors.take("new_password", passwords::check(&password));
        if checked.is_some() && self.new_password != self.repeat_password {
            errors.add("repeat_password", "Enter the new password a second time.");
        }
        errors.into_result(checked.map(|()| password))
    }
}

#[derive(Template)]
#[template(path = "accounts/profile.html", blocks = ["profile", "password"])]
struct ProfilePage {
    shell: Shell,
    email: String,
    form: ProfileForm,
    themes: Vec<Choice>,
    errors: FieldErrors,
    password_errors: FieldErrors,
    /// For admins.
    mails: Vec<mails::Choice>,
}

page!(ProfilePage, as_profile, "password" => as_password);

impl ProfilePage {
    fn new(somebody: &SignedIn) -> Self {
        let user = &somebody.user;
        Self {
            shell: somebody.shell(None, "Your profile"),
            email: user.email.clone(),
            form: ProfileForm { name: user.name.clone(), theme: user.theme.as_str().to_owned() },
            themes: Theme::ALL.iter().map(|theme| choice(theme.as_str(), theme.label())).collect(),
            errors: FieldErrors::default(),
            password_errors: FieldErrors::default(),
            mails: Vec::new(),
        }
    }

    async fn with_mails(self, somebody: &SignedIn, context: &Context) -> Result<Self> {
        let mails = mails::choices(&mut *context.db.read().await?, &somebody.user).await?;
        Ok(Self { mails, ..self })
    }
}

/// GET /profile
pub async fn show(somebody: SignedIn, context: web::Data<Context>, hx: Hx) -> Result {
    ProfilePage::new(&somebody).with_mails(&somebody, &context).await?.answer(&hx)
}

/// POST /profile: name and theme.
pub async fn save(somebody: SignedIn, context: web::Data<Context>, hx: Hx, Form(form): Form<ProfileForm>) -> Result {
    let (name, theme) = match form.parse() {
        Ok(change) => change,
        Err(errors) => {
            let page = ProfilePage { form, errors, ..ProfilePage::new(&somebody) };
            return page.with_mails(&somebody, &context).await?.rejected(&hx);
        }
    };
    let mut tx = context.db.begin().await?;
    actions::change_profile(&mut tx, context.clock.now(), &somebody.user, &name, theme).await?;
    tx.commit().await?;
    somebody.flash(Toast::ok("Changes saved"));
    Ok(see_other(&hx, "/profile"))
}

/// POST /profile/password: a new password, which ends all other sessions.
pub async fn change_password(
    somebody: SignedIn,
    throttle: web::Data<SignInThrottle>,
    context: web::Data<Context>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<PasswordForm>,
) -> Result {
    let rejected = async |password_errors| {
        let page = ProfilePage { password_errors, ..ProfilePage::new(&somebody) };
        page.with_mails(&somebody, &context).await?.rejected(&hx)
    };
    let password = match form.parse() {
        Ok(password) => password,
        Err(errors) => return rejected(errors).await,
    };
    let (email, address) = (&somebody.user.email, Site::of(&request).client_ip(&request));
    throttle
        .check(email, address)
        .map_err(|wait| Error::TooManyRequests { retry_after_seconds: wait.as_secs() + 1 })?;
    let stored = users::find_for_sign_in(&mut *context.db.read().await?, email).await?.map(|(_, hash)| hash);
    if !passwords::verify(Secret::new(form.current_password), stored).await.map_err(Error::internal)? {
        let mut errors = FieldErrors::default();
        errors.add("current_password", "This is not your current password.");
        return rejected(errors).await;
    }
    throttle.forgive(email, address);
    let password_hash = hash(&context, password).await?;
    let mut tx = context.db.begin().await?;
    actions::change_password(&mut tx, &by(&context, email), &somebody.user, &password_hash).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    somebody.flash(Toast::ok("Password changed").text("You were signed out everywhere else."));
    Ok(see_other(&hx, "/profile"))
}
