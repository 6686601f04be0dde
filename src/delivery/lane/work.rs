//! One request after another: what a lane sends, and what it makes of the answers.

use std::sync::Arc;

use bytes::Bytes;

use super::step::State;
use super::{Lane, OUR_FAULT, release};
use crate::delivery::endpoint::masked_query;
use crate::delivery::engine::Shared;
use crate::delivery::model::{AttemptRecord, AttemptResult, DisabledReason, Job, StoredBody, Trigger, verdict};
use crate::delivery::outcome::Outcome;
use crate::delivery::recorder::Finished;
use crate::delivery::sender::{Attempt, Request};
use crate::delivery::store::{Disable, Extend, Target};

/// The status with which a receiver says that it never wants to be called again.
const GONE: u16 = 410;

/// A request to make.
pub(super) struct Start {
    pub job: Job,
    pub target: Arc<Target>,
}

impl Lane {
    /// Makes requests for as long as there are any for this task; others start beside it. Their results are recorded
    /// meanwhile, many at a time.
    pub(super) async fn work(self: Arc<Self>, shared: Arc<Shared>, mut start: Start) {
        loop {
            let Start { job, target } = start;
            let attempt = send(&shared, &job, &target).await;
            self.state().note(attempt.as_ref());
            match attempt {
                Some(attempt) => self.finish(&shared, job, &target, attempt),
                None => {
                    let (lane, shared) = (self.clone(), shared.clone());
                    shared.clone().spawn(async move { lane.give_back(&shared, job).await });
                }
            }
            match self.advance(&shared) {
                Some(next) => start = next,
                None => return,
            }
            // More than one may have become possible: after a success, or when the target was read anew.
            self.clone().pump(&shared);
        }
    }

    /// Hands the attempt over to be recorded, with what it makes of the delivery.
    fn finish(self: &Arc<Self>, shared: &Arc<Shared>, job: Job, target: &Target, attempt: Attempt) {
        let now = shared.parts.clock.now();
        let success = attempt.outcome == Outcome::Success;
        let verdict = verdict(&job, success, attempt.retry_after, &shared.parts.schedule, now, shared.parts.rng.unit());
        let gone = attempt.status_code == Some(GONE);
        let result = Arc::new(AttemptResult {
            id: job.id.clone(),
            lease: job.lease,
            number: job.attempts + 1,
            step: job.step,
            trigger: job.trigger,
            verdict,
            not_before: attempt.retry_after,
            attempt: attempt_record(target, attempt),
        });
        let finished = Finished { lane: self.clone(), job, result };
        if !gone {
            return shared.recorder.take(finished);
        }
        let (shared, organization) = (shared.clone(), target.organization.clone());
        let disable = Disable::after(&finished.result, organization, DisabledReason::Gone, None, now);
        shared.clone().spawn(async move {
            shared.disable(disable).await;
            shared.recorder.take(finished);
        });
    }

    /// A fault of ours: the attempt does not count.
    async fn give_back(self: Arc<Self>, shared: &Arc<Shared>, job: Job) {
        release(shared.clone(), vec![job], shared.parts.clock.now() + OUR_FAULT).await;
        self.recorded(shared, 1);
    }

    /// So many attempts are on disk, or given up: their places are free.
    pub(in crate::delivery) fn recorded(self: Arc<Self>, shared: &Arc<Shared>, attempts: usize) {
        self.state().recording -= attempts;
        self.pump(shared);
    }
}

impl State {
    /// A request has ended; `None`: it could not be made. The place of the request is free for the next one while this one
    /// is being recorded.
    fn note(&mut self, attempt: Option<&Attempt>) {
        self.running -= 1;
        self.recording += 1;
        let Some(attempt) = attempt else { return };
        self.narrowed = match attempt.status_code {
            Some(429 | 502 | 503 | 504) => true,
            _ => self.narrowed && attempt.outcome != Outcome::Success,
        };
        self.not_before = self.not_before.max(attempt.retry_after);
        if attempt.status_code == Some(GONE) {
            // At once: nothing more is sent while the disabling is on its way to the disk.
            self.target = self.target.take().map(|target| Arc::new(Target { deliverable: false, ..(*target).clone() }));
        }
    }
}

/// `None`: the request could not be made, through a fault of ours, or because the delivery is another's by now.
async fn send(shared: &Shared, job: &Job, target: &Target) -> Option<Attempt> {
    if !is_covered(shared, job).await {
        return None;
    }
    let mut attempt = shared
        .parts
        .sender
        .send(&Request {
            endpoint: &target.endpoint,
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
    target.scrubber.scrub(&mut attempt);
    Some(attempt)
}

/// Whether the lease outlasts an attempt that starts now. Only redeliveries may come here with less: a person waits for them, so
/// they are not given back for it, and theirs is made longer.
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

fn attempt_record(target: &Target, attempt: Attempt) -> AttemptRecord {
    let sent: Vec<_> = attempt.request_headers.iter().map(|header| (&header.name, &header.value)).collect();
    let json = "lists of strings always have a JSON form";
    AttemptRecord {
        organization: target.organization.clone(),
        started_at: attempt.started_at,
        duration_micros: i64::try_from(attempt.duration.as_micros()).unwrap_or(i64::MAX),
        url: masked_query(&attempt.url),
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
