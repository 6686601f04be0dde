//! What has happened in the workspace by the time a demo begins: weeks of work, each step at its time.
//!
//! It is told before there is a webhook, so that the events are in the log but nothing of it is delivered: what arrives at the
//! receiver is what happens from now on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, Timelike as _};

use super::library::{self, Pair};
use super::projects::{CURRENT, Decision, Fate, Given, INTAKES, Intake, PROJECTS, Project, Section};
use super::scene::{EMAIL as ADA, INGRID, PRIYA, TOMAS};
use super::stage::Stage;
use crate::base::{AnswerId, Clock as _, Expected, ManualClock, ProjectId, SectionId, Timestamp};
use crate::workspace::answers::actions as answers;
use crate::workspace::answers::model::{ContentChange, Review, Standing};
use crate::workspace::change::{Author, Refusal};
use crate::workspace::intakes::actions as intakes;
use crate::workspace::intakes::model::{Details as IntakeDetails, IntakeChange, IntakeStatus};
use crate::workspace::projects::actions as projects;
use crate::workspace::projects::model::Details;

const ANYTHING: Expected = Expected::Anything;
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long ago the organization began, in days.
pub const BEGAN: u64 = 25;

/// What the history leaves to go on with.
pub struct Left {
    /// A section of an active project that has all its answers and is not completed.
    pub section: SectionId,
}

/// Tells it all, and leaves the stage at the real time.
pub async fn tell(stage: &mut Stage) -> Result<Left, Refusal> {
    let real = stage.desk.recorder.clock.clone();
    let clock = Arc::new(ManualClock::at(real.now()));
    stage.set_clock(clock.clone());
    let mut history = History { now: real.now(), clock, stage, pairs: HashMap::new(), section: None };
    history.library().await?;
    for project in PROJECTS {
        history.project(project).await?;
    }
    for intake in INTAKES {
        history.intake(intake).await?;
    }
    history.moderation().await?;
    let section = history.section.take().ok_or(Refusal::NotFound)?;
    stage.set_clock(real);
    Ok(Left { section })
}

struct History<'a> {
    stage: &'a mut Stage,
    clock: Arc<ManualClock>,
    now: Timestamp,
    /// The pairs of the library by their questions.
    pairs: HashMap<&'static str, AnswerId>,
    section: Option<SectionId>,
}

