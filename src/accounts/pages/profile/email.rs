//! Another address to sign in with (docs/decisions/0039-links-addresses-and-sessions.md).

use serde::Deserialize;

use super::{Desk, NOT_YOURS, ProfilePage};
use crate::accounts::actions::credentials::{self, ChangeEmailError};
use crate::accounts::letters::{self, Notice};
use crate::accounts::throttles;
use crate::accounts::urls;
use crate::auth::model::parse_email;
use crate::base::Secret;
use crate::mail::Postbox;
use crate::web::{FieldErrors, Form, Page as _, Result, Toast, see_other};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmailForm {
    pub new_email: String,
    pub email_password: Secret,
}

impl EmailForm {
    fn parse(&self, present: &str) -> std::result::Result<String, FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.take("new_email", parse_email(&self.new_email));
        if email.as_deref() == Some(present) {
            errors.add("new_email", "This is your email address already. Enter another one.");
        }
        if self.email_password.is_empty() {
            errors.add("email_password", "Enter your password.");
        }
        errors.into_result(email)
    }
}

/// POST /profile/email: asks the new address, or, where no mails are sent, changes it at once.
pub async fn change(desk: Desk, Form(form): Form<EmailForm>) -> Result {
    let rejected = async |email_form, email_errors| {
        ProfilePage { email_form, email_errors, ..desk.profile().await? }.rejected(&desk.hx)
    };
    let wrong = |field: &str, message: &str| {
        let mut errors = FieldErrors::default();
        errors.add(field, message);
        errors
    };
    let email = match form.parse(&desk.somebody.user.email) {
        Ok(email) => email,
        Err(errors) => return rejected(form, errors).await,
    };
    if !desk.is_own_password(&form.email_password).await? {
        return rejected(form, wrong("email_password", NOT_YOURS)).await;
    }
    // Else whoever is signed in could fill an inbox, or try out who has an account.
    desk.throttles.links.check(&desk.somebody.user.email, desk.somebody.address).map_err(throttles::too_many)?;
    match ask_or_change(&desk, &email).await? {
        Ok(toast) => {
            desk.somebody.flash(toast);
            Ok(see_other(&desk.hx, urls::PROFILE))
        }
        Err(ChangeEmailError::Db(error)) => Err(error.into()),
        Err(taken @ (ChangeEmailError::Taken | ChangeEmailError::LinkEnded)) => {
            rejected(form, wrong("new_email", &taken.to_string())).await
        }
    }
}

/// What to say of it; inside, why not.
async fn ask_or_change(desk: &Desk, email: &str) -> Result<std::result::Result<Toast, ChangeEmailError>> {
    let (by, postbox, user) = (desk.by(), &desk.postbox, &desk.somebody.user);
    let mut tx = desk.context.db.begin().await?;
    if !postbox.is_open() {
        if let Err(refusal) = credentials::change_email(&mut tx, &by, user, email).await {
            return Ok(Err(refusal));
        }
        tx.commit().await?;
        return Ok(Ok(Toast::ok("Email address changed").text(format!("Sign in as {email} from now on."))));
    }
    let code = match credentials::ask_for_email(&mut tx, &by, user, email).await {
        Ok(code) => code,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mail = letters::confirm_email(email, postbox.link(&urls::confirm_email(&code)))?;
    postbox.post(&mut tx, by.rng, &mail, by.now).await?;
    tx.commit().await?;
    let text = format!("Follow the link in the mail to {email} within an hour. Until then nothing changes.");
    Ok(Ok(Toast::info("Confirm your new email address").text(text)))
}

/// The old address is told, so that its owner hears of a change that was none of theirs.
pub(super) async fn tell_old_address(
    tx: &mut crate::db::Tx,
    by: &crate::accounts::actions::By<'_>,
    postbox: &Postbox,
    old: &str,
    new: &str,
) -> Result<()> {
    postbox.post(tx, by.rng, &Notice::EmailChanged { to: new }.to(old)?, by.now).await?;
    Ok(())
}
