//! The trash empties itself, in the name of whoever put things there.

use std::time::Duration;

use crate::auth::model::{Actor, Source};
use crate::auth::store::organizations;
use crate::base::{OrganizationId, Timestamp};
use crate::db::Db;
use crate::workspace::change::{Author, Desk, Refusal};

use super::model::KEPT;
use super::{actions, store};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Looks again and again, for as long as the program runs. Every node may do so: what one has deleted, the others do not find.
/// Whoever drops it in the middle loses nothing, since each step is a transaction.
pub async fn run(db: Db, desk: Desk) {
    let clock = desk.recorder.clock.clone();
    loop {
        let now = clock.now();
        look(&db, &desk, now).await;
        clock.sleep_until(now + EVERY).await;
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
    let author = Author { actor: Actor { organization, email, source: Source::Herald }, zone };
    loop {
        let mut tx = db.begin().await?;
        let is_all = actions::expire(&mut tx, desk, &author, until).await?;
        tx.commit().await?;
        if is_all {
            return Ok(());
        }
    }
}

fn complain(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "cannot empty the trash; trying again in ten minutes");
}
