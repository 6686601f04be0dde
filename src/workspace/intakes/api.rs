//! The calls of intakes: the same rules and actions as on the pages.

mod input;
mod output;
mod shapes;

use crate::base::{Cursor, IntakeId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, List, Query, describe};
use crate::workspace::api::author;
use crate::workspace::change::Desk;
use crate::workspace::projects::api::{Project, new_project};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::{actions, store};

/// List the intakes
///
/// Newest first.
#[utoipa::path(
    get, path = "/intakes", operation_id = "listIntakes", tag = "Intakes",
    security(("api_key" = ["read"])),
    params(shapes::IntakeFilter, describe::Paging),
    responses(
        (status = 200, description = "A page of intakes.", body = output::IntakeList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    let mut query = Query::of(&request);
    let status = query.parse("status", "Send new, accepted or declined.");
    let paging = query.paging_of::<IntakeId>();
    let paging = query.finish(paging)?;
    let mut conn = context.db.read().await?;
    let after = paging.after.as_ref();
    let rows = store::list(&mut conn, &key.organization.id, status, after, paging.rows_to_read()).await?;
    let page = paging.cut(rows, |intake| Cursor { at: intake.created_at, id: intake.id.to_string() });
    let list = List { data: page.rows.iter().map(output::Intake::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Add an intake
///
/// It is new, and raises INTAKE_CREATED.
#[utoipa::path(
    post, path = "/intakes", operation_id = "createIntake", tag = "Intakes",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewIntake, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is added.", body = output::Intake,
            headers(("Location" = String, description = "Where it is read."), ("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Saves,
    ),
)]
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let details = input::details(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let intake = actions::create(&mut tx, &desk, &author(&key), details).await?;
    tx.commit().await?;
    Ok(output::new_intake(&intake))
}

/// Read an intake
#[utoipa::path(
    get, path = "/intakes/{id}", operation_id = "readIntake", tag = "Intakes",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The intake.")),
    responses(
        (status = 200, description = "The intake.", body = output::Intake,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<Read>,
    request: HttpRequest,
    id: Path<IntakeId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let found = store::find(&mut *context.db.read().await?, &key.organization.id, &id).await?;
    Ok(output::intake(&found.ok_or(Problem::NotFound)?))
}

/// Change an intake
///
/// What is said about it, or what was decided. What became a project stays accepted.
#[utoipa::path(
    patch, path = "/intakes/{id}", operation_id = "changeIntake", tag = "Intakes",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The intake."), describe::IfMatch),
    request_body(content = shapes::IntakeChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The intake as it is now.", body = output::Intake,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn edit(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<IntakeId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = input::change(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let edited = actions::edit(&mut tx, &desk, &author(&key), &id, &if_match(&request), change).await?;
    tx.commit().await?;
    Ok(output::intake(&edited.now))
}

/// Make a project of an intake
///
/// The intake is accepted by it. Raises PROJECT_CREATED with INTAKE_ID. An intake becomes a project once: the second time is 409, and
/// its `project_id` says which it was.
#[utoipa::path(
    post, path = "/intakes/{id}/convert", operation_id = "convertIntake", tag = "Intakes",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The intake."), describe::IfMatch),
    responses(
        (status = 201, description = "The project.", body = Project,
            headers(("Location" = String, description = "Where it is read."), ("ETag" = String, description = "The version of the project."))),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
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
