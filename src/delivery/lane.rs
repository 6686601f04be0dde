//! A lane: one webhook's deliveries on their way, a bounded number of them, a few at a time.
//!
//! The lane holds leases in memory: fresh ones first, then late retries, and ahead of both what a person asked for. What does not
//! fit stays in the database and is claimed when the lane has drained; while anything waits there, new deliveries go
//! there too, so that attempts keep the order of the events.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::base::{OrganizationId, Timestamp, WebhookId};
use crate::db::{Db, DbError};

use super::endpoint::Endpoint;
use super::engine::Shared;
use super::model::{AttemptRecord, AttemptResult, DisabledReason, Job, StoredBody, Trigger, Verdict, verdict};
use super::outcome::Outcome;
use super::sender::{Attempt, Request};
use super::store::{Claim, Disable, Extend, RecordResult, Release, Target, load_target};

/// Deliveries in a lane at most, from the kept place to the recorded result.
const CAPACITY: usize = 1024;
/// Deliveries taken by one claim at most. Halved where they wait too long behind a slow receiver, doubled again where they do not.
const CLAIM: usize = 128;
const HALVINGS: u32 = 7;
/// The status with which a receiver says that it never wants to be called again.
const GONE: u16 = 410;
/// After a fault of our own (a database that does not answer, a secret that does not open). Doubled for each time that a
/// webhook cannot be read again, up to [`DOUBLINGS`] times: five minutes.
const OUR_FAULT: Duration = Duration::from_secs(5);
const DOUBLINGS: u32 = 6;

pub(super) struct Lane {
    webhook: WebhookId,
    width: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    urgent: VecDeque<Job>,
    fresh: VecDeque<Job>,
    late: VecDeque<Job>,
    /// Places kept for deliveries whose commit is under way.
    reserved: usize,
    /// Requests under way.
    running: usize,
    /// Requests whose results are being recorded.
    recording: usize,
    claiming: bool,
    /// How often [`CLAIM`] is halved.
    halved: u32,
    /// More is due in the database.
    spilled: bool,
    /// The poll found something due during a claim, perhaps too late for that one.
    told: bool,
    /// The receiver is overwhelmed: one request at a time until a success.
    narrowed: bool,
    not_before: Option<Timestamp>,
    target: Option<Arc<Target>>,
    loading: bool,
    /// How often in a row the webhook could not be read, and when to try again.
    faults: u32,
    faulty_until: Option<Timestamp>,
    /// Rises when the target is forgotten, so that what was loaded before is not kept.
    generation: u64,
}

impl State {
    fn held(&self) -> usize {
        self.queued() + self.reserved + self.running + self.recording
    }

    fn queued(&self) -> usize {
        self.urgent.len() + self.fresh.len() + self.late.len()
    }

    fn next(&mut self, now: Timestamp) -> Option<Job> {
        if let Some(job) = self.urgent.pop_front() {
            return Some(job);
        }
        if self.not_before.is_some_and(|at| at > now) {
            return None;
        }
        self.fresh.pop_front().or_else(|| self.late.pop_front())
    }

    fn take_all(&mut self) -> Vec<Job> {
        self.urgent.drain(..).chain(self.fresh.drain(..)).chain(self.late.drain(..)).collect()
    }

    /// All but what a person asked for, which is in memory only and would be lost.
    fn take_planned(&mut self) -> Vec<Job> {
        self.fresh.drain(..).chain(self.late.drain(..)).collect()
    }
}

/// What a lane does next.
enum Step {
    Send(Job, Arc<Target>),
    Load(u64),
    Claim,
    /// The receiver asked to be left alone, or the webhook is not active: nothing is kept here meanwhile.
    HandBack(Vec<Job>, Timestamp),
    /// Their leases end too soon for an attempt: given back, and claimed anew.
    Renew(Vec<Job>),
    Rest,
}

