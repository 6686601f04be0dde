//! The page of a webhook: its state, its figures, what it is configured to send, its deliveries.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use askama::Template;
use askama::filters::HtmlSafe;

use crate::base::{DeliveryId, Listing, Place, TimeZone, Timestamp, WebhookId};
use crate::delivery::model::{Ladder, Lanes, Replay};
use crate::delivery::store::{count_held, last_failure};
use crate::web::chart::{Bar, Chart};
use crate::web::filters::{self, Typed};
use crate::web::time::taken;
use crate::web::{Context, Error, Hx, Moment, Page as _, Result, Section, Shell, Toast};
use crate::webhooks::alerts::model::what_comes;
use crate::webhooks::model::{Webhook, WebhookState};
use crate::webhooks::pages::WebhooksAdmin;
use crate::webhooks::pages::rotate::{OldSecrets, Signers};

use super::super::model::{Figures, Range, Slot, Tally};
use super::super::store;
use super::buckets::Buckets;
use super::deliveries::{Query, Table};
use super::replay::{self, Card};
use super::selection::Ticked;
use super::urls;
use super::words::{self, StateWord, count};

/// Deliveries on a page.
const LIMIT: usize = 25;

#[derive(Template)]
#[template(path = "webhooks/log/webhook.html", blocks = ["deliveries"])]
pub(super) struct WebhookPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    webhook: Webhook,
    url: String,
    badge: StateWord,
    alerts: Vec<Alert>,
    ranges: Vec<RangeLink>,
    range: RangeWords,
    stats: Vec<Stat>,
    chart: Chart,
    chart_rows: Vec<(String, Bar)>,
    ticks: Vec<String>,
    totals: (u64, u64),
    is_table: bool,
    other_view_url: String,
    created: Moment,
    signature: Signature,
    replays: Card,
    table: Table,
}
crate::web::page!(WebhookPage, as_deliveries);

/// What its messages are signed with.
#[derive(Template)]
#[template(path = "webhooks/log/_secret.html")]
struct Signature {
    url: String,
    /// "" where it is signed with a secret.
    public_key: String,
    old: OldSecrets,
}

/// Its template escapes what it shows.
impl HtmlSafe for Signature {}

/// A permanent state of the webhook, in words.
struct Alert {
    tone: &'static str,
    title: String,
    text: String,
    /// The failing attempt, or nothing.
    link: String,
}

struct RangeLink {
    label: &'static str,
    url: String,
    is_current: bool,
}

/// One figure with what stands below it.
struct Stat {
    label: &'static str,
    figure: String,
    unit: &'static str,
    note: String,
    note_tone: &'static str,
}

/// A range in words.
#[derive(Clone, Copy)]
struct RangeWords {
    value: &'static str,
    label: &'static str,
    /// `last 24 hours`.
    last: &'static str,
    /// What a bar of the chart stands for.
    bar: &'static str,
}

const fn range_words(range: Range) -> RangeWords {
    match range {
        Range::Day => RangeWords { value: "24h", label: "24 hours", last: "last 24 hours", bar: "hour" },
        Range::Week => RangeWords { value: "7d", label: "7 days", last: "last 7 days", bar: "6 hours" },
        Range::Month => RangeWords { value: "30d", label: "30 days", last: "last 30 days", bar: "day" },
    }
}

/// What the page is made from, whoever asks for it.
pub(crate) struct Desk {
    pub admin: WebhooksAdmin,
    pub context: web::Data<Context>,
    pub id: WebhookId,
    pub hx: Hx,
    ladder: web::Data<Ladder>,
    lanes: web::Data<dyn Lanes>,
}

impl FromRequest for Desk {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        type Parts =
            (WebhooksAdmin, web::Data<Context>, web::Data<Ladder>, web::Data<dyn Lanes>, web::Path<String>, Hx);
        let parts = Parts::from_request(request, payload);
        Box::pin(async move {
            let (admin, context, ladder, lanes, id, hx) = parts.await?;
            let id = id.parse().map_err(|_| Error::NotFound)?;
            Ok(Self { admin, context, id, hx, ladder, lanes })
        })
    }
}

