//! A workspace of any size, filled through the stores with things that people could have written: for benchmarks, and for tests
//! that need a crowd.

pub mod texts;

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use herald::base::{
    AnswerId, Clock as _, IntakeId, OrganizationId, ProjectId, QuestionId, SectionId, SystemClock, SystemRng, Timestamp,
};
use herald::db::Db;
use herald::workspace::answers::model::{Answer, AnswerStatus, Content, Review, Step, StepKind};
use herald::workspace::answers::store as answers;
use herald::workspace::intakes::model::{Details as IntakeDetails, Intake, IntakeStatus};
use herald::workspace::intakes::store as intakes;
use herald::workspace::projects::model::{Details, Project, ProjectStatus, Question, Section, SectionStatus, Trashed};
use herald::workspace::projects::store as projects;

use self::texts::Texts;

/// In whose name all of it was made.
pub const BY: &str = "ada@halden.example";
/// Things that are written in one transaction.
const PIECE: usize = 500;
/// One thing in so many lies in the trash.
const TRASHED: usize = 50;

/// How much there is. Of pairs and projects two in a hundred lie in the trash.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub pairs: usize,
    /// Each has three sections with four questions.
    pub projects: usize,
    pub intakes: usize,
}

/// Fills the organization's workspace, which is empty so far.
pub async fn fill(db: &Db, organization: &OrganizationId, size: Size) {
    let crowd = Crowd { db, organization, texts: Texts::new(7), now: SystemClock.now() };
    let pairs = crowd.pairs(size.pairs).await;
    crowd.projects(size.projects, &pairs).await;
    crowd.intakes(size.intakes).await;
}

/// A CSV file of so many pairs, none of which [`fill`] makes.
pub fn csv(pairs: usize) -> String {
    let texts = Texts::new(8);
    let mut file = String::from("question,answer,tags\r\n");
    for number in 1..=pairs {
        let quoted = |text: &str| text.replace('"', "\"\"");
        let (question, answer) = (texts.question(number), texts.answer(number));
        let tags = texts.tags(number).join(", ");
        write!(file, "\"{} (row {number})\",\"{}\",\"{tags}\"\r\n", quoted(&question), quoted(&answer))
            .expect("a string takes all");
    }
    file
}

struct Crowd<'a> {
    db: &'a Db,
    organization: &'a OrganizationId,
    texts: Texts,
    now: Timestamp,
}