impl Lane {
    pub(super) fn new(webhook: WebhookId, width: usize) -> Self {
        Self { webhook, width: width.max(1), state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.held() == 0 && !state.claiming && !state.loading
    }

    pub(super) fn reserve(&self) -> bool {
        let mut state = self.state();
        let room =
            !state.spilled && state.held() < CAPACITY && state.target.as_ref().is_none_or(|target| target.deliverable);
        if room {
            state.reserved += 1;
        } else {
            state.spilled = true;
        }
        room
    }

    pub(super) fn unreserve(&self) {
        let mut state = self.state();
        state.reserved = state.reserved.saturating_sub(1);
    }

    pub(super) fn push_reserved(self: Arc<Self>, shared: &Arc<Shared>, job: Job) {
        shared.opened(&job);
        {
            let mut state = self.state();
            state.reserved = state.reserved.saturating_sub(1);
            state.fresh.push_back(job);
        }
        self.pump(shared);
    }

    pub(super) fn push_urgent(self: Arc<Self>, shared: &Arc<Shared>, job: Job) {
        shared.opened(&job);
        self.state().urgent.push_back(job);
        self.pump(shared);
    }

    /// What the lane knows of its webhook is out of date, and what was held may be due: it is claimed before anything new
    /// comes into the lane.
    pub(super) fn forget_target(self: &Arc<Self>, shared: &Arc<Shared>) {
        {
            let mut state = self.state();
            state.spilled = true;
            state.generation += 1;
            state.target = None;
            (state.faults, state.faulty_until) = (0, None);
            // A person changed the webhook: its receiver may be asked again at once. A Retry-After is read again with the target.
            state.not_before = None;
        }
        self.clone().pump(shared);
    }

    /// Takes what is due from the database, if there is room and the webhook takes deliveries.
    pub(super) fn claim(self: Arc<Self>, shared: &Arc<Shared>) {
        {
            let mut state = self.state();
            state.spilled = true;
            state.told = state.claiming;
        }
        self.pump(shared);
    }

    /// Stopping: gives back what has not been started.
    pub(super) async fn hand_back(self: Arc<Self>, shared: &Arc<Shared>) {
        let jobs = self.state().take_all();
        release(shared.clone(), jobs, shared.parts.clock.now()).await;
    }

    /// Does everything that can be done now.
    fn pump(self: Arc<Self>, shared: &Arc<Shared>) {
        loop {
            let step = self.step(shared);
            match step {
                Step::Rest => return,
                Step::Send(job, target) => {
                    shared.spawn(self.clone().attempt(shared.clone(), job, target));
                }
                Step::Load(generation) => {
                    let (lane, shared) = (self.clone(), shared.clone());
                    return shared.clone().spawn(async move { lane.load(&shared, generation).await });
                }
                Step::Claim => {
                    let (lane, shared) = (self.clone(), shared.clone());
                    return shared.clone().spawn(async move { lane.take_due(&shared).await });
                }
                Step::Renew(jobs) => {
                    let (lane, shared) = (self.clone(), shared.clone());
                    return shared.clone().spawn(async move { lane.renew(&shared, jobs).await });
                }
                Step::HandBack(jobs, due_at) => {
                    let shared = shared.clone();
                    shared.clone().spawn(release(shared.clone(), jobs, due_at));
                }
            }
        }
    }

    fn step(&self, shared: &Shared) -> Step {
        let now = shared.parts.clock.now();
        let mut state = self.state();
        if shared.stopping.load(Ordering::SeqCst) || state.loading || (state.queued() == 0 && !state.spilled) {
            return Step::Rest;
        }
        let target = state.target.clone().filter(|target| target.secrets_until.is_none_or(|until| until > now));
        let Some(target) = target else {
            if let Some(later) = state.faulty_until.filter(|at| *at > now) {
                state.spilled = false;
                let jobs = state.take_all();
                return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, later) };
            }
            state.loading = true;
            return Step::Load(state.generation);
        };
        if !target.deliverable {
            state.spilled = false;
            let jobs = state.take_all();
            // Pausing has held their rows, so this only ends the leases.
            return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, now + OUR_FAULT) };
        }
        let width = if state.narrowed { 1 } else { self.width };
        if state.running < width
            && let Some(job) = state.next(now)
        {
            if job.trigger != Trigger::Redeliver && !shared.lease.covers_attempt(job.leased_until, now) {
                // Waited too long behind a slow receiver. All go back at once, so that none loses its place to a newer one.
                let mut jobs = vec![job];
                jobs.append(&mut state.take_planned());
                (state.spilled, state.claiming) = (true, true);
                state.halved = HALVINGS.min(state.halved + 1);
                return Step::Renew(jobs);
            }
            state.running += 1;
            return Step::Send(job, target);
        }
        if let Some(later) = state.not_before.filter(|at| *at > now) {
            let jobs = state.take_planned();
            return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, later) };
        }
        if state.spilled
            && !state.claiming
            && state.queued() < self.batch(&state).div_ceil(2)
            && state.held() < CAPACITY
        {
            state.claiming = true;
            state.halved = state.halved.saturating_sub(1);
            return Step::Claim;
        }
        Step::Rest
    }

    /// As many as it is worth taking at once.
    fn batch(&self, state: &State) -> usize {
        (CLAIM >> state.halved).max(self.width)
    }

    async fn load(self: Arc<Self>, shared: &Arc<Shared>, generation: u64) {
        let now = shared.parts.clock.now();
        let loaded = async {
            let mut conn = shared.parts.db.read().await?;
            load_target(&mut conn, &shared.parts.vault, &self.webhook, now).await
        };
        match loaded.await {
            Ok(target) => {
                let mut state = self.state();
                state.loading = false;
                (state.faults, state.faulty_until) = (0, None);
                if state.generation == generation {
                    state.not_before = target.as_ref().and_then(|target| target.not_before);
                    state.target = target.map(Arc::new);
                    if state.target.is_none() {
                        // No such webhook: nothing can be due for it.
                        state.spilled = false;
                        state.take_all().iter().for_each(|job| shared.closed(job));
                    }
                }
            }
            Err(error) => {
                tracing::error!(webhook.id = %self.webhook, error = &error as &dyn std::error::Error, "cannot read a webhook; its deliveries wait");
                let mut state = self.state();
                let later = now + OUR_FAULT * (1 << state.faults.min(DOUBLINGS));
                state.faults += 1;
                (state.loading, state.faulty_until) = (false, Some(later));
            }
        }
        self.pump(shared);
    }

    async fn take_due(self: Arc<Self>, shared: &Arc<Shared>) {
        let limit = self.batch(&self.state());
        let lease = shared.lease.length();
        let claim = Claim { webhook: self.webhook.clone(), now: shared.parts.clock.now(), limit, lease };
        let jobs = match shared.parts.db.submit(claim).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(webhook.id = %self.webhook, error = &error as &dyn std::error::Error, "cannot claim deliveries; trying again");
                Vec::new()
            }
        };
        {
            let mut state = self.state();
            state.claiming = false;
            state.spilled = jobs.len() == limit || std::mem::take(&mut state.told);
            for job in jobs {
                shared.opened(&job);
                if job.step == 0 { state.fresh.push_back(job) } else { state.late.push_back(job) }
            }
        }
        self.pump(shared);
    }

    /// Nothing is claimed until all of `jobs` are back, and first attempts are due since their events: so the claim finds them in
    /// their order, ahead of what has waited in the database all along.
    async fn renew(self: Arc<Self>, shared: &Arc<Shared>, jobs: Vec<Job>) {
        let now = shared.parts.clock.now();
        let back = jobs.into_iter().map(|job| {
            let due_at = if job.step == 0 { now.min(job.id.event.second()) } else { now };
            release_one(shared.clone(), job, due_at)
        });
        futures_util::future::join_all(back).await;
        self.take_due(shared).await;
    }

    async fn attempt(self: Arc<Self>, shared: Arc<Shared>, job: Job, target: Arc<Target>) {
        let attempt = send(&shared, &job, &target).await;
        let now = shared.parts.clock.now();
        {
            let mut state = self.state();
            state.running -= 1;
            state.recording += 1;
            if let Some(attempt) = &attempt {
                state.narrowed = match attempt.status_code {
                    Some(429 | 502 | 503 | 504) => true,
                    _ => state.narrowed && attempt.outcome != Outcome::Success,
                };
                state.not_before = state.not_before.max(attempt.retry_after);
                if attempt.status_code == Some(GONE) {
                    // At once: nothing more is sent while the disabling is on its way to the disk.
                    state.target =
                        state.target.take().map(|target| Arc::new(Target { deliverable: false, ..(*target).clone() }));
                }
            }
        }
        // The place of the request is free for the next one while this one is being recorded.
        self.clone().pump(&shared);
        match attempt {
            Some(attempt) => record(shared.clone(), job, target, attempt).await,
            None => release(shared.clone(), vec![job], now + OUR_FAULT).await,
        }
        self.state().recording -= 1;
        self.pump(&shared);
    }
}

