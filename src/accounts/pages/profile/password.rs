//! A new password of one's own.

use serde::Deserialize;

use super::{Desk, NOT_YOURS, ProfilePage};
use crate::accounts::actions::credentials;
use crate::accounts::letters::Notice;
use crate::accounts::pages::hash;
use crate::accounts::pages::reset::new_password;
use crate::auth::passwords::Names;
use crate::base::Secret;
use crate::web::{FieldErrors, Form, Page as _, Result, Toast, see_other, session};

#[derive(Debug, Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current_password: Secret,
    #[serde(default)]
    new_password: Secret,
    #[serde(default)]
    repeat_password: Secret,
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
pub async fn change(desk: Desk, Form(form): Form<PasswordForm>) -> Result {
    let somebody = &desk.somebody;
    let rejected = async |password_errors| ProfilePage { password_errors, ..desk.profile().await? }.rejected(&desk.hx);
    let password = match form.parse(&Names::of(&somebody.user, somebody.organization.as_ref())) {
        Ok(password) => password,
        Err(errors) => return rejected(errors).await,
    };
    if !desk.is_own_password(&form.current_password).await? {
        let mut errors = FieldErrors::default();
        errors.add("current_password", NOT_YOURS);
        return rejected(errors).await;
    }
    let password_hash = hash(&desk.context, password).await?;
    let (user, by) = (&somebody.user, desk.by());
    let mut tx = desk.context.db.begin().await?;
    credentials::change_password(&mut tx, &by, user, &password_hash).await?;
    desk.postbox.post(&mut tx, by.rng, &Notice::PasswordChanged.to(&user.email)?, by.now).await?;
    tx.commit().await?;
    session::renew(somebody.session());
    somebody.flash(Toast::ok("Password changed").text("You were signed out everywhere else."));
    Ok(see_other(&desk.hx, "/profile"))
}
