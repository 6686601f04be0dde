//! Inviting somebody, by a mail or by a link that the admin hands over.
//!
//! The link is in the answer to the post that made it, and nowhere else: not in a redirect, not in the session, which is
//! kept in the database. Who is sent a mail, alone has the link: no page shows it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{INVITE, LIST, as_what, join_url, parse_role, role_choices};
use crate::accounts::members::actions::{self, InviteError};
use crate::accounts::members::letters::Letter;
use crate::accounts::pages::{Choice, by};
use crate::auth::model::{Role, parse_email};
use crate::auth::store::invitations::Invitation;
use crate::base::Secret;
use crate::db::Tx;
use crate::mail::Postbox;
use crate::web::guard::Admin;
use crate::web::hx::html;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Page as _, Result, Section, Shell, Site, Toast, page, see_other,
};

/// How the link reaches whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Mail,
    /// It is shown to the admin, once.
    Link,
}

impl Way {
    /// `how` of a form; without one, by mail if that can be.
    pub fn parse(text: &str, postbox: &Postbox) -> std::result::Result<Self, &'static str> {
        match text {
            "mail" if !postbox.is_open() => Err("This Herald sends no mail. Hand the link over yourself."),
            "mail" => Ok(Self::Mail),
            "link" => Ok(Self::Link),
            "" if postbox.is_open() => Ok(Self::Mail),
            "" => Ok(Self::Link),
            _ => Err("Choose how the invitation is sent."),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    email: String,
    role: String,
    how: String,
}

impl InviteForm {
    fn parse(&self, postbox: &Postbox) -> std::result::Result<(String, Role, Way), FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.take("email", parse_email(&self.email));
        let role = errors.take("role", parse_role(&self.role));
        let way = errors.take("how", Way::parse(&self.how, postbox));
        errors.into_result(email.zip(role).zip(way).map(|((email, role), way)| (email, role, way)))
    }
}

#[derive(Template)]
#[template(path = "accounts/members/invite.html", blocks = ["form"])]
struct InvitePage {
    shell: Shell,
    form: InviteForm,
    roles: Vec<Choice>,
    /// Mail can be sent: there is a choice.
    sends_mail: bool,
    errors: FieldErrors,
}
page!(InvitePage, as_form);

impl InvitePage {
    fn new(admin: &Admin, postbox: &Postbox, form: InviteForm, errors: FieldErrors) -> Self {
        let shell = admin.shell(Section::Members, "Invite member");
        Self { shell, form, roles: role_choices(), sends_mail: postbox.is_open(), errors }
    }
}

/// GET /settings/members/invite
pub async fn form(admin: Admin, postbox: web::Data<Postbox>, hx: Hx) -> Result {
    let form = InviteForm { role: Role::Member.as_str().into(), ..InviteForm::default() };
    InvitePage::new(&admin, &postbox, form, FieldErrors::default()).answer(&hx)
}

/// POST /settings/members/invite
pub async fn invite(
    admin: Admin,
    context: web::Data<Context>,
    postbox: web::Data<Postbox>,
    request: HttpRequest,
    hx: Hx,
    Form(form): Form<InviteForm>,
) -> Result {
    let (email, role, way) = match form.parse(&postbox) {
        Ok(asked) => asked,
        Err(errors) => return InvitePage::new(&admin, &postbox, form, errors).rejected(&hx),
    };
    let mut tx = context.db.begin().await?;
    let by = by(&context, &admin.user.email, admin.address());
    let (invitation, code) = match actions::invite(&mut tx, &by, &admin.organization.id, email, role).await {
        Ok(made) => made,
        Err(InviteError::Db(error)) => return Err(error.into()),
        Err(refusal) => {
            drop(tx);
            let mut errors = FieldErrors::default();
            errors.add("email", refusal.to_string());
            return InvitePage::new(&admin, &postbox, form, errors).rejected(&hx);
        }
    };
    send(tx, &context, &postbox, &admin, &request, &hx, way, &invitation, &code).await
}

/// Shows the link, this once.
#[derive(Template)]
#[template(path = "accounts/members/link.html")]
struct LinkPage<'a> {
    shell: Shell,
    email: &'a str,
    link: String,
}

/// Hands the code over, in the transaction that made it, and answers.
#[expect(clippy::too_many_arguments, reason = "two handlers end alike, and each is what actix hands to them")]
pub(super) async fn send(
    mut tx: Tx,
    context: &Context,
    postbox: &Postbox,
    admin: &Admin,
    request: &HttpRequest,
    hx: &Hx,
    way: Way,
    invitation: &Invitation,
    code: &Secret,
) -> Result {
    let email = invitation.email.as_str();
    match way {
        Way::Mail => {
            let zone = admin.organization.time_zone;
            let letter = Letter {
                email,
                organization: &admin.organization.name,
                admin: admin.user.display_name(),
                role: as_what(invitation.role),
                link: &postbox.link(&join_url(code)),
                until: zone.local(invitation.expires_at).format("%-d %b %Y, %H:%M %Z").to_string(),
            };
            postbox.post(&mut tx, context.rng.as_ref(), &letter.write()?, context.clock.now()).await?;
            tx.commit().await?;
            admin.flash(Toast::ok("Invitation sent").text(format!("{email} can join within 7 days.")));
            Ok(see_other(hx, LIST))
        }
        Way::Link => {
            let origin =
                Site::of(request).origin(request).ok_or_else(|| Error::BadRequest("It names no host.".into()))?;
            tx.commit().await?;
            let shell = admin.shell(Section::Members, "Invitation");
            let page = LinkPage { shell, email, link: origin + &join_url(code) };
            Ok(html(StatusCode::OK, page.render()?))
        }
    }
}
