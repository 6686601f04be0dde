//! The queue of what waits for a moderator: each pair with what changed since it was published last, to publish or to send back.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::base::{AnswerId, Cursor, TimeZone, Timestamp};
use crate::web::guard::{Moderator, least};
use crate::web::{
    Context, Error, FieldErrors, Form, Hx, Moment, Page as _, Paging, Result, Section, Shell, Slice, Toast, page,
    see_other, version,
};
use crate::workspace::answers::actions;
use crate::workspace::answers::model::{self, Answer, AnswerStatus, ContentChange, Step, Texts, last_published};
use crate::workspace::answers::store::{self, Filter, Order};
use crate::workspace::change::Refusal;
use crate::workspace::pages::{Change, UNREADABLE};

use super::diff::{self, Paragraph};
use super::tabs::{self, Tab, TabLink};
use super::{history, urls, words};

/// Pairs on a page of the queue.
const LIMIT: u32 = 20;

#[derive(Template)]
#[template(path = "answers/moderation.html", blocks = ["queue"])]
struct QueuePage {
    shell: Shell,
    tabs: Vec<TabLink>,
    waiting: String,
    lines: Vec<Line>,
    first: String,
    later: String,
    chosen: Option<Item>,
    /// After a decision the next pair's heading gets the focus.
    has_focus: bool,
    note: String,
    errors: FieldErrors,
}

page!(QueuePage, as_queue);

/// A pair in the queue.
struct Line {
    url: String,
    question: String,
    by: String,
    at: Moment,
    is_chosen: bool,
}

/// The pair that is looked at.
struct Item {
    kind: &'static str,
    icon: &'static str,
    by: String,
    at: Moment,
    question: Vec<Paragraph>,
    answer: Vec<Paragraph>,
    /// Ways to look at a pair that was published before; none for a new one.
    views: Vec<ViewLink>,
    tags: Vec<String>,
    owner: String,
    version: i64,
    publish_url: String,
    reject_url: String,
    edit_url: String,
}

struct ViewLink {
    label: &'static str,
    url: String,
    is_current: bool,
}

/// What is shown of a pair that was published before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    #[default]
    Changes,
    New,
    Published,
}

const VIEWS: [(View, &str); 3] = [(View::Changes, "Changes"), (View::New, "New"), (View::Published, "Published")];

/// What stands after the question mark.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<AnswerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Asked {
    fn about(item: &AnswerId) -> Self {
        Self { item: Some(item.clone()), ..Self::default() }
    }

    fn url(&self) -> String {
        match serde_html_form::to_string(self) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", urls::MODERATION),
            _ => urls::MODERATION.into(),
        }
    }
}

/// GET /answers/moderation
pub(crate) async fn show(person: Moderator, context: Data<Context>, request: HttpRequest, hx: Hx) -> Result {
    let asked: Asked =
        serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))?;
    load(&person, &context, &asked).await?.answer(&hx)
}

/// What a moderator decides with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Decision {
    note: String,
    version: String,
}

/// A post about a pair by somebody who moderates.
type Moderation = Change<AnswerId, least::Moderator>;

/// POST /answers/{id}/publish
pub(crate) async fn publish(change: Moderation, Form(form): Form<Decision>) -> Result {
    let expected = version::of_form(&form.version);
    let publish = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::publish(tx, desk, author, id, &expected, ContentChange::default()).await
    };
    match change.run(publish).await {
        Ok(done) => next(&change, Toast::ok("Pair published").text(words::in_short(&done.now.content.question))).await,
        Err(refusal) => refused(&change, form, refusal).await,
    }
}

/// POST /answers/{id}/reject
pub(crate) async fn reject(change: Moderation, Form(form): Form<Decision>) -> Result {
    let note = match model::note(&form.note).map_err(|error| error.to_string()) {
        Ok(Some(note)) => note,
        wrong => {
            let mut page = load(&change.person, &change.context, &Asked::about(&change.id)).await?;
            page.errors.add("note", wrong.err().unwrap_or_else(|| "Say what is to be changed.".into()));
            page.note = form.note;
            return page.rejected(&change.hx);
        }
    };
    let expected = version::of_form(&form.version);
    let reject = async |tx: &mut _, desk: &_, author: &_, id: &_| {
        actions::reject(tx, desk, author, id, &expected, Some(note)).await
    };
    match change.run(reject).await {
        Ok(done) => next(&change, Toast::ok("Pair sent back").text(words::in_short(&done.now.content.question))).await,
        Err(refusal) => refused(&change, form, refusal).await,
    }
}

/// On to the next pair: htmx puts it in the place of the one that was decided.
async fn next(change: &Moderation, toast: Toast) -> Result {
    if !change.hx.wants_fragment() {
        change.person.flash(toast);
        return Ok(see_other(&change.hx, urls::MODERATION));
    }
    let mut page = load(&change.person, &change.context, &Asked::default()).await?;
    page.has_focus = true;
    page.shell.toasts.push(toast);
    let mut answer = page.answer(&change.hx)?;
    let (name, url) = (HeaderName::from_static("hx-push-url"), HeaderValue::from_static(urls::MODERATION));
    answer.headers_mut().insert(name, url);
    Ok(answer)
}