impl History<'_> {
    /// In the morning of that day, at another minute each time.
    fn days_ago(&self, days: u64) {
        let then = self.now - DAY * u32::try_from(days).unwrap_or(u32::MAX);
        let passed = self.stage.organization.time_zone.local(then).num_seconds_from_midnight();
        let morning = then - Duration::from_secs(passed.into());
        self.clock.set(morning + 9 * HOUR + Duration::from_secs(days * 7 % 60 * 60));
    }

    fn day(&self, days: i64) -> NaiveDate {
        self.stage.day_from(self.now, days)
    }

    /// Moves on, and is never later than now.
    fn later(&self, by: Duration) {
        self.clock.set((self.clock.now() + by).min(self.now));
    }

    async fn saves(&mut self, author: &Author, standing: Standing, pairs: &[Pair]) -> Result<(), Refusal> {
        let Stage { tx, desk, .. } = &mut *self.stage;
        let contents = pairs.iter().map(Pair::content).collect();
        let saved = answers::create_all(tx, desk, author, standing, contents).await?;
        self.pairs.extend(pairs.iter().map(|pair| pair.question).zip(saved.into_iter().map(|answer| answer.id)));
        Ok(())
    }

    fn pair(&self, question: &str) -> Result<AnswerId, Refusal> {
        self.pairs.get(question).cloned().ok_or(Refusal::NotFound)
    }

    /// The library as it was imported, and what was added to it and changed since.
    async fn library(&mut self) -> Result<(), Refusal> {
        let (first, then) = library::PUBLISHED.split_at(library::PUBLISHED.len() - 6);
        self.days_ago(BEGAN - 1);
        self.saves(&self.stage.by(ADA), Standing::Moderator, first).await?;
        self.days_ago(18);
        self.saves(&self.stage.by(PRIYA), Standing::Moderator, then).await?;
        let tags =
            |tags: [&str; 3]| ContentChange { tags: Some(tags.map(str::to_owned).into()), ..ContentChange::default() };
        self.days_ago(14);
        self.edits(PRIYA, library::CERTIFICATES, tags(["Security", "Compliance", "ISO 27001"])).await?;
        self.later(2 * HOUR);
        self.edits(INGRID, library::UPTIME, text(OLD_UPTIME)).await?;
        self.days_ago(6);
        let measured = library::PUBLISHED.iter().find(|pair| pair.question == library::UPTIME);
        self.edits(PRIYA, library::UPTIME, text(measured.map_or("", |pair| pair.answer))).await
    }

    async fn edits(&mut self, by: &str, question: &str, change: ContentChange) -> Result<(), Refusal> {
        let (author, id) = (self.stage.by(by), self.pair(question)?);
        let standing = if by == TOMAS { Standing::Member } else { Standing::Moderator };
        let Stage { tx, desk, .. } = &mut *self.stage;
        answers::edit(tx, desk, &author, standing, &id, &ANYTHING, change).await?;
        Ok(())
    }

    async fn project(&mut self, project: &Project) -> Result<(), Refusal> {
        let author = self.stage.by(project.owner);
        let due_date = Some(self.day(project.due));
        self.days_ago(project.began);
        let details = Details {
            name: project.name.into(),
            client: Some(project.client.into()),
            due_date,
            owner: Some(project.owner.into()),
            description: (!project.description.is_empty()).then(|| project.description.into()),
        };
        let Stage { tx, desk, .. } = &mut *self.stage;
        let id = projects::create(tx, desk, &author, details, None).await?.id;
        for section in project.sections {
            self.later(2 * HOUR);
            let made = self.section(&author, &id, section).await?;
            let has_all = !section.questions.iter().any(|(_, given)| matches!(given, Given::NotYet));
            if project.name == CURRENT && has_all && !section.is_completed {
                self.section = Some(made);
            }
        }
        self.later(22 * HOUR);
        self.ends(&author, &id, project.fate).await
    }

    async fn section(&mut self, author: &Author, project: &ProjectId, section: &Section) -> Result<SectionId, Refusal> {
        let Stage { tx, desk, .. } = &mut *self.stage;
        let id = projects::add_section(tx, desk, author, project, section.name.into()).await?.id;
        for (question, given) in section.questions {
            let Stage { tx, desk, .. } = &mut *self.stage;
            let written = if let Given::Written(text) = given { Some((*text).to_owned()) } else { None };
            let question = projects::add_question(tx, desk, author, &id, (*question).into(), written).await?;
            if let Given::Taken(pair) = given {
                let pair = self.pair(pair)?;
                let Stage { tx, desk, .. } = &mut *self.stage;
                answers::take(tx, desk, author, &question.id, &pair).await?;
            }
        }
        if section.is_completed {
            self.later(HOUR);
            let Stage { tx, desk, .. } = &mut *self.stage;
            projects::complete_section(tx, desk, author, &id, &ANYTHING).await?;
        }
        Ok(id)
    }

    async fn ends(&mut self, author: &Author, id: &ProjectId, fate: Fate) -> Result<(), Refusal> {
        let Stage { tx, desk, .. } = &mut *self.stage;
        match fate {
            Fate::Active => return Ok(()),
            Fate::Completed => projects::complete(tx, desk, author, id, &ANYTHING).await?,
            Fate::Archived => projects::archive(tx, desk, author, id, &ANYTHING).await?,
            Fate::Trashed => projects::trash(tx, desk, author, id, &ANYTHING).await?,
        };
        Ok(())
    }

    async fn intake(&mut self, intake: &Intake) -> Result<(), Refusal> {
        let author = self.stage.by(INGRID);
        let due_date = Some(self.day(intake.due));
        self.days_ago(intake.came);
        let details = IntakeDetails {
            title: intake.title.into(),
            requester: Some(intake.requester.into()),
            email: Some(intake.email.into()),
            client: Some(intake.client.into()),
            due_date,
            description: Some(intake.description.into()),
        };
        let Stage { tx, desk, .. } = &mut *self.stage;
        let id = intakes::create(tx, desk, &author, details).await?.id;
        let status = match intake.decision {
            Decision::Open => return Ok(()),
            Decision::Accepted => IntakeStatus::Accepted,
            Decision::Declined => IntakeStatus::Declined,
        };
        self.later(5 * HOUR);
        let Stage { tx, desk, .. } = &mut *self.stage;
        intakes::edit(tx, desk, &author, &id, &ANYTHING, IntakeChange::decision(status)).await?;
        Ok(())
    }

    /// The queue, what was sent back, and two reviews: one that is due, and one that is overdue.
    async fn moderation(&mut self) -> Result<(), Refusal> {
        let (rejected, note) = library::SENT_BACK;
        let (soon, past) = (self.day(3), self.day(-1));
        self.days_ago(5);
        self.saves(&self.stage.by(TOMAS), Standing::Member, std::slice::from_ref(&rejected)).await?;
        self.later(4 * HOUR);
        let (author, id) = (self.stage.by(PRIYA), self.pair(rejected.question)?);
        let Stage { tx, desk, .. } = &mut *self.stage;
        answers::reject(tx, desk, &author, &id, &ANYTHING, Some(note.to_owned())).await?;
        self.later(HOUR);
        self.asks(INGRID, library::SUBPROCESSORS, past).await?;
        self.asks(ADA, library::INCIDENT, soon).await?;
        self.days_ago(2);
        self.saves(&self.stage.by(TOMAS), Standing::Member, library::WAITING).await?;
        self.days_ago(1);
        self.edits(TOMAS, library::SSO, text(NEW_SSO)).await
    }

    async fn asks(&mut self, reviewer: &str, question: &str, due_date: NaiveDate) -> Result<(), Refusal> {
        let (author, id) = (self.stage.by(PRIYA), self.pair(question)?);
        let review = Review { reviewer: reviewer.to_owned(), due_date };
        let Stage { tx, desk, .. } = &mut *self.stage;
        answers::request_review(tx, desk, &author, &id, &ANYTHING, review).await?;
        Ok(())
    }
}

const OLD_UPTIME: &str = "99.5 % in each calendar month, maintenance excluded.";
const NEW_SSO: &str = "Yes. SAML 2.0 and OpenID Connect are part of every plan; users and groups can be provisioned by \
                       SCIM 2.0, and passwords can be switched off altogether.";

fn text(answer: &str) -> ContentChange {
    ContentChange { answer: Some(answer.to_owned()), ..ContentChange::default() }
}
