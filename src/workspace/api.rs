//! What all calls of the workspace share: who calls, why a call is refused, and how bodies are read and lists are answered.

use serde::Serialize;

use crate::web::Slice;
use crate::web::api_key::{ApiKey, Write};
use crate::web::json::{Document, Fields};
use crate::web::problem::{Problem, Result};

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

/// A list, whole or a page of it.
#[derive(Serialize)]
pub(super) struct List<'a, T> {
    data: Vec<T>,
    next_cursor: Option<&'a str>,
}

impl<'a, T> List<'a, T> {
    /// All there is.
    pub fn whole<M>(rows: &'a [M]) -> Self
    where
        T: From<&'a M>,
    {
        Self { data: rows.iter().map(T::from).collect(), next_cursor: None }
    }

    pub fn page<M>(page: &'a Slice<M>) -> Self
    where
        T: From<&'a M>,
    {
        Self { data: page.rows.iter().map(T::from).collect(), next_cursor: page.next.as_deref() }
    }
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
    if fields.has(name) { text(fields, name, parse) } else { fields.check(name, parse("")) }
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
