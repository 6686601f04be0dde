//! A lane: one webhook's deliveries on their way, a bounded number of them, a few at a time.
//!
//! The lane holds leases in memory: fresh ones first, then late retries, and ahead of both what a person asked for. What does not
//! fit stays in the database and is claimed when the lane has drained; while anything waits there, new deliveries go
//! there too, so that attempts keep the order of the events.

mod pace;
mod step;
mod work;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::step::{State, Step};
use self::work::Start;
use super::engine::Shared;
use super::model::{Job, Trigger};
use super::store::{Claim, Release, load_target};
use crate::base::{DeliveryId, Timestamp, WebhookId};

/// After a fault of our own (a database that does not answer, a secret that does not open). Doubled for each time that a
/// webhook cannot be read again, up to [`DOUBLINGS`] times: five minutes.
const OUR_FAULT: Duration = Duration::from_secs(5);
const DOUBLINGS: u32 = 6;

pub(super) struct Lane {
    webhook: WebhookId,
    width: usize,
    state: Mutex<State>,
}

impl Lane {
    pub(super) fn new(webhook: WebhookId, width: usize) -> Self {
        Self { webhook, width: width.max(1), state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.state().is_idle(now)
    }

    pub(super) fn reserve(&self) -> bool {
        let mut state = self.state();
        let room = !state.spilled && state.has_room() && state.target.as_ref().is_none_or(|target| target.deliverable);
        if room {
            state.reserved += 1;
        } else {
            state.spilled = true;
            // A claim under way may have looked before it is written: what comes after it must not overtake it.
            state.told |= state.claiming;
        }
        room
    }

    pub(super) fn unreserve(&self) {
        let mut state = self.state();
        state.reserved = state.reserved.saturating_sub(1);
    }

    /// Takes in deliveries for which places were kept, in their order.
    pub(super) fn push_reserved(self: Arc<Self>, shared: &Arc<Shared>, jobs: Vec<Job>) {
        {
            let mut state = self.state();
            state.reserved = state.reserved.saturating_sub(jobs.len());
            for job in jobs {
                shared.opened(&job);
                state.fresh.push_back(job);
            }
        }
        self.pump(shared);
    }

    pub(super) fn push_urgent(self: Arc<Self>, shared: &Arc<Shared>, job: Job) {
        shared.opened(&job);
        self.state().urgent.push_back(job);
        self.pump(shared);
    }

    /// Whether the receiver is overwhelmed, and gets one request at a time.
    pub(super) fn is_narrowed(&self) -> bool {
        self.state().narrowed
    }

    /// Whether a redelivery waits here for its turn.
    pub(super) fn awaits(&self, id: &DeliveryId) -> bool {
        self.state().urgent.iter().any(|job| job.id == *id)
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
        while let Some(start) = self.advance(shared) {
            shared.spawn(self.clone().work(shared.clone(), start));
        }
    }

    /// Does everything that can be done now until a request is to be made, which is left to the caller.
    fn advance(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<Start> {
        loop {
            let (lane, its_shared) = (self.clone(), shared.clone());
            match self.step(shared) {
                Step::Rest => return None,
                Step::Send(job, target) => return Some(Start { job, target }),
                Step::Load(generation) => {
                    shared.spawn(async move { lane.load(&its_shared, generation).await });
                    return None;
                }
                Step::Claim => {
                    shared.spawn(async move { lane.take_due(&its_shared).await });
                    return None;
                }
                Step::Renew(jobs) => {
                    shared.spawn(async move { lane.renew(&its_shared, jobs).await });
                    return None;
                }
                Step::Wait(until) => {
                    shared.spawn(async move { lane.wait(&its_shared, until).await });
                    return None;
                }
                Step::HandBack(jobs, due_at) => shared.spawn(release(its_shared, jobs, due_at)),
            }
        }
    }

    fn step(&self, shared: &Shared) -> Step {
        if shared.stopping.load(Ordering::SeqCst) {
            return Step::Rest;
        }
        self.state().step(shared.parts.clock.now(), self.width, shared.lease)
    }

    /// Goes on at the webhook's own pace. A change of it may have made another wait end earlier.
    async fn wait(self: Arc<Self>, shared: &Arc<Shared>, until: Timestamp) {
        shared.parts.clock.sleep_until(until).await;
        {
            let mut state = self.state();
            state.waking = state.waking.filter(|at| *at != until);
        }
        self.pump(shared);
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
                        // No such webhook: nothing can be due for it, and nobody is to be spared.
                        (state.spilled, state.narrowed) = (false, false);
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
        let limit = self.state().batch(self.width);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    /// The claim may have looked before it was written; if the lane took what comes next from memory, that would overtake it.
    #[test]
    fn what_finds_no_place_during_a_claim_is_looked_for_again() {
        let lane = Lane::new(WebhookId::new(Timestamp::from_seconds(1_800_000_000), &SystemRng), 10);
        lane.state().spilled = true;
        lane.state().claiming = true;
        assert!(!lane.reserve());
        assert!(lane.state().told);
    }
}
