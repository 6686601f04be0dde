//! What stands after the question mark: filters and places in lists, read and written.

use actix_web::HttpRequest;
use chrono::{Days, NaiveDate, NaiveTime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Error, FieldErrors, Result};
use crate::base::{Cursor, EventId, Listing, Place, TimeZone, Timestamp};

const UNREADABLE: &str = "A filter of this address is not one that we know. Open the page anew.";

/// Reads the query of an address.
pub fn read<T: DeserializeOwned>(request: &HttpRequest) -> Result<T> {
    serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))
}

/// `path` with a query; fields that are `None` are left out.
pub fn write(path: &str, query: &impl Serialize) -> String {
    match serde_html_form::to_string(query) {
        Ok(text) if !text.is_empty() => format!("{path}?{text}"),
        _ => path.to_owned(),
    }
}

/// Parses what may be left empty, as an unused field of a filter is.
pub fn parse<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Error::BadRequest(UNREADABLE.into()))).transpose()
}

/// What people type into filters. What cannot be read is told beside its field, and nothing is listed until it can.
#[derive(Default)]
pub struct Typed {
    pub errors: FieldErrors,
}

impl Typed {
    fn take<T: std::str::FromStr>(&mut self, field: &str, text: Option<&str>, message: &str) -> Option<T> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        self.errors.take(field, text.parse().map_err(|_| message))
    }

    pub fn event(&mut self, text: Option<&str>) -> Option<EventId> {
        self.take("event", text, "An event ID is EVT- and 24 digits from 0 to f.")
    }

    pub fn status_code(&mut self, text: Option<&str>) -> Option<u16> {
        self.take("status_code", text, "A status code is a number, such as 503.")
    }

    /// When the first day that is wanted begins.
    pub fn since(&mut self, text: Option<&str>, zone: TimeZone) -> Option<Timestamp> {
        Some(midnight(self.take("since", text, NO_DAY)?, zone))
    }

    /// When the last day that is wanted is over.
    pub fn until(&mut self, text: Option<&str>, zone: TimeZone) -> Option<Timestamp> {
        end_of(self.take("until", text, NO_DAY)?, zone)
    }

    /// For what is no page: an error where something cannot be read.
    pub fn refuse(self) -> Result<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::BadRequest(UNREADABLE.into())) }
    }
}

const NO_DAY: &str = "Enter a day, such as 2026-11-23.";

/// What the queries of lists of what happened end with; flattened into them. `since` and `until` are days on the
/// organization's clocks, both included.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Excerpt {
    pub since: String,
    pub until: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

impl Excerpt {
    /// The first moment that is wanted, and the first one after.
    pub fn days(&self, zone: TimeZone, typed: &mut Typed) -> (Option<Timestamp>, Option<Timestamp>) {
        (typed.since(Some(&self.since), zone), typed.until(Some(&self.until), zone))
    }

    pub fn place(&self) -> Result<Place> {
        place(self.cursor.as_deref(), self.newer.as_deref())
    }

    /// The same days on another page; without cursors on the first one.
    pub fn on(&self, cursor: Option<String>, newer: Option<String>) -> Self {
        Self { cursor, newer, ..self.clone() }
    }

    /// Whether days are wanted, or anything that was typed into the `fields` beside them.
    pub fn is_filtered(&self, fields: &[&str]) -> bool {
        fields.iter().chain(&[&*self.since, &*self.until]).any(|field| !field.trim().is_empty())
    }
}

/// A page of a list, or an empty one where the filter cannot be read.
pub const fn nothing<T>() -> Listing<T> {
    Listing { rows: Vec::new(), has_newer: false, has_older: false }
}

/// When a day is over; `None` for the last of the calendar.
pub fn end_of(day: NaiveDate, zone: TimeZone) -> Option<Timestamp> {
    Some(midnight(day.checked_add_days(Days::new(1))?, zone))
}

/// When a day begins on the clocks; a day whose midnight does not exist begins when clocks jump.
fn midnight(day: NaiveDate, zone: TimeZone) -> Timestamp {
    zone.instants(day.and_time(NaiveTime::MIN)).0
}

/// The page of a list: `cursor` is the last row of a page, to go on to older ones, `newer` the first row, to go back.
pub fn place(cursor: Option<&str>, newer: Option<&str>) -> Result<Place> {
    let decode = |text: &str| Cursor::decode(text).map_err(|error| Error::BadRequest(error.to_string().into()));
    Ok(match (cursor, newer) {
        (Some(cursor), _) => Place::OlderThan(decode(cursor)?),
        (None, Some(newer)) => Place::NewerThan(decode(newer)?),
        (None, None) => Place::Newest,
    })
}

/// The cursors of the pages before and after, where there are such pages.
pub fn neighbours<T>(listing: &Listing<T>, key: impl Fn(&T) -> Cursor) -> (Option<String>, Option<String>) {
    let cursor = |row: Option<&T>| row.map(|row| key(row).encode());
    (
        cursor(listing.rows.first().filter(|_| listing.has_newer)),
        cursor(listing.rows.last().filter(|_| listing.has_older)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(since: &str, until: &str) -> Excerpt {
        Excerpt { since: since.into(), until: until.into(), ..Excerpt::default() }
    }

    #[test]
    fn a_day_lasts_from_midnight_to_midnight_on_the_organizations_clocks() {
        let days = |since, until, zone: &str| asked(since, until).days(zone.parse().unwrap(), &mut Typed::default());
        let (since, until) = days("2026-03-29", "2026-03-29", "Europe/Berlin");
        assert_eq!(since, Timestamp::parse_rfc3339("2026-03-28T23:00:00Z"));
        assert_eq!(until, Timestamp::parse_rfc3339("2026-03-29T22:00:00Z"));
        // In Beirut clocks jump at midnight.
        let (since, until) = days("2021-03-28", " ", "Asia/Beirut");
        assert_eq!((since, until), (Timestamp::parse_rfc3339("2021-03-27T22:00:00Z"), None));
        let mut typed = Typed::default();
        assert_eq!(asked("yesterday", "").days(TimeZone::UTC, &mut typed), (None, None));
        assert_eq!(typed.errors.get("since"), "Enter a day, such as 2026-11-23.");
    }

    #[test]
    fn a_query_keeps_what_was_asked_for_on_every_page() {
        #[derive(Default, Serialize, Deserialize)]
        #[serde(default)]
        struct Query {
            who: String,
            #[serde(flatten)]
            excerpt: Excerpt,
        }
        let read = |text: &str| serde_html_form::from_str::<Query>(text).unwrap();
        let query = read("until=2026-11-23&cursor=abc&who=ada&other=x");
        assert_eq!((query.who.as_str(), query.excerpt.until.as_str()), ("ada", "2026-11-23"));
        assert!(query.excerpt.place().is_err(), "no cursor of ours");
        let older = Query { excerpt: query.excerpt.on(Some("def".into()), None), ..query };
        assert_eq!(write("/x", &older), "/x?who=ada&since=&until=2026-11-23&cursor=def");
        for (text, is_filtered) in
            [("", false), ("who=+", false), ("who=ada", true), ("since=1", true), ("cursor=x", false)]
        {
            let query = read(text);
            assert_eq!(query.excerpt.is_filtered(&[&query.who]), is_filtered, "{text}");
        }
    }
}
