//! What all calls of the workspace share: who calls, why a call is refused, and how bodies are read and short lists are cut.

use crate::base::{Cursor, Timestamp};
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{Document, Fields};
use crate::web::problem::{Problem, Result};
use crate::web::{Paging, Slice};

use super::change::{Author, Refusal};

/// Who changes something with this key.
pub(super) fn author(key: &ApiKey<Write>) -> Author {
    Author { actor: key.actor().clone(), zone: key.organization.time_zone }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Stale => Self::Stale,
            Refusal::Conflict(why) => Self::Conflict(why),
            Refusal::Db(error) => error.into(),
        }
    }
}

/// The page of a list that is short and has an order of its own: the rows after the one that the cursor names. `place` tells a
/// row's position and id.
pub(super) fn in_order<T>(paging: &Paging, rows: Vec<T>, place: impl Fn(&T) -> (i64, &str)) -> Slice<T> {
    // A position stands where other lists have a time.
    let cursor = |row: &T| Cursor { at: Timestamp::from_micros(place(row).0), id: place(row).1.to_owned() };
    let is_after = |row: &T, after: &Cursor| place(row) > (after.at.micros(), after.id.as_str());
    let rest = rows.into_iter().filter(|row| paging.after.as_ref().is_none_or(|after| is_after(row, after)));
    paging.cut(rest.collect(), cursor)
}

/// Reads the fields of a body; what `read` does not take is refused, and all that is wrong is told at once.
pub(super) fn read<T>(body: &Document, read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>) -> Result<T> {
    let mut errors = Vec::new();
    let value = Fields::of(body.root(), "", &mut errors).and_then(|mut fields| {
        let value = read(&mut fields);
        fields.finish();
        value
    });
    value.filter(|_| errors.is_empty()).ok_or(Problem::Invalid(errors))
}

fn text<T, E: ToString>(
    fields: &mut Fields<'_, '_>,
    name: &str,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Option<T> {
    let value = fields.take(name)?;
    let Some(text) = value.string() else {
        fields.complain(name, "Send a string.");
        return None;
    };
    fields.check(name, parse(&text))
}

/// A text that must be there.
pub(super) fn required<T, E: ToString>(
    fields: &mut Fields<'_, '_>,
    name: &str,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Option<T> {
    if fields.has(name) {
        return text(fields, name, parse);
    }
    // What says `null` is taken, too, or it would be told twice.
    fields.take(name);
    fields.check(name, parse(""))
}

/// A text that stays as it is where it is not mentioned, and that cannot be emptied.
pub(super) fn kept<T, E: ToString>(
    fields: &mut Fields<'_, '_>,
    name: &str,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Option<T> {
    if fields.is_null(name) {
        fields.complain(name, "Leave it out, or send what it is to be.");
    }
    text(fields, name, parse)
}

/// A text that may be left out (`None`) or emptied with `null` or "" (`Some(None)`).
pub(super) fn optional<T, E: ToString>(
    fields: &mut Fields<'_, '_>,
    name: &str,
    parse: impl FnOnce(&str) -> std::result::Result<Option<T>, E>,
) -> Option<Option<T>> {
    if fields.is_null(name) {
        fields.take(name);
        return Some(None);
    }
    text(fields, name, parse)
}
