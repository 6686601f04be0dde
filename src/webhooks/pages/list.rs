//! The instances.

use actix_web::web::Data;
use askama::Template;

use crate::base::{DeliveryId, TimeZone, Timestamp};
use crate::delivery::model::Ladder;
use crate::events::{EventType, Group};
use crate::web::chart::{Bar, Sparkline};
use crate::web::time::taken;
use crate::web::{self, Coloured, Context, Hx, Moment, Page, Section, Shell};
use crate::webhooks::alerts::model::{how_long, what_comes};
use crate::webhooks::model::{Webhook, WebhookState};
use crate::webhooks::store::{Delivered, Hour, LastAttempt};
use crate::webhooks::{store, urls};

use super::{WebhooksAdmin, counted};

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
    alerts: Vec<Alert>,
    summary: String,
    zone: String,
    sample: Coloured,
}

crate::web::page!(ListPage);

/// One instance.
struct Row {
    name: String,
    address: String,
    events: String,
    groups: String,
    status: Status,
    /// When it goes on, where that is worth saying.
    next: String,
    spark: Sparkline,
    /// The share of the deliveries that arrived, as on the instance's own page; `None` without any to send.
    delivered: Option<String>,
    last: Option<(Moment, String)>,
    show_url: String,
    edit_url: String,
    delete_url: String,
}

/// What the list says about the state, with icon and colour.
struct Status {
    tone: &'static str,
    icon: &'static str,
    word: &'static str,
}

/// An instance that needs somebody.
struct Alert {
    tone: &'static str,
    title: String,
    text: String,
    url: String,
    link: &'static str,
}

/// GET …/webhooks
pub(crate) async fn show(admin: WebhooksAdmin, context: Data<Context>, ladder: Data<Ladder>, hx: Hx) -> web::Result {
    let now = context.clock.now();
    let organization = &admin.organization;
    let (webhooks, hours, delivered, last, next) = {
        let mut conn = context.db.read().await?;
        (
            store::list(&mut conn, &context.vault, &organization.id).await?,
            store::attempts_by_hour(&mut conn, &organization.id, now).await?,
            store::delivered(&mut conn, &organization.id, now).await?,
            store::last_attempts(&mut conn, &organization.id).await?,
            store::next_attempts(&mut conn, &organization.id, now).await?,
        )
    };
    let zone = organization.time_zone;
    let row = |webhook: &Webhook| {
        let id = &webhook.id;
        let row = row(webhook, hours.get(id), delivered.get(id), last.get(id), now, zone);
        Row { next: goes_on(webhook, next.get(id).copied(), now, zone), ..row }
    };
    let page = ListPage {
        shell: admin.shell(Section::Integrations, "Webhook instances").without_bad_news(),
        rows: webhooks.iter().map(row).collect(),
        alerts: webhooks
            .iter()
            .filter_map(|webhook| alert(webhook, last.get(&webhook.id), &ladder, now, zone))
            .collect(),
        summary: counted(webhooks.len(), "instance", "instances"),
        zone: zone.name().to_owned(),
        sample: sample(&admin.user.email, now, zone),
    };
    page.answer(&hx)
}

fn row(
    webhook: &Webhook,
    hours: Option<&[Hour; 24]>,
    delivered: Option<&Delivered>,
    last: Option<&LastAttempt>,
    now: Timestamp,
    zone: TimeZone,
) -> Row {
    let hours = hours.copied().unwrap_or_default();
    let (succeeded, failed) = hours.iter().fold((0, 0), |(ok, bad), hour| (ok + hour.succeeded, bad + hour.failed));
    let bars: Vec<Bar> =
        hours.iter().map(|hour| Bar { ok: hour.succeeded, bad: hour.failed, label: String::new() }).collect();
    let label = match (succeeded, failed) {
        (0, 0) => "No deliveries in 24 hours".to_owned(),
        (_, 0) => "Attempts per hour over 24 hours, none failed".to_owned(),
        (_, failed) => format!("Attempts per hour over 24 hours, {failed} failed"),
    };
    Row {
        name: webhook.name.to_string(),
        address: webhook.endpoint.to_string(),
        events: events(webhook),
        groups: groups(webhook),
        status: status(webhook),
        next: String::new(),
        spark: Sparkline::new(label, &bars),
        delivered: delivered.map(|delivered| percent(delivered.succeeded, delivered.all)),
        last: last.map(|attempt| (Moment::relative(attempt.started_at, now, zone), outcome(attempt))),
        show_url: urls::show(&webhook.id),
        edit_url: urls::edit(&webhook.id),
        delete_url: urls::delete(&webhook.id),
    }
}

/// When a webhook goes on that is failing, or that waits because its receiver asked for it.
fn goes_on(webhook: &Webhook, next: Option<Timestamp>, now: Timestamp, zone: TimeZone) -> String {
    let words = |at| Moment::relative(at, now, zone).text;
    match (webhook.not_before.filter(|at| *at > now), next.filter(|at| *at > now)) {
        _ if webhook.state != WebhookState::Active => String::new(),
        (Some(until), _) => format!("Asked to wait, next {}", words(next.map_or(until, |at| at.max(until)))),
        (None, Some(at)) if webhook.failing_since.is_some() => format!("Next try {}", words(at)),
        (None, _) => String::new(),
    }
}

