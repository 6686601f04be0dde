//! The conformance suite: every store function on SQLite and on PostgreSQL. sqlx's `Any` driver checks no text before it runs,
//! so a statement that nobody calls here is a statement that nobody has checked.

mod auth;
mod change;
mod events;
mod lease;
mod members;
mod publishers;
mod replays;
mod result;
mod sign_in;
mod target;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use herald::base::{ManualClock, Timestamp, WebhookId};
use herald::delivery::model::{AttemptRecord, AttemptResult, Job, StoredBody, Trigger, Verdict};
use herald::delivery::store::{Claim, RecordResult};

use crate::support::Engine;
use crate::support::house::House;

/// A Friday in January 2027.
const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Runs `test` on a fresh database of each engine, at a time that stands still until it is moved.
async fn on_both(test: impl AsyncFn(&House, &ManualClock)) {
    for engine in Engine::ALL {
        // Shown only when the test fails.
        eprintln!("on {engine:?}");
        let clock = Arc::new(ManualClock::at(START));
        let house = House::open(engine, clock.clone()).await;
        test(&house, &clock).await;
        house.db.close().await;
    }
}

/// How long what is claimed here is leased.
const LEASE: Duration = seconds(120);

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

async fn claim(house: &House, webhook: &WebhookId, limit: usize) -> Vec<Job> {
    let claim = Claim { webhook: webhook.clone(), now: house.now(), limit, lease: LEASE };
    house.db.submit(claim).await.expect("a claim")
}

/// An attempt that began now and took a second.
fn result_of(house: &House, job: &Job, verdict: Verdict) -> AttemptResult {
    let success = verdict == Verdict::Succeeded;
    AttemptResult {
        id: job.id.clone(),
        lease: job.lease,
        step: job.step,
        number: job.attempts + 1,
        trigger: job.trigger,
        verdict,
        not_before: None,
        attempt: AttemptRecord {
            organization: house.organization.clone(),
            started_at: house.now(),
            duration_micros: 1_000_000,
            url: "https://example.com/".into(),
            outcome: if success { "success" } else { "status" },
            status_code: Some(if success { 200 } else { 500 }),
            error: (!success).then(|| "Your server answered 500.".into()),
            request_headers: r#"[["host","example.com"]]"#.into(),
            response_headers: "[]".into(),
            response_body: StoredBody::from_bytes(b"\xff\0"),
            response_truncated: true,
        },
    }
}

async fn record(house: &House, result: AttemptResult) {
    house.db.submit(RecordResult(result.into())).await.expect("a result");
}

/// The first attempt of a schedule, as a claim would give it.
fn is_first(job: &Job) -> bool {
    (job.attempts, job.step, job.trigger) == (0, 0, Trigger::Schedule)
}
