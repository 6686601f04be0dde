//! Moves SQLite's write-ahead log into the database file beside the writer.
//!
//! Left to itself, SQLite does it within whichever commit finds the log long, and everybody who waits for that commit waits for
//! megabytes to be copied and two more syncs of the disk. Here a reader does it, a little at a time, while the writer goes
//! on; what is left for the writer is the end of it, which only a commit can see (`PRAGMA wal_autocheckpoint`).

use std::time::Duration;

use sqlx::{AnyPool, Row as _};
use tokio::sync::mpsc;

/// How long after a commit it looks, at the earliest; commits meanwhile are looked at together.
const PACE: Duration = Duration::from_millis(50);

/// Pages that are worth a sync of the database file.
const PAGES: i64 = 1000;

/// Where commits are told of. The task ends when nobody is left to tell.
#[derive(Clone)]
pub(super) struct Checkpoints {
    commits: Option<mpsc::Sender<()>>,
}

impl Checkpoints {
    /// For a database that looks after its log itself.
    pub(super) fn none() -> Self {
        Self { commits: None }
    }

    pub(super) fn start(readers: AnyPool) -> Self {
        let (commits, told) = mpsc::channel(1);
        tokio::spawn(run(readers, told));
        Self { commits: Some(commits) }
    }

    pub(super) fn committed(&self) {
        if let Some(commits) = &self.commits {
            // Full: it is about to look anyway.
            let _ = commits.try_send(());
        }
    }
}

async fn run(readers: AnyPool, mut told: mpsc::Receiver<()>) {
    while told.recv().await.is_some() {
        tokio::time::sleep(PACE).await;
        match checkpoint(&readers).await {
            Ok(()) => {}
            Err(sqlx::Error::PoolClosed) => return,
            // The writer's own comes when the log is long enough.
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "no checkpoint"),
        }
    }
}

async fn checkpoint(readers: &AnyPool) -> Result<(), sqlx::Error> {
    let mut conn = readers.acquire().await?;
    // Tells how long the log is and how much of it was moved, and moves nothing.
    let row = sqlx::query("PRAGMA wal_checkpoint(NOOP)").fetch_one(&mut *conn).await?;
    let (pages, moved): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    if pages - moved >= PAGES {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut *conn).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Db, Options, meta};

    #[tokio::test]
    async fn a_log_too_short_for_the_writer_is_moved_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/t.db", folder.path().display()), Options::default()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let five_megabytes = "x".repeat(5 * 1024 * 1024);
        meta::keep_first(&mut tx, "long", &five_megabytes).await.unwrap();
        tx.commit().await.unwrap();
        loop {
            let mut conn = db.read().await.unwrap();
            let row = sqlx::query("PRAGMA wal_checkpoint(NOOP)").fetch_one(&mut *conn).await.unwrap();
            let (pages, moved): (i64, i64) = (row.get(1), row.get(2));
            assert!(pages > PAGES && pages < 8000, "the writer leaves a log of {pages} pages alone");
            if moved == pages {
                break;
            }
            drop(conn);
            tokio::task::yield_now().await;
        }
        db.close().await;
    }
}
