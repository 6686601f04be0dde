//! An invitation that waits: sending it again, and taking it back.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::invite::{Way, send};
use super::{LIST, invitation_url};
use crate::accounts::members::actions;
use crate::accounts::pages::by;
use crate::auth::store::invitations::{self, Invitation};
use crate::base::InvitationId;
use crate::mail::Postbox;
use crate::web::guard::Admin;
use crate::web::{Context, Error, Form, Hx, Moment, Page, Result, Section, Shell, Toast, page, see_other};

#[derive(Template)]
#[template(path = "accounts/members/invitation.html")]
struct InvitationPage {
    shell: Shell,
    email: String,
    role: &'static str,
    invited_by: String,
    invited: Moment,
    expires: Moment,
    has_expired: bool,
    sends_mail: bool,
    url: String,
}
page!(InvitationPage);

async fn find(admin: &Admin, context: &Context, id: &InvitationId) -> Result<Invitation> {
    let found = invitations::find(&mut *context.db.read().await?, &admin.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}

/// GET /settings/members/invitations/{id}
pub async fn show(
    admin: Admin,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    id: web::Path<InvitationId>,
    hx: Hx,
) -> Result {
    let invitation = find(&admin, &context, &id).await?;
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let page = InvitationPage {
        shell: admin.shell(Section::Members, format!("Invitation of {}", invitation.email)),
        role: invitation.role.label(),
        invited: Moment::relative(invitation.created_at, now, zone),
        expires: Moment::relative(invitation.expires_at, now, zone),
        has_expired: invitation.has_expired(now),
        sends_mail: postbox.is_open(),
        url: invitation_url(&invitation.id),
        email: invitation.email,
        invited_by: invitation.invited_by,
    };
    page.answer(&hx)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SendForm {
    how: String,
}

/// POST /settings/members/invitations/{id}/send: with another link; the old one ends.
pub async fn send_again(
    admin: Admin,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    request: HttpRequest,
    id: web::Path<InvitationId>,
    hx: Hx,
    Form(form): Form<SendForm>,
) -> Result {
    let way = Way::parse(&form.how, &postbox).map_err(|why| Error::Conflict(why.into()))?;
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    let renewed = actions::renew(&mut tx, &by, &admin.organization.id, &id).await?;
    let (invitation, code) = renewed.ok_or(Error::NotFound)?;
    send(tx, &context, &postbox, &admin, &request, &hx, way, &invitation, &code).await
}

#[derive(Template)]
#[template(path = "accounts/members/revoke.html")]
struct RevokePage {
    shell: Shell,
    question: String,
    action: String,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "accounts/members/revoke_dialog.html")]
struct RevokeDialog<'a> {
    question: &'a str,
    action: &'a str,
}

impl Page for RevokePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        RevokeDialog { question: &self.question, action: &self.action }.render()
    }
}

/// GET /settings/members/invitations/{id}/revoke
pub async fn ask_to_revoke(admin: Admin, context: web::Data<Context>, id: web::Path<InvitationId>, hx: Hx) -> Result {
    let invitation = find(&admin, &context, &id).await?;
    let page = RevokePage {
        shell: admin.shell(Section::Members, "Revoke invitation"),
        question: format!("Revoke the invitation of {}?", invitation.email),
        action: format!("{}/revoke", invitation_url(&invitation.id)),
    };
    page.answer(&hx)
}

/// POST /settings/members/invitations/{id}/revoke
pub async fn revoke(admin: Admin, context: web::Data<Context>, id: web::Path<InvitationId>, hx: Hx) -> Result {
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    let revoked = actions::revoke(&mut tx, &by, &admin.organization.id, &id).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    admin
        .flash(Toast::ok("Invitation revoked").text(format!("The link for {} opens nothing any more.", revoked.email)));
    Ok(see_other(&hx, LIST))
}
