//! `/projects/{id}/sections` and `/sections`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{ProjectId, SectionId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, List, Query, describe};
use crate::workspace::api::{author, in_order};
use crate::workspace::change::Desk;
use crate::workspace::projects::{actions, store};

use super::{input, output, shapes};

/// List the sections of a project
///
/// In the project's order.
#[utoipa::path(
    get, path = "/projects/{id}/sections", operation_id = "listSections", tag = "Projects",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The project."), describe::Paging),
    responses(
        (status = 200, description = "A page of sections.", body = output::SectionList),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn list(
    key: ApiKey<Read>,
    request: HttpRequest,
    project: Path<ProjectId>,
    context: Data<Context>,
) -> Result {
    let mut query = Query::of(&request);
    let paging = query.paging_of::<SectionId>();
    let paging = query.finish(paging)?;
    let mut conn = context.db.read().await?;
    store::find(&mut conn, &key.organization.id, &project).await?.ok_or(Problem::NotFound)?;
    let sections = store::list_sections(&mut conn, &project).await?;
    let page = in_order(&paging, sections, |section| (section.position, section.id.as_str()));
    let list = List { data: page.rows.iter().map(output::Section::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Add a section
///
/// At the end of the project.
#[utoipa::path(
    post, path = "/projects/{id}/sections", operation_id = "createSection", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The project.")),
    request_body(content = shapes::NewSection, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is added.", body = output::Section,
            headers(("Location" = String, description = "Where it is read."), ("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::NotFound, describe::WithBody, describe::Conflict, describe::Saves,
    ),
)]
pub(crate) async fn create(
    key: ApiKey<Write>,
    request: HttpRequest,
    project: Path<ProjectId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let name = input::section(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let section = actions::add_section(&mut tx, &desk, &author(&key), &project, name).await?;
    tx.commit().await?;
    Ok(output::new_section(&section))
}

/// Read a section
#[utoipa::path(
    get, path = "/sections/{id}", operation_id = "readSection", tag = "Projects",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The section.")),
    responses(
        (status = 200, description = "The section.", body = output::Section,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<Read>,
    request: HttpRequest,
    id: Path<SectionId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let found = store::find_section(&mut *context.db.read().await?, &key.organization.id, &id).await?;
    Ok(output::section(&found.ok_or(Problem::NotFound)?))
}

/// Change a section
///
/// Its name, or its place in the project.
#[utoipa::path(
    patch, path = "/sections/{id}", operation_id = "changeSection", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The section."), describe::IfMatch),
    request_body(content = shapes::SectionChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The section as it is now.", body = output::Section,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn change(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<SectionId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = input::section_change(&json::read(&request, payload, Limits::default()).await?)?;
    let (author, expected) = (author(&key), if_match(&request));
    let mut tx = context.db.begin().await?;
    let changed = actions::change_section(&mut tx, &desk, &author, &id, &expected, change).await?;
    tx.commit().await?;
    Ok(output::section(&changed.now))
}

/// Delete a section
///
/// With its questions, for good.
#[utoipa::path(
    delete, path = "/sections/{id}", operation_id = "deleteSection", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The section."), describe::IfMatch),
    responses(
        (status = 204, description = "It is deleted."),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn delete(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<SectionId>,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let mut tx = context.db.begin().await?;
    actions::delete_section(&mut tx, &desk, &author(&key), &id, &if_match(&request)).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Complete a section
///
/// Raises SECTION_COMPLETED with PROJECT_ID. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/sections/{id}/complete", operation_id = "completeSection", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The section."), describe::IfMatch),
    responses(
        (status = 200, description = "It is completed.", body = output::Section,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn complete(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<SectionId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let mut tx = context.db.begin().await?;
    let changed = actions::complete_section(&mut tx, &desk, &author(&key), &id, &if_match(&request)).await?;
    tx.commit().await?;
    Ok(output::section(&changed.now))
}

/// Re-open a completed section
///
/// Raises nothing, and repeating it changes nothing.
#[utoipa::path(
    post, path = "/sections/{id}/reopen", operation_id = "reopenSection", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The section."), describe::IfMatch),
    responses(
        (status = 200, description = "It is open.", body = output::Section,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn reopen(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<SectionId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    json::read_nothing(&request, payload).await?;
    let mut tx = context.db.begin().await?;
    let changed = actions::reopen_section(&mut tx, &desk, &author(&key), &id, &if_match(&request)).await?;
    tx.commit().await?;
    Ok(output::section(&changed.now))
}