impl Crowd<'_> {
    /// When the thing `number` of `count` was made: over three years, the last one just now.
    fn made_at(&self, number: usize, count: usize) -> Timestamp {
        let age = Duration::from_secs(3 * 365 * 86_400).mul_f64((count - number) as f64 / count as f64);
        self.now - age
    }

    fn trashed(&self, number: usize) -> Option<Trashed> {
        // Within the days that the trash keeps things.
        let at = self.now - Duration::from_secs(60 * (1 + number as u64 % 40_000));
        number.is_multiple_of(TRASHED).then(|| Trashed { at, by: BY.into() })
    }

    fn day(&self, number: usize) -> NaiveDate {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
        first + Days::new(number as u64 % 700)
    }

    async fn pairs(&self, count: usize) -> Vec<AnswerId> {
        let mut ids = Vec::with_capacity(count);
        let numbers: Vec<usize> = (1..=count).collect();
        for piece in numbers.chunks(PIECE) {
            let mut pairs: Vec<Answer> = piece.iter().map(|number| self.pair(*number, count)).collect();
            let mut tx = self.db.begin().await.expect("a transaction");
            answers::insert(&mut tx, &mut pairs).await.expect("new pairs");
            let later: Vec<Answer> =
                pairs.iter().filter(|pair| pair.trashed.is_some() || pair.review.is_some()).cloned().collect();
            answers::update(&mut tx, &later).await.expect("changed pairs");
            let steps: Vec<_> = pairs.iter().map(first_step).collect();
            answers::add_steps(&mut tx, &steps).await.expect("their histories");
            tx.commit().await.expect("a commit");
            ids.extend(pairs.into_iter().map(|pair| pair.id));
        }
        ids
    }

    fn pair(&self, number: usize, count: usize) -> Answer {
        let at = self.made_at(number, count);
        let status = match number % 100 {
            0..6 => AnswerStatus::InModeration,
            6..8 => AnswerStatus::InReview,
            8..10 => AnswerStatus::Rejected,
            _ => AnswerStatus::Published,
        };
        let review =
            (status == AnswerStatus::InReview).then(|| Review { reviewer: BY.into(), due_date: self.day(number) });
        Answer {
            id: AnswerId::new(at, &SystemRng),
            organization: self.organization.clone(),
            number: 0,
            content: Content {
                question: self.texts.question(number),
                answer: self.texts.answer(number),
                tags: self.texts.tags(number),
                owner: number.is_multiple_of(3).then(|| BY.into()),
            },
            status,
            review,
            note: None,
            trashed: self.trashed(number + 25),
            version: 1,
            created_by: BY.into(),
            created_at: at,
            updated_by: BY.into(),
            updated_at: at,
        }
    }

    async fn projects(&self, count: usize, pairs: &[AnswerId]) {
        let numbers: Vec<usize> = (1..=count).collect();
        for piece in numbers.chunks(PIECE) {
            let mut tx = self.db.begin().await.expect("a transaction");
            for &number in piece {
                let project = self.project(number, count);
                projects::insert(&mut tx, &project).await.expect("a new project");
                if project.trashed.is_some() || project.archived_from.is_some() {
                    projects::update(&mut tx, &project).await.expect("a changed project");
                }
                for position in 1..=3 {
                    let section = self.section(&project, position);
                    projects::insert_section(&mut tx, &section).await.expect("a new section");
                    for position in 1..=4 {
                        let question = self.question(&section, position, pairs);
                        projects::insert_question(&mut tx, &project.id, &question).await.expect("a new question");
                    }
                }
            }
            tx.commit().await.expect("a commit");
        }
    }

    fn project(&self, number: usize, count: usize) -> Project {
        let at = self.made_at(number, count);
        let (status, archived_from) = match number % 10 {
            0..6 => (ProjectStatus::Active, None),
            6..9 => (ProjectStatus::Completed, None),
            _ => (ProjectStatus::Archived, Some(ProjectStatus::Completed)),
        };
        let details = Details {
            name: self.texts.name(number),
            client: Some(self.texts.client()),
            due_date: (!number.is_multiple_of(8)).then(|| self.day(number)),
            owner: Some(BY.into()),
            description: Some(self.texts.answer(number)),
        };
        Project {
            id: ProjectId::new(at, &SystemRng),
            organization: self.organization.clone(),
            details,
            status,
            archived_from,
            trashed: self.trashed(number),
            intake: None,
            version: 1,
            created_by: BY.into(),
            created_at: at,
            updated_at: at,
        }
    }

    fn section(&self, project: &Project, position: i64) -> Section {
        Section {
            id: SectionId::new(project.created_at, &SystemRng),
            organization: self.organization.clone(),
            project: project.id.clone(),
            name: self.texts.topic(),
            position,
            status: if self.texts.below(2) == 0 { SectionStatus::Open } else { SectionStatus::Completed },
            version: 1,
        }
    }

    fn question(&self, section: &Section, position: i64, pairs: &[AnswerId]) -> Question {
        let number = self.texts.below(100_000);
        let is_answered = number.is_multiple_of(2);
        Question {
            id: QuestionId::new(self.now, &SystemRng),
            organization: self.organization.clone(),
            section: section.id.clone(),
            question: self.texts.question(number),
            answer: is_answered.then(|| self.texts.answer(number)),
            answer_id: pairs.get(number % pairs.len().max(1)).filter(|_| is_answered).cloned(),
            position,
        }
    }

    async fn intakes(&self, count: usize) {
        let numbers: Vec<usize> = (1..=count).collect();
        for piece in numbers.chunks(PIECE) {
            let mut tx = self.db.begin().await.expect("a transaction");
            for &number in piece {
                intakes::insert(&mut tx, &self.intake(number, count)).await.expect("a new intake");
            }
            tx.commit().await.expect("a commit");
        }
    }

    fn intake(&self, number: usize, count: usize) -> Intake {
        let at = self.made_at(number, count);
        Intake {
            id: IntakeId::new(at, &SystemRng),
            organization: self.organization.clone(),
            details: IntakeDetails {
                title: self.texts.name(number),
                requester: Some("Mona Halvorsen".into()),
                email: Some("mona@client.example".into()),
                client: Some(self.texts.client()),
                due_date: Some(self.day(number)),
                description: Some(self.texts.answer(number)),
            },
            status: match number % 20 {
                0 => IntakeStatus::New,
                1..4 => IntakeStatus::Declined,
                _ => IntakeStatus::Accepted,
            },
            project: None,
            version: 1,
            created_by: BY.into(),
            created_at: at,
        }
    }
}

fn first_step(pair: &Answer) -> answers::Written {
    let step = Step {
        version: 1,
        kind: StepKind::Created,
        status: pair.status,
        by: BY.into(),
        at: pair.created_at,
        note: None,
        before: None,
    };
    (pair.id.clone(), step)
}