/// GET …/webhooks/{id}
pub(crate) async fn show(desk: Desk, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let page = desk.page(&asked, Ticked::default()).await?;
    if page.table.errors.is_empty() { page.answer(&desk.hx) } else { page.rejected(&desk.hx) }
}

impl Desk {
    /// The page as it is asked for, with what is ticked in its table.
    pub(super) async fn page(&self, asked: &Query, ticked: Ticked) -> Result<WebhookPage> {
        let range = Range::ALL.into_iter().find(|range| asked.range.as_deref() == Some(range_words(*range).value));
        let range = range.unwrap_or_default();
        let (now, zone) = (self.context.clock.now(), self.admin.organization.time_zone);
        let mut typed = Typed::default();
        let (filter, place) = (asked.filter(zone, &mut typed)?, asked.place()?);
        let buckets = Buckets::new(range, now, zone);

        let (organization, id) = (&self.admin.organization.id, &self.id);
        let mut conn = self.context.db.read().await?;
        let webhook = self.admin.webhook(&mut conn, &self.context, id).await?;
        let found = Found {
            figures: store::figures(&mut conn, id, range, now).await?,
            slots: store::slots(&mut conn, id, buckets.since()).await?,
            held: count_held(&mut conn, id).await?,
            last_failure: last_failure(&mut conn, id).await?,
            ladder: **self.ladder,
            is_narrowed: self.lanes.is_narrowed(id),
            replays: store::list_replays(&mut conn, id, &Place::Newest, replay::LATEST).await?,
        };
        let listing = if typed.errors.is_empty() {
            store::list_deliveries(&mut conn, organization, id, &filter, &place, LIMIT).await?
        } else {
            filters::nothing()
        };
        let vault = &self.context.vault;
        let signers = Signers::load(&mut conn, vault, id, now).await?;
        drop(conn);
        let errors = if typed.errors.is_empty() { ticked.errors } else { typed.errors };
        let ticked = Ticked { errors, ..ticked };

        let url = urls::webhook(id);
        let signature = Signature {
            url: url.clone(),
            public_key: if signers.is_asymmetric() { signers.public_key(vault) } else { String::new() },
            old: OldSecrets::of(id, &signers, now, zone),
        };
        let redeliver_url = if webhook.state == WebhookState::Active { urls::redeliver(id) } else { String::new() };
        let table = Table::new(&url, redeliver_url, asked, listing, ticked, (now, zone));
        let shell = self.admin.shell(Section::Integrations, webhook.name.as_str()).without_bad_news();
        Ok(page(shell, webhook, asked, range, &buckets, &found, signature, table, (now, zone)))
    }
}

impl WebhookPage {
    pub(super) fn with_toast(mut self, toast: Toast) -> Self {
        self.shell = self.shell.with_toast(toast);
        self
    }
}

/// What is known of a webhook besides its settings.
struct Found {
    figures: Figures,
    slots: Vec<Slot>,
    held: i64,
    /// The delivery of the latest attempt that failed.
    last_failure: Option<DeliveryId>,
    ladder: Ladder,
    /// Its receiver is overwhelmed.
    is_narrowed: bool,
    replays: Listing<Replay>,
}

