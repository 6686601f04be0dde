//! The engine: its own runtime, the lanes, the poll, and stopping.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::base::{Clock, DeliveryId, Rng, Timestamp, Vault, WebhookId};
use crate::db::{Db, DbError, Dialect, meta};
use crate::events::fan_out::{BornDelivery, Dispatch};

use super::lane::Lane;
use super::model::{AttemptResult, Hints, Job, Lanes, Lease, Redelivery, Trigger};
use super::recorder::{self, Recorder};
use super::replay;
use super::retry::Schedule;
use super::sender::Sender;
use super::store::{self, Disable, TakeUp};

/// How often the poll looks even when nothing is known to be due: other nodes' work, and the dead ones'.
const POLL: Duration = Duration::from_secs(1);
/// The same where this is the only process that delivers, and therefore knows when something becomes due. An idle
/// machine may sleep.
const POLL_ALONE: Duration = Duration::from_secs(5);
/// The same after work was found: what is due next is not known yet. Short, so that retries, which chance has spread out, do not
/// come back all those of a second at once.
const POLL_AT_WORK: Duration = Duration::from_millis(100);
/// Redeliveries taken up by one look at most.
const TAKEN_UP: usize = 64;
/// Bodies that all lanes together keep in memory; past that, new deliveries wait in the database.
const MEMORY: usize = 64 * 1024 * 1024;

/// What the engine works with.
pub struct Parts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    pub sender: Arc<Sender>,
    pub schedule: Schedule,
    /// Requests at a time to a webhook that has no number of its own.
    pub concurrency: usize,
    /// The longest that one attempt can last.
    pub request_timeout: Duration,
    /// Nothing but failures for this long disables a webhook.
    pub disable_after: Duration,
    /// Told after each commit that leaves something to tell people.
    pub news: Arc<Notify>,
    /// Told of every recorded attempt; the demo prints them.
    pub observer: Option<Observer>,
}

/// Is called with every attempt once it is recorded.
pub type Observer = Arc<dyn Fn(&AttemptResult) + Send + Sync>;

/// The running engine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) parts: Parts,
    pub(super) lease: Lease,
    lanes: Mutex<HashMap<WebhookId, Arc<Lane>>>,
    pub(super) recorder: Recorder,
    wake: Notify,
    /// Wakes what works on replays.
    pub(super) replays: Notify,
    /// When the poll means to look next, in microseconds.
    next_poll: AtomicI64,
    pub(super) stopping: AtomicBool,
    /// Jobs in lanes, queued or under way, until their result is recorded.
    pub(super) open: AtomicUsize,
    pub(super) bytes: AtomicUsize,
    pub(super) drained: Notify,
    runtime: Mutex<Option<Runtime>>,
    handle: tokio::runtime::Handle,
}

