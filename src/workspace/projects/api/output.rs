//! What the calls answer, key by key as the contract shows it.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::describe;
use crate::web::version::etag;
use crate::workspace::projects::model::{self, ProjectStatus, SectionStatus};

/// A response to one request.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({
    "id": "60adfdb750b58a0c2d78bdd8",
    "name": "Aldgate Transit RFP",
    "client": "Aldgate Transit",
    "due_date": "2026-12-04",
    "owner": "john@responsive.io",
    "description": null,
    "status": "active",
    "trashed_at": null,
    "intake_id": null,
    "version": 3,
    "created_at": "2026-05-26T07:50:15.000000Z",
    "updated_at": "2026-05-27T09:12:40.000000Z"
})))]
pub(crate) struct Project<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    name: &'a str,
    /// Who asked.
    #[schema(required)]
    client: Option<&'a str>,
    #[schema(value_type = Option<describe::Day>, required)]
    due_date: Option<String>,
    /// Whose project it is: a name or an e-mail address.
    #[schema(required)]
    owner: Option<&'a str>,
    #[schema(required)]
    description: Option<&'a str>,
    #[schema(value_type = ProjectStatus)]
    status: &'static str,
    /// Since when it has been in the trash.
    #[schema(value_type = Option<describe::Time>, required)]
    trashed_at: Option<String>,
    /// The intake that it came from.
    #[schema(value_type = Option<describe::Id>, required)]
    intake_id: Option<&'a str>,
    #[schema(value_type = describe::Version)]
    version: i64,
    #[schema(value_type = describe::Time)]
    created_at: String,
    #[schema(value_type = describe::Time)]
    updated_at: String,
}

describe::list!(ProjectList of Project<'static>);

impl<'a> From<&'a model::Project> for Project<'a> {
    fn from(project: &'a model::Project) -> Self {
        let details = &project.details;
        Self {
            id: project.id.as_str(),
            name: &details.name,
            client: details.client.as_deref(),
            due_date: details.due_date.map(|day| day.to_string()),
            owner: details.owner.as_deref(),
            description: details.description.as_deref(),
            status: project.status.as_str(),
            trashed_at: project.trashed.as_ref().map(|trashed| trashed.at.rfc3339()),
            intake_id: project.intake.as_ref().map(|intake| intake.as_str()),
            version: project.version,
            created_at: project.created_at.rfc3339(),
            updated_at: project.updated_at.rfc3339(),
        }
    }
}

/// A part of a project that is completed on its own.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({
    "id": "60adfdb750b58a0c2d78bdd8",
    "project_id": "60adfdb750b58a0c2d78bdd8",
    "name": "Security and privacy",
    "position": 1,
    "status": "open",
    "version": 1
})))]
pub(crate) struct Section<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    #[schema(value_type = describe::Id)]
    project_id: &'a str,
    name: &'a str,
    /// Its place among the project's sections.
    #[schema(minimum = 1)]
    position: i64,
    #[schema(value_type = SectionStatus)]
    status: &'static str,
    #[schema(value_type = describe::Version)]
    version: i64,
}

describe::list!(SectionList of Section<'static>);

impl<'a> From<&'a model::Section> for Section<'a> {
    fn from(section: &'a model::Section) -> Self {
        Self {
            id: section.id.as_str(),
            project_id: section.project.as_str(),
            name: &section.name,
            position: section.position,
            status: section.status.as_str(),
            version: section.version,
        }
    }
}

/// A question with its answer, if it has one yet.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({
    "id": "60adfdb750b58a0c2d78bdd8",
    "section_id": "60adfdb750b58a0c2d78bdd8",
    "question": "Where is our data stored?",
    "answer": "In two data centres in Frankfurt.",
    "answer_id": null,
    "position": 1
})))]
pub(crate) struct Question<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    #[schema(value_type = describe::Id)]
    section_id: &'a str,
    question: &'a str,
    #[schema(required)]
    answer: Option<&'a str>,
    /// The pair of the answer library that the answer was taken from or saved to.
    #[schema(value_type = Option<describe::Id>, required)]
    answer_id: Option<&'a str>,
    /// Its place among the section's questions.
    #[schema(minimum = 1)]
    position: i64,
}

describe::list!(QuestionList of Question<'static>);

impl<'a> From<&'a model::Question> for Question<'a> {
    fn from(question: &'a model::Question) -> Self {
        Self {
            id: question.id.as_str(),
            section_id: question.section.as_str(),
            question: &question.question,
            answer: question.answer.as_deref(),
            answer_id: question.answer_id.as_ref().map(|answer| answer.as_str()),
            position: question.position,
        }
    }
}

pub(super) fn project(project: &model::Project) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(project.version)).json(Project::from(project))
}

/// A project that was made just now: 201.
pub(crate) fn new_project(project: &model::Project) -> HttpResponse {
    let place = (LOCATION, format!("/api/v1/projects/{}", project.id));
    HttpResponse::Created().insert_header(place).insert_header(etag(project.version)).json(Project::from(project))
}

pub(super) fn section(section: &model::Section) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(section.version)).json(Section::from(section))
}

pub(super) fn new_section(section: &model::Section) -> HttpResponse {
    let place = (LOCATION, format!("/api/v1/sections/{}", section.id));
    HttpResponse::Created().insert_header(place).insert_header(etag(section.version)).json(Section::from(section))
}

pub(super) fn question(question: &model::Question) -> HttpResponse {
    HttpResponse::Ok().json(Question::from(question))
}

pub(super) fn new_question(question: &model::Question) -> HttpResponse {
    let place = (LOCATION, format!("/api/v1/questions/{}", question.id));
    HttpResponse::Created().insert_header(place).json(Question::from(question))
}
