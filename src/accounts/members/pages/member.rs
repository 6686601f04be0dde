//! One member: the role, and an end to the access.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{LIST, member_url, parse_role, role_choices};
use crate::accounts::members::actions::{self, MemberError};
use crate::accounts::pages::{Choice, by, is_ticked};
use crate::auth::model::{Role, User};
use crate::auth::store::{api_keys, users};
use crate::base::UserId;
use crate::web::guard::Admin;
use crate::web::shell::initials;
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Moment, Page, Result, Section, Shell, Toast, page, see_other, session,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    role: String,
    /// Asked for where an admin with API keys gets another role.
    revoke_keys: Option<String>,
}

#[derive(Template)]
#[template(path = "accounts/members/member.html", blocks = ["form"])]
struct MemberPage {
    shell: Shell,
    user: User,
    initials: String,
    is_you: bool,
    joined: Moment,
    last_seen: Option<Moment>,
    /// API keys that are theirs.
    keys: i64,
    role: String,
    revokes_keys: bool,
    roles: Vec<Choice>,
    /// Why the account is not deactivated, or "".
    refusal: String,
    errors: FieldErrors,
    url: String,
}
page!(MemberPage, as_form);

impl MemberPage {
    async fn load(admin: &Admin, context: &Context, user: User) -> Result<Self> {
        let (now, zone) = (context.clock.now(), admin.organization.time_zone);
        let mut conn = context.db.read().await?;
        let last_seen = users::last_seen(&mut conn, &user.id).await?;
        let keys = api_keys::count_of_user(&mut conn, &admin.organization.id, &user.id).await?;
        drop(conn);
        Ok(Self {
            shell: admin.shell(Section::Members, user.display_name()),
            initials: initials(user.display_name()),
            is_you: user.id == admin.user.id,
            joined: Moment::relative(user.created_at, now, zone),
            last_seen: last_seen.map(|at| Moment::relative(at, now, zone)),
            keys,
            role: user.role.as_str().to_owned(),
            revokes_keys: true,
            roles: role_choices(),
            refusal: String::new(),
            errors: FieldErrors::default(),
            url: member_url(&user.id),
            user,
        })
    }
}

/// Somebody of the admin's organization, active or not.
pub(in crate::accounts) async fn find(admin: &Admin, context: &Context, id: &UserId) -> Result<User> {
    let found = users::find_in(&mut *context.db.read().await?, &admin.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}

/// GET /settings/members/{id}
pub async fn show(admin: Admin, context: web::Data<Context>, id: web::Path<UserId>, hx: Hx) -> Result {
    let user = find(&admin, &context, &id).await?;
    MemberPage::load(&admin, &context, user).await?.answer(&hx)
}

/// POST /settings/members/{id}: another role.
pub async fn save(
    admin: Admin,
    context: web::Data<Context>,
    id: web::Path<UserId>,
    hx: Hx,
    Form(form): Form<RoleForm>,
) -> Result {
    let user = find(&admin, &context, &id).await?;
    let revokes_keys = is_ticked(form.revoke_keys.as_deref());
    let rejected = async |why: String| {
        let mut errors = FieldErrors::default();
        errors.add("role", why);
        let page = MemberPage::load(&admin, &context, user.clone()).await?;
        MemberPage { role: form.role.clone(), revokes_keys, errors, ..page }.rejected(&hx)
    };
    let role = match parse_role(&form.role) {
        Ok(role) => role,
        Err(why) => return rejected(why.into()).await,
    };
    // The box is for those who are no admins any more.
    let revokes_keys = revokes_keys && user.role == Role::Admin && role != Role::Admin;
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    let changed = actions::change_role(&mut tx, &by, &admin.organization.id, &user.id, role, revokes_keys).await;
    match changed {
        Ok(_) => tx.commit().await?,
        Err(MemberError::NotFound) => return Err(Error::NotFound),
        Err(MemberError::Db(error)) => return Err(error.into()),
        Err(refusal @ MemberError::LastAdmin) => {
            drop(tx);
            return rejected(refusal.to_string()).await;
        }
    }
    let name = user.display_name();
    admin.flash(if role == user.role {
        Toast::ok("Changes saved")
    } else {
        Toast::ok("Role changed").text(format!("{name} is {} now.", super::as_what(role)))
    });
    // Who took the role from themselves may not open the list any more.
    let is_out = user.id == admin.user.id && role != Role::Admin;
    Ok(see_other(&hx, if is_out { "/" } else { LIST }))
}

#[derive(Template)]
#[template(path = "accounts/members/deactivate.html")]
struct DeactivatePage {
    shell: Shell,
    question: String,
    keys: i64,
    url: String,
}

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "accounts/members/deactivate_dialog.html")]
struct DeactivateDialog<'a> {
    question: &'a str,
    keys: i64,
    url: &'a str,
}

