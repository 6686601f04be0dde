//! The real thing: an engine on a database, receivers on sockets, and people's actions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use herald::accounts::actions::{By, change_organization};
use herald::accounts::model::{OrganizationChange, Plan as Bought};
use herald::auth::model::{Actor, Edition, Source};
use herald::base::{Clock as _, DeliveryId, EventId, ReplayId, SystemRng, TimeZone, WebhookId};
use herald::db::DbError;
use herald::delivery::endpoint::Endpoint;
use herald::delivery::model::{RedeliverRefusal, ReplayDraft, ReplayFilter};
use herald::events::EventType;
use herald::events::record::next_seq;
use herald::webhooks::actions::{self, Refusal, Tools};
use herald::webhooks::log::actions as log_actions;
use herald::webhooks::log::replay::{self, Plan};
use herald::webhooks::model::{Draft, Message, WebhookChange};
use herald::webhooks::store;

use super::LEASE;
use super::commands::{Command, Mood};
use super::delivery::SCHEDULE_TEXT;
use super::happening::{No, Outcome};
use super::seen::Numbers;
use crate::engine::Running;
use crate::support;
use crate::support::house::Publish;
use crate::support::recorder::{Answer, Recorder};

/// Requests at a time to one webhook.
const WIDTH: usize = 3;
/// How long a slow receiver takes: some commands.
const SLOWNESS: Duration = Duration::from_millis(25);
/// Before all events.
const LONG_AGO: Duration = Duration::from_secs(365 * 24 * 3_600);

pub struct World {
    pub running: Running,
    pub(super) recorder: Recorder,
    hooks: Vec<(WebhookId, Place)>,
    pub(super) events: Vec<(EventId, Arc<str>)>,
    replays: Vec<ReplayId>,
    pub(super) numbers: Numbers,
    /// Requests that were looked at, and what they came to.
    pub(super) looked_at: usize,
    pub(super) received: HashMap<(usize, usize), usize>,
    pub(super) tests: usize,
    pub(super) has_crashed: bool,
}

/// Where a webhook's receiver is, and how it feels.
struct Place {
    moves: usize,
    mood: Mood,
}

impl World {
    pub async fn new() -> Self {
        Self {
            running: Running::start(WIDTH, SCHEDULE_TEXT).await,
            recorder: Recorder::start().await,
            hooks: Vec::new(),
            events: Vec::new(),
            replays: Vec::new(),
            numbers: Numbers::default(),
            looked_at: 0,
            received: HashMap::new(),
            tests: 0,
            has_crashed: false,
        }
    }

    /// Does it, and does not wait for what comes of it.
    pub async fn perform(&mut self, command: &Command) -> Outcome {
        match command {
            Command::Publish { kind, count } => self.publish(*kind, *count).await,
            Command::Redeliver { hook, back } => self.redeliver(*hook, *back).await,
            Command::Replay { hook, succeeded } => self.replay(*hook, *succeeded).await,
            Command::CancelReplay { back } => self.cancel_replay(*back).await,
            Command::Turn { on } => self.turn(*on).await,
            Command::Crash => self.crash().await,
            Command::Pass(time) => {
                self.running.clock.advance(*time);
                Outcome::Done
            }
            Command::Feel { hook, mood } => {
                self.feel(*hook, *mood);
                Outcome::Done
            }
            Command::Test { hook } => outcome(self.test(*hook).await),
            Command::Add { kinds } => outcome(self.add(kinds).await),
            others => outcome(self.change(others).await),
        }
    }

    async fn publish(&mut self, kind: EventType, count: usize) -> Outcome {
        let first = self.events.len();
        let dispatch = self.running.dispatch();
        let mut submitted = Vec::new();
        for number in first..first + count {
            let event = self.running.house.draft(kind, &number.to_string());
            self.numbers.events.insert(event.id.to_string(), number);
            self.events.push((event.id.clone(), event.body.clone()));
            submitted.push(self.running.house.db.submit(Publish { event, dispatch: dispatch.clone() }));
        }
        for recorded in join_all(submitted).await {
            recorded.expect("the event is recorded");
        }
        Outcome::Published(first..first + count)
    }

    async fn add(&mut self, kinds: &[EventType]) -> Result<(), Refusal> {
        let number = self.hooks.len();
        let draft = Draft {
            name: format!("Hook {number}"),
            url: self.recorder.url(&path(number, 0)),
            events: kinds.iter().map(ToString::to_string).collect(),
            ..Draft::default()
        };
        let new = draft.parse().expect("a good webhook");
        let mut tx = self.running.house.db.begin().await?;
        let created = actions::create(&mut tx, &self.running.tools(), &self.running.actor(), new).await?;
        tx.commit().await?;
        self.numbers.hooks.insert(created.webhook.id.to_string(), number);
        self.hooks.push((created.webhook.id, Place { moves: 0, mood: Mood::Well }));
        Ok(())
    }