#[expect(clippy::too_many_arguments, reason = "everything that was found, handed on once")]
fn page(
    shell: Shell,
    webhook: Webhook,
    asked: &Query,
    range: Range,
    buckets: &Buckets,
    found: &Found,
    signature: Signature,
    table: Table,
    (now, zone): (Timestamp, TimeZone),
) -> WebhookPage {
    let url = urls::webhook(&webhook.id);
    let words = range_words(range);
    let bars = buckets.fill(&found.slots);
    let totals = bars.iter().fold((0, 0), |(ok, bad), bar| (ok + bar.ok, bad + bar.bad));
    let base = asked.without_place();
    let is_table = base.view.as_deref() == Some("table");
    let view = (!is_table).then(|| "table".to_owned());
    let label =
        format!("Attempts per {} over the {}: {} succeeded and {} failed.", words.bar, words.last, totals.0, totals.1);
    WebhookPage {
        shell,
        trail: urls::trail(),
        badge: badge(&webhook),
        alerts: alerts(&webhook, found, now, zone),
        ranges: Range::ALL.map(|other| range_link(&url, &base, other, range)).into(),
        range: words,
        stats: stats(&found.figures, webhook.not_before, now, zone),
        chart: Chart::new(label, &bars),
        chart_rows: buckets.names().into_iter().zip(bars).collect(),
        ticks: buckets.ticks(),
        totals,
        is_table,
        other_view_url: filters::write(&url, &Query { view, ..base }),
        created: Moment::relative(webhook.created_at, now, zone),
        signature,
        replays: Card::new(&webhook.id, webhook.state == WebhookState::Active, &found.replays, now, zone),
        table,
        url,
        webhook,
    }
}

fn range_link(url: &str, base: &Query, range: Range, current: Range) -> RangeLink {
    let words = range_words(range);
    let value = (range != Range::default()).then(|| words.value.to_owned());
    RangeLink {
        label: words.label,
        url: filters::write(url, &Query { range: value, ..base.clone() }),
        is_current: range == current,
    }
}

fn is_failing(webhook: &Webhook) -> bool {
    webhook.state == WebhookState::Active && webhook.failing_since.is_some()
}

fn badge(webhook: &Webhook) -> StateWord {
    match webhook.state {
        WebhookState::Active if is_failing(webhook) => StateWord::new("bad", "circle-alert", "Failing"),
        WebhookState::Active => StateWord::new("ok", "circle-check", "Active"),
        WebhookState::Paused => StateWord::new("off", "circle-pause", "Paused"),
        WebhookState::Disabled => StateWord::new("bad", "ban", "Disabled"),
    }
}

/// What is the matter, and what happens next.
fn alerts(webhook: &Webhook, found: &Found, now: Timestamp, zone: TimeZone) -> Vec<Alert> {
    let link = found.last_failure.as_ref().map(urls::delivery).unwrap_or_default();
    let waiting = match found.held {
        0 => "New messages are held until then.".to_owned(),
        held => format!(
            "{} held, and so are new ones. You choose then whether to send or to cancel them.",
            count(held, "message is", "messages are")
        ),
    };
    match webhook.state {
        WebhookState::Active if is_failing(webhook) => {
            let start = webhook.failing_since;
            let since = start.map(|since| Moment::relative(since, now, zone).text);
            let since = since.map(|since| format!("The first one failed {since}. ")).unwrap_or_default();
            let warning = start.and_then(|since| what_comes(&found.ladder, since, now, zone));
            let warning = warning.map(|warning| format!(" {warning}")).unwrap_or_default();
            let next = "We keep retrying each delivery at longer and longer intervals. What does not get through by its last \
                        attempt counts as failed, and you can redeliver it here.";
            let failing = Alert {
                tone: "bad",
                title: format!("{} in a row failed", count(webhook.failures, "attempt", "attempts")),
                text: format!("{since}{next}{warning}"),
                link,
            };
            [failing].into_iter().chain(waits(webhook, found.is_narrowed, now, zone)).collect()
        }
        WebhookState::Active => waits(webhook, found.is_narrowed, now, zone).into_iter().collect(),
        WebhookState::Paused => {
            let text = format!("It sends again when somebody resumes it. {waiting}");
            vec![Alert { tone: "warn", title: "This instance is paused".into(), text, link: String::new() }]
        }
        WebhookState::Disabled => {
            let why = match webhook.disabled_reason.as_deref() {
                Some("gone") => "Your server answered 410 Gone.",
                _ => "Nothing got through for too long.",
            };
            let text =
                format!("{why} Send a test, and enable it when that is delivered: nothing is sent before. {waiting}");
            vec![Alert { tone: "bad", title: "We stopped sending to this instance".into(), text, link }]
        }
    }
}

