//! A section with its questions, and the form of a question with its answer.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::base::{ProjectId, QuestionId, SectionId};
use crate::db::Conn;
use crate::web::guard::Member;
use crate::web::{self, Context, Error, FieldErrors, Form, Hx, Page as _, Section as Place, Shell, Toast, see_other};
use crate::workspace::pages::{Change, StatusWord};
use crate::workspace::projects::actions::{self, QuestionChange};
use crate::workspace::projects::model::{self, ANSWER, Project, QUESTION, Question, Section, SectionStatus};
use crate::workspace::projects::store;

use super::delete::DeletePage;
use super::library::{self, Library};
use super::words;
use super::{MoveForm, sections, urls};

/// A question and its answer as they are posted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QuestionForm {
    question: String,
    answer: String,
}

impl QuestionForm {
    fn parse(&self) -> Result<(String, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let question = errors.take("question", model::question(&self.question));
        let answer = errors.take("answer", model::answer(&self.answer));
        errors.into_result(question.zip(answer))
    }
}

#[derive(Template)]
#[template(path = "projects/section.html", blocks = ["section"])]
struct SectionPage {
    shell: Shell,
    id: SectionId,
    project: ProjectId,
    project_name: String,
    is_trashed: bool,
    name: String,
    summary: String,
    status: StatusWord,
    is_completed: bool,
    /// Completes the section, or opens it again.
    step_url: String,
    rows: Vec<Row>,
    typed: QuestionForm,
    errors: FieldErrors,
}
crate::web::page!(SectionPage, as_section);

struct Row {
    id: String,
    number: i64,
    question: String,
    answer: String,
    url: String,
    move_url: String,
    delete_url: String,
    up: Option<i64>,
    down: Option<i64>,
}

impl SectionPage {
    async fn load(member: &Member, context: &Context, id: &SectionId) -> web::Result<Self> {
        let (project, section, questions) = {
            let mut conn = context.db.read().await?;
            let (project, section) = sections::load(&mut conn, member, id).await?;
            (project, section, store::list_questions(&mut conn, id).await?)
        };
        let shell = member.shell(Place::Projects, format!("{} · {}", section.name, project.details.name));
        Ok(Self::new(shell, project, section, &questions))
    }

    fn new(shell: Shell, project: Project, section: Section, questions: &[Question]) -> Self {
        let answered = questions.iter().filter(|question| question.answer.is_some()).count();
        let last = questions.len();
        let step_url = match section.status {
            SectionStatus::Completed => urls::reopen_section(&section.id),
            SectionStatus::Open => urls::complete_section(&section.id),
        };
        Self {
            shell,
            step_url,
            is_trashed: project.trashed.is_some(),
            summary: format!("{answered} of {last} answered"),
            status: words::section_status(&section, i64::try_from(answered).unwrap_or(i64::MAX)),
            is_completed: section.status == SectionStatus::Completed,
            id: section.id,
            project: project.id,
            project_name: project.details.name,
            name: section.name,
            rows: questions.iter().enumerate().map(|(at, question)| row(question, at, last)).collect(),
            typed: QuestionForm::default(),
            errors: FieldErrors::default(),
        }
    }
}

fn row(question: &Question, at: usize, last: usize) -> Row {
    let id = &question.id;
    Row {
        id: id.to_string(),
        number: question.position,
        question: question.question.clone(),
        answer: question.answer.clone().unwrap_or_default(),
        url: urls::question(id),
        move_url: urls::move_question(id),
        delete_url: urls::delete_question(id),
        up: (at > 0).then_some(question.position - 1),
        down: (at + 1 < last).then_some(question.position + 1),
    }
}

#[derive(Template)]
#[template(path = "projects/question.html", blocks = ["fields", "library"])]
struct QuestionPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    action: String,
    delete_url: String,
    back: String,
    typed: QuestionForm,
    errors: FieldErrors,
    library: Library,
}
crate::web::page!(QuestionPage, as_fields, "library" => as_library);

impl QuestionPage {
    fn new(member: &Member, found: &Found, typed: QuestionForm) -> Self {
        Self {
            shell: member.shell(Place::Projects, "Edit question"),
            trail: found.trail(),
            action: urls::question(&found.question.id),
            delete_url: urls::delete_question(&found.question.id),
            back: urls::section(&found.section.id),
            typed,
            errors: FieldErrors::default(),
            library: Library::of(&found.question),
        }
    }
}

/// A question with where it stands.
pub(super) struct Found {
    pub project: Project,
    pub section: Section,
    pub question: Question,
}

impl Found {
    pub async fn load(conn: &mut Conn, member: &Member, id: &QuestionId) -> web::Result<Self> {
        let question = store::find_question(conn, &member.organization.id, id).await?.ok_or(Error::NotFound)?;
        let (project, section) = sections::load(conn, member, &question.section).await?;
        Ok(Self { project, section, question })
    }

