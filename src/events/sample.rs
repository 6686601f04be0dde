//! What a callback of each type looks like, for those who write a receiver.

use crate::base::{EventId, TimeZone, Timestamp};

use super::body::{Facts, render};
use super::catalog::{EntityType, EventType};

/// When the samples happened: 26 May 2021, 07:50:15 UTC.
const PERFORMED_AT: Timestamp = Timestamp::from_seconds(1_622_015_415);

/// Every sample is this event.
pub const EVENT_ID: &str = "EVT-60adfdb750b58a0c2d78bdd8";

const SECTION: &str = "5dd51f0c3f3dad73ab0a3477";
const PROJECT: &str = "5dd51ea63f3dad73ab0a344b";
const ANSWER: &str = "5dc94b1e3f3dad73ab0a2f10";
const INTAKE: &str = "5dd51d823f3dad73ab0a3402";

/// A callback as it would be sent, with all the additional keys that the type can have.
pub fn callback(event_type: EventType, zone: TimeZone) -> String {
    let data = members(event_type).map(|members| format!("{{{members}}}"));
    let facts = Facts {
        id: &EVENT_ID.parse().expect("an event id, as the contract shows it"),
        event_type,
        entity_ids: &[entity(event_type).to_owned()],
        performed_by: "john@responsive.io",
        performed_at: PERFORMED_AT,
        data: data.as_deref(),
    };
    render(facts, zone)
}

/// The same, to be sent: with an id and a time of its own, in somebody's name, and with `"TEST":true` as its last key, so that
/// no receiver takes it for something that happened. The mark is in the body because that is what the signature covers.
pub fn example(
    event_type: EventType,
    id: &EventId,
    performed_by: &str,
    performed_at: Timestamp,
    zone: TimeZone,
) -> String {
    let members = members(event_type).map(|members| format!("{members},")).unwrap_or_default();
    let data = format!(r#"{{{members}"TEST":true}}"#);
    let entity_ids = &[entity(event_type).to_owned()];
    render(Facts { id, event_type, entity_ids, performed_by, performed_at, data: Some(&data) }, zone)
}

fn entity(event_type: EventType) -> &'static str {
    match event_type.entity_type() {
        EntityType::Section => SECTION,
        EntityType::Project => PROJECT,
        EntityType::AnswerLibrary => ANSWER,
        EntityType::Intake => INTAKE,
    }
}

/// The additional keys with their values, as they stand in the JSON object.
fn members(event_type: EventType) -> Option<String> {
    match event_type {
        EventType::SectionCompleted => Some(format!(r#""PROJECT_ID":"{PROJECT}""#)),
        EventType::ProjectCreated => Some(format!(r#""INTAKE_ID":"{INTAKE}""#)),
        EventType::ProjectEdited => Some(r#""CHANGED":["due_date","owner"]"#.into()),
        EventType::ProjectDeleted => Some(r#""PERMANENT":false"#.into()),
        EventType::AnswerLibUpdated => Some(r#""CHANGE":"EDITED""#.into()),
        EventType::ProjectCompleted
        | EventType::ProjectArchived
        | EventType::AnswerLibCreated
        | EventType::AnswerLibDeleted
        | EventType::IntakeCreated => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_type_has_its_sample() {
        let zone = "America/Los_Angeles".parse().unwrap();
        let samples: Vec<_> = EventType::ALL.iter().map(|kind| callback(*kind, zone)).collect();
        insta::assert_snapshot!(samples.join("\n"));
    }

    #[test]
    fn an_example_is_the_sample_with_its_own_facts_and_a_mark() {
        let id = "EVT-6b05144400000ecd38078da2".parse().unwrap();
        let example = |kind| example(kind, &id, "ada@halden.example", PERFORMED_AT, TimeZone::UTC);
        assert_eq!(
            example(EventType::ProjectDeleted),
            concat!(
                r#"{"EVENT_ID":"EVT-6b05144400000ecd38078da2","EVENT_TYPE":"PROJECT_DELETED","#,
                r#""ENTITY_ID":["5dd51ea63f3dad73ab0a344b"],"ENTITY_TYPE":"PROJECT","#,
                r#""PERFORMED_BY":"ada@halden.example","PERFORMED_AT":"2021-05-26 07:50:15 UTC","PERMANENT":false,"TEST":true}"#
            )
        );
        for kind in EventType::ALL {
            let body: serde_json::Value = serde_json::from_str(&example(*kind)).unwrap();
            assert_eq!((&body["EVENT_TYPE"], &body["TEST"]), (&kind.as_str().into(), &true.into()));
        }
    }
}
