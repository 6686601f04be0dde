//! The callback's bytes: compact JSON, keys in the contract's order, additional keys last.
//!
//! Rendered once, when the event is recorded, and kept: a retry or a replay months later sends the same bytes, whatever
//! became of the organization's time zone (docs/decisions/0007).

use crate::base::{EventId, TimeZone, Timestamp};

use super::catalog::EventType;

/// What a callback says about an event. `data` is a JSON object whose keys are appended as they are.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub id: &'a EventId,
    pub event_type: EventType,
    pub entity_ids: &'a [String],
    pub performed_by: &'a str,
    pub performed_at: Timestamp,
    pub data: Option<&'a str>,
}

/// The callback of an event. `data`, where given, must be a compact JSON object without the six standard keys.
pub fn render(facts: Facts<'_>, zone: TimeZone) -> String {
    let mut body = opening(facts.id, facts.event_type.as_str());
    body.push_str(r#","ENTITY_ID":"#);
    body.push_str(&json(&facts.entity_ids));
    body.push_str(r#","ENTITY_TYPE":"#);
    body.push_str(&json(&facts.entity_type().as_str()));
    close(&mut body, facts.performed_by, facts.performed_at, zone);
    if let Some(members) =
        facts.data.and_then(|data| data.strip_prefix('{')?.strip_suffix('}')).filter(|inner| !inner.is_empty())
    {
        body.push(',');
        body.push_str(members);
    }
    body.push('}');
    body
}

/// The callback of Send Test Webhook: just who and when.
pub fn render_test(id: &EventId, performed_by: &str, performed_at: Timestamp, zone: TimeZone) -> String {
    let mut body = opening(id, "TEST");
    close(&mut body, performed_by, performed_at, zone);
    body.push('}');
    body
}

fn opening(id: &EventId, event_type: &str) -> String {
    let mut body = String::with_capacity(320);
    body.push_str(r#"{"EVENT_ID":"#);
    body.push_str(&json(&id.as_str()));
    body.push_str(r#","EVENT_TYPE":"#);
    body.push_str(&json(&event_type));
    body
}

fn close(body: &mut String, performed_by: &str, performed_at: Timestamp, zone: TimeZone) {
    body.push_str(r#","PERFORMED_BY":"#);
    body.push_str(&json(&performed_by));
    body.push_str(r#","PERFORMED_AT":"#);
    body.push_str(&json(&zone.performed_at(performed_at)));
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("strings and lists of strings always have a JSON form")
}

impl Facts<'_> {
    fn entity_type(&self) -> super::catalog::EntityType {
        self.event_type.entity_type()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(event_type: EventType, data: Option<&str>, zone: &str) -> String {
        let facts = Facts {
            id: &"EVT-60adfdb750b58a0c2d78bdd8".parse().unwrap(),
            event_type,
            entity_ids: &["5dd51ea63f3dad73ab0a344b".to_owned()],
            performed_by: "john@responsive.io",
            performed_at: Timestamp::parse_rfc3339("2021-05-26T07:50:15.999999Z").unwrap(),
            data,
        };
        render(facts, zone.parse().unwrap())
    }

    #[test]
    fn the_contracts_example_comes_out_byte_for_byte() {
        assert_eq!(
            rendered(EventType::ProjectEdited, None, "America/Los_Angeles"),
            concat!(
                r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"PROJECT_EDITED","#,
                r#""ENTITY_ID":["5dd51ea63f3dad73ab0a344b"],"ENTITY_TYPE":"PROJECT","#,
                r#""PERFORMED_BY":"john@responsive.io","PERFORMED_AT":"2021-05-26 00:50:15 PDT"}"#
            )
        );
    }

    #[test]
    fn additional_keys_come_last_and_keep_their_characters() {
        let data = r#"{"CHANGED":["name"],"N":1.50e0,"U":"\u00e9","O":{"a":{}}}"#;
        let body = rendered(EventType::ProjectEdited, Some(data), "UTC");
        assert!(
            body.ends_with(r#""2021-05-26 07:50:15 UTC","CHANGED":["name"],"N":1.50e0,"U":"\u00e9","O":{"a":{}}}"#),
            "{body}"
        );
        assert!(rendered(EventType::ProjectEdited, Some("{}"), "UTC").ends_with(r#"UTC"}"#));
    }

    #[test]
    fn every_event_type_has_its_snapshot() {
        let bodies: Vec<_> = EventType::ALL.iter().map(|kind| rendered(*kind, None, "Asia/Kathmandu")).collect();
        insta::assert_snapshot!(bodies.join("\n"));
    }

    #[test]
    fn a_test_has_just_its_four_keys() {
        let id = "EVT-60adfdb750b58a0c2d78bdd8".parse().unwrap();
        let at = Timestamp::parse_rfc3339("2026-12-01T12:00:00Z").unwrap();
        let body = render_test(&id, "ada@example.com", at, "Asia/Kolkata".parse().unwrap());
        insta::assert_snapshot!(body, @r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"TEST","PERFORMED_BY":"ada@example.com","PERFORMED_AT":"2026-12-01 17:30:00 IST"}"#);
    }
}
