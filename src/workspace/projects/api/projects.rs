//! `/projects`

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::{Cursor, Expected, ProjectId};
use crate::db::Tx;
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, Query};
use crate::workspace::api::{List, author};
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::Project;
use crate::workspace::projects::{actions, store};

use super::{input, output};

/// GET /projects: newest first; `status`, `q` (words in name or client) and `trashed` choose.
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    let mut query = Query::of(&request);
    let filter = input::filter(&mut query);
    let paging = query.paging();
    let (filter, paging) = query.finish(filter.zip(paging))?;
    let mut conn = context.db.read().await?;
    let after = paging.after.as_ref();
    let rows = store::list(&mut conn, &key.organization.id, &filter, after, paging.rows_to_read()).await?;
    let page = paging.cut(rows, |project| Cursor { at: project.created_at, id: project.id.to_string() });
    Ok(HttpResponse::Ok().json(List::<output::Project<'_>>::page(&page)))
}

/// POST /projects
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

/// GET /projects/{id}, in the trash or not.
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

/// PATCH /projects/{id}: what is not mentioned stays, `null` empties.
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

/// DELETE /projects/{id}: to the trash; with `?permanent=true` for good.
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
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
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
    /// POST /projects/{id}/complete
    complete
    /// POST /projects/{id}/reopen
    reopen
    /// POST /projects/{id}/archive
    archive
    /// POST /projects/{id}/unarchive
    unarchive
    /// POST /projects/{id}/restore
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
