//! What a project is, and its rules.

use chrono::NaiveDate;

use crate::base::{AnswerId, IntakeId, OrganizationId, ProjectId, QuestionId, SectionId, Timestamp, names};
use crate::workspace::text::{self, InvalidDate, InvalidText};

/// Characters of the name of a project or a section, and of a client's.
pub const NAME: usize = 200;
/// Characters of an owner: a name, or an email address.
pub const OWNER: usize = 254;
/// Characters of a description.
pub const DESCRIPTION: usize = 10_000;
/// Characters of a question.
pub const QUESTION: usize = 5_000;
/// Characters of an answer.
pub const ANSWER: usize = 50_000;

names! {
    /// How far a project is.
    ProjectStatus {
        Active = "active",
        Completed = "completed",
        Archived = "archived",
    }
}

names! {
    /// In which order projects are listed.
    ProjectOrder {
        /// Those without a due date last.
        Due = "due",
        Newest = "newest",
        Name = "name",
    }
}

names! {
    /// How far a section is.
    SectionStatus {
        Open = "open",
        Completed = "completed",
    }
}

/// What people say about a project: all that an edit can change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    pub name: String,
    pub client: Option<String>,
    /// A day in the organization's time zone.
    pub due_date: Option<NaiveDate>,
    pub owner: Option<String>,
    pub description: Option<String>,
}

impl Details {
    /// The fields in which `after` differs, by their names in the API and in that order.
    pub fn differences(&self, after: &Self) -> Vec<&'static str> {
        let fields = [
            ("name", self.name != after.name),
            ("client", self.client != after.client),
            ("due_date", self.due_date != after.due_date),
            ("owner", self.owner != after.owner),
            ("description", self.description != after.description),
        ];
        fields.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
    }

    /// What a search looks through: name and client in lower case.
    pub fn search_text(&self) -> String {
        format!("{}\n{}", self.name, self.client.as_deref().unwrap_or_default()).to_lowercase()
    }
}

/// A change of some details; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailsChange {
    pub name: Option<String>,
    pub client: Option<Option<String>>,
    pub due_date: Option<Option<NaiveDate>>,
    pub owner: Option<Option<String>>,
    pub description: Option<Option<String>>,
}

impl DetailsChange {
    /// Everything becomes as it is in `details`.
    pub fn to(details: Details) -> Self {
        Self {
            name: Some(details.name),
            client: Some(details.client),
            due_date: Some(details.due_date),
            owner: Some(details.owner),
            description: Some(details.description),
        }
    }

    pub fn apply(self, before: &Details) -> Details {
        Details {
            name: self.name.unwrap_or_else(|| before.name.clone()),
            client: self.client.unwrap_or_else(|| before.client.clone()),
            due_date: self.due_date.unwrap_or(before.due_date),
            owner: self.owner.unwrap_or_else(|| before.owner.clone()),
            description: self.description.unwrap_or_else(|| before.description.clone()),
        }
    }
}

pub fn name(text: &str) -> Result<String, InvalidText> {
    text::line(text, "a name", NAME)
}

pub fn client(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_line(text, NAME)
}

pub fn due_date(text: &str) -> Result<Option<NaiveDate>, InvalidDate> {
    text::optional_date(text)
}

pub fn owner(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_line(text, OWNER)
}

pub fn description(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_lines(text, DESCRIPTION)
}

pub fn question(text: &str) -> Result<String, InvalidText> {
    text::lines(text, "a question", QUESTION)
}

pub fn answer(text: &str) -> Result<Option<String>, InvalidText> {
    text::optional_lines(text, ANSWER)
}

/// In the trash since when, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    pub at: Timestamp,
    /// In whose name the trash empties itself later.
    pub by: String,
}

/// A response to one request: sections of questions with a due date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub organization: OrganizationId,
    pub details: Details,
    pub status: ProjectStatus,
    /// What it was before it was archived, which is what un-archiving makes it again.
    pub archived_from: Option<ProjectStatus>,
    pub trashed: Option<Trashed>,
    /// The intake that it came from.
    pub intake: Option<IntakeId>,
    /// Rises with every change of the project itself.
    pub version: i64,
    pub created_by: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A part of a project that is completed on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub id: SectionId,
    pub organization: OrganizationId,
    pub project: ProjectId,
    pub name: String,
    /// Its place among the project's sections, from 1.
    pub position: i64,
    pub status: SectionStatus,
    pub version: i64,
}

/// A question with its answer, if it has one yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: QuestionId,
    pub organization: OrganizationId,
    pub section: SectionId,
    pub question: String,
    pub answer: Option<String>,
    /// The pair of the answer library that the answer was taken from or saved to.
    pub answer_id: Option<AnswerId>,
    /// Its place among the section's questions, from 1.
    pub position: i64,
}

/// How far the questions of a section or a project are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub sections: i64,
    pub completed_sections: i64,
    pub questions: i64,
    pub answered_questions: i64,
}

impl Progress {
    /// In whole per cent, 100 only when all is answered; `None` without questions.
    pub fn percent(self) -> Option<i64> {
        (self.questions > 0).then(|| self.answered_questions * 100 / self.questions)
    }

    /// Nobody has answered or completed anything.
    pub fn is_untouched(self) -> bool {
        self.answered_questions == 0 && self.completed_sections == 0
    }
}
