//! A project with its sections.

use actix_web::web::{Data, Path};
use askama::Template;
use chrono::NaiveDate;

use crate::auth::audit;
use crate::base::ProjectId;
use crate::web::guard::{Member, Within};
use crate::web::{Context, Error, FieldErrors, Hx, Page, Result, Section as Place, Shell, Toast, see_other};
use crate::workspace::pages::{Day, StatusWord, today};
use crate::workspace::projects::model::{NAME, Progress, Project, ProjectStatus, Section, SectionStatus};
use crate::workspace::projects::store;

use super::activity::{self, Line};
use super::urls;
use super::words::{self, Share};

#[derive(Template)]
#[template(path = "projects/show.html", blocks = ["project"])]
pub(super) struct ProjectPage {
    shell: Shell,
    id: ProjectId,
    name: String,
    lead: String,
    state: ProjectStatus,
    is_trashed: bool,
    status: StatusWord,
    share: Share,
    summary: String,
    client: String,
    owner: String,
    due: Option<Day>,
    intake_url: String,
    description: String,
    rows: Vec<Row>,
    activity: Vec<Line>,
    new_name: String,
    errors: FieldErrors,
}
crate::web::page!(ProjectPage, as_project);

struct Row {
    id: String,
    name: String,
    answered: String,
    status: StatusWord,
    is_completed: bool,
    url: String,
    edit_url: String,
    move_url: String,
    delete_url: String,
    complete_url: String,
    reopen_url: String,
    /// The places above and below, where there are such.
    up: Option<i64>,
    down: Option<i64>,
}

impl ProjectPage {
    pub async fn load<L>(person: &Within<L>, context: &Context, id: &ProjectId) -> Result<Self> {
        let organization = &person.organization;
        let (project, sections, answered, latest) = {
            let mut conn = context.db.read().await?;
            let project = store::find(&mut conn, &organization.id, id).await?.ok_or(Error::NotFound)?;
            let sections = store::list_sections(&mut conn, id).await?;
            let answered = store::progress_of_sections(&mut conn, id).await?;
            let latest = audit::of_project(&mut conn, &organization.id, id, activity::LATEST).await?;
            (project, sections, answered, latest)
        };
        let of = |section: &Section| answered.get(&section.id).copied().unwrap_or_default();
        let progress = Progress {
            sections: count(&sections),
            completed_sections: count(sections.iter().filter(|section| section.status == SectionStatus::Completed)),
            questions: answered.values().map(|(all, _)| all).sum(),
            answered_questions: answered.values().map(|(_, answered)| answered).sum(),
        };
        let (now, zone) = (context.clock.now(), organization.time_zone);
        let today = today(now, zone);
        let shell = person.shell(Place::Projects, project.details.name.as_str());
        let last = sections.len();
        let rows = sections.iter().enumerate().map(|(at, section)| row(section, of(section), at, last)).collect();
        let activity = activity::lines(&latest, now, zone);
        Ok(Self { activity, ..Self::new(shell, project, progress, rows, today) })
    }

    fn new(shell: Shell, project: Project, progress: Progress, rows: Vec<Row>, today: NaiveDate) -> Self {
        Self {
            shell,
            lead: words::due(&project, today),
            state: project.status,
            is_trashed: project.trashed.is_some(),
            status: words::status(&project, progress, today),
            share: Share::of(progress),
            summary: format!("{} of {} complete", progress.completed_sections, progress.sections),
            due: project.details.due_date.map(|day| Day::new(day, today)),
            intake_url: project.intake.as_ref().map(|intake| format!("/intakes/{intake}")).unwrap_or_default(),
            id: project.id,
            name: project.details.name,
            client: project.details.client.unwrap_or_default(),
            owner: project.details.owner.unwrap_or_default(),
            description: project.details.description.unwrap_or_default(),
            rows,
            activity: Vec::new(),
            new_name: String::new(),
            errors: FieldErrors::default(),
        }
    }

    /// With a section that cannot be added like this.
    pub fn with_new_section(self, name: String, errors: FieldErrors) -> Self {
        Self { new_name: name, errors, ..self }
    }
}

fn count<T>(things: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(things.into_iter().count()).unwrap_or(i64::MAX)
}

fn row(section: &Section, (all, answered): (i64, i64), at: usize, last: usize) -> Row {
    let id = &section.id;
    Row {
        id: id.to_string(),
        name: section.name.clone(),
        answered: if all == 0 { "No questions yet".into() } else { format!("{answered} of {all} answered") },
        status: words::section_status(section, answered),
        is_completed: section.status == SectionStatus::Completed,
        url: urls::section(id),
        edit_url: urls::edit_section(id),
        move_url: urls::move_section(id),
        delete_url: urls::delete_section(id),
        complete_url: urls::complete_section(id),
        reopen_url: urls::reopen_section(id),
        up: (at > 0).then_some(section.position - 1),
        down: (at + 1 < last).then_some(section.position + 1),
    }
}

/// GET /projects/{id}, in the trash or not.
pub(crate) async fn show(member: Member, context: Data<Context>, id: Path<ProjectId>, hx: Hx) -> Result {
    ProjectPage::load(&member, &context, &id).await?.answer(&hx)
}

/// The answer to a button of the project's page: the page as it is now, or the way back to it.
pub(super) async fn back<L>(
    person: &Within<L>,
    context: &Context,
    hx: &Hx,
    id: &ProjectId,
    toast: Option<Toast>,
) -> Result {
    if let Some(toast) = toast {
        person.flash(toast);
    }
    if !(hx.wants_fragment() && hx.targets("project")) {
        return Ok(see_other(hx, urls::show(id)));
    }
    ProjectPage::load(person, context, id).await?.answer(hx)
}