/// `None`: the request could not be made, through a fault of ours, or because the delivery is another's by now.
async fn send(shared: &Shared, job: &Job, target: &Target) -> Option<Attempt> {
    let endpoint = match Endpoint::parse(&target.url) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            tracing::error!(delivery.id = %job.id, error = &error as &dyn std::error::Error, "a stored URL is not valid; the delivery waits");
            return None;
        }
    };
    if !is_covered(shared, job).await {
        return None;
    }
    let attempt = shared
        .parts
        .sender
        .send(&Request {
            endpoint: &endpoint,
            id: job.id.event.as_str(),
            body: &Bytes::copy_from_slice(job.body.as_bytes()),
            secrets: &target.secrets,
            headers: &target.headers,
            now: shared.parts.clock.now(),
        })
        .await;
    if attempt.outcome.is_ours() {
        tracing::error!(delivery.id = %job.id, error = attempt.error.as_deref(), "an attempt could not be made; it does not count");
        return None;
    }
    Some(attempt)
}

/// Whether the lease outlasts an attempt that starts now. Only redeliveries may come here with less: they are in memory alone
/// and not given back, so theirs is made longer.
async fn is_covered(shared: &Shared, job: &Job) -> bool {
    let now = shared.parts.clock.now();
    if job.trigger != Trigger::Redeliver || shared.lease.covers_attempt(job.leased_until, now) {
        return true;
    }
    let extend = Extend { id: job.id.clone(), lease: job.lease, until: now + shared.lease.length() };
    shared.parts.db.submit(extend).await.unwrap_or_else(|error| {
        tracing::error!(delivery.id = %job.id, error = &error as &dyn std::error::Error, "a redelivery could not be started");
        false
    })
}

