//! What the calls answer, key by key as the contract shows it.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;

use crate::web::version::etag;
use crate::workspace::projects::model;

#[derive(Serialize)]
pub(super) struct Project<'a> {
    id: &'a str,
    name: &'a str,
    client: Option<&'a str>,
    /// `YYYY-MM-DD`
    due_date: Option<String>,
    owner: Option<&'a str>,
    description: Option<&'a str>,
    status: &'static str,
    trashed_at: Option<String>,
    intake_id: Option<&'a str>,
    version: i64,
    created_at: String,
    updated_at: String,
}

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

#[derive(Serialize)]
pub(super) struct Section<'a> {
    id: &'a str,
    project_id: &'a str,
    name: &'a str,
    position: i64,
    status: &'static str,
    version: i64,
}

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

#[derive(Serialize)]
pub(super) struct Question<'a> {
    id: &'a str,
    section_id: &'a str,
    question: &'a str,
    answer: Option<&'a str>,
    answer_id: Option<&'a str>,
    position: i64,
}

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
