//! The page of a delivery: what was sent, what came back, each attempt and the next one.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::base::{DeliveryId, TimeZone, Timestamp};
use crate::delivery::model::{DeliveryState, Hints};
use crate::events::{self, Event};
use crate::web::time::taken;
use crate::web::{Coloured, Context, Error, Hx, Moment, Page as _, Result, Section, Shell, Toast, filters, see_other};
use crate::webhooks::model::{Webhook, WebhookState};
use crate::webhooks::pages::WebhooksAdmin;
use crate::webhooks::store as webhooks;

use super::super::actions::{self, Refusal, Tools};
use super::super::model::{Attempt, AttemptLine, Delivery};
use super::super::store;
use super::timeline::{self, Item};
use super::urls;
use super::words::{self, Answer, StateWord, count};

/// Attempts in the timeline; only somebody who redelivers again and again makes more.
const MOST_ATTEMPTS: usize = 100;

#[derive(Template)]
#[template(path = "webhooks/log/delivery.html", blocks = ["delivery"])]
struct DeliveryPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    url: String,
    /// What is fetched every two seconds while an attempt is under way.
    poll_url: String,
    event_type: &'static str,
    event_id: String,
    event_url: String,
    badge: StateWord,
    /// Why nothing can be redelivered, or nothing.
    refusal: &'static str,
    /// The way out of that, where there is one.
    way_out: Option<(&'static str, String)>,
    /// An attempt is planned, and need not be waited for.
    retry_now: bool,
    facts: Vec<Fact>,
    attempts_made: String,
    timeline: Vec<Item>,
    request_url: String,
    request_body: Coloured,
    request_title: String,
    selected: Option<Selected>,
}
crate::web::page!(DeliveryPage, as_delivery);

/// One of the facts that stand above everything else.
struct Fact {
    label: &'static str,
    text: String,
    url: String,
    at: Option<Moment>,
}

/// The attempt whose request and response are shown.
struct Selected {
    number: i64,
    answer: Answer,
    taken: String,
    /// The failure in a sentence.
    error: String,
    request_headers: Vec<(String, String)>,
    response_headers: Vec<(String, String)>,
    has_response: bool,
    response_title: String,
    response_body: Coloured,
    response_is_empty: bool,
    /// Why the receiver may have found its signature wrong.
    check_url: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    attempt: Option<String>,
}

/// GET …/webhooks/{id}/deliveries/{delivery id}
pub(crate) async fn show(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    hx: Hx,
    request: HttpRequest,
    ids: web::Path<(String, String)>,
) -> Result {
    let id = delivery_id(&ids)?;
    let asked: Query = filters::read(&request)?;
    let number = filters::parse(asked.attempt.as_deref())?;
    let found = find(&context, &admin, &id, number).await?;
    page(&admin, found, number, context.clock.now()).answer(&hx)
}

/// POST …/deliveries/{delivery id}/redeliver: one attempt, at once.
pub(crate) async fn redeliver(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    hx: Hx,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse> {
    let id = delivery_id(&ids)?;
    let hints = hints.into_inner();
    let tools = Tools { clock: context.clock.as_ref(), rng: context.rng.as_ref(), hints: &hints };
    let mut tx = context.db.begin().await?;
    let number = actions::redeliver(&mut tx, tools, &admin.actor(), &id).await?;
    tx.commit().await?;
    let toast = Toast::ok("Redelivery started").text(format!("Attempt {number} is on its way."));
    if hx.wants_fragment() {
        let found = find(&context, &admin, &id, None).await?;
        let mut page = page(&admin, found, None, context.clock.now());
        page.shell = page.shell.with_toast(toast);
        return page.answer(&hx);
    }
    admin.flash(toast);
    Ok(see_other(&hx, urls::delivery(&id)))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Refused(refusal) => Self::Conflict(refusal.to_string().into()),
            Refusal::ReplayFinished => Self::Conflict(refusal.to_string().into()),
            Refusal::Db(error) => error.into(),
        }
    }
}

/// The id of the delivery, which belongs to the webhook of the address.
fn delivery_id((webhook, delivery): &(String, String)) -> Result<DeliveryId> {
    let id: DeliveryId = delivery.parse().map_err(|_| Error::NotFound)?;
    if id.webhook.as_str() == webhook { Ok(id) } else { Err(Error::NotFound) }
}

/// All that the page is made from.
struct Found {
    delivery: Delivery,
    webhook: Webhook,
    event: Event,
    lines: Vec<AttemptLine>,
    selected: Option<Attempt>,
}

/// Reads the delivery with the attempt of that number, or else its last one.
async fn find(context: &Context, admin: &WebhooksAdmin, id: &DeliveryId, number: Option<i64>) -> Result<Found> {
    let organization = &admin.organization.id;
    let mut conn = context.db.read().await?;
    let delivery = store::find_delivery(&mut conn, organization, id).await?.ok_or(Error::NotFound)?;
    let webhook = webhooks::find_even_deleted(&mut conn, &context.vault, organization, &id.webhook)
        .await?
        .ok_or(Error::NotFound)?;
    let event = events::store::find(&mut conn, organization, &id.event).await?.ok_or(Error::NotFound)?;
    let lines = store::attempt_lines(&mut conn, organization, id, MOST_ATTEMPTS).await?;
    let selected = match number.or_else(|| lines.first().map(|line| line.number)) {
        Some(number) => store::attempt(&mut conn, organization, id, number).await?,
        None => None,
    };
    if number.is_some() && selected.is_none() {
        return Err(Error::NotFound);
    }
    Ok(Found { delivery, webhook, event, lines, selected })
}

