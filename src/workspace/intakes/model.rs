//! What an intake is, and its rules.

use chrono::NaiveDate;

use crate::auth::model::{InvalidEmail, parse_email};
use crate::base::{IntakeId, OrganizationId, ProjectId, Timestamp, names};
use crate::workspace::text::{self, InvalidDate, InvalidText};

/// Characters of a title, of a requester's name and of a client's: what a project's name and client may have.
pub const LINE: usize = 200;
/// Characters of a description.
pub const DESCRIPTION: usize = 10_000;

names! {
    /// What was decided about an intake.
    IntakeStatus {
        New = "new",
        Accepted = "accepted",
        Declined = "declined",
    }
}

/// What people say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub title: String,
    /// Who asks, by name.
    pub requester: Option<String>,
    /// Where to reach who asks.
    pub email: Option<String>,
    pub client: Option<String>,
    /// A day in the organization's time zone.
    pub due_date: Option<NaiveDate>,
    pub description: Option<String>,
}

impl Details {
    /// What a search looks through: title, client and requester in lower case.
    pub fn search_text(&self) -> String {
        let [client, requester] = [&self.client, &self.requester].map(|text| text.as_deref().unwrap_or_default());
        format!("{}\n{client}\n{requester}", self.title).to_lowercase()
    }
}

/// A change; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntakeChange {
    pub title: Option<String>,
    pub requester: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub client: Option<Option<String>>,
    pub due_date: Option<Option<NaiveDate>>,
    pub description: Option<Option<String>>,
    pub status: Option<IntakeStatus>,
}

impl IntakeChange {
    /// Everything that people say becomes as it is in `details`.
    pub fn to(details: Details) -> Self {
        Self {
            title: Some(details.title),
            requester: Some(details.requester),
            email: Some(details.email),
            client: Some(details.client),
            due_date: Some(details.due_date),
            description: Some(details.description),
            status: None,
        }
    }

    /// Another decision, and nothing else.
    pub fn decision(status: IntakeStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// The intake as it is to be.
    pub fn apply(self, before: &Intake) -> Intake {
        let details = &before.details;
        Intake {
            details: Details {
                title: self.title.unwrap_or_else(|| details.title.clone()),
                requester: self.requester.unwrap_or_else(|| details.requester.clone()),
                email: self.email.unwrap_or_else(|| details.email.clone()),
                client: self.client.unwrap_or_else(|| details.client.clone()),
                due_date: self.due_date.unwrap_or(details.due_date),
                description: self.description.unwrap_or_else(|| details.description.clone()),
            },
            status: self.status.unwrap_or(before.status),
            ..before.clone()
        }
    }
}

pub fn title(text: &str) -> Result<String, InvalidText> {
    text::line(text, "a title", LINE)
}

pub fn line(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_line(text, LINE)
}

pub fn email(text: &str) -> Result<Option<String>, InvalidEmail> {
    if text.trim().is_empty() { Ok(None) } else { parse_email(text).map(Some) }
}

pub fn due_date(text: &str) -> Result<Option<NaiveDate>, InvalidDate> {
    text::optional_date(text)
}

pub fn description(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_lines(text, DESCRIPTION)
}

/// A request for a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    pub id: IntakeId,
    pub organization: OrganizationId,
    pub details: Details,
    pub status: IntakeStatus,
    /// What was made of it.
    pub project: Option<ProjectId>,
    /// Rises with every change.
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
}
