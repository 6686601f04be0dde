//! Stopping, and what is found after a stop or a crash.

use std::time::Duration;

use herald::events::{Dispatch, EventType};
use herald::webhooks::model::Held;

use super::{LEASE, Running, ids, now, texts};
use crate::support::Engine;
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Gate, Recorder};

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_hands_back_the_rest() {
    let mut running = Running::start(2, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer("/", Answer::status(200).held_by(&gate));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let events = running.publish_many(20).await;
    recorder.wait_for(2).await;
    let stopping = tokio::spawn({
        let engine = running.engine.clone();
        async move { engine.stop(Duration::from_secs(25)).await }
    });
    eventually("it is stopping", &mut async || (!running.engine.is_running()).then_some(())).await;
    gate.open();
    stopping.await.unwrap();
    assert!(running.engine.is_idle());
    let rows = running.house.deliveries(&webhook).await;
    assert!(rows[..2].iter().all(|row| row.state == "succeeded"), "{rows:#?}");
    for row in &rows[2..] {
        assert_eq!((row.state.as_str(), row.attempts, row.leased_until), ("pending", 0, None));
        assert_eq!(row.due_at, Some(now(&running)), "the next engine need not wait");
    }
    assert_eq!(recorder.requests().len(), 2);

    running.restart().await;
    running.all_in(&webhook, 20, "succeeded").await;
    let mut arrived = ids(&recorder.requests());
    arrived.sort();
    assert_eq!(arrived, texts(&events), "each once");
}

#[tokio::test]
async fn what_is_published_during_a_stop_waits_for_the_next_start() {
    let mut running = Running::start(2, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.engine.stop(Duration::from_secs(25)).await;
    let events = running.publish_many(3).await;
    assert!(recorder.requests().is_empty());
    running.restart().await;
    running.all_in(&webhook, 3, "succeeded").await;
    let mut arrived = ids(&recorder.requests());
    arrived.sort();
    assert_eq!(arrived, texts(&events));
}

#[tokio::test]
async fn a_stop_that_runs_out_of_patience_leaves_the_rest_to_its_leases() {
    let mut running = Running::start(2, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate), Answer::status(200).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let events = running.publish_many(3).await;
    recorder.wait_for(2).await;
    running.engine.stop(Duration::ZERO).await;
    let rows = running.house.deliveries(&webhook).await;
    assert!(rows.iter().all(|row| row.state == "pending" && row.attempts == 0), "no try is used up");

    if running.house.database.engine() == Engine::Postgres {
        // Another node cannot know that the first one is gone until its leases have run out. Before it starts, so that the clock
        // does not run out a lease under an attempt of its own.
        running.clock.advance(LEASE.length());
    }
    running.restart().await;
    running.all_in(&webhook, 3, "succeeded").await;
    let mut arrived = ids(&recorder.requests());
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived, texts(&events));
    assert!(running.house.deliveries(&webhook).await.iter().all(|row| row.attempts == 1));
}

#[tokio::test]
async fn the_database_answers_others_after_the_engine_has_stopped() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    for _ in 1..8 {
        running.house.add_webhook(&recorder.url("/")).await;
    }
    // Found by the poll for eight webhooks at once, so that the engine opens connections of its own.
    running.house.publish(EventType::IntakeCreated).await;
    Dispatch::wake(&running.engine);
    recorder.wait_for(8).await;
    running.all_in(&webhook, 1, "succeeded").await;
    running.engine.stop(Duration::from_secs(25)).await;
    // All at once, so that no connection of the pool is left out.
    let readers: Vec<_> = (0..10).map(|_| running.house.deliveries(&webhook)).collect();
    for rows in futures_util::future::join_all(readers).await {
        assert_eq!(rows.len(), 1);
    }
}

#[tokio::test]
async fn a_redelivery_that_was_promised_is_made_though_the_process_is_gone() {
    let mut running = Running::start(2, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    assert_eq!(running.redeliver(&webhook, &event).await, Ok(2));
    recorder.wait_for(2).await;
    running.crash(LEASE.length()).await;
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!(row.state, "succeeded");
    let triggers: Vec<_> = running.house.attempts(&webhook).await.into_iter().map(|attempt| attempt.trigger).collect();
    assert_eq!(triggers, ["schedule", "redeliver"]);
    let requests = recorder.requests();
    assert_eq!(ids(&requests), vec![event.to_string(); 3], "the one that was lost, and the one in its place");
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    // It is off the list: another start makes no other.
    running.restart().await;
    let next = running.publish().await;
    running.after_attempts(&webhook, &next, 1).await;
    assert_eq!(recorder.requests().len(), 4);
}

#[tokio::test]
async fn a_stop_hands_back_redeliveries_to_the_next_start() {
    let mut running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let before = running.publish().await;
    recorder.wait_for(2).await;
    assert_eq!(running.redeliver(&webhook, &event).await, Ok(2));
    let stopping = tokio::spawn({
        let engine = running.engine.clone();
        async move { engine.stop(Duration::from_secs(25)).await }
    });
    eventually("it is stopping", &mut async || (!running.engine.is_running()).then_some(())).await;
    gate.open();
    stopping.await.unwrap();
    assert_eq!(ids(&recorder.requests()), [event.to_string(), before.to_string()]);
    running.restart().await;
    running.after_attempts(&webhook, &event, 2).await;
    assert_eq!(ids(&recorder.requests()), [event.to_string(), before.to_string(), event.to_string()]);
}

#[tokio::test]
async fn a_pause_keeps_what_was_promised_until_somebody_decides() {
    for (held, requests) in [(Held::Deliver, 4), (Held::Cancel, 3)] {
        let running = Running::start(1, "5s").await;
        let recorder = Recorder::start().await;
        let gate = Gate::closed();
        let webhook = running.house.add_webhook(&recorder.url("/")).await;
        let event = running.publish().await;
        running.after_attempts(&webhook, &event, 1).await;
        recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
        let before = running.publish().await;
        recorder.wait_for(2).await;
        assert_eq!(running.redeliver(&webhook, &event).await, Ok(2));
        running.pause(&webhook).await;
        gate.open();
        running.after_attempts(&webhook, &before, 1).await;
        eventually("it is given back", &mut async || {
            running.house.delivery(&webhook, &event).await.leased_until.is_none().then_some(())
        })
        .await;
        running.resume(&webhook, held).await;
        let last = running.publish().await;
        running.after_attempts(&webhook, &last, 1).await;
        if held == Held::Deliver {
            running.after_attempts(&webhook, &event, 2).await;
        }
        running.engine.stop(Duration::from_secs(5)).await;
        assert_eq!(recorder.requests().len(), requests, "{held:?}");
    }
}
