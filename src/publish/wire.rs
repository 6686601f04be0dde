//! From a body to events, or to all that is wrong with it.

use crate::base::Timestamp;
use crate::events::model::Draft;
use crate::web::json::{Document, Fields, Limits, Value};
use crate::web::problem::FieldProblem;

use super::model::{self, EntityIds};

/// The member whose values may be 64 levels deep themselves.
const DATA: &str = "data";

/// How large the body of one event may be.
pub fn limits(bytes: usize) -> Limits {
    Limits { bytes, apart: Some(DATA) }
}

/// The body of `POST /events`.
pub fn event(body: &Document, now: Timestamp, errors: &mut Vec<FieldProblem>) -> Option<Draft> {
    draft(body.root(), "", now, errors)
}

/// The body of `POST /events/batch`.
pub fn batch(body: &Document, now: Timestamp, errors: &mut Vec<FieldProblem>) -> Vec<Draft> {
    let events = {
        let Some(mut fields) = Fields::of(body.root(), "", errors) else { return Vec::new() };
        let events = fields.require("events", "Send a list of 1 to 500 events.");
        fields.finish();
        events
    };
    let Some(events) = events else { return Vec::new() };
    let events: Vec<_> = events.items().into_iter().flatten().take(model::MAX_BATCH + 1).collect();
    if !(1..=model::MAX_BATCH).contains(&events.len()) {
        errors.push(FieldProblem::new("events", "Send a list of 1 to 500 events."));
        return Vec::new();
    }
    let drafts = events.into_iter().enumerate();
    drafts.filter_map(|(place, event)| draft(event, &format!("events[{place}]"), now, errors)).collect()
}

fn draft(value: Value<'_>, path: &str, now: Timestamp, errors: &mut Vec<FieldProblem>) -> Option<Draft> {
    let mut fields = Fields::of(value, path, errors)?;
    let event_type = event_type(&mut fields);
    let entity_ids = entity_ids(&mut fields);
    let performed_by = performed_by(&mut fields);
    let performed_at = performed_at(&mut fields, now);
    let data = data(&mut fields);
    fields.finish();
    // What was wrong is noted, and then nobody looks at the draft.
    Some(Draft { event_type: event_type?, entity_ids, performed_by: performed_by?, performed_at: performed_at?, data })
}

fn event_type(fields: &mut Fields<'_, '_>) -> Option<crate::events::EventType> {
    const MISSING: &str = "Send one of the ten event types.";
    let value = fields.require("event_type", MISSING)?;
    let Some(text) = value.string() else {
        fields.complain("event_type", MISSING);
        return None;
    };
    fields.check("event_type", model::event_type(&text))
}

fn entity_ids(fields: &mut Fields<'_, '_>) -> Vec<String> {
    const COUNT: &str = "Send a list of 1 to 1,000 ids.";
    let mut ids = EntityIds::default();
    let Some(value) = fields.require("entity_ids", COUNT) else { return Vec::new() };
    let mut items = value.items().into_iter().flatten();
    let mut count = 0;
    for item in items.by_ref().take(model::MAX_ENTITY_IDS) {
        let checked = match item.string() {
            Some(id) => ids.add(&id).map_err(|broken| broken.to_string()),
            None => Err("Send a string.".to_owned()),
        };
        if checked.is_err() {
            fields.check(&format!("entity_ids[{count}]"), checked);
        }
        count += 1;
    }
    if count == 0 || items.next().is_some() {
        fields.complain("entity_ids", COUNT);
    }
    ids.into_ids()
}

fn performed_by(fields: &mut Fields<'_, '_>) -> Option<String> {
    const MISSING: &str = "Send the email address of who did it.";
    let value = fields.require("performed_by", MISSING)?;
    let Some(text) = value.string() else {
        fields.complain("performed_by", MISSING);
        return None;
    };
    fields.check("performed_by", model::performed_by(&text))
}

fn performed_at(fields: &mut Fields<'_, '_>, now: Timestamp) -> Option<Timestamp> {
    let Some(value) = fields.take("performed_at") else { return Some(now) };
    let text = value.string().unwrap_or_default();
    fields.check("performed_at", model::performed_at(&text, now))
}

