//! From a JSON body to what is to be done, or to all that is wrong with it.
//!
//! A value of the wrong kind is told here and stands in the draft as if it were empty, so that the rules of the model are
//! told in the same answer; each place is told once.

use crate::base::Secret;
use crate::web::json::{Document, Fields, Value};
use crate::web::problem::{FieldProblem, Problem, Result, refuse};
use crate::webhooks::model::{
    Draft, DraftChange, DraftHeader, DraftLimits, DraftSigning, Held, Invalid, Message, NewWebhook, Overlap, PerSecond,
    Stored, TestDraft, TestTarget, WebhookChange,
};

use super::refusal::path;

const TEXT: &str = "Send a string.";
const LIST: &str = "Send a list.";

/// The body of `POST /webhooks`.
pub(super) fn new_webhook(body: &Document) -> Result<NewWebhook> {
    let mut errors = Vec::new();
    let draft = fields_of(body, &mut errors, |fields| Draft {
        name: text(fields, "name").unwrap_or_default(),
        description: text(fields, "description").unwrap_or_default(),
        url: text(fields, "url").unwrap_or_default(),
        status: text(fields, "state"),
        limits: limits(fields),
        headers: headers(fields).unwrap_or_default(),
        events: events(fields).unwrap_or_default(),
        signing: signing(fields),
    });
    settle(errors, |draft| draft.parse(), draft)
}

/// The body of `PATCH /webhooks/{id}`. A field that is there is to change, so it may not be `null`, which says nothing; but no
/// description is shown as `null`, and so it can be taken away by it.
pub(super) fn change(body: &Document, stored: &Stored<'_>) -> Result<WebhookChange> {
    let mut errors = Vec::new();
    let draft = fields_of(body, &mut errors, |fields| {
        for name in ["name", "url", "headers", "events", "signing"] {
            if fields.is_null(name) {
                fields.complain(name, "Leave it out, or send what it is to be.");
            }
        }
        let no_description = fields.is_null("description").then(String::new);
        DraftChange {
            name: text(fields, "name"),
            description: text(fields, "description").or(no_description),
            url: text(fields, "url"),
            status: None,
            limits: limits(fields),
            held: None,
            held_per_second: None,
            headers: headers(fields),
            events: events(fields),
            signing: text(fields, "signing"),
        }
    });
    settle(errors, |draft| draft.parse(stored), draft)
}

/// The body of `POST /webhooks/test`.
pub(super) fn test(body: &Document) -> Result<TestTarget> {
    let mut errors = Vec::new();
    let draft = fields_of(body, &mut errors, |fields| TestDraft {
        url: text(fields, "url").unwrap_or_default(),
        headers: headers(fields).unwrap_or_default(),
        signing: signing(fields),
        event_type: text(fields, "event_type"),
    });
    settle(errors, |draft| draft.parse(&Stored::NOTHING), draft)
}

/// The body of `POST /webhooks/{id}/test`, which may be left out.
pub(super) fn message(body: Option<&Document>) -> Result<Message> {
    let Some(body) = body else { return Ok(Message::Test) };
    let mut errors = Vec::new();
    let message = fields_of(body, &mut errors, |fields| {
        let named = text(fields, "event_type");
        fields.check("event_type", Message::of(named.as_deref()))
    });
    refuse(errors)?;
    Ok(message.flatten().unwrap_or_default())
}

/// The body of `POST /webhooks/{id}/resume` and `/enable`, which may be left out.
pub(super) fn held(body: Option<&Document>) -> Result<Option<Held>> {
    let Some(body) = body else { return Ok(None) };
    let mut errors = Vec::new();
    let held = fields_of(body, &mut errors, |fields| {
        let pace = pace(fields);
        let text = text(fields, "held")?;
        Some(fields.check("held", text.parse::<Held>())?.at(pace))
    });
    refuse(errors)?;
    Ok(held.flatten())
}

