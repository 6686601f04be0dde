//! A webhook's own limits: so many requests at a time, so many in a second.

use std::sync::Arc;
use std::time::Duration;

use herald::delivery::model::Hints;
use herald::events::{Dispatch, NoDispatch};

use super::{Running, ids, texts};
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Gate, Recorder};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_webhook_allows() {
    let running = Running::start(4, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer("/", Answer::status(200).held_by(&gate));
    recorder.answer("/wide", Answer::status(200).held_by(&gate));
    let narrow = running.house.add_webhook(&recorder.url("/")).await;
    let wide = running.house.add_webhook(&recorder.url("/wide")).await;
    let probe = running.house.add_webhook(&recorder.url("/probe")).await;
    running.house.run(&narrow, "UPDATE webhooks SET max_concurrency = 2 WHERE id = $1").await;
    running.house.run(&wide, "UPDATE webhooks SET max_concurrency = 7 WHERE id = $1").await;
    running.publish_many(20).await;
    recorder.wait_for_at("/", 2).await;
    recorder.wait_for_at("/wide", 7).await;
    running.all_in(&probe, 20, "succeeded").await;
    assert_eq!((recorder.requests_to("/").len(), recorder.requests_to("/wide").len()), (2, 7));

    running.house.run(&narrow, "UPDATE webhooks SET max_concurrency = 3 WHERE id = $1").await;
    Hints::webhook_changed(&running.engine, &narrow);
    recorder.wait_for_at("/", 3).await;
    running.publish().await;
    running.all_in(&probe, 21, "succeeded").await;
    assert_eq!(recorder.requests_to("/").len(), 3, "the running lane took the change, and no more than it");
    running.house.run(&narrow, "UPDATE webhooks SET max_concurrency = NULL WHERE id = $1").await;
    Hints::webhook_changed(&running.engine, &narrow);
    recorder.wait_for_at("/", 4).await;
    gate.open();
    running.all_in(&narrow, 21, "succeeded").await;
    running.all_in(&wide, 21, "succeeded").await;
}

#[tokio::test]
async fn requests_go_at_the_webhooks_pace_and_delay_nobody_else() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let probe = running.house.add_webhook(&recorder.url("/probe")).await;
    running.house.run(&webhook, "UPDATE webhooks SET max_per_second = 2 WHERE id = $1").await;
    let events = running.publish_many(4).await;
    running.all_in(&probe, 4, "succeeded").await;
    recorder.wait_for_at("/", 1).await;
    for passed in 1..=2 {
        running.clock.advance(millis(499));
        running.publish().await;
        running.all_in(&probe, 4 + passed, "succeeded").await;
        assert_eq!(recorder.requests_to("/").len(), passed, "half a second is not over");
        running.clock.advance(millis(1));
        recorder.wait_for_at("/", passed + 1).await;
    }

    running.house.run(&webhook, "UPDATE webhooks SET max_per_second = 100 WHERE id = $1").await;
    Hints::webhook_changed(&running.engine, &webhook);
    eventually("the quicker pace holds for what waits", &mut async || {
        running.clock.advance(millis(10));
        (recorder.requests_to("/").len() == 6).then_some(())
    })
    .await;
    assert_eq!(ids(&recorder.requests_to("/"))[..4], texts(&events));
    running.house.run(&webhook, "UPDATE webhooks SET max_per_second = NULL WHERE id = $1").await;
    Hints::webhook_changed(&running.engine, &webhook);
    running.publish_many(30).await;
    running.all_in(&webhook, 36, "succeeded").await;
}

#[tokio::test]
async fn a_long_queue_goes_in_order_and_is_not_taken_anew_all_the_time() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.house.run(&webhook, "UPDATE webhooks SET max_per_second = 5 WHERE id = $1").await;
    let nobody: Arc<dyn Dispatch> = Arc::new(NoDispatch);
    let events = running.house.publish_many(&nobody, 40).await;
    Dispatch::wake(&running.engine);
    let start = super::now(&running);
    eventually("all have arrived", &mut async || {
        let arrived = recorder.requests().len();
        let passed = super::now(&running).saturating_sub(start);
        assert!(arrived <= 1 + usize::try_from(passed.as_millis() / 200).unwrap(), "{arrived} after {passed:?}");
        if arrived < 40 {
            running.clock.advance(millis(200));
        }
        (arrived == 40).then_some(())
    })
    .await;
    running.all_in(&webhook, 40, "succeeded").await;
    // Those that are under way at once may overtake each other on a busy machine.
    let (arrived, events) = (ids(&recorder.requests()), texts(&events));
    for (place, event) in events.iter().enumerate() {
        let came = arrived.iter().position(|id| id == event).expect("each of them has arrived");
        assert!(came.abs_diff(place) < 10, "{place} came as {came}");
    }
    let rows = running.house.deliveries(&webhook).await;
    assert!(rows.iter().all(|row| row.lease == 1), "more was taken than could be sent in time");
}

#[tokio::test]
async fn a_redelivery_goes_ahead_of_the_pace_and_counts() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.house.run(&webhook, "UPDATE webhooks SET max_per_second = 1 WHERE id = $1").await;
    let first = running.publish().await;
    running.after_attempts(&webhook, &first, 1).await;
    let second = running.publish().await;
    assert_eq!(running.redeliver(&webhook, &first).await, Ok(2));
    running.after_attempts(&webhook, &first, 2).await;
    running.clock.advance(millis(1_999));
    assert_eq!(running.redeliver(&webhook, &first).await, Ok(3));
    running.after_attempts(&webhook, &first, 3).await;
    assert_eq!(running.house.delivery(&webhook, &second).await.attempts, 0);
    eventually("the other has its turn", &mut async || {
        running.clock.advance(millis(100));
        (running.house.delivery(&webhook, &second).await.state == "succeeded").then_some(())
    })
    .await;
}
