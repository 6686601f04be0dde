//! The request form: a new intake, and a change that may meet somebody else's.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::IntakeId;
use crate::web::guard::Member;
use crate::web::version::of_form;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page, Section, Shell, Toast, see_other};
use crate::workspace::change::{Desk, Refusal};
use crate::workspace::intakes::model::{self, DESCRIPTION, Details, Intake, IntakeChange, LINE};
use crate::workspace::intakes::{actions, store};
use crate::workspace::pages::{Theirs, author};

use super::urls;

/// The form as it is posted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IntakeForm {
    title: String,
    requester: String,
    email: String,
    client: String,
    due_date: String,
    description: String,
    /// The version that the form was made from; none for a new intake.
    version: String,
}

impl IntakeForm {
    fn of(intake: &Intake) -> Self {
        let Details { title, requester, email, client, due_date, description } = intake.details.clone();
        Self {
            title,
            requester: requester.unwrap_or_default(),
            email: email.unwrap_or_default(),
            client: client.unwrap_or_default(),
            due_date: due_date.map(|day| day.to_string()).unwrap_or_default(),
            description: description.unwrap_or_default(),
            version: intake.version.to_string(),
        }
    }

    fn parse(&self) -> Result<Details, FieldErrors> {
        let mut errors = FieldErrors::default();
        let title = errors.take("title", model::title(&self.title));
        let requester = errors.take("requester", model::line(&self.requester));
        let email = errors.take("email", model::email(&self.email));
        let client = errors.take("client", model::line(&self.client));
        let due_date = errors.take("due_date", model::due_date(&self.due_date));
        let description = errors.take("description", model::description(&self.description));
        let details = || {
            Some(Details {
                title: title?,
                requester: requester?,
                email: email?,
                client: client?,
                due_date: due_date?,
                description: description?,
            })
        };
        let details = details();
        errors.into_result(details)
    }

    /// Where somebody else's text differs from what is typed here.
    fn differences(&self, theirs: &Self) -> Vec<Theirs> {
        Theirs::differences([
            ("Title", &self.title, &theirs.title),
            ("Requester", &self.requester, &theirs.requester),
            ("Email", &self.email, &theirs.email),
            ("Client", &self.client, &theirs.client),
            ("Response due", &self.due_date, &theirs.due_date),
            ("Description", &self.description, &theirs.description),
        ])
    }
}

#[derive(Template)]
#[template(path = "intakes/form.html", blocks = ["fields"])]
struct FormPage {
    shell: Shell,
    title: &'static str,
    lead: &'static str,
    trail: Vec<(String, String)>,
    action: String,
    submit: &'static str,
    back: String,
    typed: IntakeForm,
    errors: FieldErrors,
    /// What somebody else saved meanwhile, where it is not what is typed here; `None` without a conflict.
    theirs: Option<Vec<Theirs>>,
}
crate::web::page!(FormPage, as_fields);

impl FormPage {
    fn new(member: &Member, typed: IntakeForm) -> Self {
        Self {
            shell: member.shell(Section::Intakes, "New intake"),
            title: "New intake",
            lead: "Tell the response team what has come in. They decide whether it becomes a project.",
            trail: vec![("Intake".into(), urls::LIST.into())],
            action: urls::NEW.into(),
            submit: "Create intake",
            back: urls::LIST.into(),
            typed,
            errors: FieldErrors::default(),
            theirs: None,
        }
    }

    fn edit(member: &Member, intake: &Intake, typed: IntakeForm) -> Self {
        let here = urls::show(&intake.id);
        Self {
            shell: member.shell(Section::Intakes, format!("Edit {}", intake.details.title)),
            title: "Edit intake",
            lead: "What has become a project is changed there, not here.",
            trail: vec![("Intake".into(), urls::LIST.into()), (intake.details.title.clone(), here.clone())],
            action: urls::edit(&intake.id),
            submit: "Save changes",
            back: here,
            typed,
            errors: FieldErrors::default(),
            theirs: None,
        }
    }

    fn with_errors(self, errors: FieldErrors) -> Self {
        Self { errors, ..self }
    }
}

/// GET /intakes/new
pub(crate) async fn blank(member: Member, hx: Hx) -> web::Result {
    FormPage::new(&member, IntakeForm::default()).answer(&hx)
}

/// POST /intakes/new
pub(crate) async fn create(
    member: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    hx: Hx,
    Form(form): Form<IntakeForm>,
) -> web::Result {
    let details = match form.parse() {
        Ok(details) => details,
        Err(errors) => return FormPage::new(&member, form).with_errors(errors).rejected(&hx),
    };
    let mut tx = context.db.begin().await?;
    let intake = actions::create(&mut tx, &desk, &author(&member), details).await?;
    tx.commit().await?;
    member.flash(Toast::ok("Intake created").text(intake.details.title));
    Ok(see_other(&hx, urls::show(&intake.id)))
}

/// GET /intakes/{id}/edit
pub(crate) async fn show(member: Member, context: Data<Context>, id: Path<IntakeId>, hx: Hx) -> web::Result {
    let intake = load(&member, &context, &id).await?;
    FormPage::edit(&member, &intake, IntakeForm::of(&intake)).answer(&hx)
}

/// POST /intakes/{id}/edit: saves; who comes second is shown both texts, keeps the own one and decides.
pub(crate) async fn save(
    member: Member,
    context: Data<Context>,
    desk: Data<Desk>,
    id: Path<IntakeId>,
    hx: Hx,
    Form(form): Form<IntakeForm>,
) -> web::Result {
    let details = match form.parse() {
        Ok(details) => details,
        Err(errors) => {
            let intake = load(&member, &context, &id).await?;
            return FormPage::edit(&member, &intake, form).with_errors(errors).rejected(&hx);
        }
    };
    let mut tx = context.db.begin().await?;
    let change = IntakeChange::to(details);
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
            let intake = load(&member, &context, &id).await?;
            conflict(&member, &intake, form).answer_with(&hx, StatusCode::CONFLICT)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The form with what was typed, which can now be saved over what the other one saved.
fn conflict(member: &Member, intake: &Intake, form: IntakeForm) -> FormPage {
    let saved = IntakeForm::of(intake);
    let theirs = form.differences(&saved);
    let form = IntakeForm { version: saved.version, ..form };
    FormPage { theirs: Some(theirs), ..FormPage::edit(member, intake, form) }
}

async fn load(member: &Member, context: &Context, id: &IntakeId) -> web::Result<Intake> {
    let found = store::find(&mut *context.db.read().await?, &member.organization.id, id).await?;
    found.ok_or(Error::NotFound)
}
