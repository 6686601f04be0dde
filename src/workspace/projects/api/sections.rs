//! `/projects/{id}/sections` and `/sections`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{ProjectId, SectionId};
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, Query};
use crate::workspace::api::{List, author};
use crate::workspace::change::Desk;
use crate::workspace::projects::{actions, store};

use super::{input, output};

/// GET /projects/{id}/sections: all of them, in the project's order.
pub(crate) async fn list(
    key: ApiKey<Read>,
    request: HttpRequest,
    project: Path<ProjectId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let mut conn = context.db.read().await?;
    store::find(&mut conn, &key.organization.id, &project).await?.ok_or(Problem::NotFound)?;
    let sections = store::list_sections(&mut conn, &project).await?;
    Ok(HttpResponse::Ok().json(List::<output::Section<'_>>::whole(&sections)))
}

/// POST /projects/{id}/sections: at the end.
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

/// GET /sections/{id}
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

/// PATCH /sections/{id}: its name, or its place from 1.
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

/// DELETE /sections/{id}, with its questions.
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

/// POST /sections/{id}/complete
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

/// POST /sections/{id}/reopen
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
