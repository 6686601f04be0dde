//! What happens while somebody watches: at the start, and with each press of "Send sample events". People do it in the workspace,
//! so every id in a callback names something that can be looked up.

use super::history::Left;
use super::library::{MORE, Pair};
use super::projects::CLIENTS;
use super::scene::{EMAIL as ADA, INGRID, PRIYA, TOMAS};
use super::stage::Stage;
use crate::base::{AnswerId, Expected, ProjectId};
use crate::workspace::answers::actions as answers;
use crate::workspace::answers::model::{Content, ContentChange, Review, Standing};
use crate::workspace::change::{Author, Refusal};
use crate::workspace::intakes::actions as intakes;
use crate::workspace::intakes::model::Details as IntakeDetails;
use crate::workspace::projects::actions as projects;
use crate::workspace::projects::model::{Details, DetailsChange};

const ANYTHING: Expected = Expected::Anything;

/// How many events each story raises.
pub const EVENTS: usize = 5;

/// What a person can ask for with one press of the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// A request comes in and becomes a project.
    Tender,
    /// The answer library grows and is gone through.
    Library,
    /// A short project is answered, handed in and put away.
    Closing,
}

impl Story {
    pub const ALL: [Self; 3] = [Self::Tender, Self::Library, Self::Closing];

    /// `choice` chooses who asks for a response.
    pub async fn tell(self, stage: &mut Stage, choice: u8) -> Result<(), Refusal> {
        let client = CLIENTS[usize::from(choice) % CLIENTS.len()];
        match self {
            Self::Tender => tender(stage, client).await,
            Self::Library => library(stage).await,
            Self::Closing => closing(stage, client).await,
        }
    }
}

/// What happens when a demo begins: six events, some of each kind.
pub async fn opening(stage: &mut Stage, left: &Left) -> Result<(), Refusal> {
    let project = request(stage, ("Meridian Ferries", "Oskar Lund", "security and privacy questionnaire")).await?;
    let due_date = Some(Some(stage.day(21)));
    let change = DetailsChange { due_date, owner: Some(Some(PRIYA.into())), ..DetailsChange::default() };
    edit(stage, PRIYA, &project, change).await?;
    let pair = Pair {
        question: "Do you have a security operations centre?",
        answer: "Yes, our own, staffed around the clock by a team of nine. Alerts are looked at within 15 minutes.",
        tags: "Security, Incidents",
        owner: TOMAS,
    };
    let saved = save(stage, TOMAS, std::slice::from_ref(&pair)).await?;
    let (ingrid, ada) = (stage.by(INGRID), stage.by(ADA));
    let Stage { tx, desk, .. } = stage;
    projects::complete_section(tx, desk, &ingrid, &left.section, &ANYTHING).await?;
    answers::publish_all(tx, desk, &ada, &saved).await?;
    Ok(())
}

async fn tender(stage: &mut Stage, client: (&str, &str, &str)) -> Result<(), Refusal> {
    let project = request(stage, client).await?;
    let change = DetailsChange {
        due_date: Some(Some(stage.day(28))),
        owner: Some(Some(TOMAS.into())),
        ..DetailsChange::default()
    };
    edit(stage, ADA, &project, change).await?;
    stage.completes_new_section(&stage.by(INGRID), &project, "Company profile").await?;
    let description = Some(Some("Two sections to go; the client wants it by e-mail.".into()));
    edit(stage, PRIYA, &project, DetailsChange { description, ..DetailsChange::default() }).await
}

async fn library(stage: &mut Stage) -> Result<(), Refusal> {
    let saved = save(stage, TOMAS, MORE).await?;
    let [first, second, .., last] = saved.as_slice() else { return Err(Refusal::NotFound) };
    let review = Review { reviewer: INGRID.into(), due_date: stage.day(7) };
    let (priya, ingrid, ada) = (stage.by(PRIYA), stage.by(INGRID), stage.by(ADA));
    let Stage { tx, desk, .. } = stage;
    answers::publish_all(tx, desk, &priya, &saved[..3]).await?;
    answers::request_review(tx, desk, &priya, first, &ANYTHING, review).await?;
    let reviewed =
        Some("Yes, before the contract and twice a year, by a questionnaire and the evidence for it.".into());
    answers::review(tx, desk, &ingrid, Standing::Moderator, first, &ANYTHING, reviewed).await?;
    let tags = ContentChange { tags: Some(vec!["Security".into(), "Devices".into()]), ..ContentChange::default() };
    answers::edit(tx, desk, &priya, Standing::Moderator, second, &ANYTHING, tags).await?;
    answers::trash(tx, desk, &ada, last, &ANYTHING).await?;
    Ok(())
}

async fn closing(stage: &mut Stage, (client, _, about): (&str, &str, &str)) -> Result<(), Refusal> {
    let (priya, ada) = (stage.by(PRIYA), stage.by(ADA));
    let details = Details {
        name: format!("{client} follow-up"),
        client: Some(client.into()),
        due_date: Some(stage.day(1)),
        owner: Some(PRIYA.into()),
        description: Some(format!("Questions that were left open in their {about}.")),
    };
    let Stage { tx, desk, .. } = stage;
    let project = projects::create(tx, desk, &priya, details, None).await?.id;
    stage.completes_new_section(&priya, &project, "Clarifications").await?;
    let Stage { tx, desk, .. } = stage;
    projects::complete(tx, desk, &priya, &project, &ANYTHING).await?;
    projects::archive(tx, desk, &priya, &project, &ANYTHING).await?;
    projects::trash(tx, desk, &ada, &project, &ANYTHING).await?;
    Ok(())
}

/// An intake comes in and becomes a project.
async fn request(stage: &mut Stage, (client, requester, about): (&str, &str, &str)) -> Result<ProjectId, Refusal> {
    let (ingrid, priya) = (stage.by(INGRID), stage.by(PRIYA));
    let details = IntakeDetails {
        title: format!("{client} {about}"),
        requester: Some(requester.into()),
        email: None,
        client: Some(client.into()),
        due_date: Some(stage.day(30)),
        description: None,
    };
    let Stage { tx, desk, .. } = stage;
    let intake = intakes::create(tx, desk, &ingrid, details).await?.id;
    Ok(intakes::convert(tx, desk, &priya, &intake, &ANYTHING).await?.id)
}

async fn edit(stage: &mut Stage, by: &str, project: &ProjectId, change: DetailsChange) -> Result<(), Refusal> {
    let author = stage.by(by);
    let Stage { tx, desk, .. } = stage;
    projects::edit(tx, desk, &author, project, &ANYTHING, change).await?;
    Ok(())
}

/// A member saves pairs, which wait in moderation.
async fn save(stage: &mut Stage, by: &str, pairs: &[Pair]) -> Result<Vec<AnswerId>, Refusal> {
    let author: Author = stage.by(by);
    let contents: Vec<Content> = pairs.iter().map(Pair::content).collect();
    let Stage { tx, desk, .. } = stage;
    let saved = answers::create_all(tx, desk, &author, Standing::Member, contents).await?;
    Ok(saved.into_iter().map(|answer| answer.id).collect())
}
