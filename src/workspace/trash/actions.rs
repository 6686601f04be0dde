//! Emptying the trash: by a person, and by itself.

use serde_json::json;

use crate::base::{AnswerId, ProjectId, Timestamp};
use crate::db::Tx;
use crate::workspace::change::{Author, Desk, Refusal};
use crate::workspace::{answers, projects};

use super::store;

/// The most things of one kind that go in one transaction when the trash empties itself.
const AT_ONCE: i64 = 1_000;

/// Deletes all that is in the trash for good, the latest first, and raises one PROJECT_DELETED with PERMANENT true for each
/// thousand projects, and nothing for pairs: that was raised when they were deleted. Answers how many things went.
pub async fn empty(tx: &mut Tx, desk: &Desk, author: &Author) -> Result<usize, Refusal> {
    desk.begin(tx, author).await?;
    let projects = store::projects(tx, &author.actor.organization).await?;
    let answers = store::answers(tx, &author.actor.organization).await?;
    let count = delete_all(tx, desk, author, "trash.emptied", &projects, &answers).await?;
    Ok(count)
}

/// Deletes for good what the author put into the trash at `until` or before, up to a thousand things of each kind. Answers
/// whether that was all.
pub async fn expire(tx: &mut Tx, desk: &Desk, author: &Author, until: Timestamp) -> Result<bool, Refusal> {
    // Another node that has the same idea waits here, and then finds nothing.
    desk.begin(tx, author).await?;
    let (organization, email) = (&author.actor.organization, author.actor.email.as_str());
    let projects = store::overdue_projects(tx, organization, email, until, AT_ONCE).await?;
    let answers = store::overdue_answers(tx, organization, email, until, AT_ONCE).await?;
    delete_all(tx, desk, author, "trash.expired", &projects, &answers).await?;
    let is_all = |count: usize| i64::try_from(count).is_ok_and(|count| count < AT_ONCE);
    Ok(is_all(projects.len()) && is_all(answers.len()))
}

/// Answers how many things went; where there were none, nothing is written down.
async fn delete_all(
    tx: &mut Tx,
    desk: &Desk,
    author: &Author,
    action: &str,
    projects: &[ProjectId],
    answers: &[AnswerId],
) -> Result<usize, Refusal> {
    let count = projects.len() + answers.len();
    if count == 0 {
        return Ok(0);
    }
    projects::actions::delete_all(tx, desk, author, projects).await?;
    answers::actions::delete_all(tx, desk, author, answers).await?;
    let details = json!({ "projects": projects.len(), "answers": answers.len() });
    desk.write_down(tx, author, action, "Trash", details).await?;
    Ok(count)
}