/// Somebody changed or decided it meanwhile: the pair as it is now, with what was typed.
async fn refused(change: &Moderation, form: Decision, refusal: Refusal) -> Result {
    let toast = match refusal {
        Refusal::Stale => {
            Toast::bad("Someone else changed this").text("Nothing was decided. Look at the pair as it is now.")
        }
        Refusal::Conflict(why) => Toast::bad("Nothing was decided").text(why),
        refusal @ (Refusal::NotFound | Refusal::Db(_)) => return Err(refusal.into()),
    };
    let mut page = load(&change.person, &change.context, &Asked::about(&change.id)).await?;
    page.shell.toasts.push(toast);
    page.note = form.note;
    page.answer_with(&change.hx, StatusCode::CONFLICT)
}

/// A page of the queue, oldest first, with the pair that was asked for or the first one.
async fn load(person: &Moderator, context: &Context, asked: &Asked) -> Result<QueuePage> {
    let (now, zone, organization) = (context.clock.now(), person.organization.time_zone, &person.organization.id);
    let after = asked.cursor.as_deref().map(Cursor::decode).transpose();
    let paging = Paging { limit: LIMIT, after: after.map_err(|error| Error::BadRequest(error.to_string().into()))? };
    let filter = Filter { status: Some(AnswerStatus::InModeration), order: Order::OldestFirst, ..Filter::default() };
    let mut conn = context.db.read().await?;
    let found = store::list(&mut conn, organization, &filter, paging.after.as_ref(), paging.rows_to_read()).await?;
    let Slice { rows, next } = paging.cut(found, Answer::cursor);
    let chosen = match &asked.item {
        Some(id) => store::find(&mut conn, organization, id).await?,
        None => None,
    };
    // What was decided meanwhile waits no more.
    let waits = |answer: &Answer| answer.status == AnswerStatus::InModeration && answer.trashed.is_none();
    let chosen = chosen.filter(waits).or_else(|| rows.first().cloned());
    let steps = match &chosen {
        Some(answer) => store::history(&mut conn, &answer.id, i64::MAX, history::MOST).await?,
        None => Vec::new(),
    };
    let count = store::counts(&mut conn, organization).await?.in_moderation;
    let tabs = tabs::load(&mut conn, organization, Tab::Moderation, true).await?;
    drop(conn);
    let line = |answer: &Answer| line(answer, asked, chosen.as_ref(), now, zone);
    Ok(QueuePage {
        shell: person.shell(Section::Answers, "Moderation"),
        tabs,
        waiting: words::pairs(count),
        lines: rows.iter().map(line).collect(),
        first: asked.cursor.as_ref().map(|_| urls::MODERATION.to_owned()).unwrap_or_default(),
        later: next.map(|cursor| Asked { cursor: Some(cursor), ..Asked::default() }.url()).unwrap_or_default(),
        chosen: chosen.as_ref().map(|answer| item(answer, &steps, asked, now, zone)),
        has_focus: false,
        note: String::new(),
        errors: FieldErrors::default(),
    })
}

fn line(answer: &Answer, asked: &Asked, chosen: Option<&Answer>, now: Timestamp, zone: TimeZone) -> Line {
    Line {
        url: Asked { item: Some(answer.id.clone()), view: None, ..asked.clone() }.url(),
        question: words::in_short(&answer.content.question),
        by: answer.updated_by.clone(),
        at: Moment::relative(answer.updated_at, now, zone),
        is_chosen: chosen.is_some_and(|chosen| chosen.id == answer.id),
    }
}

fn item(answer: &Answer, steps: &[Step], asked: &Asked, now: Timestamp, zone: TimeZone) -> Item {
    let content = &answer.content;
    let published = last_published(steps, content);
    let shown = asked.view.unwrap_or_default();
    let link = |(view, label): (View, &'static str)| ViewLink {
        label,
        url: Asked { item: Some(answer.id.clone()), view: Some(view), ..asked.clone() }.url(),
        is_current: view == shown,
    };
    let (kind, icon) = if published.is_some() { ("Changed pair", "pencil") } else { ("New pair", "plus") };
    let text = |of: fn(&Texts) -> &str| {
        let new = content.texts();
        match (&published, shown) {
            (Some(published), View::Changes) => diff::compare(of(published), of(&new)),
            (Some(published), View::Published) => diff::plain(of(published)),
            (Some(_), View::New) | (None, _) => diff::plain(of(&new)),
        }
    };
    Item {
        kind,
        icon,
        by: answer.updated_by.clone(),
        at: Moment::relative(answer.updated_at, now, zone),
        question: text(|texts| &texts.question),
        answer: text(|texts| &texts.answer),
        views: if published.is_some() { VIEWS.map(link).into() } else { Vec::new() },
        tags: content.tags.clone(),
        owner: content.owner.clone().unwrap_or_else(|| "None".into()),
        version: answer.version,
        publish_url: urls::publish(&answer.id),
        reject_url: urls::reject(&answer.id),
        edit_url: urls::show(&answer.id),
    }
}
