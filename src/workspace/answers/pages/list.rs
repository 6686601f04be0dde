//! The library: search as one types, filters by tag and status, and boxes to choose many pairs by.

use actix_web::HttpRequest;
use actix_web::web::Data;
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::auth::model::Role;
use crate::base::{Cursor, Timestamp};
use crate::db::Conn;
use crate::web::guard::Member;
use crate::web::{Context, Error, FieldErrors, Hx, Moment, Page as _, Paging, Result, Section, Shell, page};
use crate::workspace::answers::model::{Answer, AnswerStatus};
use crate::workspace::answers::store;
use crate::workspace::pages::{Day, StatusWord, UNREADABLE, searched, today};

use super::tabs::{self, Tab, TabLink};
use super::urls;
use super::words;

/// Pairs on a page.
const LIMIT: u32 = 50;
/// Tags, and owners, that the filters offer.
const CHOICES: i64 = 200;

#[derive(Template)]
#[template(path = "answers/list.html", blocks = ["pairs"])]
pub(super) struct ListPage {
    shell: Shell,
    tabs: Vec<TabLink>,
    rows: Vec<Row>,
    asked: Asked,
    tags: Vec<(String, String)>,
    statuses: Vec<(String, String)>,
    owners: Vec<(String, String)>,
    is_filtered: bool,
    can_moderate: bool,
    /// The address of this very page, to come back to.
    here: String,
    new_tag: String,
    errors: FieldErrors,
    first: String,
    older: String,
    showing: String,
}

page!(ListPage, as_pairs);

struct Row {
    id: String,
    url: String,
    question: String,
    answer: String,
    status: StatusWord,
    /// Who reviews it until when.
    status_note: Option<String>,
    tags: Vec<String>,
    changed: Moment,
    is_selected: bool,
}

/// What stands after the question mark.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    tag: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Asked {
    pub fn parse(query: &str) -> Result<Self> {
        serde_html_form::from_str(query).map_err(|_| unreadable())
    }

    fn is_filtered(&self) -> bool {
        [&self.q, &self.tag, &self.status, &self.owner].iter().any(|field| !field.trim().is_empty())
    }

    fn filter(&self) -> Result<store::Filter> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let status = given(&self.status).map(|status| status.parse().map_err(|_| unreadable())).transpose()?;
        Ok(store::Filter {
            words: given(&searched(&self.q)),
            tag: given(&self.tag),
            owner: given(&searched(&self.owner)),
            status,
            ..store::Filter::default()
        })
    }

    /// The address of this very page.
    pub fn here(&self) -> String {
        self.url(self.cursor.clone())
    }

    /// The address of a page of the same list.
    fn url(&self, cursor: Option<String>) -> String {
        match serde_html_form::to_string(Self { cursor, ..self.clone() }) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", urls::LIST),
            _ => urls::LIST.into(),
        }
    }
}

fn unreadable() -> Error {
    Error::BadRequest(UNREADABLE.into())
}

/// What was typed and ticked in the form for many pairs, when it is shown again.
#[derive(Default)]
pub(super) struct Again {
    pub ids: Vec<String>,
    pub new_tag: String,
    pub errors: FieldErrors,
}

/// GET /answers
pub(crate) async fn show(person: Member, context: Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let asked = Asked::parse(request.query_string())?;
    load(&person, &context, asked, Again::default()).await?.answer(&hx)
}

/// The list as it was asked for.
pub(super) async fn load(person: &Member, context: &Context, asked: Asked, again: Again) -> Result<ListPage> {
    let (filter, now) = (asked.filter()?, context.clock.now());
    let after = asked.cursor.as_deref().map(Cursor::decode).transpose();
    let paging = Paging { limit: LIMIT, after: after.map_err(|error| Error::BadRequest(error.to_string().into()))? };
    let organization = &person.organization.id;
    let can_moderate = person.user.role.includes(Role::Moderator);
    let current = if filter.status == Some(AnswerStatus::InReview) { Tab::Review } else { Tab::All };
    let (found, tabs, tags, owners) = {
        let conn: &mut Conn = &mut *context.db.read().await?;
        let found = store::list(conn, organization, &filter, paging.after.as_ref(), paging.rows_to_read()).await?;
        (
            found,
            tabs::load(conn, organization, current, can_moderate).await?,
            store::tags(conn, organization, CHOICES).await?,
            store::owners(conn, organization, CHOICES).await?,
        )
    };
    let slice = paging.cut(found, Answer::cursor);
    Ok(ListPage {
        shell: person.shell(Section::Answers, "Answer Library"),
        tabs,
        showing: showing(slice.rows.len(), asked.cursor.is_some() || slice.next.is_some()),
        rows: slice.rows.iter().map(|answer| row(answer, now, person, &again)).collect(),
        tags: choices("Any tag", tags.into_iter().map(|tag| (tag.clone(), tag))),
        statuses: choices("Any status", AnswerStatus::ALL.iter().map(|s| (s.to_string(), words::label(*s).to_owned()))),
        owners: choices("Any owner", owners.into_iter().map(|owner| (owner.clone(), owner))),
        is_filtered: asked.is_filtered(),
        can_moderate,
        here: asked.here(),
        first: asked.cursor.as_ref().map(|_| asked.url(None)).unwrap_or_default(),
        older: slice.next.map(|cursor| asked.url(Some(cursor))).unwrap_or_default(),
        asked,
        new_tag: again.new_tag,
        errors: again.errors,
    })
}

fn row(answer: &Answer, now: Timestamp, person: &Member, again: &Again) -> Row {
    let zone = person.organization.time_zone;
    let id = answer.id.to_string();
    Row {
        url: urls::show(&answer.id),
        question: words::in_short(&answer.content.question),
        answer: words::in_short(&answer.content.answer),
        status: words::status_of(answer, today(now, zone)),
        status_note: answer
            .review
            .as_ref()
            .map(|review| format!("{}, {}", review.reviewer, Day::new(review.due_date, today(now, zone)).text)),
        tags: answer.content.tags.clone(),
        changed: Moment::relative(answer.updated_at, now, zone),
        is_selected: again.ids.contains(&id),
        id,
    }
}

/// The choices of a filter, the one that takes everything first.
fn choices(any: &str, rest: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), any.to_owned())).chain(rest).collect()
}

fn showing(count: usize, is_part: bool) -> String {
    if is_part { format!("{count} on this page") } else { String::new() }
}
