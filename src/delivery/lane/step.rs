//! What a lane holds, and the choice of what it does next.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::Timestamp;
use crate::delivery::model::{Job, Lease, Limits, Trigger};
use crate::delivery::store::Target;

use super::OUR_FAULT;
use super::pace::{Bucket, Pace};

/// Deliveries in a lane at most, from the kept place to the recorded result.
const CAPACITY: usize = 1024;
/// A webhook with a pace of its own has no more waiting in memory than go out in so many seconds: well within
/// [`Lease::WAIT`], so that nothing is given back and taken anew meanwhile.
const PACED: usize = 2;
/// Deliveries taken by one claim at most. Halved where they wait too long behind a slow receiver, doubled again where they do not.
const CLAIM: usize = 128;
const HALVINGS: u32 = 7;

#[derive(Default)]
pub(super) struct State {
    pub(super) urgent: VecDeque<Job>,
    pub(super) fresh: VecDeque<Job>,
    pub(super) late: VecDeque<Job>,
    /// Places kept for deliveries whose commit is under way.
    pub(super) reserved: usize,
    /// Requests under way.
    pub(super) running: usize,
    /// Requests whose results are being recorded.
    pub(super) recording: usize,
    pub(super) claiming: bool,
    /// How often [`CLAIM`] is halved.
    halved: u32,
    /// More is due in the database.
    pub(super) spilled: bool,
    /// During a claim the poll found something due, or something came that had no place: perhaps too late for that one.
    pub(super) told: bool,
    /// The receiver is overwhelmed: one request at a time until a success.
    pub(super) narrowed: bool,
    pub(super) not_before: Option<Timestamp>,
    /// What the webhook's own pace still allows.
    bucket: Bucket,
    /// What the pace of retries still allows.
    retries: Bucket,
    /// When the lane is woken to go on at its pace.
    pub(super) waking: Option<Timestamp>,
    pub(super) target: Option<Arc<Target>>,
    pub(super) loading: bool,
    /// How often in a row the webhook could not be read, and when to try again.
    pub(super) faults: u32,
    pub(super) faulty_until: Option<Timestamp>,
    /// Rises when the target is forgotten, so that what was loaded before is not kept.
    pub(super) generation: u64,
}

impl State {
    pub(super) fn held(&self) -> usize {
        self.queued() + self.reserved + self.running + self.recording
    }

    pub(super) fn queued(&self) -> usize {
        self.urgent.len() + self.fresh.len() + self.late.len()
    }

    /// Whether there is a place for another delivery.
    pub(super) fn has_room(&self) -> bool {
        self.held() < CAPACITY && self.queued() + self.reserved < self.most_waiting()
    }

    fn limits(&self) -> Limits {
        self.target.as_ref().map(|target| target.limits).unwrap_or_default()
    }

    /// Requests that may be under way at a time; `width` where the webhook has no number of its own.
    fn requests(&self, width: usize) -> usize {
        let own = self.limits().concurrency.and_then(|most| usize::try_from(most.count()).ok());
        if self.narrowed { 1 } else { own.unwrap_or(width) }
    }

    fn most_waiting(&self) -> usize {
        let pace = self.limits().per_second.and_then(|pace| usize::try_from(pace.count()).ok());
        pace.map_or(CAPACITY, |pace| CAPACITY.min(pace * PACED))
    }

    /// When the paces let the next planned delivery go: `now`, or later.
    fn paced_until(&self, now: Timestamp) -> Timestamp {
        let own = self.limits().per_second.map_or(now, |pace| self.bucket.ready_at(now, pace));
        let is_retry = self.fresh.is_empty() && !self.late.is_empty();
        if is_retry { own.max(self.retries.ready_at(now, Pace::RETRIES)) } else { own }
    }

    /// What a person asked for goes at once, whatever the pace; it counts, and the others wait longer for it.
    fn next(&mut self, now: Timestamp) -> Option<Job> {
        if let Some(job) = self.urgent.pop_front() {
            return Some(job);
        }
        if self.not_before.is_some_and(|at| at > now) || self.paced_until(now) > now {
            return None;
        }
        self.fresh.pop_front().or_else(|| self.late.pop_front())
    }

