//! When an attempt is made again, and when not.

use super::{Running, START, ids, seconds, texts};
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Gate, Recorder};

#[tokio::test]
async fn retries_follow_the_schedule_and_then_the_delivery_has_failed() {
    let running = Running::start(10, "5s,5m").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500).body("broken"));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;

    let row = running.after_attempts(&webhook, &event, 1).await;
    assert_eq!((row.state.as_str(), row.due_at), ("pending", Some(START + seconds(5))));
    running.clock.advance(seconds(4));
    running.clock.advance(seconds(1));
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!((row.state.as_str(), row.due_at), ("pending", Some(START + seconds(305))));
    running.clock.advance(seconds(299));
    running.clock.advance(seconds(1));
    let row = running.after_attempts(&webhook, &event, 3).await;
    assert_eq!((row.state.as_str(), row.due_at, row.step), ("failed", None, 3));
    assert_eq!((row.last_status, row.last_outcome.as_deref()), (Some(500), Some("status")));
    assert!(row.finished_at.is_some());

    let attempts = running.house.attempts(&webhook).await;
    let started: Vec<_> = attempts.iter().map(|attempt| attempt.started_at).collect();
    assert_eq!(started, [START, START + seconds(5), START + seconds(305)], "not a second early");
    let requests = recorder.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body), "the same bytes each time");
    assert_eq!(ids(&requests), vec![event.to_string(); 3]);
}

#[tokio::test]
async fn a_success_ends_the_retries() {
    let running = Running::start(10, "5s,5m").await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/", [Answer::status(500), Answer::status(204)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    running.clock.advance(seconds(5));
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!((row.state.as_str(), row.due_at, row.last_status), ("succeeded", None, Some(204)));

    running.clock.advance(seconds(100_000));
    let next = running.publish().await;
    running.after_attempts(&webhook, &next, 1).await;
    assert_eq!(ids(&recorder.requests()), [event.to_string(), event.to_string(), next.to_string()]);
}

#[tokio::test]
async fn a_receiver_that_asks_for_peace_is_left_alone_by_the_whole_webhook() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(503).header("Retry-After", "60").held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let other = running.house.add_webhook(&recorder.url("/other")).await;
    let mut events = running.publish_many(3).await;
    recorder.wait_for_at("/", 1).await;
    gate.open();
    let waiting = eventually("all wait", &mut async || {
        let rows = running.house.deliveries(&webhook).await;
        rows.iter().all(|row| row.leased_until.is_none()).then_some(rows)
    })
    .await;
    // From the end of the answer on, which took a moment of real time.
    let later = waiting[0].due_at.unwrap();
    assert!(later >= START + seconds(60) && later < START + seconds(90), "{waiting:#?}");
    assert!(waiting.iter().all(|row| row.due_at == Some(later)), "{waiting:#?}");
    events.push(running.publish().await);
    running.clock.advance(seconds(30));
    events.push(running.publish().await);
    recorder.wait_for_at("/other", 5).await;
    assert_eq!(recorder.requests_to("/").len(), 1);

    running.clock.set(later);
    running.all_in(&webhook, 5, "succeeded").await;
    running.all_in(&other, 5, "succeeded").await;
    let attempts = running.house.attempts(&webhook).await;
    assert!(attempts[1..].iter().all(|attempt| attempt.started_at >= later), "{attempts:#?}");
    let retried = events.remove(0);
    let arrived = ids(&recorder.requests_to("/")[1..]);
    assert_eq!(arrived[..4], texts(&events), "first attempts in the order of the events");
    assert_eq!(arrived[4], retried.to_string(), "and after them what is tried again");
}

#[tokio::test]
async fn a_successful_redelivery_ends_the_retries_and_a_failed_one_leaves_the_plan() {
    let running = Running::start(10, "5s,5m").await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/", [Answer::status(500), Answer::status(500), Answer::status(200)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    let planned = running.after_attempts(&webhook, &event, 1).await.due_at;
    assert_eq!(planned, Some(START + seconds(5)));

    running.clock.advance(seconds(2));
    assert_eq!(running.redeliver(&webhook, &event).await, Ok(2));
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!((row.state.as_str(), row.due_at, row.step), ("pending", planned, 1));
    assert_eq!(running.redeliver(&webhook, &event).await, Ok(3));
    let row = running.after_attempts(&webhook, &event, 3).await;
    assert_eq!((row.state.as_str(), row.due_at), ("succeeded", None));
    running.clock.advance(seconds(1_000));
    let next = running.publish().await;
    running.after_attempts(&webhook, &next, 1).await;
    assert_eq!(recorder.requests().len(), 4);

    let attempts = running.house.attempts(&webhook).await;
    let triggers: Vec<_> = attempts[..3].iter().map(|attempt| attempt.trigger.as_str()).collect();
    assert_eq!(triggers, ["schedule", "redeliver", "redeliver"]);
    let bodies: Vec<_> = recorder.requests()[..3].iter().map(|request| request.text()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_planned_retry_still_comes_after_a_failed_redelivery_that_outlasted_it() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(500), Answer::status(500).held_by(&gate), Answer::status(200)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    assert_eq!(running.redeliver(&webhook, &event).await, Ok(2));
    recorder.wait_for(2).await;
    running.clock.advance(seconds(10));
    gate.open();
    let what = "the redelivery is recorded";
    running.delivery_when(&webhook, &event, what, |row| row.attempts >= 2).await;
    // The poll looks again within a second.
    running.clock.advance(seconds(1));
    let row = running.after_attempts(&webhook, &event, 3).await;
    assert_eq!((row.state.as_str(), row.step), ("succeeded", 1));
    let attempts = running.house.attempts(&webhook).await;
    assert_eq!(attempts[2].trigger, "schedule");
    assert!(attempts[2].started_at >= START + seconds(10));
}
