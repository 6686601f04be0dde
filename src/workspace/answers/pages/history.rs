//! What became of a pair: the last steps beside its form, and all of them with their texts on a page of their own.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::{AnswerId, TimeZone, Timestamp};
use crate::web::guard::Member;
use crate::web::{Context, Error, Hx, Moment, Page as _, Result, Section, Shell, page};
use crate::workspace::answers::model::{Content, Step, StepKind, Texts};
use crate::workspace::answers::store;

use super::diff::{self, Paragraph};
use super::{urls, words};

/// Steps beside the form.
pub(super) const LATEST: i64 = 8;
/// Steps on a page of the history.
const LIMIT: usize = 20;
/// How far back the history is shown. What a pair said after a step is told by the steps that came later, so all of them are read.
pub(super) const MOST: i64 = 500;

/// One step in the timeline beside the form.
pub(super) struct Line {
    pub url: String,
    pub what: &'static str,
    pub icon: &'static str,
    /// The colour of its mark: ok, bad, info or none.
    pub mark: &'static str,
    pub by: String,
    pub at: Moment,
}

/// The latest steps; `steps` come latest first.
pub(super) fn latest(id: &AnswerId, steps: &[Step], now: Timestamp, zone: TimeZone) -> Vec<Line> {
    let line = |step: &Step| {
        let (what, icon, mark) = describe(step.kind);
        Line {
            url: format!("{}#{}", urls::history(id), anchor(step.version)),
            what,
            icon,
            mark,
            by: step.by.clone(),
            at: Moment::relative(step.at, now, zone),
        }
    };
    steps.iter().map(line).collect()
}

fn describe(kind: StepKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        StepKind::Created => ("Pair created", "plus", "info"),
        StepKind::Edited => ("Pair changed", "pencil", ""),
        StepKind::Moderated => ("Changed in moderation", "pencil", ""),
        StepKind::Published => ("Published", "check", "ok"),
        StepKind::Rejected => ("Sent back", "undo-2", "bad"),
        StepKind::ReviewRequested => ("Sent to review", "send", "info"),
        StepKind::Reviewed => ("Changed in review", "pencil", "ok"),
        StepKind::Confirmed => ("Confirmed in review", "check-check", "ok"),
        StepKind::Trashed => ("Moved to trash", "trash-2", ""),
        StepKind::Restored => ("Restored", "archive-restore", ""),
    }
}

fn anchor(version: i64) -> String {
    format!("version-{version}")
}

#[derive(Template)]
#[template(path = "answers/history.html")]
struct HistoryPage {
    shell: Shell,
    question: String,
    pair_url: String,
    entries: Vec<Entry>,
    newest: String,
    older: String,
}

page!(HistoryPage);

/// One step with what the pair said from it on; what it changed is marked.
struct Entry {
    version: i64,
    anchor: String,
    what: &'static str,
    by: String,
    at: Moment,
    question: Vec<Paragraph>,
    answer: Vec<Paragraph>,
    tags: Vec<String>,
    note: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Only steps before this version.
    before: Option<i64>,
}

/// GET /answers/{id}/history
pub(crate) async fn show(
    person: Member,
    context: Data<Context>,
    id: Path<AnswerId>,
    request: HttpRequest,
    hx: Hx,
) -> Result {
    let asked: Asked = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let (now, zone) = (context.clock.now(), person.organization.time_zone);
    let (answer, steps) = {
        let mut conn = context.db.read().await?;
        let answer = store::find(&mut conn, &person.organization.id, &id).await?.ok_or(Error::NotFound)?;
        (answer, store::history(&mut conn, &id, i64::MAX, MOST).await?)
    };
    let is_wanted = |step: &Step| asked.before.is_none_or(|version| step.version < version);
    let all = with_texts(&steps, &answer.content);
    let mut entries = all.filter(|(step, _)| is_wanted(step)).map(|(step, texts)| entry(step, &texts, now, zone));
    let page: Vec<Entry> = entries.by_ref().take(LIMIT).collect();
    let last = page.last().map(|entry| entry.version).filter(|_| entries.next().is_some());
    let address = urls::history(&id);
    HistoryPage {
        shell: person.shell(Section::Answers, "History"),
        question: words::in_short(&answer.content.question),
        pair_url: urls::show(&id),
        entries: page,
        older: last.map(|version| format!("{address}?before={version}")).unwrap_or_default(),
        newest: asked.before.map(|_| address).unwrap_or_default(),
    }
    .answer(&hx)
}

/// Each step with what the pair said from it on. `steps`: all of them, the latest first; `now`: what it says.
fn with_texts<'a>(steps: &'a [Step], now: &Content) -> impl Iterator<Item = (&'a Step, Texts)> {
    let mut texts = now.texts();
    steps.iter().map(move |step| {
        let after = texts.clone();
        if let Some(before) = &step.before {
            texts = before.clone();
        }
        (step, after)
    })
}

fn entry(step: &Step, texts: &Texts, now: Timestamp, zone: TimeZone) -> Entry {
    let (question, answer) = match &step.before {
        Some(before) => {
            (diff::compare(&before.question, &texts.question), diff::compare(&before.answer, &texts.answer))
        }
        None => (diff::plain(&texts.question), diff::plain(&texts.answer)),
    };
    Entry {
        version: step.version,
        anchor: anchor(step.version),
        what: describe(step.kind).0,
        by: step.by.clone(),
        at: Moment::relative(step.at, now, zone),
        question,
        answer,
        tags: texts.tags.clone(),
        note: step.note.clone().unwrap_or_default(),
    }
}
