//! The form with what is said about a project: a new one, and a change that may meet somebody else's.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::ProjectId;
use crate::web::guard::Member;
use crate::web::version::of_form;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page, Section, Shell, Toast, see_other};
use crate::workspace::change::{Desk, Refusal};
use crate::workspace::pages::{Theirs, author};
use crate::workspace::projects::model::{self, DESCRIPTION, Details, DetailsChange, NAME, OWNER, Project};
use crate::workspace::projects::{actions, store};

use super::urls;

/// The form as it is posted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProjectForm {
    name: String,
    client: String,
    due_date: String,
    owner: String,
    description: String,
    /// The version that the form was made from; none for a new project.
    version: String,
}

impl ProjectForm {
    fn of(project: &Project) -> Self {
        let Details { name, client, due_date, owner, description } = project.details.clone();
        Self {
            name,
            client: client.unwrap_or_default(),
            due_date: due_date.map(|day| day.to_string()).unwrap_or_default(),
            owner: owner.unwrap_or_default(),
            description: description.unwrap_or_default(),
            version: project.version.to_string(),
        }
    }

    fn parse(&self) -> Result<Details, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", model::name(&self.name));
        let client = errors.take("client", model::client(&self.client));
        let due_date = errors.take("due_date", model::due_date(&self.due_date));
        let owner = errors.take("owner", model::owner(&self.owner));
        let description = errors.take("description", model::description(&self.description));
        let details = || {
            Some(Details {
                name: name?,
                client: client?,
                due_date: due_date?,
                owner: owner?,
                description: description?,
            })
        };
        let details = details();
        errors.into_result(details)
    }

    /// Where somebody else's text differs from what is typed here.
    fn differences(&self, theirs: &Self) -> Vec<Theirs> {
        Theirs::differences([
            ("Name", &self.name, &theirs.name),
            ("Client", &self.client, &theirs.client),
            ("Due date", &self.due_date, &theirs.due_date),
            ("Owner", &self.owner, &theirs.owner),
            ("Description", &self.description, &theirs.description),
        ])
    }
}

#[derive(Template)]
#[template(path = "projects/form.html", blocks = ["fields"])]
struct FormPage {
    shell: Shell,
    title: &'static str,
    lead: &'static str,
    trail: Vec<(String, String)>,
    action: String,
    submit: &'static str,
    back: String,
    typed: ProjectForm,
    errors: FieldErrors,
    /// What somebody else saved meanwhile, where it is not what is typed here; `None` without a conflict.
    theirs: Option<Vec<Theirs>>,
}
crate::web::page!(FormPage, as_fields);

impl FormPage {
    fn new(member: &Member, form: ProjectForm) -> Self {
        Self {
            shell: member.shell(Section::Projects, "New project"),
            title: "New project",
            lead: "Sections and questions come next, on the project's own page.",
            trail: vec![("Projects".into(), urls::LIST.into())],
            action: urls::NEW.into(),
            submit: "Create project",
            back: urls::LIST.into(),
            typed: form,
            errors: FieldErrors::default(),
            theirs: None,
        }
    }

    fn edit(member: &Member, project: &Project, form: ProjectForm) -> Self {
        let here = urls::show(&project.id);
        Self {
            shell: member.shell(Section::Projects, format!("Edit {}", project.details.name)),
            title: "Edit details",
            lead: "Saving without a change tells nobody anything.",
            trail: vec![("Projects".into(), urls::LIST.into()), (project.details.name.clone(), here.clone())],
            action: urls::edit(&project.id),
            submit: "Save changes",
            back: here,
            typed: form,
            errors: FieldErrors::default(),
            theirs: None,
        }
    }

    fn with_errors(self, errors: FieldErrors) -> Self {
        Self { errors, ..self }
    }
}

/// GET /projects/new
pub(crate) async fn blank(member: Member, hx: Hx) -> web::Result {
    let form = ProjectForm { owner: member.user.email.clone(), ..ProjectForm::default() };
    FormPage::new(&member, form).answer(&hx)
}

/// POST /projects/new
pub(crate) async fn create(
    member: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
    Form(form): Form<ProjectForm>,
) -> web::Result {
    let details = match form.parse() {
        Ok(details) => details,
        Err(errors) => return FormPage::new(&member, form).with_errors(errors).rejected(&hx),
    };
    let mut tx = context.db.begin().await?;
    let project = actions::create(&mut tx, &desk, &author(&member), details, None).await?;
    tx.commit().await?;
    member.flash(Toast::ok("Project created").text(project.details.name));
    Ok(see_other(&hx, urls::show(&project.id)))
}

/// GET /projects/{id}/edit
pub(crate) async fn show(member: Member, context: Data<Context>, id: Path<ProjectId>, hx: Hx) -> web::Result {
    let project = load(&member, &context, &id).await?;
    FormPage::edit(&member, &project, ProjectForm::of(&project)).answer(&hx)
}

/// POST /projects/{id}/edit: saves; who comes second is shown both texts, keeps the own one and decides.
pub(crate) async fn save(
    member: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    id: Path<ProjectId>,
    hx: Hx,
    Form(form): Form<ProjectForm>,
) -> web::Result {
    let details = match form.parse() {
        Ok(details) => details,
        Err(errors) => {
            let project = load(&member, &context, &id).await?;
            return FormPage::edit(&member, &project, form).with_errors(errors).rejected(&hx);
        }
    };
    let mut tx = context.db.begin().await?;
    let change = DetailsChange::to(details);
    match actions::edit(&mut tx, &desk, &author(&member), &id, &of_form(&form.version), change).await {
        Ok(edited) => {
            tx.commit().await?;
            if edited.is_new {
                member.flash(Toast::ok("Changes saved"));
            }
            Ok(see_other(&hx, urls::show(&id)))
        }
        Err(Refusal::Stale) => {
            drop(tx);
            let project = load(&member, &context, &id).await?;
            conflict(&member, &project, form).answer_with(&hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The form with what was typed, which can now be saved over what the other one saved.
fn conflict(member: &Member, project: &Project, form: ProjectForm) -> FormPage {
    let saved = ProjectForm::of(project);
    let theirs = form.differences(&saved);
    let form = ProjectForm { version: saved.version, ..form };
    FormPage { theirs: Some(theirs), ..FormPage::edit(member, project, form) }
}

async fn load(member: &Member, context: &Context, id: &ProjectId) -> web::Result<Project> {
    let found = store::find(&mut *context.db.read().await?, &member.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}