impl DeactivatePage {
    fn action(&self) -> String {
        deactivate_url(&self.url)
    }
}

impl DeactivateDialog<'_> {
    fn action(&self) -> String {
        deactivate_url(self.url)
    }
}

fn deactivate_url(member: &str) -> String {
    format!("{member}/deactivate")
}

impl Page for DeactivatePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        DeactivateDialog { question: &self.question, keys: self.keys, url: &self.url }.render()
    }
}

/// GET /settings/members/{id}/deactivate
pub async fn ask_to_deactivate(admin: Admin, context: web::Data<Context>, id: web::Path<UserId>, hx: Hx) -> Result {
    let user = find(&admin, &context, &id).await?;
    let keys = api_keys::count_of_user(&mut *context.db.read().await?, &admin.organization.id, &user.id).await?;
    let page = DeactivatePage {
        shell: admin.shell(Section::Members, "Deactivate member"),
        question: format!("Deactivate {}?", user.display_name()),
        keys,
        url: member_url(&user.id),
    };
    page.answer(&hx)
}

/// POST /settings/members/{id}/deactivate
pub async fn deactivate(
    admin: Admin,
    context: web::Data<Context>,
    session: session::Session,
    id: web::Path<UserId>,
    hx: Hx,
) -> Result {
    let user = find(&admin, &context, &id).await?;
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    match actions::deactivate(&mut tx, &by, &admin.organization.id, &user.id).await {
        Ok(_) => tx.commit().await?,
        Err(MemberError::NotFound) => return Err(Error::NotFound),
        Err(MemberError::Db(error)) => return Err(error.into()),
        Err(refusal @ MemberError::LastAdmin) => {
            drop(tx);
            let page = MemberPage::load(&admin, &context, user).await?;
            return MemberPage { refusal: refusal.to_string(), ..page }.answer_with(&hx, StatusCode::CONFLICT);
        }
    }
    if user.id == admin.user.id {
        session::sign_out(&session);
        return Ok(see_other(&hx, "/login"));
    }
    admin.flash(Toast::ok("Member deactivated").text(format!("{} is signed out everywhere.", user.display_name())));
    Ok(see_other(&hx, LIST))
}

/// POST /settings/members/{id}/reactivate
pub async fn reactivate(admin: Admin, context: web::Data<Context>, id: web::Path<UserId>, hx: Hx) -> Result {
    let user = find(&admin, &context, &id).await?;
    let by = by(&context, &admin.user.email, admin.address());
    let mut tx = context.db.begin().await?;
    match actions::reactivate(&mut tx, &by, &admin.organization.id, &user.id).await {
        Ok(_) => tx.commit().await?,
        Err(MemberError::NotFound | MemberError::LastAdmin) => return Err(Error::NotFound),
        Err(MemberError::Db(error)) => return Err(error.into()),
    }
    admin.flash(Toast::ok("Member reactivated").text(format!("{} can sign in again.", user.display_name())));
    Ok(see_other(&hx, LIST))
}
