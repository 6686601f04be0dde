//! The intakes, newest first.

use actix_web::HttpRequest;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::web::guard::Member;
use crate::web::{Context, Error, Hx, Page as _, Result, Section, Shell};
use crate::workspace::intakes::model::{Intake, IntakeStatus};
use crate::workspace::intakes::store;
use crate::workspace::listing::Place;
use crate::workspace::pages::{Day, StatusWord, UNREADABLE, searched, today};

use super::{status, urls};

#[derive(Template)]
#[template(path = "intakes/list.html", blocks = ["rows"])]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    asked: Query,
    statuses: Vec<(String, String)>,
    is_filtered: bool,
    previous: String,
    next: String,
}
crate::web::page!(ListPage, as_rows);

struct Row {
    url: String,
    title: String,
    client: String,
    status: StatusWord,
    requester: String,
    due: Option<Day>,
}

/// The query of the page.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
}

impl Query {
    fn read(request: &HttpRequest) -> Result<(Self, Option<IntakeStatus>, Place)> {
        let mut asked: Self =
            serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
        asked.q = searched(&asked.q);
        let status = match asked.status.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Error::BadRequest(UNREADABLE.into()))?),
        };
        let place = Place::parse(asked.after.as_deref(), asked.before.as_deref());
        let place = place.map_err(|error| Error::BadRequest(error.to_string().into()))?;
        Ok((asked, status, place))
    }

    fn words(&self) -> Option<&str> {
        Some(self.q.as_str()).filter(|words| !words.is_empty())
    }

    /// The address of another page of the same list.
    fn url(&self, after: Option<String>, before: Option<String>) -> String {
        match serde_html_form::to_string(Self { after, before, ..self.clone() }) {
            Ok(query) => format!("{}?{query}", urls::LIST),
            Err(_) => urls::LIST.to_owned(),
        }
    }
}

/// GET /intakes
pub(crate) async fn show(member: Member, context: Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let (asked, chosen, place) = Query::read(&request)?;
    let organization = &member.organization;
    let listing = {
        let mut conn = context.db.read().await?;
        store::page(&mut conn, &organization.id, chosen, asked.words(), &place).await?
    };
    let today = today(context.clock.now(), organization.time_zone);
    let (before, after) = listing.neighbours(store::key);
    let page = ListPage {
        shell: member.shell(Section::Intakes, "Intake"),
        rows: listing.rows.iter().map(|intake| row(intake, today)).collect(),
        statuses: [("", "Any status"), ("new", "New"), ("accepted", "Accepted"), ("declined", "Declined")]
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .into(),
        is_filtered: chosen.is_some() || asked.words().is_some(),
        previous: before.map(|before| asked.url(None, Some(before))).unwrap_or_default(),
        next: after.map(|after| asked.url(Some(after), None)).unwrap_or_default(),
        asked,
    };
    page.answer(&hx)
}

fn row(intake: &Intake, today: NaiveDate) -> Row {
    let details = &intake.details;
    Row {
        url: urls::show(&intake.id),
        title: details.title.clone(),
        client: details.client.clone().unwrap_or_default(),
        status: status(intake),
        requester: details.requester.clone().or_else(|| details.email.clone()).unwrap_or_default(),
        due: details.due_date.map(|day| Day::new(day, today)),
    }
}
