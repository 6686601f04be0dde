//! The webhook form as it is posted: raw text, in the fields of the contract, and what the pressed button asks for.

use serde::Deserialize;

use crate::base::Secret;
use crate::events::{EventType, Group};

use super::model::{Draft, DraftChange, DraftHeader, DraftLimits, DraftSigning, TestDraft};

/// The fields of the form. Everything may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WebhookForm {
    pub name: String,
    pub description: String,
    pub url: String,
    /// `active` or `paused`; absent keeps the state.
    pub status: String,
    /// Absent keeps the limit, empty takes it away.
    pub max_concurrency: Option<String>,
    pub max_per_second: Option<String>,
    /// Paired in order with `header_value`.
    pub header_name: Vec<String>,
    pub header_value: Vec<Secret>,
    pub events: Vec<String>,
    /// The boxes of whole groups: a group's name, or `all`.
    pub event_group: Vec<String>,
    /// `symmetric` or `asymmetric`; absent keeps it.
    pub signing: String,
    pub signing_secret: Option<Secret>,
    /// What becomes of held deliveries: `deliver` or `cancel`.
    pub held: String,
    /// How many of them come back in a second at most; empty: as many as the receiver takes.
    pub held_per_second: String,
    pub action: String,
    /// The event type of Send example.
    pub example: String,
    /// A row to remove, from 1.
    pub remove_header: String,
}

/// What the pressed button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Submit,
    Test,
    /// A test with a sample of an event type.
    Example,
    /// To be told what would change.
    Preview,
    AddHeader,
    /// The row, from 0.
    RemoveHeader(usize),
}

/// A row of the request headers as it was typed.
#[derive(Clone, Debug)]
pub struct HeaderRow {
    pub name: String,
    pub value: Secret,
}

impl HeaderRow {
    pub fn empty() -> Self {
        Self { name: String::new(), value: Secret::new("") }
    }
}

impl WebhookForm {
    pub fn intent(&self) -> Intent {
        match self.action.as_str() {
            "test" => return Intent::Test,
            "example" => return Intent::Example,
            "preview" => return Intent::Preview,
            "add_header" => return Intent::AddHeader,
            _ => {}
        }
        match self.remove_header.parse::<usize>() {
            Ok(row) if row > 0 => Intent::RemoveHeader(row - 1),
            _ => Intent::Submit,
        }
    }

    /// All rows, empty ones too, as they stand on the page.
    pub fn rows(&self) -> Vec<HeaderRow> {
        let count = self.header_name.len().max(self.header_value.len());
        let row = |at: usize| HeaderRow {
            name: self.header_name.get(at).cloned().unwrap_or_default(),
            value: self.header_value.get(at).cloned().unwrap_or_else(|| Secret::new("")),
        };
        (0..count).map(row).collect()
    }

    /// What is chosen, with the groups expanded. Unknown names stay, to be refused.
    pub fn chosen_events(&self) -> Vec<String> {
        let mut chosen = self.events.clone();
        for name in &self.event_group {
            match (name.as_str(), name.parse::<Group>()) {
                ("all", _) => chosen.extend(EventType::ALL.iter().map(ToString::to_string)),
                (_, Ok(group)) => chosen.extend(group.event_types().map(|kind| kind.to_string())),
                (_, Err(_)) => chosen.push(name.clone()),
            }
        }
        chosen
    }

    /// A new webhook: every value is typed here.
    pub fn draft(&self) -> Draft {
        Draft {
            name: self.name.clone(),
            description: self.description.clone(),
            url: self.url.clone(),
            status: some(&self.status),
            limits: self.limits(),
            headers: self.headers(),
            events: self.chosen_events(),
            signing: self.signing(),
        }
    }

    /// A change: an empty value keeps the stored one of its header.
    pub fn change(&self) -> DraftChange {
        DraftChange {
            name: Some(self.name.clone()),
            description: Some(self.description.clone()),
            url: Some(self.url.clone()),
            status: some(&self.status),
            limits: self.limits(),
            held: some(&self.held),
            held_per_second: some(self.held_per_second.trim()),
            headers: Some(self.headers()),
            events: Some(self.chosen_events()),
            signing: some(&self.signing),
        }
    }

    pub fn test(&self) -> TestDraft {
        TestDraft {
            url: self.url.clone(),
            headers: self.headers(),
            signing: self.signing(),
            event_type: (self.intent() == Intent::Example).then(|| self.example.clone()),
        }
    }

    fn limits(&self) -> DraftLimits {
        DraftLimits { max_concurrency: self.max_concurrency.clone(), max_per_second: self.max_per_second.clone() }
    }

    /// Rows with both fields empty are ignored, but keep their number.
    fn headers(&self) -> Vec<DraftHeader> {
        let is_typed = |row: &HeaderRow| !row.name.is_empty() || !row.value.is_empty();
        (1..)
            .zip(self.rows())
            .filter(|(_, row)| is_typed(row))
            .map(|(number, row)| DraftHeader {
                row: number,
                name: row.name,
                value: Some(row.value).filter(|value| !value.is_empty()),
            })
            .collect()
    }

    fn signing(&self) -> DraftSigning {
        let secret = self.signing_secret.clone().filter(|secret| !secret.is_empty());
        DraftSigning { signing: some(&self.signing), secret, is_prepared: true }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> WebhookForm {
        serde_html_form::from_str(text).unwrap()
    }

    #[test]
    fn rows_are_paired_in_order_and_empty_ones_ignored() {
        let form = form(
            "header_name=A&header_value=1&header_name=&header_value=&header_name=B&header_value=&header_name=&header_value=x",
        );
        assert_eq!(form.rows().len(), 4);
        let headers = form.draft().headers;
        let seen: Vec<_> = headers
            .iter()
            .map(|header| (header.row, &*header.name, header.value.as_ref().map(Secret::expose)))
            .collect();
        assert_eq!(seen, [(1, "A", Some("1")), (3, "B", None), (4, "", Some("x"))]);
    }

    #[test]
    fn groups_are_expanded_by_the_server() {
        assert_eq!(form("event_group=section").chosen_events(), ["SECTION_COMPLETED"]);
        assert_eq!(form("event_group=project&events=INTAKE_CREATED").chosen_events().len(), 6);
        assert_eq!(form("event_group=all").chosen_events().len(), 10);
        assert_eq!(form("event_group=nonsense").chosen_events(), ["nonsense"]);
    }

    #[test]
    fn the_pressed_button_is_known() {
        for (text, intent) in [
            ("name=x", Intent::Submit),
            ("action=", Intent::Submit),
            ("action=test", Intent::Test),
            ("action=example", Intent::Example),
            ("action=preview", Intent::Preview),
            ("action=add_header", Intent::AddHeader),
            ("remove_header=2", Intent::RemoveHeader(1)),
            ("remove_header=0", Intent::Submit),
        ] {
            assert_eq!(form(text).intent(), intent, "{text}");
        }
    }

    #[test]
    fn an_absent_or_empty_status_keeps_the_state() {
        assert_eq!(form("name=x").change().status, None);
        assert_eq!(form("status=&held=").change().status, None);
        assert_eq!(form("status=paused").change().status.as_deref(), Some("paused"));
    }
}
