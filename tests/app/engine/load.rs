//! More than fits into memory, and more than one engine.

use std::collections::BTreeSet;
use std::time::Duration;

use herald::db::{Db, Options};
use herald::events::{Dispatch, NoDispatch};
use std::sync::Arc;

use super::{Running, ids, start_engine, texts};
use crate::support::Engine;
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Gate, Recorder};

/// Thousands of requests on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(300);

async fn wait_for(recorder: &Recorder, count: usize) {
    let arrived = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while recorder.requests().len() < count {
            look.tick().await;
        }
    };
    let waited = tokio::time::timeout(LONG, arrived).await;
    assert!(waited.is_ok(), "{} of {count} requests arrived", recorder.requests().len());
}

#[tokio::test]
async fn first_attempts_start_in_the_order_of_the_events() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let mut events = Vec::new();
    for _ in 0..100 {
        events.push(running.publish().await);
    }
    running.all_in(&webhook, 100, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&events));
}

#[tokio::test]
async fn what_does_not_fit_into_a_lane_arrives_once_and_in_order() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let mut events = Vec::new();
    for _ in 0..28 {
        events.extend(running.publish_many(100).await);
    }
    gate.open();
    // While the lane drains, new ones must not overtake what waits in the database.
    for _ in 0..200 {
        events.push(running.publish().await);
    }
    wait_for(&recorder, 3_000).await;
    running.all_in(&webhook, 3_000, "succeeded").await;
    let arrived = ids(&recorder.requests());
    let out_of_order = arrived.iter().zip(texts(&events)).position(|(arrived, event)| *arrived != event);
    assert_eq!((arrived.len(), out_of_order), (3_000, None));
    // The lane forgets the last one a moment after its result is on the disk.
    eventually("the engine is idle", &mut async || running.engine.is_idle().then_some(())).await;
}

#[tokio::test]
async fn two_engines_on_one_database_deliver_each_event_once() {
    let running = Running::start_on(Engine::Postgres, 10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let db = Db::open(running.house.database.url(), Options::default()).await.unwrap();
    let second = start_engine(&running.house, &db, 10, "5s").await;
    let ways: [Arc<dyn Dispatch>; 3] = [running.dispatch(), Arc::new(second.clone()), Arc::new(NoDispatch)];
    let mut published = BTreeSet::new();
    for round in 0..50 {
        let batch = running.house.publish_many(&ways[round % 3], 10).await;
        published.extend(texts(&batch));
        // Both look for what was left to the poll.
        Dispatch::wake(&running.engine);
        Dispatch::wake(&second);
    }
    wait_for(&recorder, 500).await;
    running.all_in(&webhook, 500, "succeeded").await;
    let arrived = ids(&recorder.requests());
    assert_eq!((arrived.len(), arrived.into_iter().collect::<BTreeSet<_>>()), (500, published));
    second.stop(Duration::from_secs(5)).await;
}
