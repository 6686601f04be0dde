//! Emptying the trash: by a person, and by itself.

use serde_json::json;

use crate::base::Timestamp;
use crate::db::Tx;
use crate::workspace::change::{Author, Desk, Refusal};
use crate::workspace::projects;

use super::store;

/// The most things of one kind that go in one transaction when the trash empties itself.
const AT_ONCE: i64 = 1_000;

/// Deletes all that is in the trash for good, the latest first, and raises one PROJECT_DELETED with PERMANENT true for each
/// thousand projects. Answers how many things went; an empty trash raises nothing.
pub async fn empty(tx: &mut Tx, desk: &Desk, author: &Author) -> Result<usize, Refusal> {
    desk.begin(tx, author).await?;
    let projects = store::projects(tx, &author.actor.organization).await?;
    projects::actions::delete_all(tx, desk, author, &projects).await?;
    if !projects.is_empty() {
        write_down(tx, desk, author, "trash.emptied", projects.len()).await?;
    }
    Ok(projects.len())
}

/// Deletes for good what the author put into the trash at `until` or before, up to a thousand things of each kind. Answers
/// whether that was all.
pub async fn expire(tx: &mut Tx, desk: &Desk, author: &Author, until: Timestamp) -> Result<bool, Refusal> {
    // Another node that has the same idea waits here, and then finds nothing.
    desk.begin(tx, author).await?;
    let (organization, email) = (&author.actor.organization, author.actor.email.as_str());
    let projects = store::overdue_projects(tx, organization, email, until, AT_ONCE).await?;
    projects::actions::delete_all(tx, desk, author, &projects).await?;
    if !projects.is_empty() {
        write_down(tx, desk, author, "trash.expired", projects.len()).await?;
    }
    Ok(i64::try_from(projects.len()).is_ok_and(|count| count < AT_ONCE))
}

async fn write_down(tx: &mut Tx, desk: &Desk, author: &Author, action: &str, projects: usize) -> Result<(), Refusal> {
    Ok(desk.write_down(tx, author, action, "Trash", json!({ "projects": projects })).await?)
}
