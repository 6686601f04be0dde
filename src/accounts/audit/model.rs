//! The words of the audit log: what each action is called, and how its details are told.

use serde_json::Value;

use crate::base::Timestamp;

/// Kinds of actions, with what a filter calls them.
pub const KINDS: &[(&str, &str)] = &[
    ("webhook", "Instances"),
    ("delivery", "Deliveries"),
    ("user", "Members and sign-ins"),
    ("invitation", "Invitations"),
    ("api_key", "API keys"),
    ("organization", "Organization"),
    ("audit_log", "Audit log"),
    ("project", "Projects"),
    ("section", "Sections"),
    ("question", "Questions"),
    ("answer", "Answer library"),
    ("import", "Imports"),
    ("intake", "Intakes"),
    ("trash", "Trash"),
];

/// Every action, with the words before its subject.
pub const ACTIONS: &[(&str, &str)] = &[
    ("webhook.created", "Added instance"),
    ("webhook.updated", "Changed instance"),
    ("webhook.deleted", "Deleted instance"),
    ("webhook.restored", "Restored instance"),
    ("webhook.paused", "Paused instance"),
    ("webhook.resumed", "Resumed instance"),
    ("webhook.enabled", "Enabled instance"),
    ("webhook.secret_rotated", "Rotated the signing secret of"),
    ("webhook.rotation_ended", "Ended the old signing secrets of"),
    ("webhook.secrets_revealed", "Revealed the secrets of"),
    ("webhook.tested", "Sent a test to"),
    ("webhook.log_exported", "Exported the deliveries of"),
    ("webhook.replay_started", "Started a replay to"),
    ("webhook.replay_cancelled", "Cancelled a replay:"),
    ("delivery.redelivered", "Redelivered"),
    ("user.created", "Added"),
    ("user.signed_in", "Signed in:"),
    ("user.signed_out", "Signed out:"),
    ("user.sign_in_failed", "Sign-in failed:"),
    ("user.password_changed", "Changed the password of"),
    ("user.reset_link_made", "Made a link for a new password of"),
    ("user.password_reset", "Set a new password by a link:"),
    ("user.email_change_asked", "Asked for another email address:"),
    ("user.email_changed", "Changed the email address to"),
    ("user.sessions_ended", "Ended sessions of"),
    ("user.second_factor_enabled", "Turned on two-step sign-in:"),
    ("user.second_factor_removed", "Turned off two-step sign-in:"),
    ("user.second_factor_reset", "Reset two-step sign-in of"),
    ("user.recovery_codes_made", "Made new recovery codes:"),
    ("user.recovery_code_used", "Used a recovery code:"),
    ("user.role_changed", "Changed the role of"),
    ("user.deactivated", "Deactivated"),
    ("user.reactivated", "Reactivated"),
    ("invitation.sent", "Invited"),
    ("invitation.renewed", "Invited again:"),
    ("invitation.revoked", "Revoked the invitation of"),
    ("invitation.accepted", "Accepted the invitation:"),
    ("api_key.created", "Created API key"),
    ("api_key.revoked", "Revoked API key"),
    ("organization.created", "Created organization"),
    ("organization.renamed", "Renamed the organization to"),
    ("organization.time_zone_changed", "Changed the time zone of"),
    ("organization.edition_changed", "Changed the edition of"),
    ("organization.webhooks_enabled", "Enabled webhooks for"),
    ("organization.webhooks_disabled", "Turned off webhooks for"),
    ("audit_log.exported", "Exported the"),
    ("project.created", "Created project"),
    ("project.edited", "Edited project"),
    ("project.completed", "Completed project"),
    ("project.reopened", "Reopened project"),
    ("project.archived", "Archived project"),
    ("project.unarchived", "Took out of the archive project"),
    ("project.trashed", "Moved to the trash project"),
    ("project.restored", "Restored project"),
    ("project.deleted", "Permanently deleted project"),
    ("section.created", "Added section"),
    ("section.edited", "Edited section"),
    ("section.completed", "Completed section"),
    ("section.reopened", "Reopened section"),
    ("section.deleted", "Deleted section"),
    ("question.created", "Added question"),
    ("question.edited", "Edited question"),
    ("question.deleted", "Deleted question"),
    ("answer.created", "Added Q&A pair"),
    ("answer.edited", "Edited Q&A pair"),
    ("answer.published", "Published Q&A pair"),
    ("answer.moderated", "Edited in moderation Q&A pair"),
    ("answer.rejected", "Sent back Q&A pair"),
    ("answer.review_requested", "Asked for a review of Q&A pair"),
    ("answer.reviewed", "Changed in review Q&A pair"),
    ("answer.confirmed", "Confirmed in review Q&A pair"),
    ("answer.trashed", "Moved to the trash Q&A pair"),
    ("answer.restored", "Restored Q&A pair"),
    ("answer.deleted", "Permanently deleted Q&A pair"),
    ("answer.exported", "Exported the"),
    ("import.started", "Started the import of"),
    ("import.stopped", "Stopped the import of"),
    ("import.finished", "Finished the import of"),
    ("intake.created", "Created intake"),
    ("intake.edited", "Edited intake"),
    ("intake.converted", "Made a project of intake"),
    ("trash.emptied", "Emptied:"),
    ("trash.expired", "Emptied after 30 days:"),
];

