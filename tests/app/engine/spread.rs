//! Thousands of retries that wait for their times, and a restart in the middle.

use std::time::Duration;

use herald::base::{SystemRng, Timestamp, WebhookId};

use super::{Running, seconds, sender, start_engine_with};
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Recorder};

const RETRIES: usize = 10_000;
const GROUP: usize = 1_000;
const MOMENT: Duration = Duration::from_millis(100);
/// A twentieth of all.
const MOST_IN_A_MOMENT: usize = RETRIES / 20;

/// When each delivery of the webhook is tried again, in the order of the events.
async fn times(running: &Running, webhook: &WebhookId) -> Vec<Timestamp> {
    let rows = running.house.deliveries(webhook).await;
    rows.iter().map(|row| row.due_at.expect("every delivery waits for its retry")).collect()
}

/// Publishes to a webhook that fails, until so many deliveries wait for their first retry.
async fn fails(running: &Running, recorder: &Recorder, webhook: &WebhookId, retries: usize) {
    recorder.answer("/", Answer::status(500));
    for group in 1..=retries / GROUP {
        running.publish_many(GROUP).await;
        recorder.wait_until(|requests| requests.len() >= group * GROUP).await;
    }
    eventually("every failure is written down", &mut async || {
        let waiting =
            "SELECT COUNT(*) FROM deliveries WHERE state = 'pending' AND attempts = 1 AND leased_until IS NULL";
        (running.house.number(waiting).await == retries as i64).then_some(())
    })
    .await;
    assert_eq!(times(running, webhook).await.len(), retries);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_retries_survive_a_restart_with_their_times_and_come_back_spread_out() {
    let mut running = Running::start(50, "40s").await;
    running.engine.stop(Duration::ZERO).await;
    running.engine = start_engine_with(&running.house, &running.house.db, 50, "40s", SystemRng, sender()).await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    fails(&running, &recorder, &webhook, RETRIES).await;
    let planned = times(&running, &webhook).await;

    // Gone in the middle, and another process opens the database.
    running.crash(seconds(1)).await;
    assert_eq!(times(&running, &webhook).await, planned, "each keeps its time");

    recorder.answer("/", Answer::status(200));
    let mut sorted = planned;
    sorted.sort_unstable();
    let (first, last) = (sorted[0], sorted[RETRIES - 1]);
    assert_eq!(recorder.requests().len(), RETRIES, "none comes back before its time");
    let (mut now, mut before) = (first, 0);
    while before < RETRIES {
        running.clock.set(now);
        let due = sorted.partition_point(|time| *time <= now);
        recorder.wait_until(|requests| requests.len() >= RETRIES + due).await;
        let came = recorder.requests().len() - RETRIES;
        assert_eq!(came, due, "each at its time, {:?} after the first", now.saturating_sub(first));
        assert!(came - before <= MOST_IN_A_MOMENT, "{} came back at once", came - before);
        (now, before) = (now + MOMENT, came);
    }
    assert!(last.saturating_sub(first) > seconds(7), "over a fifth of the wait");
    running.all_in(&webhook, RETRIES, "succeeded").await;
}

#[tokio::test]
async fn retries_that_fell_due_together_do_not_come_back_together() {
    const AT_ONCE: usize = 200;
    const IN_A_TENTH: usize = 250;
    let running = Running::start(50, "20s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    fails(&running, &recorder, &webhook, GROUP).await;
    recorder.answer("/", Answer::status(200));
    // As after a night in which nothing ran: all are overdue.
    running.clock.advance(seconds(10 * 3600));
    recorder.wait_until(|requests| requests.len() >= GROUP + AT_ONCE).await;
    let mut came = recorder.count() - GROUP;
    assert_eq!(came, AT_ONCE, "the others wait");
    while came < GROUP {
        // Less than fills the bucket.
        running.clock.advance(MOMENT / 2);
        let allowed = (came + IN_A_TENTH / 2).min(GROUP);
        recorder.wait_until(|requests| requests.len() >= GROUP + allowed).await;
        came = recorder.count() - GROUP;
        assert_eq!(came, allowed);
    }
    running.all_in(&webhook, GROUP, "succeeded").await;
}
