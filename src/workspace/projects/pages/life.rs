//! Completing, archiving and trashing a project, and taking that back.

use std::time::Duration;

use crate::base::{Expected, ProjectId};
use crate::db::Tx;
use crate::web::{self, Toast, see_other};
use crate::workspace::change::{Author, Changed, Desk, Refusal};
use crate::workspace::pages::Change;
use crate::workspace::projects::actions;
use crate::workspace::projects::model::{Project, ProjectStatus};

use super::{show, urls};

/// How long a toast offers to take something back. The pages offer it for longer.
const UNDO_SHOWN: Duration = Duration::from_secs(60);

const ANYTHING: Expected = Expected::Anything;

/// POST /projects/{id}/complete
pub(crate) async fn complete(change: Change<ProjectId>) -> web::Result {
    step(change, actions::complete, |_| Toast::ok("Project completed")).await
}

/// POST /projects/{id}/reopen
pub(crate) async fn reopen(change: Change<ProjectId>) -> web::Result {
    step(change, actions::reopen, |_| Toast::ok("Project re-opened")).await
}

/// POST /projects/{id}/archive
pub(crate) async fn archive(change: Change<ProjectId>) -> web::Result {
    step(change, actions::archive, |_| Toast::ok("Project archived")).await
}

/// POST /projects/{id}/unarchive
pub(crate) async fn unarchive(change: Change<ProjectId>) -> web::Result {
    let is = |project: &Project| match project.status {
        ProjectStatus::Active | ProjectStatus::Archived => "It is active again.",
        ProjectStatus::Completed => "It is complete, as it was before.",
    };
    step(change, actions::unarchive, |project| Toast::ok("Project un-archived").text(is(project))).await
}

/// POST /projects/{id}/restore: out of the trash.
pub(crate) async fn restore(change: Change<ProjectId>) -> web::Result {
    step(change, actions::restore, |project| Toast::ok("Project restored").text(project.details.name.as_str())).await
}

/// POST /projects/{id}/trash
pub(crate) async fn trash(change: Change<ProjectId>) -> web::Result {
    let trashed =
        change.run(async |tx, desk, author, id| actions::trash(tx, desk, author, id, &ANYTHING).await).await?;
    if trashed.is_new {
        let toast = Toast::ok("Project moved to trash").text(trashed.now.details.name);
        change.person.flash(toast.undo(urls::restore(&change.id), UNDO_SHOWN));
    }
    Ok(see_other(&change.hx, urls::LIST))
}

/// One step of a project's life, told by a toast if anything is different now.
async fn step(
    change: Change<ProjectId>,
    action: impl AsyncFnOnce(&mut Tx, &Desk, &Author, &ProjectId, &Expected) -> Result<Changed<Project>, Refusal>,
    toast: impl FnOnce(&Project) -> Toast,
) -> web::Result {
    let done = change.run(async |tx, desk, author, id| action(tx, desk, author, id, &ANYTHING).await).await?;
    let toast = done.is_new.then(|| toast(&done.now));
    show::back(&change.person, &change.context, &change.hx, &change.id, toast).await
}
