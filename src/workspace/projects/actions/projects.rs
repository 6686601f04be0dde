//! Adding projects and changing what is said about them.

use serde_json::json;

use crate::base::{Expected, IntakeId, ProjectId};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::{Details, DetailsChange, Project, ProjectStatus};
use crate::workspace::projects::store;

use super::load_to_change;

/// Adds a project, by hand or from an intake, and raises PROJECT_CREATED.
pub async fn create(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    details: Details,
    intake: Option<IntakeId>,
) -> Result<Project, Refusal> {
    let now = desk.begin(tx, author).await?;
    let project = Project {
        id: ProjectId::new(now, desk.rng()),
        organization: author.actor.organization.clone(),
        details,
        status: ProjectStatus::Active,
        archived_from: None,
        trashed: None,
        intake,
        version: 1,
        created_by: author.actor.email.clone(),
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, &project).await?;
    let data = project.intake.as_ref().map(|intake| json!({ "INTAKE_ID": intake }));
    desk.raise(tx, author, EventType::ProjectCreated, &[project.id.as_str()], data.as_ref()).await?;
    let details = json!({ "project_id": project.id, "intake_id": project.intake });
    desk.write_down(tx, author, "project.created", &project.details.name, details).await?;
    Ok(project)
}

/// Changes what is said about a project, and raises PROJECT_EDITED with the names of the fields.
pub async fn edit(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &ProjectId,
    expected: &Expected,
    change: DetailsChange,
) -> Result<Changed<Project>, Refusal> {
    let now = desk.begin(tx, author).await?;
    let mut project = load_to_change(tx, author, id, expected).await?;
    let after = change.apply(&project.details);
    let fields = project.details.differences(&after);
    if fields.is_empty() {
        return Ok(Changed { now: project, is_new: false });
    }
    project.details = after;
    project.version += 1;
    project.updated_at = now;
    store::update(tx, &project).await?;
    let data = json!({ "CHANGED": fields });
    desk.raise(tx, author, EventType::ProjectEdited, &[id.as_str()], Some(&data)).await?;
    let details = json!({ "project_id": id, "changed": fields });
    desk.write_down(tx, author, "project.edited", &project.details.name, details).await?;
    Ok(Changed { now: project, is_new: true })
}
