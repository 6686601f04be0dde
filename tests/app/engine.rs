//! The real engine and the real sender, on a real database, against receivers on real sockets. Time stands still until a test
//! moves it, so that what happens when is exact.

mod disabling;
mod hostile;
mod lanes;
mod life;
mod limits;
mod load;
mod retries;
mod spread;
mod stop;

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::{Actor, Source};
use herald::base::{Clock, DeliveryId, EventId, ManualClock, ReplayId, Rng, SystemRng, Timestamp, WebhookId};
use herald::db::{Db, Options};
use herald::delivery::Engine;
use herald::delivery::endpoint::Guard;
use herald::delivery::engine::Parts;
use herald::delivery::model::{Hints, Lease, RedeliverRefusal, ReplayDraft};
use herald::delivery::resolver::{Resolver, SystemResolver};
use herald::delivery::sender::{Limits, Sender};
use herald::events::{Dispatch, EventType};
use herald::webhooks::actions::{self, Tools};
use herald::webhooks::log::actions as log_actions;
use herald::webhooks::log::replay::{self, Plan};
use herald::webhooks::model::Held;

use crate::support::app::eventually;
use crate::support::house::{DeliveryRow, House};
use crate::support::{self};

/// A Friday in January 2027.
const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// One attempt, in all; a deadline by the machine's clock, which a test never comes near.
pub(crate) const TIMEOUT: Duration = seconds(60);
/// Nothing but failures for so long, and a webhook is disabled.
const DISABLE_AFTER: Duration = seconds(5 * 24 * 3600);
const LEASE: Lease = Lease::outlasting(TIMEOUT);

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A chance that always falls the same way.
struct Chance(u8);

impl Chance {
    /// Retries come at the earliest time that their schedule allows.
    const NONE: Self = Self(0);
    /// And at the latest.
    const ALL: Self = Self(0xff);
}

impl Rng for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// A house with a running engine.
pub(crate) struct Running {
    pub house: House,
    pub clock: Arc<ManualClock>,
    pub engine: Engine,
    width: usize,
    schedule: &'static str,
    /// For tests of webhooks.
    tester: Sender,
}

impl Running {
    /// On the storage engine that this run is about. `width`: requests at a time to one webhook.
    pub async fn start(width: usize, schedule: &'static str) -> Self {
        Self::start_on(support::Engine::chosen(), width, schedule).await
    }

    async fn start_on(storage: support::Engine, width: usize, schedule: &'static str) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let house = House::open(storage, clock.clone()).await;
        let engine = start_engine(&house, &house.db, width, schedule).await;
        Self { house, clock, engine, width, schedule, tester: sender().without_pool() }
    }

    /// The engine is gone in the middle of its work, and another process opens the database, after this time.
    pub async fn crash(&mut self, down: Duration) {
        self.engine.clone().end();
        self.house.db.close().await;
        self.house.db = Db::open(self.house.database.url(), Options::default()).await.expect("it is sound");
        self.clock.advance(down);
        self.restart().await;
    }

    /// Another engine in place of this one, which has stopped or is gone.
    pub async fn restart(&mut self) {
        self.engine = start_engine(&self.house, &self.house.db, self.width, self.schedule).await;
    }

    pub fn dispatch(&self) -> Arc<dyn Dispatch> {
        Arc::new(self.engine.clone())
    }

    /// Publishes an event whose deliveries go to the engine from memory.
    async fn publish(&self) -> EventId {
        self.house.publish_through(&self.dispatch(), EventType::IntakeCreated, "1").await
    }

    async fn publish_many(&self, count: usize) -> Vec<EventId> {
        self.house.publish_many(&self.dispatch(), count).await
    }

    /// The delivery, once it is as `wanted` says.
    async fn delivery_when(
        &self,
        webhook: &WebhookId,
        event: &EventId,
        what: &str,
        wanted: impl Fn(&DeliveryRow) -> bool,
    ) -> DeliveryRow {
        eventually(what, &mut async || {
            let row = self.house.delivery(webhook, event).await;
            let ready = wanted(&row);
            ready.then_some(row)
        })
        .await
    }

    /// The delivery, once so many of its attempts are recorded and none is under way.
    async fn after_attempts(&self, webhook: &WebhookId, event: &EventId, count: i64) -> DeliveryRow {
        let what = format!("{count} attempts");
        self.delivery_when(webhook, event, &what, |row| row.attempts == count && row.leased_until.is_none()).await
    }

    /// Waits until every delivery of the webhook has that state.
    async fn all_in(&self, webhook: &WebhookId, count: usize, state: &str) {
        let what = format!("{count} deliveries {state}");
        eventually(&what, &mut async || {
            let rows = self.house.deliveries(webhook).await;
            (rows.len() == count && rows.iter().all(|row| row.state == state)).then_some(())
        })
        .await;
    }