    /// What people do with one webhook that is there.
    async fn change(&mut self, command: &Command) -> Result<(), Refusal> {
        let number = command.hook().expect("it is about a webhook");
        let (tools, actor) = (self.running.tools(), self.running.actor());
        let id = &self.hooks[number].0;
        let mut tx = self.running.house.db.begin().await?;
        match command {
            Command::Pause { .. } => actions::pause(&mut tx, &tools, &actor, id).await.map(drop)?,
            Command::Resume { held, .. } => actions::resume(&mut tx, &tools, &actor, id, *held).await.map(drop)?,
            Command::Enable { held, .. } => actions::enable(&mut tx, &tools, &actor, id, *held).await.map(drop)?,
            Command::Delete { .. } => actions::delete(&mut tx, &tools, &actor, id).await.map(drop)?,
            Command::Undo { .. } => actions::restore(&mut tx, &tools, &actor, id).await.map(drop)?,
            Command::Subscribe { kinds, .. } => {
                let change =
                    WebhookChange { events: Some(kinds.iter().copied().collect()), ..WebhookChange::default() };
                update(&mut tx, &tools, &actor, id, change).await?;
            }
            Command::Move { .. } => {
                let url = self.recorder.url(&path(number, self.hooks[number].1.moves + 1));
                let endpoint = Some(Endpoint::parse(&url).expect("a good address"));
                update(&mut tx, &tools, &actor, id, WebhookChange { endpoint, ..WebhookChange::default() }).await?;
            }
            other => panic!("{other:?} is no change of a webhook"),
        }
        tx.commit().await?;
        if matches!(command, Command::Move { .. }) {
            let place = &mut self.hooks[number].1;
            place.moves += 1;
            let mood = place.mood;
            self.feel(number, mood);
        }
        Ok(())
    }

    fn feel(&mut self, number: usize, mood: Mood) {
        let place = &mut self.hooks[number].1;
        let path = path(number, place.moves);
        if mood == Mood::Gone {
            return self.recorder.answer_next(&path, [Answer::status(410)]);
        }
        place.mood = mood;
        self.recorder.answer(
            &path,
            match mood {
                Mood::Well | Mood::Gone => Answer::status(200),
                Mood::Slow => Answer::status(200).after(SLOWNESS),
                Mood::Ill => Answer::status(500),
                Mood::Dying => Answer::status(500).after(SLOWNESS),
            },
        );
    }

    async fn test(&mut self, number: usize) -> Result<(), Refusal> {
        let (tools, actor) = (self.running.tools(), self.running.actor());
        let id = &self.hooks[number].0;
        let mut conn = self.running.house.db.read().await?;
        let webhook = store::find(&mut conn, &tools.vault, &actor.organization, id).await?.ok_or(Refusal::NotFound)?;
        let target = actions::target_of(&mut conn, &tools, &webhook, Message::Test).await?;
        drop(conn);
        let report = actions::send_test(&tools, &actor.email, TimeZone::UTC, &target).await;
        self.tests += 1;
        let mut tx = self.running.house.db.begin().await?;
        actions::finish_test(&mut tx, &tools, &actor, id, &report).await?;
        Ok(tx.commit().await?)
    }

    async fn redeliver(&self, hook: usize, event: usize) -> Outcome {
        let id = DeliveryId { webhook: self.hooks[hook].0.clone(), event: self.events[event].0.clone() };
        let hints = self.running.hints();
        let tools = log_actions::Tools { clock: self.running.clock.as_ref(), rng: &SystemRng, hints: &hints };
        let mut tx = self.running.house.db.begin().await.expect("a transaction");
        match log_actions::redeliver(&mut tx, tools, &self.running.actor(), &id).await {
            Ok(_) => {
                tx.commit().await.expect("a commit");
                Outcome::Done
            }
            Err(refusal) => refused(refusal),
        }
    }

    async fn replay(&mut self, hook: usize, succeeded: bool) -> Outcome {
        let id = self.hooks[hook].0.clone();
        let hints = self.running.hints();
        let tools = log_actions::Tools { clock: self.running.clock.as_ref(), rng: &SystemRng, hints: &hints };
        let states = succeeded.then(|| ReplayFilter::STATES.to_vec());
        let draft = ReplayDraft { since: Some(self.running.clock.now() - LONG_AGO), states, ..ReplayDraft::default() };
        let filter = draft.parse(self.running.clock.now()).expect("a good filter");
        let actor = self.running.actor();
        let mut tx = self.running.house.db.begin().await.expect("a transaction");
        let counted = replay::count(&mut tx, tools, &actor, &id, &filter).await;
        let started = match counted {
            Ok(total) => {
                let plan = Plan { filter, pace: "1000".parse().expect("a pace"), total };
                replay::start(&mut tx, tools, &actor, &id, plan).await
            }
            Err(refusal) => Err(refusal),
        };
        match started {
            Ok(started) => {
                tx.commit().await.expect("a commit");
                let number = self.replays.len();
                self.numbers.replays.insert(started.id.to_string(), number);
                self.replays.push(started.id);
                Outcome::Replaying { replay: number, total: usize::try_from(started.total).expect("a count") }
            }
            Err(refusal) => refused(refusal),
        }
    }