fn page(admin: &WebhooksAdmin, found: Found, asked: Option<i64>, now: Timestamp) -> DeliveryPage {
    let Found { delivery, webhook, event, lines, selected } = found;
    let zone = admin.organization.time_zone;
    let url = urls::delivery(&delivery.id);
    let is_under_way = delivery.is_under_way(now);
    let here = asked.map_or_else(|| url.clone(), |number| urls::attempt(&delivery.id, number));
    let mut trail = urls::trail();
    let webhook_url = if webhook.deleted.is_none() { urls::webhook(&webhook.id) } else { String::new() };
    if !webhook_url.is_empty() {
        trail.push((webhook.name.to_string(), webhook_url.clone()));
    }
    let number = selected.as_ref().map(|attempt| attempt.line.number);
    DeliveryPage {
        shell: admin.shell(Section::Integrations, format!("Delivery {}", event.id)),
        trail,
        poll_url: if is_under_way { here } else { String::new() },
        event_type: event.event_type.as_str(),
        event_id: event.id.to_string(),
        event_url: urls::event(&event.id),
        badge: words::delivery_state(&delivery, now),
        refusal: refusal(&webhook),
        way_out: way_out(&webhook),
        retry_now: refusal(&webhook).is_empty() && words::redeliver(&delivery, now) == words::RETRY_NOW,
        facts: facts(&delivery, &webhook, webhook_url, &event, now, zone),
        attempts_made: count(delivery.attempts_made, "attempt", "attempts"),
        timeline: timeline::items(&delivery, &event, &lines, number, (now, zone)),
        request_url: selected.as_ref().map_or_else(|| webhook.endpoint.to_string(), |attempt| attempt.url.clone()),
        request_title: format!("Body, {} bytes", event.body.len()),
        request_body: Coloured::text(&event.body),
        selected: selected.map(|attempt| show_attempt(&delivery.id, attempt)),
        url,
    }
}

fn refusal(webhook: &Webhook) -> &'static str {
    match webhook.state {
        _ if webhook.deleted.is_some() => "The instance was deleted.",
        WebhookState::Active => "",
        WebhookState::Paused => "The instance is paused.",
        WebhookState::Disabled => "The instance is disabled.",
    }
}

fn way_out(webhook: &Webhook) -> Option<(&'static str, String)> {
    match webhook.state {
        _ if webhook.deleted.is_some() => None,
        WebhookState::Active => None,
        WebhookState::Paused => Some(("Resume it first", urls::resume(&webhook.id))),
        WebhookState::Disabled => Some(("Enable it first", urls::enable(&webhook.id))),
    }
}

fn facts(
    delivery: &Delivery,
    webhook: &Webhook,
    webhook_url: String,
    event: &Event,
    now: Timestamp,
    zone: TimeZone,
) -> Vec<Fact> {
    let fact = |label, text: String| Fact { label, text, url: String::new(), at: None };
    let mut facts = vec![
        Fact { url: webhook_url, ..fact("Instance", webhook.name.to_string()) },
        fact("Entity", words::entity(event.event_type.entity_type(), &event.entity_ids)),
        fact("Performed by", event.performed_by.clone()),
        Fact { at: Some(Moment::exact(event.performed_at, zone)), ..fact("Performed at", String::new()) },
    ];
    facts.push(match (delivery.state, delivery.next_attempt_at(now)) {
        _ if delivery.is_under_way(now) => fact("Next attempt", "Under way".into()),
        (DeliveryState::Pending, Some(at)) => {
            Fact { at: Some(Moment::exact(at, zone)), ..fact("Next attempt", String::new()) }
        }
        (DeliveryState::Held, _) => fact("Next attempt", "When the instance sends again".into()),
        _ => fact("Next attempt", "None planned".into()),
    });
    facts
}

fn show_attempt(delivery: &DeliveryId, attempt: Attempt) -> Selected {
    let answer = Answer::of_attempt(&attempt.line);
    let hidden = |value: Option<String>| value.unwrap_or_else(|| "••••••••".into());
    let cut = if attempt.response_truncated { ", cut after the part that is kept" } else { "" };
    Selected {
        number: attempt.line.number,
        check_url: urls::check_attempt(delivery, attempt.line.number),
        taken: taken(attempt.line.duration),
        // The status alone is said by the badge already.
        error: attempt.line.error.filter(|error| *error != answer.whole()).unwrap_or_default(),
        answer,
        request_headers: attempt.request_headers.into_iter().map(|(name, value)| (name, hidden(value))).collect(),
        has_response: attempt.line.status_code.is_some(),
        response_headers: attempt.response_headers,
        response_title: format!("Body, {} bytes{cut}", attempt.response_size_bytes),
        response_is_empty: attempt.response_body.is_empty(),
        response_body: Coloured::text(&attempt.response_body),
    }
}
