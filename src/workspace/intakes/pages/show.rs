//! An intake, and the decision about it.

use actix_web::web::{Data, Path};
use askama::Template;
use url::form_urlencoded::byte_serialize;

use crate::base::{Expected, IntakeId};
use crate::web::guard::Member;
use crate::web::{self, Context, Error, Hx, Moment, Page as _, Section, Shell, Toast, see_other};
use crate::workspace::intakes::model::{Intake, IntakeChange, IntakeStatus};
use crate::workspace::intakes::{actions, store};
use crate::workspace::pages::{Change, Day, StatusWord, today};
use crate::workspace::projects::pages::urls as project_urls;

use super::{status, urls};

#[derive(Template)]
#[template(path = "intakes/show.html", blocks = ["intake"])]
struct IntakePage {
    shell: Shell,
    id: IntakeId,
    title: String,
    state: IntakeStatus,
    status: StatusWord,
    requester: String,
    email: String,
    /// Where a click on the address leads; "" without one.
    mail_url: String,
    client: String,
    due: Option<Day>,
    description: String,
    created: Moment,
    created_by: String,
    /// The project that it became; "" before.
    project_url: String,
}
crate::web::page!(IntakePage, as_intake);

/// Leads to a mail to this address and no other: what would begin further fields of the mail (`?bcc=`) is escaped.
fn mail_url(email: &str) -> String {
    let escaped = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
    let (name, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    format!("mailto:{}@{}", escaped(name), escaped(domain))
}

impl IntakePage {
    async fn load(member: &Member, context: &Context, id: &IntakeId) -> web::Result<Self> {
        let organization = &member.organization;
        let found = store::find(&mut *context.db.read().await?, &organization.id, id).await?;
        let intake = found.ok_or(Error::NotFound)?;
        let (now, zone) = (context.clock.now(), organization.time_zone);
        let status = status(&intake);
        let Intake { details, project, created_by, .. } = intake;
        Ok(Self {
            shell: member.shell(Section::Intakes, details.title.as_str()),
            id: intake.id,
            state: intake.status,
            status,
            due: details.due_date.map(|day| Day::new(day, today(now, zone))),
            title: details.title,
            requester: details.requester.unwrap_or_default(),
            mail_url: details.email.as_deref().map(mail_url).unwrap_or_default(),
            email: details.email.unwrap_or_default(),
            client: details.client.unwrap_or_default(),
            description: details.description.unwrap_or_default(),
            created: Moment::relative(intake.created_at, now, zone),
            created_by,
            project_url: project.map(|project| project_urls::show(&project)).unwrap_or_default(),
        })
    }
}

/// GET /intakes/{id}
pub(crate) async fn show(member: Member, context: Data<Context>, id: Path<IntakeId>, hx: Hx) -> web::Result {
    IntakePage::load(&member, &context, &id).await?.answer(&hx)
}

/// POST /intakes/{id}/accept
pub(crate) async fn accept(change: Change<IntakeId>) -> web::Result {
    decide(change, IntakeStatus::Accepted, "Intake accepted").await
}

/// POST /intakes/{id}/decline
pub(crate) async fn decline(change: Change<IntakeId>) -> web::Result {
    decide(change, IntakeStatus::Declined, "Intake declined").await
}

/// POST /intakes/{id}/reopen: undecided again.
pub(crate) async fn reopen(change: Change<IntakeId>) -> web::Result {
    decide(change, IntakeStatus::New, "Intake re-opened").await
}

async fn decide(change: Change<IntakeId>, status: IntakeStatus, done: &'static str) -> web::Result {
    let wanted = IntakeChange::decision(status);
    let decided = change
        .run(async |tx, desk, author, id| actions::edit(tx, desk, author, id, &Expected::Anything, wanted).await)
        .await?;
    if decided.is_new {
        change.person.flash(Toast::ok(done).text(decided.now.details.title));
    }
    if !(change.hx.wants_fragment() && change.hx.targets("intake")) {
        return Ok(see_other(&change.hx, urls::show(&change.id)));
    }
    IntakePage::load(&change.person, &change.context, &change.id).await?.answer(&change.hx)
}

/// POST /intakes/{id}/convert: makes the project, and leads to it.
pub(crate) async fn convert(change: Change<IntakeId>) -> web::Result {
    let project = change
        .run(async |tx, desk, author, id| actions::convert(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    change.person.flash(Toast::ok("Project created").text(project.details.name));
    Ok(see_other(&change.hx, project_urls::show(&project.id)))
}

#[cfg(test)]
mod tests {
    use super::mail_url;

    #[test]
    fn an_address_leads_to_a_mail_to_it_and_to_nobody_else() {
        assert_eq!(mail_url("ada.l-x_1@example.com"), "mailto:ada.l-x_1@example.com");
        assert_eq!(mail_url("a+b?bcc=x&y#z%@example.com"), "mailto:a%2Bb%3Fbcc%3Dx%26y%23z%25@example.com");
    }
}
