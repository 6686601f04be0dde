//! The table of deliveries on a webhook's page: its filter, its rows, the way to older ones.

use serde::{Deserialize, Serialize};

use crate::base::{Cursor, DeliveryId, EventId, Listing, Place, TimeZone, Timestamp};
use crate::delivery::model::DeliveryState;
use crate::events::EventType;
use crate::web::filters::{self, Typed};
use crate::web::time::taken;
use crate::web::{FieldErrors, Moment, Result};

use super::super::model::{Delivery, DeliveryFilter};
use super::selection::Ticked;
use super::urls;
use super::words::{self, Answer, StateWord};

/// The query of a webhook's page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// `since` and `until` are days on the organization's clocks, both included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
}

impl Query {
    /// What is wanted; what people typed that cannot be read is in `typed`.
    pub fn filter(&self, zone: TimeZone, typed: &mut Typed) -> Result<DeliveryFilter> {
        Ok(DeliveryFilter {
            state: filters::parse(self.state.as_deref())?,
            event_type: filters::parse(self.event_type.as_deref())?,
            event: typed.event(self.event.as_deref()),
            status_code: typed.status_code(self.status_code.as_deref()),
            entity: filters::parse(self.entity.as_deref())?,
            since: typed.since(self.since.as_deref(), zone),
            until: typed.until(self.until.as_deref(), zone),
        })
    }

    pub fn place(&self) -> Result<Place> {
        filters::place(self.cursor.as_deref(), self.newer.as_deref())
    }

    /// The filter alone, as it stands in the address of a file.
    fn filter_only(&self) -> Self {
        Self { range: None, view: None, ..self.without_place() }
    }

    /// The page without any filter.
    fn unfiltered(&self) -> Self {
        Self { range: self.range.clone(), view: self.view.clone(), ..Self::default() }
    }

    /// The same without a place: what links to another range or view start from.
    pub fn without_place(&self) -> Self {
        Self { cursor: None, newer: None, ..self.clone() }
    }
}

/// The table, ready for its template.
pub(super) struct Table {
    /// The page it belongs to.
    pub url: String,
    pub rows: Vec<DeliveryRow>,
    pub is_filtered: bool,
    pub event: String,
    pub state: String,
    pub event_type: String,
    pub status_code: String,
    pub entity: String,
    pub since: String,
    pub until: String,
    pub states: Vec<(String, String)>,
    pub event_types: Vec<(String, String)>,
    /// The rest of the page's query, which the filter keeps.
    pub kept: Vec<(&'static str, String)>,
    pub clear_url: String,
    /// What is listed, all pages of it, as a file.
    pub csv_url: String,
    pub ndjson_url: String,
    pub newer: String,
    pub older: String,
    /// Where the chosen ones are sent again; nothing while the webhook is not active.
    pub redeliver_url: String,
    /// This very page, to come back to.
    pub here: String,
    /// What is fetched every two seconds while an attempt is under way.
    pub poll_url: String,
    /// What is wrong with what was chosen, or with the filter.
    pub errors: FieldErrors,
}

pub(super) struct DeliveryRow {
    pub id: DeliveryId,
    pub state: StateWord,
    /// When the next attempt starts, if that is not now.
    pub next: Option<Moment>,
    pub url: String,
    pub event_type: &'static str,
    pub event: EventId,
    pub entity: String,
    pub answer: Option<Answer>,
    pub taken: String,
    pub attempts: i64,
    pub created: Moment,
    pub redeliver_url: String,
    /// What the button is called; nothing where the delivery cannot be sent again now.
    pub redeliver: &'static str,
    pub is_ticked: bool,
}

impl Table {
    /// `redeliver_url` is empty while nothing can be sent again.
    pub fn new(
        url: &str,
        redeliver_url: String,
        asked: &Query,
        listing: Listing<Delivery>,
        ticked: Ticked,
        (now, zone): (Timestamp, TimeZone),
    ) -> Self {
        let base = asked.without_place();
        let (newer, older) = filters::neighbours(&listing, key);
        let page = |query: Query| filters::write(url, &query);
        let newer = newer.map(|newer| page(Query { newer: Some(newer), ..base.clone() })).unwrap_or_default();
        let older = older.map(|cursor| page(Query { cursor: Some(cursor), ..base.clone() })).unwrap_or_default();
        let text = |field: &Option<String>| field.as_deref().unwrap_or_default().trim().to_owned();
        let (event, state, event_type) = (text(&asked.event), text(&asked.state), text(&asked.event_type));
        let (status_code, entity) = (text(&asked.status_code), text(&asked.entity));
        let (since, until) = (text(&asked.since), text(&asked.until));
        let fields = [&event, &state, &event_type, &status_code, &entity, &since, &until];
        let is_sending = listing.rows.iter().any(|delivery| delivery.is_under_way(now));
        let file = |end: &str| filters::write(&format!("{url}/deliveries.{end}"), &asked.filter_only());
        Self {
            is_filtered: !fields.iter().all(|field| field.is_empty()),
            event,
            state,
            event_type,
            status_code,
            entity,
            since,
            until,
            csv_url: file("csv"),
            ndjson_url: file("ndjson"),
            states: choices("Any status", DeliveryState::ALL, |state| (state.as_str(), words::state_label(state))),
            event_types: choices("Any event", EventType::ALL, |kind| (kind.as_str(), kind.as_str())),
            kept: [("range", base.range), ("view", base.view)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            clear_url: filters::write(url, &asked.unfiltered()),
            newer,
            older,
            here: filters::write(url, asked),
            poll_url: if is_sending { filters::write(url, asked) } else { String::new() },
            rows: listing
                .rows
                .iter()
                .map(|delivery| DeliveryRow {
                    is_ticked: ticked.ids.contains(&delivery.id),
                    redeliver: if redeliver_url.is_empty() { "" } else { words::redeliver(delivery, now) },
                    ..row(delivery, now, zone)
                })
                .collect(),
            errors: ticked.errors,
            redeliver_url,
            url: url.to_owned(),
        }
    }
}

/// The options of a filter, with the one that takes everything first.
pub(super) fn choices<T: Copy>(
    any: &str,
    all: &[T],
    name: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<(String, String)> {
    let named = all.iter().map(|one| name(*one)).map(|(value, label)| (value.to_owned(), label.to_owned()));
    [(String::new(), any.to_owned())].into_iter().chain(named).collect()
}

fn key(delivery: &Delivery) -> Cursor {
    Cursor { at: delivery.created_at, id: delivery.id.event.to_string() }
}

fn row(delivery: &Delivery, now: Timestamp, zone: TimeZone) -> DeliveryRow {
    DeliveryRow {
        id: delivery.id.clone(),
        state: words::delivery_state(delivery, now),
        next: delivery.next_attempt_at(now).filter(|at| *at > now).map(|at| words::when(at, now, zone)),
        url: urls::delivery(&delivery.id),
        event_type: delivery.event_type.as_str(),
        event: delivery.id.event.clone(),
        entity: words::entity_in_short(delivery.event_type.entity_type(), &delivery.entity_ids),
        answer: Answer::of_last(&delivery.last),
        taken: delivery.last.duration.map(taken).unwrap_or_default(),
        attempts: delivery.attempts_made,
        created: words::when(delivery.created_at, now, zone),
        redeliver_url: format!("{}/redeliver", urls::delivery(&delivery.id)),
        redeliver: "",
        is_ticked: false,
    }
}