    async fn cancel_replay(&self, number: usize) -> Outcome {
        let hints = self.running.hints();
        let tools = log_actions::Tools { clock: self.running.clock.as_ref(), rng: &SystemRng, hints: &hints };
        let mut tx = self.running.house.db.begin().await.expect("a transaction");
        match replay::cancel(&mut tx, tools, &self.running.actor(), &self.replays[number]).await {
            Ok(_) => {
                tx.commit().await.expect("a commit");
                Outcome::Done
            }
            Err(refusal) => refused(refusal),
        }
    }

    async fn turn(&self, on: bool) -> Outcome {
        loop {
            match self.turn_once(on).await {
                Ok(()) => return Outcome::Done,
                // PostgreSQL ended a deadlock with the lanes in our disfavour; a person would press again.
                Err(DbError::Busy) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    async fn turn_once(&self, on: bool) -> Result<(), DbError> {
        let by = By {
            email: "root@example.com",
            source: Source::CommandLine,
            address: None,
            now: self.running.clock.now(),
            rng: &SystemRng,
        };
        let plan = Some(Bought { edition: Edition::Enterprise, webhooks_enabled: on });
        let change = OrganizationChange { name: "Acme".into(), time_zone: TimeZone::UTC, plan };
        let mut tx = self.running.house.db.begin().await?;
        let changed =
            change_organization(&mut tx, &by, &self.running.hints(), &self.running.house.organization, change).await?;
        changed.expect("an organization");
        tx.commit().await
    }

    /// The process is gone in the middle of its work.
    async fn crash(&mut self) -> Outcome {
        let down = match support::Engine::chosen() {
            support::Engine::Sqlite => Duration::ZERO,
            // There may be other nodes, so nothing but the time says that the leases have ended.
            support::Engine::Postgres => LEASE,
        };
        self.running.crash(down).await;
        self.has_crashed = true;
        Outcome::Done
    }

    /// The end. What `herald check` finds wrong then is an error.
    pub async fn stop(self) -> Result<(), String> {
        self.running.engine.stop(Duration::from_secs(5)).await;
        let booked = self.running.house.faults().await;
        self.running.house.db.close().await;
        self.running.engine.end();
        booked
    }
}

/// Where the receiver of a webhook is, that has moved so often.
fn path(hook: usize, moves: usize) -> String {
    format!("/{hook}/{moves}")
}

async fn update(
    tx: &mut herald::db::Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    change: WebhookChange,
) -> Result<(), Refusal> {
    // Locks the organization, so that no 410 changes the webhook between the look and the change.
    next_seq(tx, &actor.organization, 1).await?;
    let version = store::find(tx, &tools.vault, &actor.organization, id).await?.map_or(0, |webhook| webhook.version);
    actions::update(tx, tools, actor, id, version, change).await.map(drop)
}

fn outcome(done: Result<(), Refusal>) -> Outcome {
    match done {
        Ok(()) => Outcome::Done,
        Err(Refusal::NotFound) => Outcome::Refused(No::NotFound),
        Err(Refusal::NotEnabled) => Outcome::Refused(No::NotEnabled),
        Err(Refusal::HeldChoice { .. }) => Outcome::Refused(No::Undecided),
        Err(Refusal::WrongState { state }) => Outcome::Refused(No::Is(state)),
        Err(Refusal::TooLate) => Outcome::Refused(No::TooLate),
        Err(other) => panic!("{other}"),
    }
}

fn refused(refusal: log_actions::Refusal) -> Outcome {
    Outcome::Refused(match refusal {
        log_actions::Refusal::NotFound => No::NotFound,
        log_actions::Refusal::ReplayFinished => No::Finished,
        log_actions::Refusal::Refused(RedeliverRefusal::UnderWay) => No::UnderWay,
        log_actions::Refusal::Refused(RedeliverRefusal::NotActive) => No::NotActive,
        log_actions::Refusal::Refused(RedeliverRefusal::Deleted) => No::Deleted,
        log_actions::Refusal::Refused(RedeliverRefusal::TurnedOff) => No::TurnedOff,
        log_actions::Refusal::Db(error) => panic!("{error}"),
    })
}
