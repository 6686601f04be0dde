//! Every way to misbehave at once, through the whole engine, beside a webhook that is well.

use std::time::{Duration, Instant};

use herald::base::WebhookId;
use herald::delivery::sender::{Limits, Outcome};
use herald::events::EventType;
use sqlx::Row as _;

use super::{Chance, Running, START, seconds, sender_of, start_engine_with};
use crate::sender::misbehaving::sentence;
use crate::sender::names::Names;
use crate::sender::table::{self, Row, Standing};
use crate::support::receivers::test_authority;
use crate::support::recorder::Recorder;

/// A stored body may be in base64, which makes it a third longer.
const LONGEST_STORED_BODY: i64 = 64 * 1024 * 4 / 3 + 4;

/// What the log keeps of an attempt.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    outcome: String,
    status: Option<i64>,
    error: Option<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_receiver_does_costs_one_attempt_and_nobody_else_anything() {
    let limits = Limits { request_timeout: Duration::from_secs(8), connect_timeout: Duration::from_secs(6) };
    let mut running = Running::start(10, "1h").await;
    let sender = sender_of(Names::default(), &limits, Some(&test_authority()));
    let db = running.house.db.clone();
    running.engine.stop(Duration::ZERO).await;
    running.engine = start_engine_with(&running.house, &db, 10, "1h", Chance::NONE, sender).await;
    let recorder = Recorder::start().await;
    let mut hostile = Vec::new();
    for mut row in table::rows() {
        let place = std::mem::replace(&mut row.place, table::Place::Refusing).stand().await;
        let webhook = running.house.add_webhook_for(&place.url, &[EventType::IntakeCreated]).await;
        hostile.push((row, place, webhook));
    }
    let healthy = running.house.add_webhook(&recorder.url("/")).await;

    // One event for everybody, and then, for as long as any of them is busy with it, one after the other for the one.
    running.publish().await;
    let mut rounds = 0;
    let mut slowest = Duration::ZERO;
    loop {
        recorder.wait_for(rounds + 1).await;
        if attempts(&running, hostile.len()).await {
            break;
        }
        rounds += 1;
        let published = Instant::now();
        running.house.publish_through(&running.dispatch(), EventType::ProjectCreated, "1").await;
        recorder.wait_for(rounds + 1).await;
        slowest = slowest.max(published.elapsed());
    }
    running.all_in(&healthy, rounds + 1, "succeeded").await;
    assert!(slowest < limits.connect_timeout, "one of {rounds} events waited {slowest:?}, as if for somebody else");

    let mut wrong = Vec::new();
    for (row, place, webhook) in &hostile {
        wrong.extend(complaint(&running, row, place, webhook, &limits).await.map(|why| format!("{}: {why}", row.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether as many webhooks have an attempt that is recorded and none under way, beside the one that is well.
async fn attempts(running: &Running, webhooks: usize) -> bool {
    let busy = "SELECT COUNT(*) FROM deliveries WHERE leased_until IS NOT NULL AND attempts = 0";
    let tried = "SELECT COUNT(DISTINCT webhook_id) FROM attempts";
    let tried = running.house.number(tried).await;
    tried > i64::try_from(webhooks).expect("few webhooks") && running.house.number(busy).await == 0
}

/// What is wrong with what the log says of the webhook.
async fn complaint(
    running: &Running,
    row: &Row,
    place: &Standing,
    webhook: &WebhookId,
    limits: &Limits,
) -> Option<String> {
    let text = sentence(row, limits);
    let expected = Kept {
        outcome: row.outcome.as_str().to_owned(),
        status: row.status.map(i64::from),
        error: Some(text).filter(|text| !text.is_empty()),
    };
    let kept = kept(running, webhook).await;
    let rows = running.house.deliveries(webhook).await;
    let [delivery] = rows.as_slice() else { return Some(format!("{} deliveries", rows.len())) };
    let (state, due_at) = match (row.outcome, row.status) {
        (Outcome::Success, _) => ("succeeded", None),
        // The webhook is disabled, and what it has not got waits for a person.
        (_, Some(410)) => ("held", None),
        _ => ("pending", Some(START + seconds(3_600))),
    };
    let requests = place.receiver.as_ref().map_or(0, |receiver| receiver.requests());
    match () {
        () if kept.len() != 1 || kept[0].0 != expected => Some(format!("{kept:?} instead of {expected:?}")),
        () if kept[0].1 > LONGEST_STORED_BODY => Some(format!("{} bytes of body are kept", kept[0].1)),
        () if delivery.attempts != 1 || requests > 1 => Some(format!("{requests} requests, {delivery:?}")),
        () if (delivery.state.as_str(), delivery.due_at) != (state, due_at) => Some(format!("{delivery:?}")),
        () => None,
    }
}

/// The webhook's attempts, each with the length of the body that is kept of it.
async fn kept(running: &Running, webhook: &WebhookId) -> Vec<(Kept, i64)> {
    let mut conn = running.house.db.read().await.expect("a connection");
    let query =
        "SELECT outcome, status_code, error, CAST(LENGTH(response_body) AS BIGINT) FROM attempts WHERE webhook_id = $1";
    let rows = sqlx::query(query).bind(webhook).fetch_all(&mut *conn).await.expect("the attempts");
    let read =
        |row: &herald::db::Row| (Kept { outcome: row.get(0), status: row.get(1), error: row.get(2) }, row.get(3));
    rows.iter().map(read).collect()
}