    pub fn actor(&self) -> Actor {
        Actor {
            organization: self.house.organization.clone(),
            email: "ada@example.com".into(),
            source: Source::CommandLine,
            address: None,
        }
    }

    pub fn hints(&self) -> Arc<dyn Hints> {
        Arc::new(self.engine.clone())
    }

    pub fn tools(&self) -> Tools {
        Tools {
            clock: self.clock.clone(),
            rng: Arc::new(SystemRng),
            vault: self.house.vault.clone(),
            hints: self.hints(),
            sender: self.tester.clone(),
            max_webhooks: 100,
        }
    }

    async fn pause(&self, webhook: &WebhookId) {
        let mut tx = self.house.db.begin().await.expect("a transaction");
        actions::pause(&mut tx, &self.tools(), &self.actor(), webhook).await.expect("it is paused");
        tx.commit().await.expect("a commit");
    }

    async fn resume(&self, webhook: &WebhookId, held: Held) {
        let mut tx = self.house.db.begin().await.expect("a transaction");
        actions::resume(&mut tx, &self.tools(), &self.actor(), webhook, Some(held)).await.expect("it is resumed");
        tx.commit().await.expect("a commit");
    }

    async fn enable(&self, webhook: &WebhookId, held: Held) {
        let mut tx = self.house.db.begin().await.expect("a transaction");
        actions::enable(&mut tx, &self.tools(), &self.actor(), webhook, Some(held)).await.expect("it is enabled");
        tx.commit().await.expect("a commit");
    }

    /// Everything that has failed or was cancelled.
    async fn replay(&self, webhook: &WebhookId) -> ReplayId {
        let hints = self.hints();
        let tools = log_actions::Tools { clock: self.clock.as_ref(), rng: &SystemRng, hints: &hints };
        let draft = ReplayDraft { since: Some(START - seconds(1)), ..ReplayDraft::default() };
        let filter = draft.parse(self.clock.now()).expect("a good filter");
        let mut tx = self.house.db.begin().await.expect("a transaction");
        let total = replay::count(&mut tx, tools, &self.actor(), webhook, &filter).await.expect("a count");
        let plan = Plan { filter, pace: "1000".parse().expect("a pace"), total };
        let replay = replay::start(&mut tx, tools, &self.actor(), webhook, plan).await.expect("it is replayed");
        tx.commit().await.expect("a commit");
        replay.id
    }

    async fn redeliver(&self, webhook: &WebhookId, event: &EventId) -> Result<i64, RedeliverRefusal> {
        let id = DeliveryId { webhook: webhook.clone(), event: event.clone() };
        let hints = self.hints();
        let tools = log_actions::Tools { clock: self.clock.as_ref(), rng: &SystemRng, hints: &hints };
        let mut tx = self.house.db.begin().await.expect("a transaction");
        match log_actions::redeliver(&mut tx, tools, &self.actor(), &id).await {
            Ok(number) => {
                tx.commit().await.expect("a commit");
                Ok(number)
            }
            Err(log_actions::Refusal::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other}"),
        }
    }
}

fn sender() -> Sender {
    sender_of(SystemResolver, &Limits::default(), None)
}

fn sender_of(resolver: impl Resolver, limits: &Limits, extra_ca: Option<&[u8]>) -> Sender {
    let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
    Sender::new(Guard::new(loopback, false), Arc::new(resolver), limits, extra_ca).expect("valid certificates")
}

async fn start_engine(house: &House, db: &Db, width: usize, schedule: &str) -> Engine {
    start_engine_with(house, db, width, schedule, Chance::NONE, sender()).await
}

async fn start_engine_with(
    house: &House,
    db: &Db,
    width: usize,
    schedule: &str,
    rng: impl Rng,
    sender: Sender,
) -> Engine {
    let parts = Parts {
        db: db.clone(),
        clock: house.clock.clone(),
        rng: Arc::new(rng),
        vault: house.vault.clone(),
        request_timeout: TIMEOUT,
        disable_after: DISABLE_AFTER,
        news: Arc::default(),
        sender: Arc::new(sender),
        schedule: schedule.parse().expect("a schedule"),
        concurrency: width,
        observer: None,
    };
    Engine::start(parts).await.expect("the engine starts")
}

/// Webhook ids of requests, in the order of arrival.
fn ids(requests: &[support::recorder::Received]) -> Vec<String> {
    requests.iter().map(|request| request.header("webhook-id").unwrap_or_default().to_owned()).collect()
}

fn texts(events: &[EventId]) -> Vec<String> {
    events.iter().map(EventId::to_string).collect()
}

fn now(running: &Running) -> Timestamp {
    running.clock.now()
}
