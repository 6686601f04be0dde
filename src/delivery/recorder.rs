//! Records finished attempts, those of all lanes together: as many as have come go to the writer at once, and the lanes hear
//! of it when they are on disk.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::engine::Shared;
use super::lane::Lane;
use super::model::{AttemptResult, DisabledReason, Job, Verdict};
use super::store::{Disable, Health, RecordResult, RecordResults};
use crate::db::{Db, DbError};

/// How long the first of a group waits for company. Nobody waits for a result but a person looking on, and each
/// transaction that is not made leaves room for a publisher's.
const COMPANY: Duration = Duration::from_millis(5);

/// Results recorded at once at most.
const GROUP: usize = 256;

/// Bytes of the results that are recorded as one at most.
const PORTION_BYTES: usize = 1024 * 1024;

/// How often a result is tried again, a second apart, while the database is busy or its disk full.
const TRIES: u32 = 5;

/// An attempt that was made and is not yet on disk.
pub(super) struct Finished {
    pub lane: Arc<Lane>,
    pub job: Job,
    pub result: Arc<AttemptResult>,
}

/// Where attempts are handed in. The lanes' capacity bounds how many wait here.
pub(super) struct Recorder {
    finished: mpsc::UnboundedSender<Finished>,
}

impl Recorder {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Finished>) {
        let (finished, taken) = mpsc::unbounded_channel();
        (Self { finished }, taken)
    }

    pub fn take(&self, finished: Finished) {
        // Nobody listens only when the engine's runtime has ended: the attempt is made again when its lease ends.
        let _ = self.finished.send(finished);
    }
}

pub(super) async fn run(shared: Arc<Shared>, mut finished: mpsc::UnboundedReceiver<Finished>) {
    let mut group = Vec::with_capacity(GROUP);
    while finished.recv_many(&mut group, GROUP).await > 0 {
        if group.len() < GROUP {
            tokio::time::sleep(COMPANY).await;
            while group.len() < GROUP
                && let Ok(next) = finished.try_recv()
            {
                group.push(next);
            }
        }
        record(&shared, &mut group).await;
    }
}

async fn record(shared: &Arc<Shared>, group: &mut Vec<Finished>) {
    let answers = join_all(portions(group).into_iter().map(|portion| persist_portion(shared, portion))).await;
    let answers = answers.into_iter().flatten();
    let mut lanes: Vec<(Arc<Lane>, usize)> = Vec::new();
    for (finished, answer) in group.drain(..).zip(answers) {
        match answer {
            Ok(health) => {
                conclude(shared, &finished, health);
                match lanes.iter_mut().find(|(lane, _)| Arc::ptr_eq(lane, &finished.lane)) {
                    Some((_, count)) => *count += 1,
                    None => lanes.push((finished.lane, 1)),
                }
            }
            // On its own, so that the others need not wait.
            Err(error) => shared.spawn(try_again(shared.clone(), finished, error)),
        }
    }
    for (lane, count) in lanes {
        lane.recorded(shared, count);
    }
}

/// What goes to the writer as one: answers may be long, and a transaction of many long ones would keep everybody waiting.
fn portions(group: &[Finished]) -> Vec<RecordResults> {
    let mut portions = vec![RecordResults(Vec::with_capacity(group.len()))];
    let mut bytes = 0;
    for finished in group {
        bytes += finished.result.weight();
        match portions.last_mut() {
            Some(portion) if bytes <= PORTION_BYTES => portion.0.push(finished.result.clone()),
            _ => {
                bytes = finished.result.weight();
                portions.push(RecordResults(vec![finished.result.clone()]));
            }
        }
    }
    portions
}

/// An answer for each. One that cannot be recorded spoils all of a portion; then each is tried alone.
async fn persist_portion(shared: &Shared, portion: RecordResults) -> Vec<Result<Health, DbError>> {
    let db = &shared.parts.db;
    match db.submit(portion.clone()).await {
        Ok(health) => health.into_iter().map(Ok).collect(),
        Err(_) => join_all(portion.0.into_iter().map(|result| db.submit(RecordResult(result)))).await,
    }
}

/// The attempt is on disk.
fn conclude(shared: &Arc<Shared>, finished: &Finished, health: Health) {
    look_after(shared, finished, health);
    if let Some(observer) = &shared.parts.observer {
        observer(&finished.result);
    }
    forget(shared, finished);
}

/// What the attempt, and those recorded with it, make of the webhook as a whole.
fn look_after(shared: &Arc<Shared>, finished: &Finished, health: Health) {
    if health.has_news {
        shared.parts.news.notify_one();
    }
    let now = finished.result.ended_at();
    let Some(spell) = health.failing.filter(|spell| spell.ends_in_disabling(shared.parts.disable_after, now)) else {
        return;
    };
    let disable = Disable::after(&finished.result, spell.organization, DisabledReason::Failing, Some(spell.since), now);
    let disabling = shared.clone();
    shared.spawn(async move { disabling.disable(disable).await });
}

fn forget(shared: &Shared, finished: &Finished) {
    shared.closed(&finished.job);
    match finished.result.verdict {
        Verdict::Retry { due_at } => shared.look_by(due_at),
        // A planned retry may have become due during a redelivery.
        Verdict::Unchanged => shared.look_by(shared.parts.clock.now()),
        Verdict::Succeeded | Verdict::GaveUp => {}
    }
}

/// Patiently: an attempt that is not recorded is made again when its lease ends.
async fn try_again(shared: Arc<Shared>, finished: Finished, first: DbError) {
    match persist(&shared.parts.db, &finished.result, first).await {
        Ok(health) => conclude(&shared, &finished, health),
        Err(error) => {
            tracing::error!(delivery.id = %finished.job.id, error = &error as &dyn std::error::Error, "an attempt could not be recorded; it will be made again");
            forget(&shared, &finished);
        }
    }
    finished.lane.recorded(&shared, 1);
}

async fn persist(db: &Db, result: &Arc<AttemptResult>, mut error: DbError) -> Result<Health, DbError> {
    for _ in 0..TRIES {
        if !matches!(error, DbError::Busy | DbError::DiskFull) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        match db.submit(RecordResult(result.clone())).await {
            Ok(health) => return Ok(health),
            Err(next) => error = next,
        }
    }
    Err(error)
}
