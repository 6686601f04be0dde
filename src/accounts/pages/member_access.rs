//! What an admin does for a member who cannot get in: a link that sets a new password, and an end to a second factor whose
//! phone is lost. Never for oneself: that would be a way past one's own password.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::by;
use crate::accounts::actions::{credentials, second_factor};
use crate::accounts::letters::Notice;
use crate::accounts::members::pages::{LIST, member};
use crate::accounts::urls;
use crate::auth::model::User;
use crate::base::UserId;
use crate::mail::Postbox;
use crate::web::guard::Admin;
use crate::web::hx::html;
use crate::web::{Context, Error, Hx, Result, Section, Shell, Site, Toast, see_other};

/// Shows the link, this once.
#[derive(Template)]
#[template(path = "accounts/reset_link.html")]
struct LinkPage {
    shell: Shell,
    email: String,
    link: String,
    back: &'static str,
}

/// An active member of the admin's organization who is not the admin.
async fn another(admin: &Admin, context: &Context, id: &UserId) -> Result<User> {
    let member = member::find(admin, context, id).await?;
    if member.id == admin.user.id {
        return Err(Error::Conflict("Use your profile for your own account.".into()));
    }
    if !member.active {
        return Err(Error::Conflict("This member is deactivated. Reactivate the account first.".into()));
    }
    Ok(member)
}

/// POST /settings/members/{id}/reset-link
pub async fn make_link(
    admin: Admin,
    context: web::Data<Context>,
    request: actix_web::HttpRequest,
    id: web::Path<UserId>,
) -> Result {
    let member = another(&admin, &context, &id).await?;
    let mut tx = context.db.begin().await?;
    let code =
        credentials::make_reset_link(&mut tx, &by(&context, &admin.user.email, admin.address()), &member).await?;
    tx.commit().await?;
    let origin = Site::of(&request).origin(&request).unwrap_or_default();
    let page = LinkPage {
        shell: admin.shell(Section::Members, "Link for a new password"),
        email: member.email,
        link: origin + &urls::reset_password(&code),
        back: LIST,
    };
    Ok(html(StatusCode::OK, page.render()?))
}

/// POST /settings/members/{id}/reset-second-factor
pub async fn reset_second_factor(
    admin: Admin,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    id: web::Path<UserId>,
    hx: Hx,
) -> Result {
    let member = another(&admin, &context, &id).await?;
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    let was_on = second_factor::reset(&mut tx, &by, &member).await?;
    if was_on {
        postbox.post(&mut tx, by.rng, &Notice::SecondFactorReset.to(&member.email)?, by.now).await?;
    }
    tx.commit().await?;
    admin.flash(if was_on {
        Toast::ok("Two-step sign-in reset").text(format!("{} signs in with the password alone now.", member.email))
    } else {
        Toast::info("Nothing to reset").text(format!("{} has not turned two-step sign-in on.", member.email))
    });
    Ok(see_other(&hx, LIST))
}
