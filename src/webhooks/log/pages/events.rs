//! All that happened in the organization.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::base::{Cursor, TimeZone, Timestamp};
use crate::events::EventType;
use crate::web::filters::{self, Excerpt, Typed};
use crate::web::guard::Admin;
use crate::web::{Context, FieldErrors, Hx, Moment, Page as _, Result, Section, Shell};

use super::super::model::{EventFilter, EventLine};
use super::super::store;
use super::deliveries::choices;
use super::urls;
use super::words::{self, StateWord};

/// Events on a page.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "events/list.html", blocks = ["rows"])]
struct EventsPage {
    shell: Shell,
    rows: Vec<Row>,
    asked: Query,
    event_types: Vec<(String, String)>,
    is_filtered: bool,
    /// What is wrong with the filter.
    errors: FieldErrors,
    newer: String,
    older: String,
}
crate::web::page!(EventsPage, as_rows);

struct Row {
    url: String,
    event_type: &'static str,
    id: String,
    entity: String,
    performed_by: String,
    performed: Moment,
    outcomes: Vec<StateWord>,
    /// Why there is no delivery.
    none: &'static str,
}

/// The query of the page.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    event: String,
    event_type: String,
    entity: String,
    #[serde(flatten)]
    excerpt: Excerpt,
}

impl Query {
    fn is_filtered(&self) -> bool {
        self.excerpt.is_filtered(&[&self.event, &self.event_type, &self.entity])
    }

    /// What is wanted; what people typed that cannot be read is in `typed`.
    fn filter(&self, zone: TimeZone, typed: &mut Typed) -> Result<EventFilter> {
        let (since, until) = self.excerpt.days(zone, typed);
        Ok(EventFilter {
            event_type: filters::parse(Some(&self.event_type))?,
            event: typed.event(Some(&self.event)),
            entity: filters::parse(Some(&self.entity))?,
            since,
            until,
        })
    }

    /// The address of a page of the same list.
    fn url(&self, cursor: Option<String>, newer: Option<String>) -> String {
        filters::write(urls::EVENTS, &Self { excerpt: self.excerpt.on(cursor, newer), ..self.clone() })
    }
}

/// GET /events
pub(crate) async fn show(admin: Admin, context: web::Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let mut typed = Typed::default();
    let filter = asked.filter(zone, &mut typed)?;
    let place = asked.excerpt.place()?;
    let listing = if typed.errors.is_empty() {
        store::list_events(&mut *context.db.read().await?, &admin.organization.id, &filter, &place, LIMIT).await?
    } else {
        filters::nothing()
    };
    let (newer, older) =
        filters::neighbours(&listing, |event: &EventLine| Cursor { at: event.recorded_at, id: event.id.to_string() });
    let page = EventsPage {
        shell: admin.shell(Section::Events, "Events"),
        rows: listing.rows.iter().map(|event| row(event, now, zone)).collect(),
        event_types: choices("Any event", EventType::ALL, |kind| (kind.as_str(), kind.as_str())),
        is_filtered: asked.is_filtered(),
        newer: newer.map(|newer| asked.url(None, Some(newer))).unwrap_or_default(),
        older: older.map(|cursor| asked.url(Some(cursor), None)).unwrap_or_default(),
        asked,
        errors: typed.errors,
    };
    if page.errors.is_empty() { page.answer(&hx) } else { page.rejected(&hx) }
}

fn row(event: &EventLine, now: Timestamp, zone: TimeZone) -> Row {
    Row {
        url: urls::event(&event.id),
        event_type: event.event_type.as_str(),
        id: event.id.to_string(),
        entity: words::entity_in_short(event.event_type.entity_type(), &event.entity_ids),
        performed_by: event.performed_by.clone(),
        performed: words::when(event.performed_at, now, zone),
        outcomes: words::tally(&event.tally),
        none: if event.webhooks_enabled { "No instance subscribed" } else { "Webhooks not enabled" },
    }
}
