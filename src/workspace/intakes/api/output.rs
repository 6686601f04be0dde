//! What the calls answer, key by key as the contract shows it.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::describe;
use crate::web::version::etag;
use crate::workspace::intakes::model::{self, IntakeStatus};

/// A request for a response.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({
    "id": "60adfdb750b58a0c2d78bdd8",
    "title": "Fleet telematics tender",
    "requester": "Marcus Webb",
    "email": "marcus.webb@severn.example",
    "client": "Severn Buses",
    "due_date": "2026-12-18",
    "description": null,
    "status": "new",
    "project_id": null,
    "version": 1,
    "created_at": "2026-05-26T07:50:15.000000Z"
})))]
pub(crate) struct Intake<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    title: &'a str,
    /// Who asks, by name.
    #[schema(required)]
    requester: Option<&'a str>,
    /// Where to reach who asks.
    #[schema(value_type = Option<describe::Email>, required)]
    email: Option<&'a str>,
    #[schema(required)]
    client: Option<&'a str>,
    #[schema(value_type = Option<describe::Day>, required)]
    due_date: Option<String>,
    #[schema(required)]
    description: Option<&'a str>,
    #[schema(value_type = IntakeStatus)]
    status: &'static str,
    /// What was made of it.
    #[schema(value_type = Option<describe::Id>, required)]
    project_id: Option<&'a str>,
    #[schema(value_type = describe::Version)]
    version: i64,
    #[schema(value_type = describe::Time)]
    created_at: String,
}

describe::list!(IntakeList of Intake<'static>);

impl<'a> From<&'a model::Intake> for Intake<'a> {
    fn from(intake: &'a model::Intake) -> Self {
        let details = &intake.details;
        Self {
            id: intake.id.as_str(),
            title: &details.title,
            requester: details.requester.as_deref(),
            email: details.email.as_deref(),
            client: details.client.as_deref(),
            due_date: details.due_date.map(|day| day.to_string()),
            description: details.description.as_deref(),
            status: intake.status.as_str(),
            project_id: intake.project.as_ref().map(|project| project.as_str()),
            version: intake.version,
            created_at: intake.created_at.rfc3339(),
        }
    }
}

pub(super) fn intake(intake: &model::Intake) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(intake.version)).json(Intake::from(intake))
}

/// An intake that was made just now: 201.
pub(super) fn new_intake(intake: &model::Intake) -> HttpResponse {
    let place = (LOCATION, format!("/api/v1/intakes/{}", intake.id));
    HttpResponse::Created().insert_header(place).insert_header(etag(intake.version)).json(Intake::from(intake))
}
