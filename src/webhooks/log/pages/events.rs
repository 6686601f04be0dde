//! All that happened in the organization.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use crate::base::{Cursor, TimeZone, Timestamp};
use crate::events::EventType;
use crate::web::filters::{self, Typed};
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

/// The query of the page. `since` and `until` are days on the organization's clocks, both included.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    event: String,
    event_type: String,
    entity: String,
    since: String,
    until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

impl Query {
    fn is_filtered(&self) -> bool {
        [&self.event, &self.event_type, &self.entity, &self.since, &self.until]
            .iter()
            .any(|field| !field.trim().is_empty())
    }

    /// What is wanted; what people typed that cannot be read is in `typed`.
    fn filter(&self, zone: TimeZone, typed: &mut Typed) -> Result<EventFilter> {
        Ok(EventFilter {
            event_type: filters::parse(Some(&self.event_type))?,
            event: typed.event(Some(&self.event)),
            entity: filters::parse(Some(&self.entity))?,
            since: typed.since(Some(&self.since), zone),
            until: typed.until(Some(&self.until), zone),
        })
    }

    /// The address of a page of the same list.
    fn url(&self, cursor: Option<String>, newer: Option<String>) -> String {
        filters::write(urls::EVENTS, &Self { cursor, newer, ..self.clone() })
    }
}

/// GET /events
pub(crate) async fn show(admin: Admin, context: web::Data<Context>, hx: Hx, request: HttpRequest) -> Result {
    let asked: Query = filters::read(&request)?;
    let (now, zone) = (context.clock.now(), admin.organization.time_zone);
    let mut typed = Typed::default();
    let filter = asked.filter(zone, &mut typed)?;
    let place = filters::place(asked.cursor.as_deref(), asked.newer.as_deref())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_from_midnight_to_midnight_on_the_organizations_clocks() {
        let asked = Query { since: "2026-03-29".into(), until: "2026-03-29".into(), ..Query::default() };
        let filter = asked.filter("Europe/Berlin".parse().unwrap(), &mut Typed::default()).unwrap();
        assert_eq!(filter.since, Timestamp::parse_rfc3339("2026-03-28T23:00:00Z"));
        assert_eq!(filter.until, Timestamp::parse_rfc3339("2026-03-29T22:00:00Z"));
        // In Beirut clocks jump at midnight.
        let asked = Query { since: "2021-03-28".into(), ..Query::default() };
        let filter = asked.filter("Asia/Beirut".parse().unwrap(), &mut Typed::default()).unwrap();
        assert_eq!(filter.since, Timestamp::parse_rfc3339("2021-03-27T22:00:00Z"));
        let mut typed = Typed::default();
        let asked = Query { since: "yesterday".into(), ..Query::default() };
        assert_eq!(asked.filter(TimeZone::UTC, &mut typed).unwrap().since, None);
        assert_eq!(typed.errors.get("since"), "Enter a day, such as 2026-11-23.");
    }
}
