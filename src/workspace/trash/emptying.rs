//! Emptying the whole trash: when a person says so, and by itself, in the name of whoever put things there. A thousand things of
//! a kind go in one transaction, so that other people's changes wait for one step at most; what a crash leaves is still in the trash.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::auth::model::{Actor, Source};
use crate::auth::store::organizations;
use crate::base::{Look, OrganizationId, Timestamp};
use crate::db::Db;
use crate::workspace::change::{Author, Desk, Refusal};

use super::model::KEPT;
use super::{actions, store};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Every node may do so: what one has deleted, the others do not find.
pub struct Emptying {
    pub db: Db,
    pub desk: Desk,
}

impl Look for Emptying {
    fn every(&self) -> Duration {
        EVERY
    }

    fn look(&mut self, now: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(look(&self.db, &self.desk, now))
    }
}

/// Deletes all that has been in a trash for 30 days at `now`. What fails is told to the log and tried again at the next look.
async fn look(db: &Db, desk: &Desk, now: Timestamp) {
    let until = now - KEPT;
    let found = async { store::overdue(&mut *db.read().await?, until).await }.await;
    let overdue = found.unwrap_or_else(|error| {
        complain(&error);
        Vec::new()
    });
    for (organization, email) in overdue {
        if let Err(error) = expire(db, desk, organization, email, until).await {
            complain(&error);
        }
    }
}

async fn expire(
    db: &Db,
    desk: &Desk,
    organization: OrganizationId,
    email: String,
    until: Timestamp,
) -> Result<(), Refusal> {
    let found = organizations::find(&mut *db.read().await?, &organization).await?;
    let zone = found.ok_or(Refusal::NotFound)?.time_zone;
    let author = Author { actor: Actor { organization, email, source: Source::Herald, address: None }, zone };
    to_the_end(db, desk, &author, Some(until)).await?;
    Ok(())
}

/// Deletes all that is in the trash of the author's organization for good, the latest first. Answers how many things went.
pub async fn empty(db: &Db, desk: &Desk, author: &Author) -> Result<usize, Refusal> {
    to_the_end(db, desk, author, None).await
}

/// Takes step after step, each in a transaction of its own: of what the author put there at `until` or before, or of all.
async fn to_the_end(db: &Db, desk: &Desk, author: &Author, until: Option<Timestamp>) -> Result<usize, Refusal> {
    let mut count = 0;
    loop {
        let mut tx = db.begin().await?;
        let gone = match until {
            Some(until) => actions::expire(&mut tx, desk, author, until).await?,
            None => actions::empty(&mut tx, desk, author).await?,
        };
        tx.commit().await?;
        count += gone.count;
        if gone.is_all {
            return Ok(count);
        }
    }
}

fn complain(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "cannot empty the trash; trying again in ten minutes");
}