fn data(fields: &mut Fields<'_, '_>) -> Option<String> {
    let value = fields.take(DATA)?;
    let Some(members) = value.members() else {
        fields.complain(DATA, "Send an object.");
        return None;
    };
    for (key, _) in members {
        let checked = model::data_key(&key);
        if checked.is_err() {
            fields.check(&format!("{DATA}.{key}"), checked);
        }
    }
    Some(value.compact())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventType;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-05-26T07:50:15.5Z").unwrap()
    }

    fn read(body: &str) -> Result<Draft, Vec<(String, String)>> {
        let mut errors = Vec::new();
        let draft = event(&Document::parse(body.as_bytes(), Some(DATA)).unwrap(), now(), &mut errors);
        let told = errors.into_iter().map(|error| (error.field, error.message.into_owned())).collect();
        draft.filter(|_| Vec::is_empty(&told)).ok_or(told)
    }

    fn fields(body: &str) -> Vec<String> {
        read(body).unwrap_err().into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn a_small_body_is_enough() {
        let draft =
            read(r#"{"event_type":"PROJECT_EDITED","entity_ids":["a"],"performed_by":"J@x.io","data":null}"#).unwrap();
        assert_eq!((draft.event_type, draft.entity_ids.as_slice()), (EventType::ProjectEdited, &["a".to_owned()][..]));
        assert_eq!((draft.performed_by.as_str(), draft.performed_at, draft.data), ("J@x.io", now(), None));
    }

    #[test]
    fn additional_data_keeps_its_digits_and_characters() {
        let body = r#"{"data": {"N" : 1.50e0, "U":"\u00e9 \/", "A":[ ]},"performed_by":"a@b.c",
            "performed_at":"2021-05-26T00:50:15-07:00","entity_ids":["\u0061"],"event_type":"INTAKE_CREATED"}"#;
        let draft = read(body).unwrap();
        assert_eq!(draft.data.as_deref(), Some(r#"{"N":1.50e0,"U":"\u00e9 \/","A":[]}"#));
        assert_eq!(draft.performed_at.rfc3339(), "2021-05-26T07:50:15.000000Z");
        assert_eq!(draft.entity_ids, ["a"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let body = r#"{"event_type":"TEST","entity_ids":["ok",1,"","ok"],"performed_by":"nobody","performed_at":"soon",
            "data":{"foo":1,"EVENT_ID":2,"FOO":3},"extra":{}}"#;
        let expected = [
            "event_type",
            "entity_ids[1]",
            "entity_ids[2]",
            "entity_ids[3]",
            "performed_by",
            "performed_at",
            "data.foo",
            "data.EVENT_ID",
            "extra",
        ];
        assert_eq!(fields(body), expected);
        assert_eq!(fields("{}"), ["event_type", "entity_ids", "performed_by"]);
        assert_eq!(fields("[]"), [""]);
        assert_eq!(
            fields(r#"{"event_type":1,"entity_ids":"a","performed_by":[],"performed_at":5,"data":[]}"#),
            ["event_type", "entity_ids", "performed_by", "performed_at", "data"]
        );
    }

    #[test]
    fn one_to_a_thousand_ids() {
        let with = |count: usize| {
            let ids: Vec<String> = (0..count).map(|id| format!("\"{id}\"")).collect();
            format!(r#"{{"event_type":"PROJECT_EDITED","entity_ids":[{}],"performed_by":"a@b.c"}}"#, ids.join(","))
        };
        assert_eq!(read(&with(1000)).unwrap().entity_ids.len(), 1000);
        assert_eq!(fields(&with(0)), ["entity_ids"]);
        assert_eq!(fields(&with(1001)), ["entity_ids"]);
    }

    #[test]
    fn a_batch_tells_which_event_is_wrong() {
        let read = |body: &str| {
            let mut errors = Vec::new();
            let drafts = batch(&Document::parse(body.as_bytes(), Some(DATA)).unwrap(), now(), &mut errors);
            (drafts.len(), errors.into_iter().map(|error| error.field).collect::<Vec<_>>())
        };
        let good = r#"{"event_type":"PROJECT_EDITED","entity_ids":["a"],"performed_by":"a@b.c"}"#;
        assert_eq!(read(&format!(r#"{{"events":[{good},{good}]}}"#)), (2, vec![]));
        let (_, errors) = read(&format!(r#"{{"events":[{good},{{"data":{{"foo":1}}}},7],"x":1}}"#));
        let expected = [
            "x",
            "events[1].event_type",
            "events[1].entity_ids",
            "events[1].performed_by",
            "events[1].data.foo",
            "events[2]",
        ];
        assert_eq!(errors, expected);
        for none in ["{}", r#"{"events":[]}"#, r#"{"events":{}}"#, r#"{"events":null}"#] {
            assert_eq!(read(none), (0, vec!["events".to_owned()]), "{none}");
        }
        let many = vec![good; 501].join(",");
        assert_eq!(read(&format!(r#"{{"events":[{many}]}}"#)), (0, vec!["events".to_owned()]));
    }
}
