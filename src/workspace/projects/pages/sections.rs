//! The buttons and forms of sections: adding, renaming, moving, deleting, completing.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::{Expected, ProjectId, SectionId};
use crate::db::Conn;
use crate::web::guard::Member;
use crate::web::version::of_form;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page as _, Section as Place, Shell, Toast, see_other};
use crate::workspace::change::Refusal;
use crate::workspace::pages::{Change, Theirs};
use crate::workspace::projects::actions::{self, SectionChange};
use crate::workspace::projects::model::{self, NAME, Project, Section};
use crate::workspace::projects::store;

use super::delete::DeletePage;
use super::show::{self, ProjectPage};
use super::{MoveForm, questions, urls};

/// How long a toast offers to take something back. The pages offer it for longer.
const UNDO_SHOWN: Duration = Duration::from_secs(60);

/// A section's name as it is posted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SectionForm {
    name: String,
    /// The version that the form was made from.
    version: String,
}

impl SectionForm {
    fn parse(&self) -> Result<String, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", model::name(&self.name));
        errors.into_result(name)
    }
}

/// Which page a button stands on: the project's, or (`section`) the section's own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FromForm {
    from: String,
}

#[derive(Template)]
#[template(path = "projects/section_form.html", blocks = ["fields"])]
struct RenamePage {
    shell: Shell,
    trail: Vec<(String, String)>,
    action: String,
    back: String,
    typed: SectionForm,
    errors: FieldErrors,
    theirs: Option<Vec<Theirs>>,
}
crate::web::page!(RenamePage, as_fields);

impl RenamePage {
    fn new(member: &Member, project: &Project, section: &Section, form: SectionForm) -> Self {
        let here = urls::show(&project.id);
        Self {
            shell: member.shell(Place::Projects, format!("Rename {}", section.name)),
            trail: vec![("Projects".into(), urls::LIST.into()), (project.details.name.clone(), here.clone())],
            action: urls::edit_section(&section.id),
            back: here,
            typed: form,
            errors: FieldErrors::default(),
            theirs: None,
        }
    }
}

/// POST /projects/{id}/sections
pub(crate) async fn add(change: Change<ProjectId>, Form(form): Form<SectionForm>) -> web::Result {
    let name = match form.parse() {
        Ok(name) => name,
        Err(errors) => {
            let page = ProjectPage::load(&change.person, &change.context, &change.id).await?;
            return page.with_new_section(form.name, errors).rejected(&change.hx);
        }
    };
    let section =
        change.run(async |tx, desk, author, id| actions::add_section(tx, desk, author, id, name).await).await?;
    let toast = Toast::ok("Section added").text(section.name);
    show::back(&change.person, &change.context, &change.hx, &change.id, Some(toast)).await
}

/// GET /sections/{id}/edit
pub(crate) async fn ask_name(member: Member, context: Data<Context>, id: Path<SectionId>, hx: Hx) -> web::Result {
    let (project, section) = load(&mut *context.db.read().await?, &member, &id).await?;
    let form = SectionForm { name: section.name.clone(), version: section.version.to_string() };
    RenamePage::new(&member, &project, &section, form).answer(&hx)
}

