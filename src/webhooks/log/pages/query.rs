//! What stands after the question mark: filters and places in lists, read and written.

use actix_web::HttpRequest;
use chrono::{Days, LocalResult, NaiveDate, NaiveTime, TimeZone as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{Cursor, TimeZone, Timestamp};
use crate::web::{Error, Result};

use super::super::model::{Listing, Place};

const UNREADABLE: &str = "A filter of this address is not one that we know. Open the page anew.";

/// Reads the query of an address.
pub(super) fn read<T: DeserializeOwned>(request: &HttpRequest) -> Result<T> {
    serde_html_form::from_str(request.query_string()).map_err(|_| Error::BadRequest(UNREADABLE.into()))
}

/// `path` with a query; fields that are `None` are left out.
pub(super) fn write(path: &str, query: &impl Serialize) -> String {
    match serde_html_form::to_string(query) {
        Ok(text) if !text.is_empty() => format!("{path}?{text}"),
        _ => path.to_owned(),
    }
}

/// Parses what may be left empty, as an unused field of a filter is.
pub(super) fn parse<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Error::BadRequest(UNREADABLE.into()))).transpose()
}

/// When the first day that is wanted begins.
pub(super) fn since(text: Option<&str>, zone: TimeZone) -> Result<Option<Timestamp>> {
    parse::<NaiveDate>(text)?.map(|day| midnight(day, zone)).transpose()
}

/// When the last day that is wanted is over.
pub(super) fn until(text: Option<&str>, zone: TimeZone) -> Result<Option<Timestamp>> {
    let next = parse::<NaiveDate>(text)?.and_then(|day| day.checked_add_days(Days::new(1)));
    next.map(|day| midnight(day, zone)).transpose()
}

/// When a day begins on the clocks; a day whose midnight does not exist begins when clocks jump.
fn midnight(day: NaiveDate, zone: TimeZone) -> Result<Timestamp> {
    let tz = zone.local(Timestamp::from_micros(0)).timezone();
    let first =
        (0..24).find_map(|hour| match tz.from_local_datetime(&day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?)) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                Some(Timestamp::from_micros(at.timestamp_micros()))
            }
            LocalResult::None => None,
        });
    first.ok_or_else(|| Error::BadRequest("There is no such day.".into()))
}

/// The page of a list: `cursor` is the last row of a page, to go on to older ones, `newer` the first row, to go back.
pub(super) fn place(cursor: Option<&str>, newer: Option<&str>) -> Result<Place> {
    let decode = |text: &str| Cursor::decode(text).map_err(|error| Error::BadRequest(error.to_string().into()));
    Ok(match (cursor, newer) {
        (Some(cursor), _) => Place::OlderThan(decode(cursor)?),
        (None, Some(newer)) => Place::NewerThan(decode(newer)?),
        (None, None) => Place::Newest,
    })
}

/// The cursors of the pages before and after, where there are such pages.
pub(super) fn neighbours<T>(listing: &Listing<T>, key: impl Fn(&T) -> Cursor) -> (Option<String>, Option<String>) {
    let cursor = |row: Option<&T>| row.map(|row| key(row).encode());
    (
        cursor(listing.rows.first().filter(|_| listing.has_newer)),
        cursor(listing.rows.last().filter(|_| listing.has_older)),
    )
}
