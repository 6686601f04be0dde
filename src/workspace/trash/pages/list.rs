//! What lies in the trash.

use actix_web::HttpRequest;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::auth::model::Role;
use crate::base::{AnswerId, Expected, ProjectId, TimeZone, Timestamp};
use crate::web::guard::Member;
use crate::web::{self, Context, Error, Hx, Moment, Page as _, Section, Shell, Toast, see_other};
use crate::workspace::listing::Place;
use crate::workspace::pages::{Change, UNREADABLE};
use crate::workspace::trash::model::{Item, Kind};
use crate::workspace::trash::store;
use crate::workspace::{answers, projects};

use super::urls;

#[derive(Template)]
#[template(path = "trash/list.html")]
struct TrashPage {
    shell: Shell,
    rows: Vec<Row>,
    may_empty: bool,
    previous: String,
    next: String,
}
crate::web::page!(TrashPage);

struct Row {
    name: String,
    /// What it is, and who put it here.
    what: String,
    trashed: Moment,
    left: String,
    restore_url: String,
    /// "" for who may not.
    delete_url: String,
}

/// The query of the page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    after: Option<String>,
    before: Option<String>,
}

/// GET /trash
pub(crate) async fn show(member: Member, context: Data<Context>, hx: Hx, request: HttpRequest) -> web::Result {
    let asked: Query =
        serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
    let place = Place::parse(asked.after.as_deref(), asked.before.as_deref());
    let place = place.map_err(|error| Error::BadRequest(error.to_string().into()))?;
    let listing = store::page(&mut *context.db.read().await?, &member.organization.id, &place).await?;
    let (before, after) = listing.neighbours(Item::key);
    let (now, zone) = (context.clock.now(), member.organization.time_zone);
    let rows: Result<Vec<Row>, Error> =
        listing.rows.iter().map(|item| row(item, member.user.role, now, zone)).collect();
    let page = TrashPage {
        shell: member.shell(Section::Trash, "Trash"),
        rows: rows?,
        may_empty: member.user.role.includes(Role::Admin),
        previous: before.map(|before| format!("{}?before={before}", urls::LIST)).unwrap_or_default(),
        next: after.map(|after| format!("{}?after={after}", urls::LIST)).unwrap_or_default(),
    };
    page.answer(&hx)
}

fn row(item: &Item, role: Role, now: Timestamp, zone: TimeZone) -> web::Result<Row> {
    let (kind, restore_url, delete_url, who_deletes) = match item.kind {
        Kind::Project => {
            let id: ProjectId = item.id.parse().map_err(Error::internal)?;
            ("Project", urls::restore_project(&id), urls::delete_project(&id), Role::Admin)
        }
        Kind::Answer => {
            let id: AnswerId = item.id.parse().map_err(Error::internal)?;
            ("Q&A pair", urls::restore_answer(&id), urls::delete_answer(&id), Role::Moderator)
        }
    };
    Ok(Row {
        name: item.name.clone(),
        what: format!("{kind}, deleted by {}", item.trashed_by),
        trashed: Moment::relative(item.trashed_at, now, zone),
        left: match item.days_left(now) {
            0 => "Goes now".into(),
            1 => "1 day left".into(),
            days => format!("{days} days left"),
        },
        restore_url,
        delete_url: if role.includes(who_deletes) { delete_url } else { String::new() },
    })
}

/// POST /trash/projects/{id}/restore
pub(crate) async fn restore_project(change: Change<ProjectId>) -> web::Result {
    let restored = change
        .run(async |tx, desk, author, id| projects::actions::restore(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    if restored.is_new {
        let toast = Toast::ok("Project restored").text(restored.now.details.name);
        change.person.flash(toast.link("Open project", projects::pages::urls::show(&change.id)));
    }
    Ok(see_other(&change.hx, urls::LIST))
}

/// POST /trash/answers/{id}/restore
pub(crate) async fn restore_answer(change: Change<AnswerId>) -> web::Result {
    let restored = change
        .run(async |tx, desk, author, id| answers::actions::restore(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    if restored.is_new {
        change.person.flash(Toast::ok("Pair restored").text(restored.now.content.question));
    }
    Ok(see_other(&change.hx, urls::LIST))
}
