//! The calls of the answer library: the same rules and actions as on the pages. What a program saves is published at once.

pub(crate) mod bulk;
pub(crate) mod life;

mod input;
mod output;
mod shapes;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::base::AnswerId;
use crate::web::api_key::{ApiKey, Read, Write};
use crate::web::json::{self, Limits};
use crate::web::problem::{Problem, Result};
use crate::web::version::if_match;
use crate::web::{Context, List, Query, describe};
use crate::workspace::api::author;
use crate::workspace::change::Desk;

use super::model::{Answer, Standing};
use super::{actions, store};

/// List the pairs of the answer library
///
/// Newest first, without those in the trash.
#[utoipa::path(
    get, path = "/answers", operation_id = "listAnswers", tag = "Answer library",
    security(("api_key" = ["read"])),
    params(shapes::AnswerFilter, describe::Paging),
    responses(
        (status = 200, description = "A page of pairs.", body = output::AnswerList),
        describe::ByKey, describe::Invalid,
    ),
)]
pub(crate) async fn list(key: ApiKey<Read>, request: HttpRequest, context: Data<Context>) -> Result {
    let mut query = Query::of(&request);
    let filter = input::filter(&mut query);
    // Pairs are listed by their numbers.
    let paging = query.paging_of::<i64>();
    let (filter, paging) = query.finish(filter.zip(paging))?;
    let mut conn = context.db.read().await?;
    let after = paging.after.as_ref();
    let rows = store::list(&mut conn, &key.organization.id, &filter, after, paging.rows_to_read()).await?;
    let page = paging.cut(rows, Answer::cursor);
    let list = List { data: page.rows.iter().map(output::Answer::from).collect(), next_cursor: page.next };
    Ok(HttpResponse::Ok().json(list))
}

/// Save a pair
///
/// It is published at once, and raises ANSWER_LIB_CREATED.
#[utoipa::path(
    post, path = "/answers", operation_id = "createAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    request_body(content = shapes::NewAnswer, description = "Up to 256 KiB."),
    responses(
        (status = 201, description = "It is saved.", body = output::Answer,
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
    let content = input::content(&json::read(&request, payload, Limits::default()).await?)?;
    let mut tx = context.db.begin().await?;
    let answer = actions::create(&mut tx, &desk, &author(&key), Standing::Moderator, content).await?;
    tx.commit().await?;
    Ok(output::new_answer(&answer))
}

/// Read a pair
///
/// Whether or not it is in the trash.
#[utoipa::path(
    get, path = "/answers/{id}", operation_id = "readAnswer", tag = "Answer library",
    security(("api_key" = ["read"])),
    params(("id" = inline(describe::Id), Path, description = "The pair.")),
    responses(
        (status = 200, description = "The pair.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::NotFound, describe::Invalid,
    ),
)]
pub(crate) async fn show(
    key: ApiKey<Read>,
    request: HttpRequest,
    id: Path<AnswerId>,
    context: Data<Context>,
) -> Result {
    Query::none(&request)?;
    let found = store::find(&mut *context.db.read().await?, &key.organization.id, &id).await?;
    Ok(output::answer(&found.ok_or(Problem::NotFound)?))
}

/// Change a pair
///
/// Raises ANSWER_LIB_UPDATED: CHANGE is MODERATED for another question or answer of a pair that waits in moderation, else EDITED.
/// Where nothing is different, nothing is raised.
#[utoipa::path(
    patch, path = "/answers/{id}", operation_id = "changeAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), describe::IfMatch),
    request_body(content = shapes::AnswerChange, description = "Up to 256 KiB."),
    responses(
        (status = 200, description = "The pair as it is now.", body = output::Answer,
            headers(("ETag" = String, description = "Its version."))),
        describe::ByKey, describe::WithBody, describe::Changes,
    ),
)]
pub(crate) async fn edit(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
    payload: Payload,
    context: Data<Context>,
    desk: Data<Desk>,
) -> Result {
    Query::none(&request)?;
    let change = input::change(&json::read(&request, payload, Limits::default()).await?)?;
    let (author, expected) = (author(&key), if_match(&request));
    let mut tx = context.db.begin().await?;
    let edited = actions::edit(&mut tx, &desk, &author, Standing::Moderator, &id, &expected, change).await?;
    tx.commit().await?;
    Ok(output::answer(&edited.now))
}

/// Delete a pair
///
/// Moves it to the trash, where it can be restored for 30 days, or deletes it for good. Raises ANSWER_LIB_DELETED when it leaves the
/// library: deleting for good what is in the trash raises nothing more. Moving it there again changes nothing.
#[utoipa::path(
    delete, path = "/answers/{id}", operation_id = "deleteAnswer", tag = "Answer library",
    security(("api_key" = ["write"])),
    params(("id" = inline(describe::Id), Path, description = "The pair."), shapes::AnswerDeletion, describe::IfMatch),
    responses(
        (status = 204, description = "It is deleted."),
        describe::ByKey, describe::Invalid, describe::Changes,
    ),
)]
pub(crate) async fn delete(
    key: ApiKey<Write>,
    request: HttpRequest,
    id: Path<AnswerId>,
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
