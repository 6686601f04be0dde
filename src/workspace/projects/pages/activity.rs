//! What happened to a project lately, in words: what the audit log has of it and its sections.

use serde_json::Value;

use crate::auth::audit::Entry;
use crate::base::{TimeZone, Timestamp};
use crate::web::Moment;

/// Steps beside the sections.
pub(super) const LATEST: i64 = 6;

/// One step in the timeline.
pub(super) struct Line {
    pub what: &'static str,
    pub icon: &'static str,
    /// The colour of its mark: ok, info or none.
    pub mark: &'static str,
    /// `Pricing, by ada@halden.example`.
    pub text: String,
    pub at: Moment,
}

/// What there are words for, in the order of `entries`.
pub(super) fn lines(entries: &[Entry], now: Timestamp, zone: TimeZone) -> Vec<Line> {
    let line = |entry: &Entry| {
        let (what, icon, mark) = describe(entry)?;
        Some(Line { what, icon, mark, text: text(entry), at: Moment::relative(entry.at, now, zone) })
    };
    entries.iter().filter_map(line).collect()
}

fn describe(entry: &Entry) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match entry.action.as_str() {
        "project.created" => ("Project created", "plus", "info"),
        "project.edited" => (edited(&entry.details), "pencil", ""),
        "project.completed" => ("Project completed", "check", "ok"),
        "project.reopened" => ("Project re-opened", "rotate-ccw", ""),
        "project.archived" => ("Project archived", "archive", ""),
        "project.unarchived" => ("Project un-archived", "archive-restore", ""),
        "project.trashed" => ("Moved to trash", "trash-2", ""),
        "project.restored" => ("Restored", "archive-restore", ""),
        "section.created" => ("Section added", "plus", ""),
        "section.edited" => ("Section changed", "pencil", ""),
        "section.completed" => ("Section completed", "check", "ok"),
        "section.reopened" => ("Section re-opened", "rotate-ccw", ""),
        "section.deleted" => ("Section deleted", "trash-2", ""),
        _ => return None,
    })
}

/// What was edited, where it was one thing.
fn edited(details: &Value) -> &'static str {
    let fields: Vec<&str> = details["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match fields.as_slice() {
        ["name"] => "Name changed",
        ["client"] => "Client changed",
        ["due_date"] => "Due date changed",
        ["owner"] => "Owner changed",
        ["description"] => "Description changed",
        _ => "Details changed",
    }
}

fn text(entry: &Entry) -> String {
    if entry.action.starts_with("section.") {
        format!("{}, by {}", entry.subject, entry.actor)
    } else if entry.details["intake_id"].is_string() {
        format!("From an intake, by {}", entry.actor)
    } else {
        format!("By {}", entry.actor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::{AuditEntryId, SystemRng};

    fn told(action: &str, details: Value) -> Option<(&'static str, String)> {
        let at = Timestamp::from_micros(0);
        let entry = Entry {
            id: AuditEntryId::new(at, &SystemRng),
            at,
            actor: "ada@halden.example".into(),
            action: action.into(),
            subject: "Pricing".into(),
            source: "page".into(),
            address: None,
            details,
        };
        describe(&entry).map(|(what, ..)| (what, text(&entry)))
    }

    #[test]
    fn a_step_says_what_happened_to_what_and_by_whom() {
        let by = "By ada@halden.example".to_owned();
        assert_eq!(told("project.edited", json!({"changed": ["due_date"]})), Some(("Due date changed", by.clone())));
        assert_eq!(told("project.edited", json!({"changed": ["name", "client"]})), Some(("Details changed", by)));
        let section = told("section.completed", json!({}));
        assert_eq!(section, Some(("Section completed", "Pricing, by ada@halden.example".into())));
        let (_, from) = told("project.created", json!({"intake_id": "5dd51ea63f3dad73ab0a344b"})).unwrap();
        assert_eq!(from, "From an intake, by ada@halden.example");
        assert_eq!(told("project.sung", json!({})), None);
    }
}