impl Engine {
    /// Starts the engine on a runtime of its own: a hostile receiver may burn a thread, never a page.
    pub async fn start(parts: Parts) -> Result<Self, DbError> {
        if parts.db.dialect() == Dialect::Sqlite {
            let mut tx = parts.db.begin().await?;
            store::free_all_leases(&mut tx, parts.clock.now()).await?;
            tx.commit().await?;
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("herald-engine")
            .enable_all()
            .build()
            .expect("the operating system lets a starting program have two threads");
        let handle = runtime.handle().clone();
        let (recorder, finished) = Recorder::new();
        let shared = Arc::new(Shared {
            lease: Lease::outlasting(parts.request_timeout),
            parts,
            lanes: Mutex::default(),
            recorder,
            wake: Notify::new(),
            replays: Notify::new(),
            next_poll: AtomicI64::new(0),
            stopping: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            drained: Notify::new(),
            runtime: Mutex::new(Some(runtime)),
            handle,
        });
        shared.handle.spawn(recorder::run(shared.clone(), finished));
        shared.handle.spawn(poll(shared.clone()));
        shared.handle.spawn(replay::run(shared.clone()));
        Ok(Self { shared })
    }

    /// Whether deliveries run, for `/readyz`.
    pub fn is_running(&self) -> bool {
        !self.shared.stopping.load(Ordering::SeqCst)
    }

    /// Nothing is in a lane. What waits for its time in the database does not count.
    pub fn is_idle(&self) -> bool {
        self.shared.open.load(Ordering::SeqCst) == 0
    }

    /// Stops: starts no more attempts, waits up to `patience` for those under way, hands the rest back to the database. What is
    /// then still under way is left to its lease.
    pub async fn stop(&self, patience: Duration) {
        let shared = &self.shared;
        shared.stopping.store(true, Ordering::SeqCst);
        shared.wake.notify_one();
        shared.replays.notify_one();
        let drained = async {
            loop {
                // What was committed while the stop began still comes into its lane.
                let lanes: Vec<_> =
                    shared.lanes.lock().expect("no holder of this lock panics").values().cloned().collect();
                for lane in lanes {
                    lane.hand_back(shared).await;
                }
                let notified = shared.drained.notified();
                if shared.open.load(Ordering::SeqCst) == 0 {
                    return;
                }
                // The time-out covers what comes into a lane without a job leaving one.
                let _ = tokio::time::timeout(Duration::from_millis(100), notified).await;
            }
        };
        if tokio::time::timeout(patience, drained).await.is_err() {
            tracing::warn!(
                attempts = shared.open.load(Ordering::SeqCst),
                "stopped with attempts still under way; they will be made again"
            );
        }
    }

    /// Ends the threads. To be called when nobody uses the database any more: connections to PostgreSQL that the engine opened
    /// live by these threads, and others use them, too.
    pub fn end(self) {
        self.shared.end();
    }
}

impl Dispatch for Engine {
    fn reserve(&self, webhook: &WebhookId) -> Option<Duration> {
        let has_room = !self.shared.stopping.load(Ordering::SeqCst)
            && self.shared.bytes.load(Ordering::Relaxed) < MEMORY
            && self.shared.lane(webhook).reserve();
        has_room.then_some(self.shared.lease.length())
    }

    fn release(&self, webhook: &WebhookId) {
        self.shared.lane(webhook).unreserve();
    }

    fn deliver(&self, born: Vec<BornDelivery>) {
        let mut by_webhook: HashMap<WebhookId, Vec<Job>> = HashMap::new();
        for BornDelivery { id, body, leased_until } in born {
            let webhook = id.webhook.clone();
            let job = Job { id, lease: 1, body, attempts: 0, step: 0, leased_until, trigger: Trigger::Schedule };
            by_webhook.entry(webhook).or_default().push(job);
        }
        for (webhook, jobs) in by_webhook {
            self.shared.lane(&webhook).push_reserved(&self.shared, jobs);
        }
    }

    fn wake(&self) {
        self.shared.wake.notify_one();
    }
}

impl Hints for Engine {
    fn webhook_changed(&self, webhook: &WebhookId) {
        self.shared.forget(webhook);
        self.shared.wake.notify_one();
    }

    fn wake(&self) {
        self.shared.forget_targets();
        self.shared.wake.notify_one();
    }

    fn redeliver(&self, redelivery: Redelivery) {
        let lane = self.shared.lane(&redelivery.job.id.webhook);
        lane.push_urgent(&self.shared, redelivery.job);
    }

    fn replay(&self) {
        self.shared.replays.notify_one();
    }

    fn news(&self) {
        self.shared.parts.news.notify_one();
    }
}

impl Lanes for Engine {
    fn is_narrowed(&self, webhook: &WebhookId) -> bool {
        let lane = self.shared.lanes.lock().expect("no holder of this lock panics").get(webhook).cloned();
        lane.is_some_and(|lane| lane.is_narrowed())
    }
}

impl Shared {
    fn lane(&self, webhook: &WebhookId) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().expect("no holder of this lock panics");
        if let Some(lane) = lanes.get(webhook) {
            return lane.clone();
        }
        lanes
            .entry(webhook.clone())
            .or_insert_with(|| Arc::new(Lane::new(webhook.clone(), self.parts.concurrency)))
            .clone()
    }

