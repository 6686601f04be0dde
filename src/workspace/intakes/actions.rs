//! What people do with intakes, for pages and API alike, each in the caller's transaction.

use serde_json::json;

use crate::base::{Expected, IntakeId};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects;
use crate::workspace::projects::model::Project;

use super::model::{Details, Intake, IntakeChange, IntakeStatus};
use super::store;

/// Adds an intake, and raises INTAKE_CREATED.
pub async fn create(tx: &mut Tx, desk: &Desk, author: &Author, details: Details) -> Result<Intake, Refusal> {
    let now = desk.begin(tx, author).await?;
    let intake = Intake {
        id: IntakeId::new(now, desk.rng()),
        organization: author.actor.organization.clone(),
        details,
        status: IntakeStatus::New,
        project: None,
        version: 1,
        created_by: author.actor.email.clone(),
        created_at: now,
    };
    store::insert(tx, &intake).await?;
    desk.raise(tx, author, EventType::IntakeCreated, &[intake.id.as_str()], None).await?;
    desk.write_down(tx, author, "intake.created", &intake.details.title, json!({ "intake_id": intake.id })).await?;
    Ok(intake)
}

/// Changes an intake. The catalog has no event for it. What became a project stays accepted.
pub async fn edit(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &IntakeId,
    expected: &Expected,
    change: IntakeChange,
) -> Result<Changed<Intake>, Refusal> {
    desk.begin(tx, author).await?;
    let before = load(tx, author, id, expected).await?;
    let mut intake = change.apply(&before);
    if intake == before {
        return Ok(Changed { now: intake, is_new: false });
    }
    if intake.project.is_some() && intake.status != IntakeStatus::Accepted {
        return Err(Refusal::conflict("This intake became a project, so it stays accepted."));
    }
    intake.version += 1;
    store::update(tx, &intake).await?;
    desk.write_down(tx, author, "intake.edited", &intake.details.title, json!({ "intake_id": id })).await?;
    Ok(Changed { now: intake, is_new: true })
}

/// Makes the project that an intake asks for, and accepts it. Raises PROJECT_CREATED with INTAKE_ID.
pub async fn convert(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &IntakeId,
    expected: &Expected,
) -> Result<Project, Refusal> {
    desk.begin(tx, author).await?;
    let mut intake = load(tx, author, id, expected).await?;
    if intake.project.is_some() {
        return Err(Refusal::conflict("This intake became a project already; its project_id says which."));
    }
    let details = projects::model::Details {
        name: intake.details.title.clone(),
        client: intake.details.client.clone(),
        due_date: intake.details.due_date,
        owner: None,
        description: intake.details.description.clone(),
    };
    let project = projects::actions::create(tx, desk, author, details, Some(intake.id.clone())).await?;
    intake.project = Some(project.id.clone());
    intake.status = IntakeStatus::Accepted;
    intake.version += 1;
    store::update(tx, &intake).await?;
    let details = json!({ "intake_id": id, "project_id": project.id });
    desk.write_down(tx, author, "intake.converted", &intake.details.title, details).await?;
    Ok(project)
}

async fn load(tx: &mut Tx, author: &Author, id: &IntakeId, expected: &Expected) -> Result<Intake, Refusal> {
    let intake = store::find(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    if expected.holds_for(intake.version) { Ok(intake) } else { Err(Refusal::Stale) }
}
