//! Completing and archiving projects, and taking that back. Repeated, each changes nothing.

use serde_json::json;

use crate::base::{Expected, ProjectId};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::{Project, ProjectStatus};
use crate::workspace::projects::store;

use super::load_to_change;

const ARCHIVED: &str = "This project is archived. Un-archive it first.";

/// A way from one status to another.
struct Step {
    to: ProjectStatus,
    event: Option<EventType>,
    action: &'static str,
}

/// Marks an active project complete, and raises PROJECT_COMPLETED.
pub async fn complete(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let step =
        Step { to: ProjectStatus::Completed, event: Some(EventType::ProjectCompleted), action: "project.completed" };
    change_status(tx, desk, author, id, expected, step).await
}

/// Makes a completed project active again. The catalog has no event for it.
pub async fn reopen(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let step = Step { to: ProjectStatus::Active, event: None, action: "project.reopened" };
    change_status(tx, desk, author, id, expected, step).await
}

/// Archives an active or completed project, and raises PROJECT_ARCHIVED.
pub async fn archive(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load_to_change(tx, author, id, expected).await?;
    if project.status == ProjectStatus::Archived {
        return Ok(Changed { now: project, is_new: false });
    }
    project.archived_from = Some(project.status);
    project.status = ProjectStatus::Archived;
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    desk.raise(tx, author, EventType::ProjectArchived, &[id.as_str()], None).await?;
    desk.write_down(tx, author, "project.archived", &project.details.name, json!({ "project_id": id })).await?;
    Ok(Changed { now: project, is_new: true })
}

/// Makes an archived project what it was before. The catalog has no event for it.
pub async fn unarchive(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load_to_change(tx, author, id, expected).await?;
    if project.status != ProjectStatus::Archived {
        return Ok(Changed { now: project, is_new: false });
    }
    project.status = project.archived_from.take().unwrap_or(ProjectStatus::Active);
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    desk.write_down(tx, author, "project.unarchived", &project.details.name, json!({ "project_id": id })).await?;
    Ok(Changed { now: project, is_new: true })
}

/// Between active and completed.
async fn change_status(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
    step: Step,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load_to_change(tx, author, id, expected).await?;
    if project.status == ProjectStatus::Archived {
        return Err(Refusal::conflict(ARCHIVED));
    }
    if project.status == step.to {
        return Ok(Changed { now: project, is_new: false });
    }
    project.status = step.to;
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    if let Some(event) = step.event {
        desk.raise(tx, author, event, &[id.as_str()], None).await?;
    }
    desk.write_down(tx, author, step.action, &project.details.name, json!({ "project_id": id })).await?;
    Ok(Changed { now: project, is_new: true })
}
