//! Signing in and out, passwords and their resets, addresses, sessions: what people do with their own accounts.

use serde_json::json;

use super::By;
use crate::auth::model::User;
use crate::auth::store::links::{self, Link, Purpose};
use crate::auth::store::users::InsertError;
use crate::auth::store::{sessions, users};
use crate::base::{Secret, SessionId};
use crate::db::{DbError, Tx};

impl By<'_> {
    /// An entry about a user's own account.
    async fn notes(&self, tx: &mut Tx, user: &User, action: &str, details: serde_json::Value) -> Result<(), DbError> {
        self.write_down(tx, user.organization_id.as_ref(), action, &user.email, details).await
    }
}

/// `second_factor`: `none`, `app` or `recovery_code`.
pub async fn signed_in(tx: &mut Tx, by: &By<'_>, user: &User, second_factor: &str) -> Result<(), DbError> {
    by.notes(tx, user, "user.signed_in", json!({ "second_factor": second_factor })).await
}

/// `step`: `password` or `code`.
pub async fn failed_to_sign_in(tx: &mut Tx, by: &By<'_>, user: &User, step: &str) -> Result<(), DbError> {
    by.notes(tx, user, "user.sign_in_failed", json!({ "step": step })).await
}

pub async fn signed_out(tx: &mut Tx, by: &By<'_>, user: &User) -> Result<(), DbError> {
    by.notes(tx, user, "user.signed_out", json!({})).await
}

/// A user's own new password; every session of the user ends, the one at hand too, and so does a link to reset it.
pub async fn change_password(tx: &mut Tx, by: &By<'_>, user: &User, password_hash: &str) -> Result<(), DbError> {
    users::update_password(tx, &user.id, password_hash, by.now).await?;
    links::delete_of_user(tx, &user.id, Purpose::ResetPassword).await?;
    by.notes(tx, user, "user.password_changed", json!({})).await
}

/// A link with which the user can set a new password: asked for by the user, or made by somebody who may. Older ones end.
pub async fn make_reset_link(tx: &mut Tx, by: &By<'_>, user: &User) -> Result<Secret, DbError> {
    let link = Link { user: user.id.clone(), email: None };
    let code = links::insert(tx, by.rng, Purpose::ResetPassword, &link, by.now).await?;
    by.notes(tx, user, "user.reset_link_made", json!({})).await?;
    Ok(code)
}

/// The new password of whoever followed a link; every session of the user ends. `false`: the link cannot be followed any
/// more.
pub async fn reset_password(
    tx: &mut Tx,
    by: &By<'_>,
    user: &User,
    code: &str,
    password_hash: &str,
) -> Result<bool, DbError> {
    let taken = links::take(tx, Purpose::ResetPassword, code, by.now).await?;
    if taken.is_none_or(|link| link.user != user.id) {
        return Ok(false);
    }
    users::update_password(tx, &user.id, password_hash, by.now).await?;
    by.notes(tx, user, "user.password_reset", json!({})).await?;
    Ok(true)
}

/// Why an address is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    #[error("This email address is already in use. Enter another one.")]
    Taken,
    #[error("The link has ended.")]
    LinkEnded,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The code of a link that goes to the new address.
pub async fn ask_for_email(tx: &mut Tx, by: &By<'_>, user: &User, email: &str) -> Result<Secret, ChangeEmailError> {
    if users::is_email_taken(tx, email).await? {
        return Err(ChangeEmailError::Taken);
    }
    let link = Link { user: user.id.clone(), email: Some(email.to_owned()) };
    let code = links::insert(tx, by.rng, Purpose::ChangeEmail, &link, by.now).await?;
    by.notes(tx, user, "user.email_change_asked", json!({ "to": email })).await?;
    Ok(code)
}

/// Follows a link to a new address, and answers it.
pub async fn confirm_email(tx: &mut Tx, by: &By<'_>, user: &User, code: &str) -> Result<String, ChangeEmailError> {
    let link = links::take(tx, Purpose::ChangeEmail, code, by.now).await?;
    let email = link.filter(|link| link.user == user.id).and_then(|link| link.email);
    let email = email.ok_or(ChangeEmailError::LinkEnded)?;
    change_email(tx, by, user, &email).await?;
    Ok(email)
}

/// Links that went to the old address end with it.
pub async fn change_email(tx: &mut Tx, by: &By<'_>, user: &User, email: &str) -> Result<(), ChangeEmailError> {
    users::update_email(tx, &user.id, email, by.now).await.map_err(|error| match error {
        InsertError::EmailTaken => ChangeEmailError::Taken,
        InsertError::Db(error) => error.into(),
    })?;
    for purpose in Purpose::ALL {
        links::delete_of_user(tx, &user.id, *purpose).await?;
    }
    let details = json!({ "from": user.email, "to": email });
    by.write_down(tx, user.organization_id.as_ref(), "user.email_changed", email, details).await?;
    Ok(())
}

/// Ends one of the user's sessions. `false`: it had ended.
pub async fn end_session(tx: &mut Tx, by: &By<'_>, user: &User, id: &SessionId) -> Result<bool, DbError> {
    let has_ended = sessions::delete_one(tx, &user.id, id).await?;
    if has_ended {
        by.notes(tx, user, "user.sessions_ended", json!({ "sessions": 1 })).await?;
    }
    Ok(has_ended)
}

/// Ends the user's sessions but the one at hand, and says how many.
pub async fn end_other_sessions(tx: &mut Tx, by: &By<'_>, user: &User, here: &SessionId) -> Result<u64, DbError> {
    let ended = sessions::delete_others(tx, &user.id, here).await?;
    if ended > 0 {
        by.notes(tx, user, "user.sessions_ended", json!({ "sessions": ended })).await?;
    }
    Ok(ended)
}
