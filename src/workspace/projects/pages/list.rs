//! The projects of one status.

use actix_web::HttpRequest;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::web::guard::Member;
use crate::web::{Context, Error, Hx, Page as _, Result, Section, Shell};
use crate::workspace::listing::Place;
use crate::workspace::pages::{Day, StatusWord, UNREADABLE, searched, today};
use crate::workspace::projects::model::{Progress, Project, ProjectOrder, ProjectStatus};
use crate::workspace::projects::store;

use super::urls;
use super::words::{self, Share, counted};

#[derive(Template)]
#[template(path = "projects/list.html", blocks = ["rows"])]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    orders: Vec<(String, String)>,
    asked: Query,
    status: ProjectStatus,
    rows: Vec<Row>,
    is_filtered: bool,
    clear_url: String,
    total: String,
    previous: String,
    next: String,
}
crate::web::page!(ListPage, as_rows);

/// A status, and how many projects of it there are.
struct Tab {
    label: &'static str,
    count: i64,
    url: String,
    is_current: bool,
}

struct Row {
    url: String,
    name: String,
    client: String,
    status: StatusWord,
    share: Share,
    owner: String,
    due: Option<Day>,
}

/// The query of the page.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    status: String,
    sort: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

impl Query {
    /// Active projects, those due soonest first, unless something else is asked for.
    fn read(request: &HttpRequest) -> Result<(Self, ProjectStatus, ProjectOrder, Place)> {
        let unreadable = |_| Error::BadRequest(UNREADABLE.into());
        let mut asked: Self =
            serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
        asked.q = searched(&asked.q);
        let status = match asked.status.as_str() {
            "" => ProjectStatus::Active,
            text => text.parse().map_err(unreadable)?,
        };
        let order = match asked.sort.as_str() {
            "" => ProjectOrder::Due,
            text => text.parse().map_err(unreadable)?,
        };
        asked.status = status.to_string();
        asked.sort = order.to_string();
        let place = Place::parse(asked.after.as_deref(), asked.before.as_deref());
        let place = place.map_err(|error| Error::BadRequest(error.to_string().into()))?;
        Ok((asked, status, order, place))
    }

    fn words(&self) -> Option<&str> {
        Some(self.q.as_str()).filter(|words| !words.is_empty())
    }

    fn url(&self) -> String {
        match serde_html_form::to_string(self) {
            Ok(query) => format!("{}?{query}", urls::LIST),
            Err(_) => urls::LIST.to_owned(),
        }
    }

    /// The first page of the same list.
    fn first(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }
}

/// GET /projects
pub(crate) async fn show(member: Member, context: Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let (asked, status, order, place) = Query::read(&request)?;
    let organization = &member.organization;
    let (listing, counts, progress) = {
        let mut conn = context.db.read().await?;
        let listing = store::page(&mut conn, &organization.id, status, asked.words(), order, &place).await?;
        let counts = store::count_by_status(&mut conn, &organization.id, asked.words()).await?;
        let ids: Vec<_> = listing.rows.iter().map(|project| project.id.clone()).collect();
        let progress = store::progress(&mut conn, &ids).await?;
        (listing, counts, progress)
    };
    let today = today(context.clock.now(), organization.time_zone);
    let (before, after) = listing.neighbours(|project| store::key(order, project));
    let first = asked.first();
    let page = ListPage {
        shell: member.shell(Section::Projects, "Projects"),
        tabs: tabs(&first, status, |status| counts.get(&status).copied().unwrap_or(0)),
        orders: [("due", "Due soonest"), ("newest", "Newest"), ("name", "Name")]
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .into(),
        rows: listing
            .rows
            .iter()
            .map(|project| row(project, progress.get(&project.id).copied().unwrap_or_default(), today))
            .collect(),
        is_filtered: asked.words().is_some(),
        clear_url: Query { q: String::new(), ..first.clone() }.url(),
        total: counted(counts.get(&status).copied().unwrap_or(0), "project", "projects"),
        previous: before.map(|before| Query { before: Some(before), ..first.clone() }.url()).unwrap_or_default(),
        next: after.map(|after| Query { after: Some(after), ..first.clone() }.url()).unwrap_or_default(),
        asked,
        status,
    };
    page.answer(&hx)
}

fn tabs(asked: &Query, current: ProjectStatus, count: impl Fn(ProjectStatus) -> i64) -> Vec<Tab> {
    let tab = |status: &ProjectStatus| Tab {
        label: match status {
            ProjectStatus::Active => "Active",
            ProjectStatus::Completed => "Complete",
            ProjectStatus::Archived => "Archived",
        },
        count: count(*status),
        url: Query { status: status.to_string(), ..asked.clone() }.url(),
        is_current: *status == current,
    };
    ProjectStatus::ALL.iter().map(tab).collect()
}

fn row(project: &Project, progress: Progress, today: NaiveDate) -> Row {
    let details = &project.details;
    Row {
        url: urls::show(&project.id),
        name: details.name.clone(),
        client: details.client.clone().unwrap_or_default(),
        status: words::status(project, progress, today),
        share: Share::of(progress),
        owner: details.owner.clone().unwrap_or_default(),
        due: details.due_date.map(|day| Day::new(day, today)),
    }
}
