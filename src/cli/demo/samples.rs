//! Events as a week of answering tenders brings them.

use std::time::Duration;

use EventType::{
    AnswerLibCreated, AnswerLibDeleted, AnswerLibUpdated, IntakeCreated, ProjectArchived, ProjectCompleted,
    ProjectCreated, ProjectDeleted, ProjectEdited, SectionCompleted,
};

use crate::auth::model::Organization;
use crate::base::{Rng, Timestamp};
use crate::db::{Db, DbError};
use crate::events::model::Draft;
use crate::events::{EventType, Recorder};

/// A story: what happened, in its order. It is given new ids and who knows when it is.
pub type Story = fn(&mut Ids<'_>) -> Vec<Sample>;

/// What a person can ask for with one press of the button; each has five events.
pub const STORIES: [Story; 3] = [tender, library, closing];

/// One event of a story.
pub struct Sample {
    seconds_ago: u64,
    event_type: EventType,
    entity_ids: Vec<String>,
    performed_by: &'static str,
    data: Option<String>,
}

/// Ids of things in a workspace, each new.
pub struct Ids<'a> {
    now: Timestamp,
    rng: &'a dyn Rng,
}

impl Ids<'_> {
    /// 24 hex digits, the first 8 of them the time, as all ids have it.
    fn next(&mut self) -> String {
        let random: [u8; 8] = self.rng.bytes();
        format!("{:08x}{:016x}", self.now.seconds(), u64::from_be_bytes(random))
    }

    fn some(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next()).collect()
    }
}

const ADA: &str = "ada@halden.example";
const INGRID: &str = "ingrid.solberg@halden.example";
const PRIYA: &str = "priya.raman@halden.example";
const TOMAS: &str = "tomas.herrera@halden.example";

fn one(seconds_ago: u64, event_type: EventType, id: &str, performed_by: &'static str, data: &str) -> Sample {
    many(seconds_ago, event_type, vec![id.to_owned()], performed_by, data)
}

fn many(
    seconds_ago: u64,
    event_type: EventType,
    entity_ids: Vec<String>,
    performed_by: &'static str,
    data: &str,
) -> Sample {
    let data = (!data.is_empty()).then(|| data.to_owned());
    Sample { seconds_ago, event_type, entity_ids, performed_by, data }
}

/// What has happened by the time the demo starts.
pub fn opening(ids: &mut Ids<'_>) -> Vec<Sample> {
    let (intake, project, section, answer) = (ids.next(), ids.next(), ids.next(), ids.next());
    let (from_intake, in_project) =
        (format!(r#"{{"INTAKE_ID":"{intake}"}}"#), format!(r#"{{"PROJECT_ID":"{project}"}}"#));
    vec![
        one(5_642, IntakeCreated, &intake, INGRID, ""),
        one(5_108, ProjectCreated, &project, PRIYA, &from_intake),
        one(4_215, ProjectEdited, &project, PRIYA, r#"{"CHANGED":["due_date","owner"]}"#),
        one(2_951, AnswerLibCreated, &answer, TOMAS, ""),
        one(1_380, SectionCompleted, &section, INGRID, &in_project),
        one(377, AnswerLibUpdated, &answer, ADA, r#"{"CHANGE":"PUBLISHED"}"#),
    ]
}

/// A request comes in and becomes a project.
fn tender(ids: &mut Ids<'_>) -> Vec<Sample> {
    let (intake, project, section) = (ids.next(), ids.next(), ids.next());
    let (from_intake, in_project) =
        (format!(r#"{{"INTAKE_ID":"{intake}"}}"#), format!(r#"{{"PROJECT_ID":"{project}"}}"#));
    vec![
        one(544, IntakeCreated, &intake, TOMAS, ""),
        one(398, ProjectCreated, &project, ADA, &from_intake),
        one(251, ProjectEdited, &project, ADA, r#"{"CHANGED":["name","client","due_date"]}"#),
        one(87, SectionCompleted, &section, INGRID, &in_project),
        one(2, ProjectEdited, &project, PRIYA, r#"{"CHANGED":["description"]}"#),
    ]
}

/// The answer library is gone through.
fn library(ids: &mut Ids<'_>) -> Vec<Sample> {
    let (imported, answer) = (ids.some(12), ids.next());
    let (fresh, stale) = (imported[..3].to_vec(), ids.some(4));
    vec![
        many(611, AnswerLibCreated, imported, TOMAS, ""),
        one(433, AnswerLibUpdated, &answer, INGRID, r#"{"CHANGE":"REVIEWED"}"#),
        one(214, AnswerLibUpdated, &answer, PRIYA, r#"{"CHANGE":"EDITED"}"#),
        many(65, AnswerLibUpdated, fresh, PRIYA, r#"{"CHANGE":"PUBLISHED"}"#),
        many(4, AnswerLibDeleted, stale, ADA, ""),
    ]
}

/// A project is handed in, an older one goes.
fn closing(ids: &mut Ids<'_>) -> Vec<Sample> {
    let (project, section, old, older) = (ids.next(), ids.next(), ids.next(), ids.next());
    let in_project = format!(r#"{{"PROJECT_ID":"{project}"}}"#);
    vec![
        one(702, SectionCompleted, &section, INGRID, &in_project),
        one(345, ProjectCompleted, &project, PRIYA, ""),
        one(122, ProjectArchived, &old, PRIYA, ""),
        one(41, ProjectDeleted, &older, ADA, r#"{"PERMANENT":false}"#),
        one(3, ProjectDeleted, &older, ADA, r#"{"PERMANENT":true}"#),
    ]
}

/// Records the events of a story, all or none, and says how many they are.
pub async fn publish(
    db: &Db,
    recorder: &Recorder,
    organization: &Organization,
    story: Story,
) -> Result<usize, DbError> {
    let now = recorder.clock.now();
    let samples = story(&mut Ids { now, rng: recorder.rng.as_ref() });
    let count = samples.len();
    let mut tx = db.begin().await?;
    for sample in samples {
        let draft = Draft {
            event_type: sample.event_type,
            entity_ids: sample.entity_ids,
            performed_by: sample.performed_by.into(),
            performed_at: now - Duration::from_secs(sample.seconds_ago),
            data: sample.data,
        };
        recorder.record(&mut tx, &organization.id, organization.time_zone, draft).await?;
    }
    tx.commit().await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::base::SystemRng;

    #[test]
    fn the_stories_tell_of_every_event_type_in_the_order_of_time() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let mut seen = HashSet::new();
        for story in STORIES.into_iter().chain([opening as Story]) {
            let samples = story(&mut Ids { now, rng: &SystemRng });
            assert!(samples.is_sorted_by(|before, after| before.seconds_ago > after.seconds_ago));
            for sample in samples {
                seen.insert(sample.event_type);
                assert!(sample.entity_ids.iter().all(|id| id.len() == 24));
                let object =
                    sample.data.map(|data| serde_json::from_str::<serde_json::Value>(&data).unwrap().is_object());
                assert_ne!(object, Some(false));
            }
        }
        assert_eq!(seen.len(), EventType::ALL.len());
    }
}
