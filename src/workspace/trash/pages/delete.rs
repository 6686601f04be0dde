//! Deleting one thing for good, from the trash or not.

use actix_web::web::{Data, Path};

use crate::base::{AnswerId, Expected, ProjectId};
use crate::web::guard::{Admin, Moderator, least};
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page as _, Section, Toast, see_other};
use crate::workspace::answers::model::Answer;
use crate::workspace::pages::Change;
use crate::workspace::projects::model::Project;
use crate::workspace::{answers, projects};

use super::confirm::{ConfirmForm, ConfirmPage};
use super::urls;

/// GET /trash/projects/{id}/delete
pub(crate) async fn ask_project(admin: Admin, context: Data<Context>, id: Path<ProjectId>, hx: Hx) -> web::Result {
    let project = load(&admin, &context, &id).await?;
    question(&admin, &project).answer(&hx)
}

/// POST /trash/projects/{id}/delete
pub(crate) async fn project(change: Change<ProjectId, least::Admin>, Form(form): Form<ConfirmForm>) -> web::Result {
    let project = load(&change.person, &change.context, &change.id).await?;
    if !form.says(&project.details.name) {
        return question(&change.person, &project).mistyped(form.confirm).rejected(&change.hx);
    }
    change
        .run(async |tx, desk, author, id| projects::actions::delete(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    change.person.flash(Toast::ok("Project deleted").text(project.details.name));
    Ok(see_other(&change.hx, urls::LIST))
}

fn question(admin: &Admin, project: &Project) -> ConfirmPage {
    ConfirmPage {
        shell: admin.shell(Section::Trash, "Delete permanently"),
        question: format!("Delete {} permanently?", project.details.name),
        effect: "Its sections, questions and answers go with it. This cannot be undone.".into(),
        words: project.details.name.clone(),
        typed: String::new(),
        errors: FieldErrors::default(),
        safe: "Keep project",
        verb: "Delete permanently",
        action: urls::delete_project(&project.id),
    }
}

async fn load(admin: &Admin, context: &Context, id: &ProjectId) -> web::Result<Project> {
    let found = projects::store::find(&mut *context.db.read().await?, &admin.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}

/// What has to be typed to delete a pair, whose question may be long.
const WORDS: &str = "delete";

/// GET /trash/answers/{id}/delete
pub(crate) async fn ask_answer(
    moderator: Moderator,
    context: Data<Context>,
    id: Path<AnswerId>,
    hx: Hx,
) -> web::Result {
    let pair = load_answer(&moderator, &context, &id).await?;
    answer_question(&moderator, &pair).answer(&hx)
}

/// POST /trash/answers/{id}/delete
pub(crate) async fn answer(change: Change<AnswerId, least::Moderator>, Form(form): Form<ConfirmForm>) -> web::Result {
    let pair = load_answer(&change.person, &change.context, &change.id).await?;
    if !form.says(WORDS) {
        return answer_question(&change.person, &pair).mistyped(form.confirm).rejected(&change.hx);
    }
    change
        .run(async |tx, desk, author, id| answers::actions::delete(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    change.person.flash(Toast::ok("Pair deleted").text(pair.content.question));
    Ok(see_other(&change.hx, urls::LIST))
}

fn answer_question(moderator: &Moderator, pair: &Answer) -> ConfirmPage {
    ConfirmPage {
        shell: moderator.shell(Section::Trash, "Delete permanently"),
        question: "Delete this pair permanently?".into(),
        effect: format!("\u{201c}{}\u{201d} and its history go. This cannot be undone.", pair.content.question),
        words: WORDS.into(),
        typed: String::new(),
        errors: FieldErrors::default(),
        safe: "Keep pair",
        verb: "Delete permanently",
        action: urls::delete_answer(&pair.id),
    }
}

async fn load_answer(moderator: &Moderator, context: &Context, id: &AnswerId) -> web::Result<Answer> {
    let found = answers::store::find(&mut *context.db.read().await?, &moderator.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}