/// What holds back an active webhook: its receiver.
fn waits(webhook: &Webhook, is_narrowed: bool, now: Timestamp, zone: TimeZone) -> Option<Alert> {
    let alert = |title: String, text: String| Some(Alert { tone: "warn", title, text, link: String::new() });
    let one = "It said that it is overloaded, so we send it one message at a time until one is delivered.";
    match webhook.not_before.filter(|at| *at > now) {
        Some(until) => {
            let then = Moment::relative(until, now, zone).text;
            let narrowed = if is_narrowed { format!(" {one}") } else { String::new() };
            alert(
                format!("The receiver asked us to wait until {}", words::when(until, now, zone).text),
                format!(
                    "It answered with Retry-After: nothing is sent to this instance before then, {then}. What you redeliver is \
                     sent at once.{narrowed}"
                ),
            )
        }
        None if is_narrowed => alert("One message at a time".into(), one.into()),
        None => None,
    }
}

fn stats(figures: &Figures, not_before: Option<Timestamp>, now: Timestamp, zone: TimeZone) -> Vec<Stat> {
    let tally = &figures.tally;
    let undelivered = tally.total() - tally.succeeded;
    let (note, note_tone) = trend(figures);
    let share = percentage(tally);
    let delivered = Stat {
        label: "Delivered",
        figure: share.map_or("–".into(), |share| trim(format!("{share:.1}"))),
        unit: if share.is_some() { "%" } else { "" },
        note,
        note_tone,
    };
    let note = match (tally.total(), undelivered) {
        (0, _) => "nothing happened",
        (_, 0) => "all delivered",
        _ => "",
    };
    let deliveries = Stat {
        label: "Deliveries",
        figure: tally.total().to_string(),
        unit: "",
        note: if note.is_empty() { format!("{undelivered} not delivered") } else { note.into() },
        note_tone: "",
    };
    let p95 = figures.times.map(|times| taken(times.p95));
    let (figure, unit) = p95.as_deref().and_then(|p95| p95.split_once(' ')).unwrap_or(("–", ""));
    let response = Stat {
        label: "Response time, p95",
        figure: figure.to_owned(),
        unit: if unit == "s" {
            " s"
        } else if unit.is_empty() {
            ""
        } else {
            " ms"
        },
        note: figures.times.map_or("no attempts".into(), |times| format!("median {}", taken(times.median))),
        note_tone: "",
    };
    let retries = figures.retries;
    // What is due earlier than the receiver wants to hear from us waits until then.
    let asked = not_before.filter(|at| *at > now && retries.waiting > 0);
    let next = retries.next_at.max(asked).map(|at| format!("next at {}", words::when(at, now, zone).text));
    let waiting = Stat {
        label: "Waiting to retry",
        figure: retries.waiting.to_string(),
        unit: if retries.is_at_least && retries.waiting > 0 { "+" } else { "" },
        note: next.unwrap_or_else(|| if retries.waiting > 0 { "due now".into() } else { "nothing waits".into() }),
        note_tone: "",
    };
    vec![delivered, deliveries, response, waiting]
}

/// How much of what was to be delivered has been. What is held or was cancelled was not to be.
fn percentage(tally: &Tally) -> Option<f64> {
    let all = tally.total() - tally.held - tally.cancelled;
    (all > 0).then(|| tally.succeeded as f64 * 100.0 / all as f64)
}

fn trim(figure: String) -> String {
    figure.strip_suffix(".0").map(str::to_owned).unwrap_or(figure)
}

/// Against the equally long time before.
fn trend(figures: &Figures) -> (String, &'static str) {
    let (Some(now), Some(before)) = (percentage(&figures.tally), percentage(&figures.before)) else {
        return (String::new(), "");
    };
    let points = now - before;
    let shown = format!("{:.1}", points.abs());
    match points {
        _ if shown == "0.0" => ("as before".into(), ""),
        points if points > 0.0 => (format!("up {shown} points"), "delta--ok"),
        _ => (format!("down {shown} points"), "delta--bad"),
    }
}
