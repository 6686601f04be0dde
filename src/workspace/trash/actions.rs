//! Emptying the trash, step by step: by a person, and by itself.

use serde_json::json;

use crate::base::{AnswerId, ProjectId, Timestamp};
use crate::db::Tx;
use crate::workspace::change::{Author, Desk, Refusal};
use crate::workspace::{answers, projects};

use super::store;

/// The most things of one kind that go in one transaction: what one event names.
const AT_ONCE: i64 = 1_000;

/// What one step of emptying did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// How many things went.
    pub count: usize,
    /// Whether nothing is left for another step.
    pub is_all: bool,
}

/// Deletes the latest things in the trash for good, up to a thousand of each kind, and raises one PROJECT_DELETED with PERMANENT
/// true for the projects and nothing for pairs: that was raised when they were deleted.
pub async fn empty(tx: &mut Tx, desk: &Desk, author: &Author) -> Result<Gone, Refusal> {
    // Another node that does the same waits here, and then finds what is left.
    desk.begin(tx, author).await?;
    let projects = store::projects(tx, &author.actor.organization, AT_ONCE).await?;
    let answers = store::answers(tx, &author.actor.organization, AT_ONCE).await?;
    delete_all(tx, desk, author, "trash.emptied", &projects, &answers).await
}

/// The same for what the author put into the trash at `until` or before.
pub async fn expire(tx: &mut Tx, desk: &Desk, author: &Author, until: Timestamp) -> Result<Gone, Refusal> {
    desk.begin(tx, author).await?;
    let (organization, email) = (&author.actor.organization, author.actor.email.as_str());
    let projects = store::overdue_projects(tx, organization, email, until, AT_ONCE).await?;
    let answers = store::overdue_answers(tx, organization, email, until, AT_ONCE).await?;
    delete_all(tx, desk, author, "trash.expired", &projects, &answers).await
}

/// Where there is nothing, nothing is written down.
async fn delete_all(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    action: &str,
    projects: &[ProjectId],
    answers: &[AnswerId],
) -> Result<Gone, Refusal> {
    let is_all = |count: usize| i64::try_from(count).is_ok_and(|count| count < AT_ONCE);
    let gone = Gone { count: projects.len() + answers.len(), is_all: is_all(projects.len()) && is_all(answers.len()) };
    if gone.count == 0 {
        return Ok(gone);
    }
    projects::actions::delete_all(tx, desk, author, projects).await?;
    answers::actions::delete_all(tx, desk, author, answers).await?;
    let details = json!({ "projects": projects.len(), "answers": answers.len() });
    desk.write_down(tx, author, action, "Trash", details).await?;
    Ok(gone)
}
