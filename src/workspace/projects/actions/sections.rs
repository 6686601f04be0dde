//! The sections of a project.

use serde_json::json;

use crate::base::{Expected, ProjectId, SectionId};
use crate::db::Tx;
use crate::events::EventType;
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::projects::model::{Section, SectionStatus};
use crate::workspace::projects::store;

use super::{load_to_change, rearranged};

/// A change of a section; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionChange {
    pub name: Option<String>,
    /// Its place among the project's sections, from 1; past the end is the end.
    pub position: Option<i64>,
}

/// Adds a section at the end of a project.
pub async fn add_section(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    project: &ProjectId,
    name: String,
) -> Result<Section, Refusal> {
    let now = desk.begin(tx, author).await?;
    let project = load_to_change(tx, author, project, &Expected::Anything).await?;
    let before = store::list_sections(tx, &project.id).await?;
    let section = Section {
        id: SectionId::new(now, desk.rng()),
        organization: project.organization.clone(),
        project: project.id.clone(),
        name,
        position: before.last().map_or(1, |last| last.position + 1),
        status: SectionStatus::Open,
        version: 1,
    };
    store::insert_section(tx, &section).await?;
    write_down(tx, desk, author, "section.created", &section).await?;
    Ok(section)
}

/// Renames or moves a section.
pub async fn change_section(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
    change: SectionChange,
) -> Result<Changed<Section>, Refusal> {
    desk.begin(tx, author).await?;
    let mut section = load(tx, author, id, expected).await?;
    let before = section.clone();
    if let Some(name) = change.name {
        section.name = name;
    }
    if let Some(position) = change.position {
        let all = store::list_sections(tx, &section.project).await?;
        let places: Vec<(SectionId, i64)> = all.into_iter().map(|other| (other.id, other.position)).collect();
        for (moved, place) in rearranged(&places, id, position) {
            if moved == id {
                section.position = place;
            } else {
                store::place_section(tx, moved, place).await?;
            }
        }
    }
    if section == before {
        return Ok(Changed { now: section, is_new: false });
    }
    section.version += 1;
    store::update_section(tx, &section).await?;
    write_down(tx, desk, author, "section.edited", &section).await?;
    Ok(Changed { now: section, is_new: true })
}

/// Removes a section with its questions. The others close up.
pub async fn delete_section(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
) -> Result<(), Refusal> {
    desk.begin(tx, author).await?;
    let section = load(tx, author, id, expected).await?;
    store::delete_section(tx, id).await?;
    for (other, place) in store::list_sections(tx, &section.project).await?.iter().zip(1..) {
        if other.position != place {
            store::place_section(tx, &other.id, place).await?;
        }
    }
    write_down(tx, desk, author, "section.deleted", &section).await?;
    Ok(())
}

/// Completes a section, and raises SECTION_COMPLETED. Repeated, it changes nothing.
pub async fn complete_section(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
) -> Result<Changed<Section>, Refusal> {
    change_status(tx, desk, author, id, expected, SectionStatus::Completed).await
}

/// Opens a completed section again. The catalog has no event for it.
pub async fn reopen_section(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
) -> Result<Changed<Section>, Refusal> {
    change_status(tx, desk, author, id, expected, SectionStatus::Open).await
}

async fn change_status(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
    status: SectionStatus,
) -> Result<Changed<Section>, Refusal> {
    desk.begin(tx, author).await?;
    let mut section = load(tx, author, id, expected).await?;
    if section.status == status {
        return Ok(Changed { now: section, is_new: false });
    }
    section.status = status;
    section.version += 1;
    store::update_section(tx, &section).await?;
    let action = match status {
        SectionStatus::Completed => {
            let data = json!({ "PROJECT_ID": section.project });
            desk.raise(tx, author, EventType::SectionCompleted, &[id.as_str()], Some(&data)).await?;
            "section.completed"
        }
        SectionStatus::Open => "section.reopened",
    };
    write_down(tx, desk, author, action, &section).await?;
    Ok(Changed { now: section, is_new: true })
}

/// A section whose project can be changed.
pub(super) async fn load(
    tx: &mut Tx,
    author: &Author,
    id: &SectionId,
    expected: &Expected,
) -> Result<Section, Refusal> {
    let section = store::find_section(tx, &author.actor.organization, id).await?.ok_or(Refusal::NotFound)?;
    if !expected.holds_for(section.version) {
        return Err(Refusal::Stale);
    }
    load_to_change(tx, author, &section.project, &Expected::Anything).await?;
    Ok(section)
}

async fn write_down(tx: &mut Tx, desk: &Desk, author: &Author, action: &str, section: &Section) -> Result<(), Refusal> {
    let details = json!({ "section_id": section.id, "project_id": section.project });
    Ok(desk.write_down(tx, author, action, &section.name, details).await?)
}
