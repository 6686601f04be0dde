//! The way of a project into the trash, out of it, and out of the world.

use serde_json::json;

use crate::base::{Expected, ProjectId};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::{Project, Trashed};
use crate::workspace::projects::store;

use super::load;

/// Moves a project to the trash, and raises PROJECT_DELETED with PERMANENT false. Repeated, it changes nothing.
pub async fn trash(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load(tx, author, id, expected).await?;
    if project.trashed.is_some() {
        return Ok(Changed { now: project, is_new: false });
    }
    project.trashed = Some(Trashed { at: now, by: author.actor.email.clone() });
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    raise_deleted(tx, desk, author, &[id], false).await?;
    desk.write_down(tx, author, "project.trashed", &project.details.name, json!({ "project_id": id })).await?;
    Ok(Changed { now: project, is_new: true })
}

/// Takes a project out of the trash. The catalog has no event for it.
pub async fn restore(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load(tx, author, id, expected).await?;
    if project.trashed.take().is_none() {
        return Ok(Changed { now: project, is_new: false });
    }
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    desk.write_down(tx, author, "project.restored", &project.details.name, json!({ "project_id": id })).await?;
    Ok(Changed { now: project, is_new: true })
}

/// Removes a project for good, whether or not it was in the trash, and raises one PROJECT_DELETED with PERMANENT true.
pub async fn delete(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let project = load(tx, author, id, expected).await?;
    store::delete(tx, id).await?;
    raise_deleted(tx, desk, author, &[id], true).await?;
    desk.write_down(tx, author, "project.deleted", &project.details.name, json!({ "project_id": id })).await?;
    Ok(())
}

/// Removes projects for good, raises one PROJECT_DELETED with PERMANENT true for each thousand, in their order, and writes it
/// down once. Whoever calls it chose them in the same transaction.
pub(in crate::workspace) async fn delete_all(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    ids: &[ProjectId],
) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Ok(());
    }
    store::delete_all(tx, ids).await?;
    raise_deleted(tx, desk, author, &ids.iter().collect::<Vec<_>>(), true).await?;
    let subject = format!("{} projects", ids.len());
    Ok(desk.write_down(tx, author, "project.deleted", &subject, json!({ "project_ids": ids })).await?)
}

async fn raise_deleted(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    ids: &[&ProjectId],
    is_permanent: bool,
) -> Result<(), Refusal> {
    let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
    let data = json!({ "PERMANENT": is_permanent });
    desk.raise(tx, author, EventType::ProjectDeleted, &ids, Some(&data)).await?;
    Ok(())
}
