//! The page of an event: what it says, and what became of it at each webhook, and why.

use actix_web::web;
use askama::Template;

use crate::base::{TimeZone, Timestamp};
use crate::web::guard::Admin;
use crate::web::{Coloured, Context, Error, Hx, Moment, Page as _, Result, Section, Shell};

use super::super::model::{EventRecord, Fate, FateOutcome};
use super::super::store;
use super::urls;
use super::words::{self, StateWord, count};

#[derive(Template)]
#[template(path = "events/event.html")]
struct EventPage {
    shell: Shell,
    event_type: &'static str,
    event_id: String,
    description: &'static str,
    performed_by: String,
    performed: Moment,
    recorded: Moment,
    entity_type: &'static str,
    /// The first of them; the body has all.
    entity_ids: Vec<String>,
    more_entities: usize,
    body: Coloured,
    body_title: String,
    fates: Vec<FateRow>,
    webhooks_enabled: bool,
}
crate::web::page!(EventPage);

/// Entity ids that are listed.
const SHOWN_ENTITIES: usize = 10;

struct FateRow {
    name: String,
    /// Nothing where the webhook is deleted.
    webhook_url: String,
    state: StateWord,
    why: String,
    attempts: String,
    delivery_url: String,
}

/// GET /events/{event id}
pub(crate) async fn show(admin: Admin, context: web::Data<Context>, hx: Hx, id: web::Path<String>) -> Result {
    let id = id.parse().map_err(|_| Error::NotFound)?;
    let mut conn = context.db.read().await?;
    let found = store::find_event(&mut conn, &admin.organization.id, &id).await?.ok_or(Error::NotFound)?;
    drop(conn);
    page(&admin, found, context.clock.now()).answer(&hx)
}

fn page(admin: &Admin, found: EventRecord, now: Timestamp) -> EventPage {
    let zone = admin.organization.time_zone;
    let EventRecord { event, fates } = found;
    EventPage {
        shell: admin.shell(Section::Events, format!("Event {}", event.id)),
        event_type: event.event_type.as_str(),
        event_id: event.id.to_string(),
        description: event.event_type.description(),
        performed: Moment::exact(event.performed_at, zone),
        recorded: Moment::exact(event.recorded_at, zone),
        performed_by: event.performed_by,
        entity_type: event.event_type.entity_type().as_str(),
        more_entities: event.entity_ids.len().saturating_sub(SHOWN_ENTITIES),
        entity_ids: event.entity_ids.into_iter().take(SHOWN_ENTITIES).collect(),
        body_title: format!("Body, {} bytes", event.body.len()),
        body: Coloured::text(&event.body),
        fates: fates.into_iter().map(|fate| fate_row(fate, now, zone, admin.organization.webhooks_enabled)).collect(),
        webhooks_enabled: event.webhooks_enabled,
    }
}

/// While webhooks are not enabled their pages are locked, and nothing leads there.
fn fate_row(fate: Fate, now: Timestamp, zone: TimeZone, links: bool) -> FateRow {
    let webhook_url = if links && !fate.is_deleted { urls::webhook(&fate.webhook) } else { String::new() };
    match fate.outcome {
        FateOutcome::Delivery(delivery) => FateRow {
            name: fate.name,
            webhook_url,
            state: words::delivery_state(&delivery, now),
            why: match delivery.next_attempt_at(now).filter(|at| *at > now) {
                Some(at) => format!(
                    "{} Next attempt {}.",
                    words::delivery_reason(&delivery),
                    Moment::relative(at, now, zone).text
                ),
                None => words::delivery_reason(&delivery),
            },
            attempts: count(delivery.attempts_made, "attempt", "attempts"),
            delivery_url: if links { urls::delivery(&delivery.id) } else { String::new() },
        },
        FateOutcome::NotSent(why) => FateRow {
            name: fate.name,
            webhook_url,
            state: StateWord::new("off", "circle-dashed", "Not sent"),
            why: words::not_sent(why).into(),
            attempts: String::new(),
            delivery_url: String::new(),
        },
    }
}
