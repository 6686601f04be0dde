//! `/projects`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{Cursor, Expected, ProjectId};
use crate::db::Tx;
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, List, Query, describe};
use crate::workspace::api::author;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::Project;
use crate::workspace::projects::{actions, store};

use super::{input, output, shapes};

/// List the projects
///
/// Newest first, without those in the trash.
#[utoipa::path(
    get, path = "/projects", operation_id = "listProjects", tag = "Projects",
    security(("api_key" = ["read"])),
    params(shapes::ProjectFilter, describe::Paging),
    responses(
        (status = 200, description = "A page of projects.", body = output::ProjectList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    let mut query = Query::of(&request);
    let filter = input::filter(&mut query);
    let paging = query.paging_of::<ProjectId>();
    let (filter, paging) = query.finish(filter.zip(paging))?;
    let mut conn = context.db.read().await?;
    let after = paging.after.as_ref();
    let rows = store::list(&mut conn, &key.organization.id, &filter, after, paging.rows_to_read()).await?;
    let page = paging.cut(rows, |project| Cursor { at: project.created_at, id: project.id.to_string() });
    let list = List { data: page.rows.iter().map(output::Project::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Add a project
///
/// It is active, and raises PROJECT_CREATED.
#[utoipa::path(
    post, path = "/projects", operation_id = "createProject", tag = "Projects",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewProject, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is added.", body = output::Project,
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
    let project = actions::create(&mut tx, &desk, &author(&key), details, None).await?;
    tx.commit().await?;
    Ok(output::new_project(&project))
}

/// Read a project
///
/// Whether or not it is in the trash.
#[utoipa::path(
    get, path = "/projects/{id}", operation_id = "readProject", tag = "Projects",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The project.")),
    responses(
        (status = 200, description = "The project.", body = output::Project,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<Read>,
    request: HttpRequest,
    id: Path<ProjectId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let found = store::find(&mut *context.db.read().await?, &key.organization.id, &id).await?;
    Ok(output::project(&found.ok_or(Problem::NotFound)?))
}

/// Change a project
///
/// Raises PROJECT_EDITED with the fields that are different now; where none is, nothing is raised.
#[utoipa::path(
    patch, path = "/projects/{id}", operation_id = "changeProject", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
    request_body(content = shapes::ProjectChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The project as it is now.", body = output::Project,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn edit(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<ProjectId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = input::details_change(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let edited = actions::edit(&mut tx, &desk, &author(&key), &id, &if_match(&request), change).await?;
    tx.commit().await?;
    Ok(output::project(&edited.now))
}

/// Delete a project
///
/// Moves it to the trash, where it can be restored for 30 days, or deletes it for good. Raises PROJECT_DELETED, and PERMANENT says
/// which of the two it was. Moving it there again changes nothing.
#[utoipa::path(
    delete, path = "/projects/{id}", operation_id = "deleteProject", tag = "Projects",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The project."), shapes::Deletion, describe::IfMatch),
    responses(
        (status = 204, description = "It is deleted."),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn delete(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<ProjectId>,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    let mut query = Query::of(&request);
    let is_permanent = query.parse::<bool>("permanent", "Send true or false.").unwrap_or(false);
    query.finish(Some(()))?;
    let (author, expected) = (author(&key), if_match(&request));
    let mut tx = context.db.begin().await?;
    if is_permanent {
        actions::delete(&mut tx, &desk, &author, &id, &expected).await?;
    } else {
        actions::trash(&mut tx, &desk, &author, &id, &expected).await?;
    }
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

macro_rules! steps {
    ($($(#[$about:meta])* $name:ident)*) => {$(
        $(#[$about])*
        pub(crate) async fn $name(
            key: ApiKey<Write>,
            request: HttpRequest,
            id: Path<ProjectId>,
            payload: Payload,
            context: Data<Context>,
            desk: Data<Desk>,
        ) -> Result {
            let call = Call { key, request, payload };
            call.run(&context, async |tx, author, expected| {
                actions::$name(tx, &desk, author, &id, expected).await
            })
            .await
        }
    )*};
}

steps! {
    /// Complete a project
    ///
    /// Raises PROJECT_COMPLETED. Repeating it changes nothing; an archived project is 409.
    #[utoipa::path(
        post, path = "/projects/{id}/complete", operation_id = "completeProject", tag = "Projects",
        security(("api_key" = ["write"])),
        params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
        responses(
            (status = 200, description = "It is completed.", body = output::Project,
                headers(("ETag" = String, description = "Its version."))),
            describe::ByKey, describe::Invalid, describe::Changes,
        ),
    )]
    complete
    /// Re-open a completed project
    ///
    /// Raises nothing. Repeating it changes nothing; an archived project is 409.
    #[utoipa::path(
        post, path = "/projects/{id}/reopen", operation_id = "reopenProject", tag = "Projects",
        security(("api_key" = ["write"])),
        params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
        responses(
            (status = 200, description = "It is active.", body = output::Project,
                headers(("ETag" = String, description = "Its version."))),
            describe::ByKey, describe::Invalid, describe::Changes,
        ),
    )]
    reopen
    /// Archive a project
    ///
    /// Active or completed. Raises PROJECT_ARCHIVED. Repeating it changes nothing.
    #[utoipa::path(
        post, path = "/projects/{id}/archive", operation_id = "archiveProject", tag = "Projects",
        security(("api_key" = ["write"])),
        params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
        responses(
            (status = 200, description = "It is archived.", body = output::Project,
                headers(("ETag" = String, description = "Its version."))),
            describe::ByKey, describe::Invalid, describe::Changes,
        ),
    )]
    archive
    /// Take a project out of the archive
    ///
    /// It is again what it was before. Raises nothing, and repeating it changes nothing.
    #[utoipa::path(
        post, path = "/projects/{id}/unarchive", operation_id = "unarchiveProject", tag = "Projects",
        security(("api_key" = ["write"])),
        params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
        responses(
            (status = 200, description = "It is active or completed.", body = output::Project,
                headers(("ETag" = String, description = "Its version."))),
            describe::ByKey, describe::Invalid, describe::Changes,
        ),
    )]
    unarchive
    /// Take a project out of the trash
    ///
    /// Raises nothing, and repeating it changes nothing.
    #[utoipa::path(
        post, path = "/projects/{id}/restore", operation_id = "restoreProject", tag = "Projects",
        security(("api_key" = ["write"])),
        params(("id" = inline(describe::Id), Path, description = "The project."), describe::IfMatch),
        responses(
            (status = 200, description = "It is out of the trash.", body = output::Project,
                headers(("ETag" = String, description = "Its version."))),
            describe::ByKey, describe::Invalid, describe::Changes,
        ),
    )]
    restore
}

/// A call without fields that takes a project one step further.
struct Call {
    key: ApiKey<Write>,
    request: HttpRequest,
    payload: Payload,
}

impl Call {
    async fn run(
        self,
        context: &Context,
        step: impl AsyncFnOnce(&mut Tx, &Author, &Expected) -> std::result::Result<Changed<Project>, Refusal>,
    ) -> Result {
        Query::none(&self.request)?;
        json::read_nothing(&self.request, self.payload).await?;
        let mut tx = context.db.begin().await?;
        let changed = step(&mut tx, &author(&self.key), &if_match(&self.request)).await?;
        tx.commit().await?;
        Ok(output::project(&changed.now))
    }
}