/// The longest text that a page tells of a value, in characters; the file has it whole.
const LONGEST: usize = 200;

/// What was done, in a sentence: `Added instance CRM sync`. An action that nobody has words for is told by its name.
pub fn sentence(action: &str, subject: &str) -> String {
    let words = ACTIONS.iter().find(|(name, _)| *name == action).map_or(action, |(_, words)| words);
    format!("{words} {subject}")
}

/// From where, if not from a page.
pub fn source(source: &str) -> &'static str {
    match source {
        "page" => "",
        "command_line" => "Command line",
        "herald" => "Herald itself",
        _ => "API key",
    }
}

/// The id of what it was done to, as far as the details name one: the first that is not a part of another.
pub fn id(details: &Value) -> Option<&str> {
    ["webhook_id", "user_id", "id", "question_id", "section_id", "project_id", "intake_id", "answer_id", "import_id"]
        .iter()
        .find_map(|name| details[*name].as_str())
}

/// What else there is to say, each with a label: first what changed, from what to what. Times are written by `moment`.
pub fn lines(details: &Value, moment: impl Fn(Timestamp) -> String) -> Vec<(String, String)> {
    let Some(all) = details.as_object() else { return Vec::new() };
    let mut lines = changes(details);
    for (name, value) in all {
        let is_told = matches!(name.as_str(), "from" | "to" | "id") || name.ends_with("_id") || name.ends_with("_ids");
        let is_told = is_told || name == "changed" && !lines.is_empty();
        let text = time(name, value).map_or_else(|| text(value), &moment);
        if !is_told && !text.is_empty() {
            lines.push((label(name), text));
        }
    }
    lines
}

/// Either two values, or two maps of values by their fields.
fn changes(details: &Value) -> Vec<(String, String)> {
    let arrow = |from: &Value, to: &Value| {
        let told =
            |value: &Value| Some(text(value)).filter(|text| !text.is_empty()).unwrap_or_else(|| "nothing".into());
        format!("{} → {}", told(from), told(to))
    };
    match (&details["from"], &details["to"]) {
        (Value::Object(from), Value::Object(to)) => {
            to.iter().map(|(name, to)| (label(name), arrow(from.get(name).unwrap_or(&Value::Null), to))).collect()
        }
        (Value::Null, Value::Null) => Vec::new(),
        (from, to) => vec![("From → to".into(), arrow(from, to))],
    }
}

/// The begin or the end of a period.
fn time(name: &str, value: &Value) -> Option<Timestamp> {
    value.as_str().filter(|_| matches!(name, "since" | "until")).and_then(Timestamp::parse_rfc3339)
}

fn text(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text_of_one).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

fn text_of_one(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// `max_per_second` is `Max per second`.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    match words.as_str() {
        "url" => "URL".into(),
        _ => words.get(..1).unwrap_or_default().to_uppercase() + words.get(1..).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_action_has_a_kind_and_is_there_once() {
        for (place, (action, _)) in ACTIONS.iter().enumerate() {
            let (kind, _) = action.split_once('.').unwrap();
            assert!(KINDS.iter().any(|(name, _)| *name == kind), "{action}");
            assert!(ACTIONS[..place].iter().all(|(other, _)| other != action), "{action} is there twice");
        }
    }

    fn told_of(details: &Value) -> Vec<(String, String)> {
        lines(details, |at| format!("at {}", at.rfc3339()))
    }

    #[test]
    fn what_changed_is_told_first_and_ids_are_not_told() {
        let details = json!({
            "webhook_id": "60adfdb750b58a0c2d78bdd8", "changed": ["url", "headers"], "other_values": ["X-A"],
            "from": {"url": "https://a.example/", "headers": []}, "to": {"url": "https://b.example/?••••", "headers": ["X-A"]},
        });
        let told: Vec<_> = told_of(&details).into_iter().map(|(label, text)| format!("{label}: {text}")).collect();
        assert_eq!(
            told,
            ["URL: https://a.example/ → https://b.example/?••••", "Headers: nothing → X-A", "Other values: X-A"]
        );
        assert_eq!(id(&details), Some("60adfdb750b58a0c2d78bdd8"));
        assert_eq!(told_of(&json!({"from": "member", "to": "admin"})), [("From → to".into(), "member → admin".into())]);
        assert_eq!(told_of(&json!({"changed": ["due_date"], "x_id": "1"})), [("Changed".into(), "due_date".into())]);
        assert_eq!(told_of(&json!({"note": "é".repeat(300)}))[0].1.chars().count(), LONGEST + 1);
        assert_eq!((sentence("trash.sung", "x"), told_of(&json!([]))), ("trash.sung x".into(), vec![]));
    }

    #[test]
    fn a_period_is_told_as_times_are() {
        let details = json!({"since": "2026-11-22T08:00:00.000000Z", "until": "2026-11-23T18:30:00.250000Z", "filter": "since=1"});
        let told: Vec<_> = told_of(&details).into_iter().map(|(label, text)| format!("{label}: {text}")).collect();
        assert_eq!(
            told,
            ["Since: at 2026-11-22T08:00:00.000000Z", "Until: at 2026-11-23T18:30:00.250000Z", "Filter: since=1"]
        );
        assert_eq!(told_of(&json!({"since": "then"})), [("Since".into(), "then".into())]);
    }
}
