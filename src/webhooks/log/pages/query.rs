//! What stands after the question mark: filters and places in lists, read and written.

use actix_web::HttpRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::Cursor;
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
