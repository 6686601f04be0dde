//! GET /settings/audit-log: who did what, when and from where.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{LIST, Query};
use crate::accounts::audit::model::{self, ACTIONS, KINDS};
use crate::auth::audit::{self, Named};
use crate::auth::store::users;
use crate::base::{Cursor, TimeZone};
use crate::web::filters::{self, Typed};
use crate::web::guard::Admin;
use crate::web::shell::initials;
use crate::web::{Context, FieldErrors, Hx, Moment, Page as _, Result, Section, Shell, page};

/// Entries on a page.
const LIMIT: usize = 50;

/// People that the filter offers.
const PEOPLE: i64 = 500;

#[derive(Template)]
#[template(path = "accounts/audit/list.html", blocks = ["rows"])]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    asked: Query,
    people: Vec<(String, String)>,
    actions: Vec<(String, String)>,
    is_filtered: bool,
    /// What is wrong with the filter.
    errors: FieldErrors,
    newer: String,
    older: String,
    export: String,
}
page!(ListPage, as_rows);

struct Row {
    at: Moment,
    who: String,
    initials: String,
    sentence: String,
    id: String,
    lines: Vec<(String, String)>,
    address: String,
    source: &'static str,
}

impl Row {
    fn new(named: Named, zone: TimeZone) -> Self {
        let Named { entry, name } = named;
        let who = name.unwrap_or(entry.actor);
        Self {
            at: Moment::exact(entry.at, zone),
            initials: initials(&who),
            who,
            sentence: model::sentence(&entry.action, &entry.subject),
            id: model::id(&entry.details).unwrap_or_default().to_owned(),
            lines: model::lines(&entry.details, |at| Moment::exact(at, zone).text),
            address: entry.address.unwrap_or_default(),
            source: model::source(&entry.source),
        }
    }
}

/// GET /settings/audit-log
pub async fn show(admin: Admin, context: web::Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let zone = admin.organization.time_zone;
    let mut typed = Typed::default();
    let filter = asked.filter(zone, &mut typed);
    let place = asked.excerpt.place()?;
    let mut conn = context.db.read().await?;
    let listing = if typed.errors.is_empty() {
        audit::list(&mut conn, &admin.organization.id, &filter, &place, LIMIT).await?
    } else {
        filters::nothing()
    };
    let members = users::names(&mut conn, &admin.organization.id, PEOPLE).await?;
    drop(conn);
    let (newer, older) =
        filters::neighbours(&listing, |named: &Named| Cursor { at: named.entry.at, id: named.entry.id.to_string() });
    let page = ListPage {
        shell: admin.shell(Section::AuditLog, "Audit log"),
        rows: listing.rows.into_iter().map(|named| Row::new(named, zone)).collect(),
        people: people(members, &asked.who),
        actions: actions(&asked.action),
        is_filtered: asked.is_filtered(),
        newer: newer.map(|newer| asked.url(None, Some(newer))).unwrap_or_default(),
        older: older.map(|cursor| asked.url(Some(cursor), None)).unwrap_or_default(),
        export: asked.export_url(),
        asked,
        errors: typed.errors,
    };
    if page.errors.is_empty() { page.answer(&hx) } else { page.rejected(&hx) }
}

/// Everybody, the members, and whoever else is asked for: somebody of the log who is no member.
fn people(members: Vec<(String, String)>, asked: &str) -> Vec<(String, String)> {
    let named = members.into_iter().map(|(email, name)| {
        let label = if name.is_empty() { email.clone() } else { name };
        (email, label)
    });
    let mut people: Vec<_> = std::iter::once((String::new(), "Anybody".to_owned())).chain(named).collect();
    people.push(("herald admin".into(), "Command line".into()));
    add_asked(&mut people, asked);
    people
}

/// All, the kinds, and every single action after its kind.
fn actions(asked: &str) -> Vec<(String, String)> {
    let mut actions = vec![(String::new(), "Any action".to_owned())];
    for (kind, label) in KINDS {
        actions.push(((*kind).into(), (*label).into()));
        let of_kind =
            ACTIONS.iter().filter(|(action, _)| action.split_once('.').is_some_and(|(first, _)| first == *kind));
        actions.extend(of_kind.map(|(action, _)| ((*action).into(), format!("\u{a0}\u{a0}{}", in_words(action)))));
    }
    add_asked(&mut actions, asked);
    actions
}

/// `second factor removed`, below its kind.
fn in_words(action: &str) -> String {
    action.split_once('.').map_or(action, |(_, what)| what).replace('_', " ")
}

/// What the address asks for is among the choices, so that applying the filter again asks for the same.
fn add_asked(choices: &mut Vec<(String, String)>, asked: &str) {
    if choices.iter().all(|(value, _)| value != asked) {
        choices.push((asked.to_owned(), asked.to_owned()));
    }
}
