//! The catalog for people: every event type with its sample, in the organization's time zone.

use crate::base::{EventId, TimeZone, Timestamp};
use crate::events::{EventType, Group, body, sample};
use crate::webhooks::model::Webhook;

/// Event types of one group.
pub(super) struct Chapter {
    pub title: &'static str,
    pub name: &'static str,
    pub entries: Vec<Entry>,
}

pub(super) struct Entry {
    pub event_type: EventType,
    /// The key that its callback has beside the usual ones, and what that says.
    pub additional: Option<(&'static str, &'static str)>,
    /// The body byte for byte.
    pub sample: String,
    /// The webhook that the guide is about gets these.
    pub is_subscribed: bool,
}

pub(super) fn chapters(zone: TimeZone, webhook: Option<&Webhook>) -> Vec<Chapter> {
    let entry = |event_type: EventType| Entry {
        event_type,
        additional: additional(event_type),
        sample: sample::callback(event_type, zone),
        is_subscribed: webhook.is_some_and(|webhook| webhook.events.contains(&event_type)),
    };
    let chapter = |group: &Group| Chapter {
        title: group.title(),
        name: group.as_str(),
        entries: group.event_types().map(entry).collect(),
    };
    Group::ALL.iter().map(chapter).collect()
}

/// What Send Test Webhook sends.
pub(super) fn test(id: &EventId, person: &str, now: Timestamp, zone: TimeZone) -> String {
    body::render_test(id, person, now, zone)
}

fn additional(event_type: EventType) -> Option<(&'static str, &'static str)> {
    match event_type {
        EventType::SectionCompleted => Some(("PROJECT_ID", "the section’s project")),
        EventType::ProjectCreated => Some(("INTAKE_ID", "the intake that it came from; left out where there is none")),
        EventType::ProjectEdited => Some(("CHANGED", "a list of the fields that changed, by their names in the API")),
        EventType::ProjectDeleted => Some(("PERMANENT", "false: moved to the trash; true: deleted for good")),
        EventType::AnswerLibUpdated => Some(("CHANGE", "EDITED, PUBLISHED, MODERATED or REVIEWED")),
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
    fn every_additional_key_of_a_sample_is_explained() {
        for chapter in chapters(TimeZone::UTC, None) {
            for entry in chapter.entries {
                let sample: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&entry.sample).unwrap();
                let more: Vec<_> = sample.keys().skip(6).map(String::as_str).collect();
                let explained: Vec<_> = entry.additional.iter().map(|(key, _)| *key).collect();
                assert_eq!(more, explained, "{}", entry.event_type);
            }
        }
    }
}