/// The body of `POST /webhooks/{id}/rotate-secret`, which may be left out.
pub(super) fn overlap(body: Option<&Document>) -> Result<Overlap> {
    let Some(body) = body else { return Ok(Overlap::default()) };
    let mut errors = Vec::new();
    let overlap = fields_of(body, &mut errors, |fields| {
        let value = fields.take("overlap_seconds").filter(|value| !value.is_null())?;
        fields.check("overlap_seconds", value.integer().parse::<Overlap>())
    });
    refuse(errors)?;
    Ok(overlap.flatten().unwrap_or_default())
}

fn pace(fields: &mut Fields<'_, '_>) -> Option<PerSecond> {
    let value = fields.take("held_per_second").filter(|value| !value.is_null())?;
    let number = value.integer().parse().map_err(|_| "Give a whole number from 1 to 1000.");
    fields.check("held_per_second", number)
}

/// A secret and a way of signing that do not go together are told as such.
fn signing(fields: &mut Fields<'_, '_>) -> DraftSigning {
    DraftSigning {
        signing: text(fields, "signing"),
        secret: text(fields, "signing_secret").map(Secret::new),
        is_prepared: false,
    }
}

/// Integers as they were written; `null` takes a limit away.
fn limits(fields: &mut Fields<'_, '_>) -> DraftLimits {
    let mut number = |name| {
        let none = fields.is_null(name).then(String::new);
        fields.take(name).map(|value| value.integer().to_owned()).or(none)
    };
    DraftLimits { max_concurrency: number("max_concurrency"), max_per_second: number("max_per_second") }
}

/// Reads the fields of a body; what `read` does not take is refused.
fn fields_of<T>(
    body: &Document,
    errors: &mut Vec<FieldProblem>,
    read: impl FnOnce(&mut Fields<'_, '_>) -> T,
) -> Option<T> {
    let mut fields = Fields::of(body.root(), "", errors)?;
    let draft = read(&mut fields);
    fields.finish();
    Some(draft)
}

/// What a draft comes to, unless anything was wrong with it or with the JSON that it was read from.
fn settle<D, T>(
    mut errors: Vec<FieldProblem>,
    parse: impl FnOnce(&D) -> std::result::Result<T, Invalid>,
    draft: Option<D>,
) -> Result<T> {
    let Some(draft) = draft else { return Err(Problem::Invalid(errors)) };
    let parsed = match parse(&draft) {
        Ok(parsed) => Some(parsed),
        Err(Invalid(wrong)) => {
            for (field, message) in wrong {
                let path = path(field);
                if errors.iter().all(|error| error.field != path) {
                    errors.push(FieldProblem::new(path, message));
                }
            }
            None
        }
    };
    parsed.filter(|_| errors.is_empty()).ok_or(Problem::Invalid(errors))
}

fn text(fields: &mut Fields<'_, '_>, name: &str) -> Option<String> {
    let value = fields.take(name)?;
    fields.check(name, string(value))
}

fn string(value: Value<'_>) -> std::result::Result<String, &'static str> {
    value.string().map(Into::into).ok_or(TEXT)
}

/// Items that are no texts stand there as empty ones, which keeps the places of the others.
fn events(fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let items = list(fields, "events")?;
    let read = |(place, item)| fields.check(&format!("events[{place}]"), string(item)).unwrap_or_default();
    Some(items.into_iter().enumerate().map(read).collect())
}

fn headers(fields: &mut Fields<'_, '_>) -> Option<Vec<DraftHeader>> {
    let items = list(fields, "headers")?;
    Some(items.into_iter().enumerate().filter_map(|(row, item)| header(fields, row, item)).collect())
}

/// `{"name", "value"?}`; without a value it keeps the stored one.
fn header(fields: &mut Fields<'_, '_>, row: usize, item: Value<'_>) -> Option<DraftHeader> {
    fields.inside(&format!("headers[{row}]"), item, |header| DraftHeader {
        row,
        name: text(header, "name").unwrap_or_default(),
        value: text(header, "value").map(Secret::new),
    })
}

fn list<'a>(fields: &mut Fields<'a, '_>, name: &str) -> Option<Vec<Value<'a>>> {
    let value = fields.take(name)?;
    let items = value.items().map(Iterator::collect);
    if items.is_none() {
        fields.complain(name, LIST);
    }
    items
}