/// `503 in 1.21 s`, `No answer in 15.0 s`.
fn outcome(attempt: &LastAttempt) -> String {
    let time = taken(attempt.duration);
    attempt.status_code.map_or_else(|| format!("No answer in {time}"), |status| format!("{status} in {time}"))
}

fn events(webhook: &Webhook) -> String {
    if webhook.events.len() == EventType::ALL.len() {
        return format!("All {} events", EventType::ALL.len());
    }
    counted(webhook.events.len(), "event", "events")
}

/// The groups, unless it is all of them.
fn groups(webhook: &Webhook) -> String {
    if webhook.events.len() == EventType::ALL.len() {
        return String::new();
    }
    let has = |group: &&Group| webhook.events.iter().any(|kind| kind.group() == **group);
    let word = |group: &Group| group.title().trim_end_matches(" events");
    Group::ALL.iter().filter(has).map(word).collect::<Vec<_>>().join(", ")
}

fn status(webhook: &Webhook) -> Status {
    let (tone, icon, word) = match webhook.state {
        WebhookState::Active if webhook.failing_since.is_some() => ("bad", "circle-alert", "Failing"),
        WebhookState::Active => ("ok", "circle-check", "Active"),
        WebhookState::Paused => ("off", "circle-pause", "Paused"),
        WebhookState::Disabled => ("bad", "circle-x", "Disabled"),
    };
    Status { tone, icon, word }
}

fn alert(
    webhook: &Webhook,
    last: Option<&LastAttempt>,
    ladder: &Ladder,
    now: Timestamp,
    zone: TimeZone,
) -> Option<Alert> {
    let failed = last.filter(|attempt| !attempt.succeeded);
    // The failing attempt itself, as long as it is the last one.
    let (url, link) = failed.map_or((urls::show(&webhook.id), "Review failures"), |attempt| {
        let delivery = DeliveryId { webhook: webhook.id.clone(), event: attempt.event.clone() };
        (urls::delivery(&delivery), "View failed attempt")
    });
    let alert = |tone, title, text: String| Some(Alert { tone, title, text, url, link });
    match (webhook.state, webhook.failing_since) {
        (WebhookState::Disabled, _) => {
            let (title, why) = (format!("{} is disabled", webhook.name), why_disabled(webhook));
            if is_tested_since(webhook) {
                let text = format!("{why} A test was delivered since.");
                let url = urls::enable(&webhook.id);
                return Some(Alert { tone: "bad", title, text, url, link: "Enable instance" });
            }
            alert("bad", title, format!("{why} Send a test, and enable it when that is delivered."))
        }
        (WebhookState::Active, Some(since)) => {
            let failures = counted(usize::try_from(webhook.failures).unwrap_or(0), "attempt", "attempts");
            let first = Moment::relative(since, now, zone).text;
            let why = failed.and_then(|attempt| attempt.error.clone());
            let why = why.map(|why| format!(" The last one: {}.", why.trim_end_matches('.'))).unwrap_or_default();
            let next = what_comes(ladder, since, now, zone);
            let next = next.unwrap_or_else(|| "We keep retrying each delivery.".into());
            let text = format!("{failures} in a row failed, the first {first}.{why} {next}");
            alert("warn", format!("{} {}", webhook.name, how_long(ladder, since, now)), text)
        }
        (WebhookState::Active | WebhookState::Paused, _) => None,
    }
}

/// Whether a test was delivered since Herald disabled it, or somebody last changed it.
pub(super) fn is_tested_since(webhook: &Webhook) -> bool {
    webhook.last_test.is_some_and(|test| test.success && test.at >= webhook.updated_at)
}

/// Why Herald disabled it, in a sentence.
pub(super) fn why_disabled(webhook: &Webhook) -> &'static str {
    match webhook.disabled_reason.as_deref() {
        Some("gone") => "Your server answered 410 Gone.",
        _ => "We stopped sending after days without success.",
    }
}

/// One decimal, and never 100% while something failed.
fn percent(part: u64, all: u64) -> String {
    let tenths = part * 1_000 / all.max(1);
    if tenths.is_multiple_of(10) { format!("{}%", tenths / 10) } else { format!("{}.{}%", tenths / 10, tenths % 10) }
}

/// What a URL receives, for a list that is empty.
fn sample(email: &str, now: Timestamp, zone: TimeZone) -> Coloured {
    let sample = serde_json::json!({
        "EVENT_ID": "EVT-60adfdb750b58a0c2d78bdd8",
        "EVENT_TYPE": EventType::ProjectCreated.as_str(),
        "ENTITY_ID": ["5dd51ea63f3dad73ab0a344b"],
        "ENTITY_TYPE": EventType::ProjectCreated.entity_type().as_str(),
        "PERFORMED_BY": email,
        "PERFORMED_AT": zone.performed_at(now),
    });
    Coloured::text(&sample.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up_to_all_of_it() {
        for (part, all, shown) in [(1, 1, "100%"), (0, 3, "0%"), (9_999, 10_000, "99.9%"), (5, 7, "71.4%")] {
            assert_eq!(percent(part, all), shown);
        }
    }
}
