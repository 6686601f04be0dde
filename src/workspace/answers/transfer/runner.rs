//! Goes on with imports in the background: those that are started, and those that a restart or another node's end interrupted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::auth::store::organizations;
use crate::base::Timestamp;
use crate::db::Db;
use crate::workspace::change::{Author, Desk, Refusal};

use super::model::{FORGOTTEN_AFTER_HOURS, Import, ImportState};
use super::{actions, store};

/// How often it looks for imports that nobody told it of: those that another node left.
const PAUSE: Duration = Duration::from_secs(60);
/// How soon it tries again what failed.
const RETRY: Duration = Duration::from_secs(10);

/// The background task. Cheap to clone; app data of the pages.
#[derive(Clone)]
pub struct Imports {
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Imports {
    /// Starts it. The task ends after [`Imports::stop`].
    pub fn start(db: Db, desk: Desk) -> (Self, JoinHandle<()>) {
        let imports = Self { wake: Arc::new(Notify::new()), stop: CancellationToken::new() };
        let task = tokio::spawn(imports.clone().run(db, desk));
        (imports, task)
    }

    /// An import was started.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Lets the step under way end, and takes no other: what is left goes on at the next start.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    async fn run(self, db: Db, desk: Desk) {
        while !self.stop.is_cancelled() {
            let mut pause = PAUSE;
            if let Err(error) = self.round(&db, &desk).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "an import did not go on; it is tried again");
                pause = RETRY;
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One step of each import after the other, until all are finished.
    async fn round(&self, db: &Db, desk: &Desk) -> Result<(), Refusal> {
        forget(db, desk).await?;
        loop {
            let running = store::running(&mut *db.read().await?).await?;
            if running.is_empty() {
                return Ok(());
            }
            for import in running {
                if self.stop.is_cancelled() {
                    return Ok(());
                }
                let began = Instant::now();
                step(db, desk, import).await?;
                // Whoever publishes or saves meanwhile finds the writer free for as long as the step has held it.
                let _ = tokio::time::timeout(began.elapsed(), self.stop.cancelled()).await;
            }
        }
    }
}

async fn step(db: &Db, desk: &Desk, import: Import) -> Result<(), Refusal> {
    let organization = organizations::find(&mut *db.read().await?, &import.organization).await?;
    let zone = organization.ok_or(Refusal::NotFound)?.time_zone;
    let author = Author { actor: import.by, zone };
    let mut tx = db.begin().await?;
    let import = actions::step(&mut tx, desk, &author, &import.id).await?;
    tx.commit().await?;
    if import.state == ImportState::Finished {
        tracing::info!(import = %import.id, pairs = import.saved(), "an import is finished");
    }
    Ok(())
}

/// Removes files that nobody started to import.
async fn forget(db: &Db, desk: &Desk) -> Result<(), Refusal> {
    let age = i64::try_from(FORGOTTEN_AFTER_HOURS * 3_600_000_000).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(desk.recorder.clock.now().micros().saturating_sub(age));
    if store::forgotten(&mut *db.read().await?, before).await?.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    actions::forget(&mut tx, before).await?;
    Ok(tx.commit().await?)
}