    pub(super) fn take_all(&mut self) -> Vec<Job> {
        self.urgent.drain(..).chain(self.fresh.drain(..)).chain(self.late.drain(..)).collect()
    }

    /// All but what a person asked for, which goes at once whatever holds back the others.
    fn take_planned(&mut self) -> Vec<Job> {
        self.fresh.drain(..).chain(self.late.drain(..)).collect()
    }

    /// As many as it is worth taking at once, for a lane of this width.
    pub(super) fn batch(&self, width: usize) -> usize {
        (CLAIM >> self.halved).max(self.requests(width)).min(self.most_waiting())
    }

    /// Chooses the next step at `now` and notes that it is being done. `width` requests may be under way.
    pub(super) fn step(&mut self, now: Timestamp, width: usize, lease: Lease) -> Step {
        if self.loading || (self.queued() == 0 && !self.spilled) {
            return Step::Rest;
        }
        let target = self.target.clone().filter(|target| target.secrets_until.is_none_or(|until| until > now));
        let Some(target) = target else {
            if let Some(later) = self.faulty_until.filter(|at| *at > now) {
                self.spilled = false;
                let jobs = self.take_all();
                return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, later) };
            }
            self.loading = true;
            return Step::Load(self.generation);
        };
        if !target.deliverable {
            self.spilled = false;
            let jobs = self.take_all();
            // Pausing has held their rows, so this only ends the leases.
            return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, now + OUR_FAULT) };
        }
        let has_place = self.running < self.requests(width);
        if has_place && let Some(job) = self.next(now) {
            if job.trigger != Trigger::Redeliver && !lease.covers_attempt(job.leased_until, now) {
                // Waited too long behind a slow receiver. All go back at once, so that none loses its place to a newer one.
                let mut jobs = vec![job];
                jobs.append(&mut self.take_planned());
                (self.spilled, self.claiming) = (true, true);
                self.halved = HALVINGS.min(self.halved + 1);
                return Step::Renew(jobs);
            }
            self.running += 1;
            if job.trigger != Trigger::Redeliver && job.step > 0 {
                self.retries.take(now, Pace::RETRIES);
            }
            if let Some(pace) = target.limits.per_second {
                self.bucket.take(now, pace);
            }
            return Step::Send(job, target);
        }
        if let Some(later) = self.not_before.filter(|at| *at > now) {
            let jobs = self.take_planned();
            return if jobs.is_empty() { Step::Rest } else { Step::HandBack(jobs, later) };
        }
        let is_low = self.queued() < self.batch(width).div_ceil(2) && self.has_room();
        if self.spilled && !self.claiming && is_low {
            self.claiming = true;
            self.halved = self.halved.saturating_sub(1);
            return Step::Claim;
        }
        let later = self.paced_until(now);
        if has_place && self.queued() > 0 && later > now && self.waking.is_none_or(|at| at > later) {
            self.waking = Some(later);
            return Step::Wait(later);
        }
        Step::Rest
    }

    /// Nothing is here, and what was sent lately does not matter any more: all of it is in the database. That its receiver is
    /// overwhelmed only a lane knows.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.held() == 0
            && !self.narrowed
            && !self.claiming
            && !self.loading
            && self.limits().per_second.is_none_or(|pace| self.bucket.is_full(now, pace))
    }
}

/// What a lane does next.
pub(super) enum Step {
    Send(Job, Arc<Target>),
    Load(u64),
    Claim,
    /// The receiver asked to be left alone, or the webhook is not active: nothing is kept here meanwhile.
    HandBack(Vec<Job>, Timestamp),
    /// Their leases end too soon for an attempt: given back, and claimed anew.
    Renew(Vec<Job>),
    /// A pace lets nothing more go before then.
    Wait(Timestamp),
    Rest,
}
