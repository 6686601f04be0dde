//! What a callback of each type looks like, for those who write a receiver.

use crate::base::{TimeZone, Timestamp};

use super::body::{Facts, render};
use super::catalog::{EntityType, EventType};

/// When the samples happened: 26 May 2021, 07:50:15 UTC.
const PERFORMED_AT: Timestamp = Timestamp::from_seconds(1_622_015_415);

const SECTION: &str = "5dd51f0c3f3dad73ab0a3477";
const PROJECT: &str = "5dd51ea63f3dad73ab0a344b";
const ANSWER: &str = "5dc94b1e3f3dad73ab0a2f10";
const INTAKE: &str = "5dd51d823f3dad73ab0a3402";

/// A callback as it would be sent, with all the additional keys that the type can have.
pub fn callback(event_type: EventType, zone: TimeZone) -> String {
    let entity = match event_type.entity_type() {
        EntityType::Section => SECTION,
        EntityType::Project => PROJECT,
        EntityType::AnswerLibrary => ANSWER,
        EntityType::Intake => INTAKE,
    };
    let data = data(event_type);
    let facts = Facts {
        id: &"EVT-60adfdb750b58a0c2d78bdd8".parse().expect("an event id, as the contract shows it"),
        event_type,
        entity_ids: &[entity.to_owned()],
        performed_by: "john@responsive.io",
        performed_at: PERFORMED_AT,
        data: data.as_deref(),
    };
    render(facts, zone)
}

fn data(event_type: EventType) -> Option<String> {
    match event_type {
        EventType::SectionCompleted => Some(format!(r#"{{"PROJECT_ID":"{PROJECT}"}}"#)),
        EventType::ProjectCreated => Some(format!(r#"{{"INTAKE_ID":"{INTAKE}"}}"#)),
        EventType::ProjectEdited => Some(r#"{"CHANGED":["due_date","owner"]}"#.into()),
        EventType::ProjectDeleted => Some(r#"{"PERMANENT":false}"#.into()),
        EventType::AnswerLibUpdated => Some(r#"{"CHANGE":"EDITED"}"#.into()),
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
}