/// POST /sections/{id}/edit
pub(crate) async fn rename(change: Change<SectionId>, Form(form): Form<SectionForm>) -> web::Result {
    let Change { person, context, hx, .. } = &change;
    let again = async |form: SectionForm| {
        let (project, section) = load(&mut *context.db.read().await?, person, &change.id).await?;
        let saved = SectionForm { name: section.name.clone(), version: section.version.to_string() };
        Ok::<_, Error>((RenamePage::new(person, &project, &section, form), saved))
    };
    let name = match form.parse() {
        Ok(name) => name,
        Err(errors) => {
            let (page, _) = again(form).await?;
            return RenamePage { errors, ..page }.rejected(hx);
        }
    };
    let (expected, wanted) = (of_form(&form.version), SectionChange { name: Some(name), position: None });
    let renamed = change
        .run(async |tx, desk, author, id| actions::change_section(tx, desk, author, id, &expected, wanted).await)
        .await;
    match renamed {
        Ok(renamed) => {
            if renamed.is_new {
                person.flash(Toast::ok("Section renamed").text(renamed.now.name));
            }
            Ok(see_other(hx, urls::show(&renamed.now.project)))
        }
        Err(Refusal::Stale) => {
            let (mut page, saved) = again(form).await?;
            page.theirs = Some(Theirs::differences([("Name", &page.typed.name, &saved.name)]));
            page.typed.version = saved.version;
            page.answer_with(hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// POST /sections/{id}/move
pub(crate) async fn move_to(change: Change<SectionId>, Form(form): Form<MoveForm>) -> web::Result {
    let wanted = SectionChange { name: None, position: Some(form.position()?) };
    let moved = change
        .run(async |tx, desk, author, id| {
            actions::change_section(tx, desk, author, id, &Expected::Anything, wanted).await
        })
        .await?;
    show::back(&change.person, &change.context, &change.hx, &moved.now.project, None).await
}

/// POST /sections/{id}/complete
pub(crate) async fn complete(change: Change<SectionId>, Form(form): Form<FromForm>) -> web::Result {
    let done = change
        .run(async |tx, desk, author, id| actions::complete_section(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    let toast = Toast::ok("Section completed").text(done.now.name.as_str());
    let toast = done.is_new.then(|| toast.undo(urls::reopen_section(&change.id), UNDO_SHOWN));
    back(&change, &done.now, &form, toast).await
}

/// POST /sections/{id}/reopen
pub(crate) async fn reopen(change: Change<SectionId>, Form(form): Form<FromForm>) -> web::Result {
    let done = change
        .run(async |tx, desk, author, id| actions::reopen_section(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    let toast = done.is_new.then(|| Toast::ok("Section re-opened").text(done.now.name.as_str()));
    back(&change, &done.now, &form, toast).await
}

async fn back(change: &Change<SectionId>, section: &Section, form: &FromForm, toast: Option<Toast>) -> web::Result {
    if form.from == "section" {
        return questions::back(&change.person, &change.context, &change.hx, &section.id, toast).await;
    }
    show::back(&change.person, &change.context, &change.hx, &section.project, toast).await
}

/// GET /sections/{id}/delete
pub(crate) async fn ask_to_delete(member: Member, context: Data<Context>, id: Path<SectionId>, hx: Hx) -> web::Result {
    let mut conn = context.db.read().await?;
    let (project, section) = load(&mut conn, &member, &id).await?;
    let questions = store::list_questions(&mut conn, &id).await?.len();
    drop(conn);
    let page = DeletePage {
        shell: member.shell(Place::Projects, format!("Delete {}", section.name)),
        trail: vec![("Projects".into(), urls::LIST.into()), (project.details.name.clone(), urls::show(&project.id))],
        question: format!("Delete {}?", section.name),
        effect: match questions {
            0 => "The section has no questions.".into(),
            1 => "Its question goes with it.".into(),
            many => format!("Its {many} questions and their answers go with it."),
        },
        safe: "Keep section",
        verb: "Delete section",
        back: urls::show(&project.id),
        action: urls::delete_section(&id),
    };
    page.answer(&hx)
}

/// POST /sections/{id}/delete
pub(crate) async fn delete(change: Change<SectionId>) -> web::Result {
    let (project, section) = load(&mut *change.context.db.read().await?, &change.person, &change.id).await?;
    change
        .run(async |tx, desk, author, id| actions::delete_section(tx, desk, author, id, &Expected::Anything).await)
        .await?;
    change.person.flash(Toast::ok("Section deleted").text(section.name));
    Ok(see_other(&change.hx, urls::show(&project.id)))
}

/// A section of the organization, with its project.
pub(super) async fn load(conn: &mut Conn, member: &Member, id: &SectionId) -> web::Result<(Project, Section)> {
    let organization = &member.organization.id;
    let section = store::find_section(conn, organization, id).await?.ok_or(Error::NotFound)?;
    let project = store::find(conn, organization, &section.project).await?.ok_or(Error::NotFound)?;
    Ok((project, section))
}