async fn record(shared: Arc<Shared>, job: Job, target: Arc<Target>, attempt: Attempt) {
    let now = shared.parts.clock.now();
    let success = attempt.outcome == Outcome::Success;
    let verdict = verdict(&job, success, attempt.retry_after, &shared.parts.schedule, now, shared.parts.rng.unit());
    let gone = attempt.status_code == Some(GONE);
    let result = AttemptResult {
        id: job.id.clone(),
        lease: job.lease,
        number: job.attempts + 1,
        trigger: job.trigger,
        verdict,
        not_before: attempt.retry_after,
        attempt: attempt_record(&target, attempt),
    };
    if gone {
        disable(shared.clone(), job.id.webhook.clone(), target.organization.clone(), now).await;
    }
    match submit(shared.parts.db.clone(), result.clone()).await {
        Ok(()) => {
            if let Some(observer) = &shared.parts.observer {
                observer(&result);
            }
        }
        Err(error) => {
            tracing::error!(delivery.id = %job.id, error = &error as &dyn std::error::Error, "an attempt could not be recorded; it will be made again");
        }
    }
    shared.closed(&job);
    if let Verdict::Retry { due_at } = verdict {
        shared.look_by(due_at);
    }
}

/// Records a result, patiently: an attempt that is not recorded is made again when its lease ends.
async fn submit(db: Db, result: AttemptResult) -> Result<(), DbError> {
    let mut tries = 0;
    loop {
        match db.submit(RecordResult(result.clone())).await {
            Err(DbError::Busy | DbError::DiskFull) if tries < 5 => {
                tries += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            other => return other,
        }
    }
}

async fn disable(shared: Arc<Shared>, webhook: WebhookId, organization: OrganizationId, now: Timestamp) {
    let command = Disable { organization, webhook: webhook.clone(), reason: DisabledReason::Gone, now };
    match shared.parts.db.submit(command).await {
        Ok(true) => tracing::warn!(webhook.id = %webhook, "webhook disabled: its receiver answered 410 Gone"),
        Ok(false) => {}
        Err(error) => {
            tracing::error!(webhook.id = %webhook, error = &error as &dyn std::error::Error, "cannot disable a webhook")
        }
    }
    shared.forget(&webhook);
}

fn attempt_record(target: &Target, attempt: Attempt) -> AttemptRecord {
    let sent: Vec<_> = attempt.request_headers.iter().map(|header| (&header.name, &header.value)).collect();
    let json = "lists of strings always have a JSON form";
    AttemptRecord {
        organization: target.organization.clone(),
        started_at: attempt.started_at,
        duration_micros: i64::try_from(attempt.duration.as_micros()).unwrap_or(i64::MAX),
        url: attempt.url,
        outcome: attempt.outcome.as_str(),
        status_code: attempt.status_code,
        error: attempt.error,
        request_headers: serde_json::to_string(&sent).expect(json),
        // NUL cannot stand in a column of PostgreSQL.
        response_headers: serde_json::to_string(&attempt.response_headers).expect(json),
        response_body: StoredBody::from_bytes(&attempt.response_body),
        response_truncated: attempt.response_truncated,
    }
}

async fn release(shared: Arc<Shared>, jobs: Vec<Job>, due_at: Timestamp) {
    let releases: Vec<_> = jobs.into_iter().map(|job| release_one(shared.clone(), job, due_at)).collect();
    futures_util::future::join_all(releases).await;
    shared.look_by(due_at);
}

async fn release_one(shared: Arc<Shared>, job: Job, due_at: Timestamp) {
    // A redelivery leaves the planned retry's time alone.
    let due_at = (job.trigger != Trigger::Redeliver).then_some(due_at);
    let release = Release { id: job.id.clone(), lease: job.lease, due_at };
    if let Err(error) = shared.parts.db.submit(release).await {
        tracing::error!(delivery.id = %job.id, error = &error as &dyn std::error::Error, "a lease could not be given back; it ends by itself");
    }
    shared.closed(&job);
}