    /// A job has come into memory.
    pub(super) fn opened(&self, job: &Job) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(job.body.len(), Ordering::Relaxed);
    }

    /// A job has left memory: recorded, given back or dropped.
    pub(super) fn closed(&self, job: &Job) {
        self.bytes.fetch_sub(job.body.len(), Ordering::Relaxed);
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.drained.notify_waiters();
        }
    }

    pub(super) fn forget(self: &Arc<Self>, webhook: &WebhookId) {
        self.lane(webhook).forget_target(self);
    }

    pub(super) async fn disable(self: &Arc<Self>, disable: Disable) {
        let (webhook, reason) = (disable.webhook.clone(), disable.reason);
        match self.parts.db.submit(disable).await {
            Ok(true) => {
                tracing::warn!(webhook.id = %webhook, %reason, "webhook disabled");
                self.parts.news.notify_one();
            }
            Ok(false) => {}
            Err(error) => {
                tracing::error!(webhook.id = %webhook, error = &error as &dyn std::error::Error, "cannot disable a webhook")
            }
        }
        self.forget(&webhook);
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Makes the poll look no later than `at`.
    pub(super) fn look_by(&self, at: Timestamp) {
        if at.micros() < self.next_poll.load(Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// A runtime that is simply dropped waits for its threads, which an async caller must not do.
    fn end(&self) {
        let runtime = self.runtime.lock().ok().and_then(|mut runtime| runtime.take());
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }

    fn forget_targets(self: &Arc<Self>) {
        let lanes: Vec<_> = self.lanes.lock().expect("no holder of this lock panics").values().cloned().collect();
        for lane in lanes {
            lane.forget_target(self);
        }
    }

    /// Lanes without work cost memory and nothing else; they go when nobody else holds them.
    fn sweep(&self) {
        let now = self.parts.clock.now();
        let mut lanes = self.lanes.lock().expect("no holder of this lock panics");
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_idle(now));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end();
    }
}

async fn poll(shared: Arc<Shared>) {
    let clock = shared.parts.clock.clone();
    let mut changes = None;
    let mut round = 0_u32;
    while !shared.stopping.load(Ordering::SeqCst) {
        // Registered before the look, so that what becomes due during it is not slept through.
        let woken = shared.wake.notified();
        shared.next_poll.store(i64::MAX, Ordering::SeqCst);
        let now = clock.now();
        let next = match look(&shared, now, &mut changes).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot look for due deliveries; trying again"
                );
                now + POLL
            }
        };
        shared.next_poll.store(next.micros(), Ordering::SeqCst);
        tokio::select! {
            () = woken => {}
            () = clock.sleep_until(next) => {}
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(64) {
            shared.sweep();
        }
    }
}

/// Sends every lane with due work to claim it, and says when to look again.
async fn look(shared: &Arc<Shared>, now: Timestamp, changes: &mut Option<i64>) -> Result<Timestamp, DbError> {
    let mut conn = shared.parts.db.read().await?;
    let counter = meta::changes(&mut conn).await?;
    let due = store::due_webhooks(&mut conn).await?;
    let asked = store::asked_redeliveries(&mut conn, now, TAKEN_UP).await?;
    drop(conn);
    if changes.replace(counter).is_some_and(|before| before != counter) {
        shared.forget_targets();
    }
    let pause = match shared.parts.db.dialect() {
        Dialect::Sqlite => POLL_ALONE,
        Dialect::Postgres => POLL,
    };
    let mut next = now + pause;
    if asked.len() == TAKEN_UP {
        next = now + POLL_AT_WORK;
    }
    take_up(shared, asked, now).await?;
    for (webhook, due_at) in due {
        if due_at <= now {
            shared.lane(&webhook).claim(shared);
            next = next.min(now + POLL_AT_WORK);
        } else {
            next = next.min(due_at);
        }
    }
    Ok(next)
}

/// Makes redeliveries that a process had promised which is gone or had to give them back.
async fn take_up(shared: &Arc<Shared>, asked: Vec<DeliveryId>, now: Timestamp) -> Result<(), DbError> {
    for id in asked {
        let lane = shared.lane(&id.webhook);
        // One that waits here still for its place makes its lease longer by itself.
        if lane.awaits(&id) {
            continue;
        }
        if let Some(job) = shared.parts.db.submit(TakeUp { id, now, lease: shared.lease.length() }).await? {
            lane.push_urgent(shared, job);
        }
    }
    Ok(())
}
