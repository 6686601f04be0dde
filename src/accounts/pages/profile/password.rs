//! A new password of one's own.

use actix_web::web;
use serde::Deserialize;

use super::{NOT_YOURS, ProfilePage, is_own_password};
use crate::accounts::actions::credentials;
use crate::accounts::letters::Notice;
use crate::accounts::pages::reset::new_password;
use crate::accounts::pages::{by, hash};
use crate::accounts::throttles::Throttles;
use crate::auth::passwords::Names;
use crate::base::Secret;
use crate::mail::Postbox;
use crate::web::guard::SignedIn;
use crate::web::{Context, FieldErrors, Form, Hx, Page as _, Result, Toast, see_other, session};

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    repeat_password: String,
}

impl PasswordForm {
    /// The new password, where the form allows to look at the current one at all.
    fn parse(&self, names: &Names) -> std::result::Result<Secret, FieldErrors> {
        let mut errors = FieldErrors::default();
        if self.current_password.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        match new_password(&self.new_password, &self.repeat_password, names) {
            Ok(password) => errors.into_result(Some(password)),
            Err(others) => {
                for (field, message) in others.iter() {
                    errors.add(field, message);
                }
                Err(errors)
            }
        }
    }
}

/// POST /profile/password: a new password, which ends all other sessions.
pub async fn change(
    somebody: SignedIn,
    throttles: web::Data<Throttles>,
    postbox: web::Data<Postbox>,
    context: web::Data<Context>,
    hx: Hx,
    Form(form): Form<PasswordForm>,
) -> Result {
    let rejected = async |password_errors| {
        let page = ProfilePage::of(&somebody, &context, &postbox).await?;
        ProfilePage { password_errors, ..page }.rejected(&hx)
    };
    let password = match form.parse(&Names::of(&somebody.user, somebody.organization.as_ref())) {
        Ok(password) => password,
        Err(errors) => return rejected(errors).await,
    };
    if !is_own_password(&somebody, &context, &throttles, &form.current_password).await? {
        let mut errors = FieldErrors::default();
        errors.add("current_password", NOT_YOURS);
        return rejected(errors).await;
    }
    let password_hash = hash(&context, password).await?;
    let (user, email) = (&somebody.user, &somebody.user.email);
    let by = by(&context, email, somebody.address);
    let mut tx = context.db.begin().await?;
    credentials::change_password(&mut tx, &by, user, &password_hash).await?;
    postbox.post(&mut tx, by.rng, &Notice::PasswordChanged.to(email)?, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    somebody.flash(Toast::ok("Password changed").text("You were signed out everywhere else."));
    Ok(see_other(&hx, "/profile"))
}
