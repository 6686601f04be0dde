//! Doing in the workspace what people do at its pages, by the same actions and in one transaction.

use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::library::Pair;
use crate::auth::model::{Actor, Organization, Source};
use crate::base::{Clock, Expected, ProjectId, SectionId, Timestamp};
use crate::db::{Db, DbError, Tx};
use crate::events::Recorder;
use crate::workspace::answers::model::{Content, InvalidTag, split_tags};
use crate::workspace::change::{Author, Desk, Refusal};
use crate::workspace::projects::actions as projects;

pub struct Stage {
    pub tx: Tx,
    pub desk: Desk,
    pub organization: Organization,
}

impl Stage {
    pub async fn open(db: &Db, recorder: Recorder, organization: &Organization) -> Result<Self, DbError> {
        Ok(Self { tx: db.begin().await?, desk: Desk { recorder }, organization: organization.clone() })
    }

    /// From here on things happen when this clock says so.
    pub fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.desk.recorder.clock = clock;
    }

    /// A person of the organization, at a page.
    pub fn by(&self, email: &str) -> Author {
        let organization = &self.organization;
        let actor = Actor {
            organization: organization.id.clone(),
            email: email.to_owned(),
            source: Source::Page,
            address: None,
        };
        Author { actor, zone: organization.time_zone }
    }

    /// The day in the organization's zone this many days from now; before now for less than none.
    pub fn day(&self, days: i64) -> NaiveDate {
        self.day_from(self.desk.recorder.clock.now(), days)
    }

    pub fn day_from(&self, start: Timestamp, days: i64) -> NaiveDate {
        let today = self.organization.time_zone.local(start).date_naive();
        let away = Days::new(days.unsigned_abs());
        if days < 0 { today - away } else { today + away }
    }

    /// Adds a section to a project, and completes it.
    pub async fn completes_new_section(
        &mut self,
        author: &Author,
        project: &ProjectId,
        name: &str,
    ) -> Result<SectionId, Refusal> {
        let Self { tx, desk, .. } = self;
        let section = projects::add_section(tx, desk, author, project, name.to_owned()).await?;
        projects::complete_section(tx, desk, author, &section.id, &Expected::Anything).await?;
        Ok(section.id)
    }
}

impl Pair {
    pub fn content(&self) -> Content {
        let tags: Result<Vec<String>, InvalidTag> = split_tags(self.tags);
        Content {
            question: self.question.into(),
            answer: self.answer.into(),
            tags: tags.expect("the demo's tags are good ones"),
            owner: Some(self.owner.into()),
        }
    }
}