    fn trail(&self) -> Vec<(String, String)> {
        vec![
            ("Projects".into(), urls::LIST.into()),
            (self.project.details.name.clone(), urls::show(&self.project.id)),
            (self.section.name.clone(), urls::section(&self.section.id)),
        ]
    }
}

/// GET /sections/{id}
pub(crate) async fn list(member: Member, context: Data<Context>, id: Path<SectionId>, hx: Hx) -> web::Result {
    SectionPage::load(&member, &context, &id).await?.answer(&hx)
}

/// POST /sections/{id}/questions
pub(crate) async fn add(change: Change<SectionId>, Form(form): Form<QuestionForm>) -> web::Result {
    let (question, answer) = match form.parse() {
        Ok(parsed) => parsed,
        Err(errors) => {
            let page = SectionPage::load(&change.person, &change.context, &change.id).await?;
            return SectionPage { typed: form, errors, ..page }.rejected(&change.hx);
        }
    };
    change
        .run(async |tx, desk, author, id| actions::add_question(tx, desk, author, id, question, answer).await)
        .await?;
    let toast = Toast::ok("Question added");
    back(&change.person, &change.context, &change.hx, &change.id, Some(toast)).await
}

/// GET /questions/{id}; with `q`, also what the answer library has for these words.
pub(crate) async fn show(
    member: Member,
    context: Data<Context>,
    id: Path<QuestionId>,
    hx: Hx,
    request: HttpRequest,
) -> web::Result {
    let words = library::words(&request)?;
    let (found, library) = {
        let mut conn = context.db.read().await?;
        let found = Found::load(&mut conn, &member, &id).await?;
        let library = Library::search(&mut conn, &member, &found.question, words).await?;
        (found, library)
    };
    let Question { question, answer, .. } = found.question.clone();
    let typed = QuestionForm { question, answer: answer.unwrap_or_default() };
    QuestionPage { library, ..QuestionPage::new(&member, &found, typed) }.answer(&hx)
}

/// POST /questions/{id}
pub(crate) async fn save(change: Change<QuestionId>, Form(form): Form<QuestionForm>) -> web::Result {
    let (question, answer) = match form.parse() {
        Ok(parsed) => parsed,
        Err(errors) => {
            let found = Found::load(&mut *change.context.db.read().await?, &change.person, &change.id).await?;
            let page = QuestionPage::new(&change.person, &found, form);
            return QuestionPage { errors, ..page }.rejected(&change.hx);
        }
    };
    let wanted = QuestionChange { question: Some(question), answer: Some(answer), ..QuestionChange::default() };
    let saved =
        change.run(async |tx, desk, author, id| actions::change_question(tx, desk, author, id, wanted).await).await?;
    if saved.is_new {
        change.person.flash(Toast::ok("Changes saved"));
    }
    Ok(see_other(&change.hx, urls::section(&saved.now.section)))
}

/// POST /questions/{id}/move
pub(crate) async fn move_to(change: Change<QuestionId>, Form(form): Form<MoveForm>) -> web::Result {
    let wanted = QuestionChange { position: Some(form.position()?), ..QuestionChange::default() };
    let moved =
        change.run(async |tx, desk, author, id| actions::change_question(tx, desk, author, id, wanted).await).await?;
    back(&change.person, &change.context, &change.hx, &moved.now.section, None).await
}

/// GET /questions/{id}/delete
pub(crate) async fn ask_to_delete(member: Member, context: Data<Context>, id: Path<QuestionId>, hx: Hx) -> web::Result {
    let found = Found::load(&mut *context.db.read().await?, &member, &id).await?;
    let page = DeletePage {
        shell: member.shell(Place::Projects, "Delete question"),
        trail: found.trail(),
        question: "Delete this question?".into(),
        effect: match found.question.answer {
            Some(_) => "Its answer goes with it.".into(),
            None => "It has no answer yet.".into(),
        },
        safe: "Keep question",
        verb: "Delete question",
        back: urls::section(&found.section.id),
        action: urls::delete_question(&id),
    };
    page.answer(&hx)
}

/// POST /questions/{id}/delete
pub(crate) async fn delete(change: Change<QuestionId>) -> web::Result {
    let found = Found::load(&mut *change.context.db.read().await?, &change.person, &change.id).await?;
    change.run(async |tx, desk, author, id| actions::delete_question(tx, desk, author, id).await).await?;
    change.person.flash(Toast::ok("Question deleted"));
    Ok(see_other(&change.hx, urls::section(&found.section.id)))
}

/// The answer to a button of the section's page: the page as it is now, or the way back to it.
pub(super) async fn back(
    member: &Member,
    context: &Context,
    hx: &Hx,
    id: &SectionId,
    toast: Option<Toast>,
) -> web::Result {
    if let Some(toast) = toast {
        member.flash(toast);
    }
    if !(hx.wants_fragment() && hx.targets("section")) {
        return Ok(see_other(hx, urls::section(id)));
    }
    SectionPage::load(member, context, id).await?.answer(hx)
}
