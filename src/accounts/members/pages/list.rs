//! GET /settings/members: who is in the organization and who is invited; and what the roles are.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{INVITE, LIST, ROLES, ROLES_OF_MEMBERS, powers, role_choices};
use crate::accounts::pages::Choice;
use crate::auth::model::Role;
use crate::auth::store::members::{self, Filter, Listed, Standing};
use crate::base::{Cursor, TimeZone, Timestamp, UserId};
use crate::web::guard::Admin;
use crate::web::shell::initials;
use crate::web::{Context, Hx, Moment, Page as _, Result, Section, Shell, filters, page};

/// People on a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "accounts/members/list.html", blocks = ["rows"])]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    /// All of them, whatever the filter.
    count: i64,
    asked: Query,
    roles: Vec<Choice>,
    standings: Vec<Choice>,
    is_filtered: bool,
    newer: String,
    older: String,
}
page!(ListPage, as_rows);

struct Row {
    url: String,
    /// The name, or the address of who gave none.
    title: String,
    /// Or "", where the title says it.
    email: String,
    initials: String,
    is_you: bool,
    role: &'static str,
    standing: Standing,
    /// Was here last, or until when the invitation can be followed.
    at: Option<Moment>,
    has_expired: bool,
}

impl Row {
    fn new(listed: Listed, you: &UserId, now: Timestamp, zone: TimeZone) -> Self {
        let (title, email) = match listed.name.is_empty() {
            true => (listed.email, String::new()),
            false => (listed.name, listed.email),
        };
        let url = match listed.standing {
            Standing::Active | Standing::Deactivated => format!("{LIST}/{}", listed.id),
            Standing::Invited => format!("{LIST}/invitations/{}", listed.id),
        };
        Self {
            url,
            initials: initials(&title),
            title,
            is_you: listed.id == you.as_str(),
            role: listed.role.label(),
            standing: listed.standing,
            at: listed.at.map(|at| Moment::relative(at, now, zone)),
            has_expired: listed.standing == Standing::Invited && listed.at.is_some_and(|at| at <= now),
            email,
        }
    }
}

/// The query of the page.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    role: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

impl Query {
    fn is_filtered(&self) -> bool {
        [&self.q, &self.role, &self.state].iter().any(|field| !field.trim().is_empty())
    }

    fn filter(&self) -> Result<Filter> {
        let text = Some(self.q.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\0'));
        Ok(Filter { text, role: filters::parse(Some(&self.role))?, standing: filters::parse(Some(&self.state))? })
    }

    /// The address of a page of the same list.
    fn url(&self, cursor: Option<String>, newer: Option<String>) -> String {
        filters::write(LIST, &Self { cursor, newer, ..self.clone() })
    }
}

/// GET /settings/members
pub async fn show(admin: Admin, context: web::Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let place = filters::place(asked.cursor.as_deref(), asked.newer.as_deref())?;
    let (now, zone, organization) = (context.clock.now(), admin.organization.time_zone, &admin.organization.id);
    let mut conn = context.db.read().await?;
    let listing = members::list(&mut conn, organization, &asked.filter()?, &place, LIMIT).await?;
    let count = members::count(&mut conn, organization).await?;
    drop(conn);
    let (newer, older) =
        filters::neighbours(&listing, |listed: &Listed| Cursor { at: listed.created_at, id: listed.id.clone() });
    let any = |label: &str| (String::new(), label.to_owned());
    let standings = [("active", "Active"), ("invited", "Invited"), ("deactivated", "Deactivated")];
    let page = ListPage {
        shell: admin.shell(Section::Members, "Members and roles"),
        rows: listing.rows.into_iter().map(|listed| Row::new(listed, &admin.user.id, now, zone)).collect(),
        count,
        roles: std::iter::once(any("Any role")).chain(role_choices()).collect(),
        standings: std::iter::once(any("Any state"))
            .chain(standings.map(|(value, label)| (value.to_owned(), label.to_owned())))
            .collect(),
        is_filtered: asked.is_filtered(),
        newer: newer.map(|newer| asked.url(None, Some(newer))).unwrap_or_default(),
        older: older.map(|cursor| asked.url(Some(cursor), None)).unwrap_or_default(),
        asked,
    };
    page.answer(&hx)
}

#[derive(Template)]
#[template(path = "accounts/members/roles.html")]
struct RolesPage {
    shell: Shell,
    count: i64,
    roles: Vec<RoleCard>,
}

struct RoleCard {
    value: &'static str,
    label: &'static str,
    /// How many active members have it.
    active: i64,
    powers: &'static [&'static str],
}
page!(RolesPage);

/// GET /settings/members/roles
pub async fn roles(admin: Admin, context: web::Data<Context>, hx: Hx) -> Result {
    let mut conn = context.db.read().await?;
    let counts = members::count_by_role(&mut conn, &admin.organization.id).await?;
    let count = members::count(&mut conn, &admin.organization.id).await?;
    drop(conn);
    let of = |role: Role| counts.iter().find(|(other, _)| *other == role).map_or(0, |(_, count)| *count);
    let roles = ROLES_OF_MEMBERS.iter().rev().map(|role| RoleCard {
        value: role.as_str(),
        label: role.label(),
        active: of(*role),
        powers: powers(*role),
    });
    let shell = admin.shell(Section::Members, "Roles");
    RolesPage { shell, count, roles: roles.collect() }.answer(&hx)
}
