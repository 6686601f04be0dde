//! Removing what has been kept for long enough: events with all that hangs on them, and what else would grow for ever.
//!
//! Nobody waits for it: reading goes beside the writer, and what the writer gets are commands of a few milliseconds, with as long
//! a rest after each. Every step stands for itself, so a stop or a crash in the middle changes nothing, and any number of nodes may
//! do it side by side. How it knows what is due without looking through the rest: docs/decisions/0029-what-is-due-for-removal.md.

pub mod store;

use std::time::Duration;

use futures_util::future::BoxFuture;

use self::store::{Candidate, Linger, Remove};
use crate::base::{EventId, Look, Timestamp};
use crate::db::{Db, DbError};

/// Events that are looked at together.
const PAGE: i64 = 500;
/// Rows that one command removes: what keeps the writer for about two milliseconds.
const ROWS: i64 = 150;
/// Events of one command at most.
const EVENTS: usize = 64;
/// Rows of the small tables that one transaction removes.
const SMALL: i64 = 500;
/// How late an event may come to be seen: its transaction waited, or its node's clock is behind.
const OVERLAP: Duration = Duration::from_secs(600);

/// What removes things.
pub struct Retention {
    db: Db,
    /// How long an event is kept after its last delivery ended.
    keep: Duration,
    /// Events up to this time have been looked at.
    walked: Option<Timestamp>,
}

impl Look for Retention {
    /// The longer things are kept, the less it matters when exactly they go.
    fn every(&self) -> Duration {
        (self.keep / 24).clamp(Duration::from_secs(1), Duration::from_secs(600))
    }

    fn look(&mut self, now: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self.remove(now).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "removed events that were kept for long enough"),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot remove what was kept for long enough; trying again"
                ),
            }
        })
    }
}

impl Retention {
    pub fn new(db: Db, keep: Duration) -> Self {
        Self { db, keep, walked: None }
    }

    /// Removes all that is due at `now`. Answers how many events that were.
    pub async fn remove(&mut self, now: Timestamp) -> Result<u64, DbError> {
        let until = now - self.keep;
        let events = self.walk(now, until).await? + self.look_again(now, until).await?;
        self.tidy(now, until).await?;
        Ok(events)
    }

    /// Goes through the events that have come of age since the last look, each once: what cannot go yet is remembered. That happens
    /// one look late, because nearly all deliveries have ended a moment after their events were recorded.
    async fn walk(&mut self, now: Timestamp, until: Timestamp) -> Result<u64, DbError> {
        let end = until - self.every();
        let mut after = self.walked.map_or_else(String::new, |walked| first_id(walked - OVERLAP));
        let mut removed = 0;
        loop {
            let page = store::events_between(&mut *self.db.read().await?, &after, &first_id(end), now, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            removed += self.settle(page.into_iter().filter(|one| one.since.is_none()).collect(), now, until).await?;
        }
        self.walked = Some(end);
        Ok(removed)
    }

    /// The same for those that are remembered, when it is time.
    async fn look_again(&self, now: Timestamp, until: Timestamp) -> Result<u64, DbError> {
        let mut removed = 0;
        loop {
            let page = store::lingering(&mut *self.db.read().await?, now, until, PAGE).await?;
            if page.is_empty() {
                return Ok(removed);
            }
            removed += self.settle(page, now, until).await?;
        }
    }

    /// Removes what can go, and remembers the rest: not before `until` has come to the time that is remembered can it go.
    async fn settle(&self, found: Vec<Candidate>, now: Timestamp, until: Timestamp) -> Result<u64, DbError> {
        let mut linger: Vec<(EventId, Timestamp)> = Vec::new();
        let (mut removed, mut batch, mut rows) = (0, Vec::new(), 0);
        for candidate in found {
            let since = candidate.quiet_since(now);
            if since > until {
                linger.push((candidate.id, since));
                continue;
            }
            if !batch.is_empty() && (rows + candidate.rows > ROWS || batch.len() == EVENTS) {
                removed += self.remove_batch(std::mem::take(&mut batch), now, until, &mut linger).await?;
                rows = 0;
            }
            rows += candidate.rows;
            batch.push(candidate.id);
        }
        if !batch.is_empty() {
            removed += self.remove_batch(batch, now, until, &mut linger).await?;
        }
        if !linger.is_empty() {
            self.db.submit(Linger(linger)).await?;
        }
        Ok(removed)
    }

    /// Adds to `linger` what somebody has brought to life again since it was read.
    async fn remove_batch(
        &self,
        events: Vec<EventId>,
        now: Timestamp,
        until: Timestamp,
        linger: &mut Vec<(EventId, Timestamp)>,
    ) -> Result<u64, DbError> {
        let began = tokio::time::Instant::now();
        let removed = self.db.submit(Remove { events, now, until }).await?;
        linger.extend(removed.kept.into_iter().map(|event| (event, now)));
        // Others have the writer for at least as long.
        tokio::time::sleep(began.elapsed()).await;
        Ok(removed.count)
    }

    /// What else would grow for ever.
    async fn tidy(&self, now: Timestamp, until: Timestamp) -> Result<(), DbError> {
        for table in store::SMALL_TABLES {
            loop {
                let mut tx = self.db.begin().await?;
                let gone = table.remove(&mut tx, now, until, SMALL).await?;
                tx.commit().await?;
                if i64::try_from(gone).is_ok_and(|gone| gone < SMALL) {
                    break;
                }
            }
        }
        loop {
            let webhooks = store::deleted_webhooks(&mut *self.db.read().await?, now, until, 50).await?;
            if webhooks.is_empty() {
                return Ok(());
            }
            for webhook in webhooks {
                let mut tx = self.db.begin().await?;
                store::remove_webhook(&mut tx, &webhook).await?;
                tx.commit().await?;
            }
        }
    }
}

/// Events that were recorded before `at` have ids before this; they begin with the second.
fn first_id(at: Timestamp) -> String {
    format!("EVT-{:08x}", u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX))
}
