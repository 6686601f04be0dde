//! The calls of intakes: the same rules and actions as on the pages.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::base::{Cursor, IntakeId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Document, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::{etag, if_match};
use crate::web::{Context, Query};
use crate::workspace::api::{List, author, kept, optional, read, required};
use crate::workspace::change::Desk;
use crate::workspace::projects::api::new_project;

use super::model::{self, Details, IntakeChange};
use super::{actions, store};

/// GET /intakes: newest first; `status` chooses.
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    let mut query = Query::of(&request);
    let status = query.parse("status", "Send new, accepted or declined.");
    let paging = query.paging();
    let paging = query.finish(paging)?;
    let mut conn = context.db.read().await?;
    let after = paging.after.as_ref();
    let rows = store::list(&mut conn, &key.organization.id, status, after, paging.rows_to_read()).await?;
    let page = paging.cut(rows, |intake| Cursor { at: intake.created_at, id: intake.id.to_string() });
    Ok(HttpResponse::Ok().json(List::<Intake<'_>>::page(&page)))
}

/// POST /intakes
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let details = details(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let intake = actions::create(&mut tx, &desk, &author(&key), details).await?;
    tx.commit().await?;
    let place = (LOCATION, format!("/api/v1/intakes/{}", intake.id));
    Ok(HttpResponse::Created().insert_header(place).insert_header(etag(intake.version)).json(Intake::from(&intake)))
}

/// GET /intakes/{id}
pub(crate) async fn show(
    key: ApiKey<Read>,
    request: HttpRequest,
    id: Path<IntakeId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let found = store::find(&mut *context.db.read().await?, &key.organization.id, &id).await?;
    Ok(answer(&found.ok_or(Problem::NotFound)?))
}

/// PATCH /intakes/{id}: what is not mentioned stays, `null` empties.
pub(crate) async fn edit(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<IntakeId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = change(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let edited = actions::edit(&mut tx, &desk, &author(&key), &id, &if_match(&request), change).await?;
    tx.commit().await?;
    Ok(answer(&edited.now))
}

/// POST /intakes/{id}/convert: makes the project, and answers it.
pub(crate) async fn convert(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<IntakeId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let mut tx = context.db.begin().await?;
    let project = actions::convert(&mut tx, &desk, &author(&key), &id, &if_match(&request)).await?;
    tx.commit().await?;
    Ok(new_project(&project))
}

#[derive(Serialize)]
struct Intake<'a> {
    id: &'a str,
    title: &'a str,
    requester: Option<&'a str>,
    email: Option<&'a str>,
    client: Option<&'a str>,
    /// `YYYY-MM-DD`
    due_date: Option<String>,
    description: Option<&'a str>,
    status: &'static str,
    project_id: Option<&'a str>,
    version: i64,
    created_at: String,
}

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

fn answer(intake: &model::Intake) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(intake.version)).json(Intake::from(intake))
}

fn details(body: &Document) -> Result<Details> {
    read(body, |fields| {
        let title = required(fields, "title", model::title);
        let requester = optional(fields, "requester", model::line);
        let email = optional(fields, "email", model::email);
        let client = optional(fields, "client", model::line);
        let due_date = optional(fields, "due_date", model::due_date);
        let description = optional(fields, "description", model::description);
        Some(Details {
            title: title?,
            requester: requester.flatten(),
            email: email.flatten(),
            client: client.flatten(),
            due_date: due_date.flatten(),
            description: description.flatten(),
        })
    })
}

fn change(body: &Document) -> Result<IntakeChange> {
    read(body, |fields| {
        Some(IntakeChange {
            title: kept(fields, "title", model::title),
            requester: optional(fields, "requester", model::line),
            email: optional(fields, "email", model::email),
            client: optional(fields, "client", model::line),
            due_date: optional(fields, "due_date", model::due_date),
            description: optional(fields, "description", model::description),
            status: kept(fields, "status", str::parse),
        })
    })
}
