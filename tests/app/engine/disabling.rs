//! Nothing but failures: when people are told, and when a webhook is disabled.

use herald::base::WebhookId;
use herald::webhooks::model::Held;

use super::{DISABLE_AFTER, Running, seconds};
use crate::support::app::eventually;
use crate::support::recorder::{Answer, Recorder};

/// Eleven attempts so far apart take more than five days, ten take less.
const APART: std::time::Duration = seconds(13 * 3600);

async fn is_disabled(running: &Running) -> bool {
    let disabled = "SELECT COUNT(*) FROM webhooks WHERE state = 'disabled' AND disabled_reason = 'failing'";
    running.house.number(disabled).await == 1
}

async fn told(running: &Running, webhook: &WebhookId) -> Vec<String> {
    running.house.alerts(webhook).await.into_iter().map(|alert| alert.kind).collect()
}

#[tokio::test]
async fn nothing_but_failures_for_five_days_disables_a_webhook() {
    let running = Running::start(1, "13h,13h,13h,13h,13h,13h,13h,13h,13h,13h,13h,13h").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    for attempt in 1..=10 {
        running.after_attempts(&webhook, &event, attempt).await;
        running.clock.advance(APART);
    }
    eventually("it is disabled", &mut async || is_disabled(&running).await.then_some(())).await;
    let row = running.delivery_when(&webhook, &event, "it is held", |row| row.state == "held").await;
    assert_eq!((row.attempts, row.hold.as_deref(), row.due_at), (11, Some("webhook"), None));
    assert_eq!(told(&running, &webhook).await, ["failing", "disabled"]);
    let disabled = running.house.alerts(&webhook).await.remove(1);
    assert_eq!((disabled.failures, disabled.event), (11, Some(event.clone())));
    assert_eq!(disabled.error.as_deref(), Some("500 Internal Server Error"));

    recorder.answer("/", Answer::status(200));
    running.clock.advance(seconds(60));
    running.enable(&webhook, Held::Deliver).await;
    running.all_in(&webhook, 1, "succeeded").await;
    assert_eq!(told(&running, &webhook).await, ["failing", "disabled", "recovered"]);
}

#[tokio::test]
async fn it_takes_ten_failures_and_redeliveries_are_none() {
    let running = Running::start(1, "6d").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let events = running.publish_many(4).await;
    for event in &events {
        running.after_attempts(&webhook, event, 1).await;
    }
    running.clock.advance(seconds(6 * 24 * 3600));
    for event in &events {
        running.after_attempts(&webhook, event, 2).await;
    }
    for attempt in 3..6 {
        running.redeliver(&webhook, &events[0]).await.expect("it is redelivered");
        running.after_attempts(&webhook, &events[0], attempt).await;
    }
    let ninth = running.publish().await;
    running.after_attempts(&webhook, &ninth, 1).await;
    assert_eq!(running.house.number("SELECT failures FROM webhooks").await, 9);
    assert!(!is_disabled(&running).await);
    running.publish().await;
    eventually("it is disabled", &mut async || is_disabled(&running).await.then_some(())).await;
}

#[tokio::test]
async fn a_success_of_a_redelivery_starts_the_clock_anew() {
    let running = Running::start(1, "5d,1h").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let events = running.publish_many(12).await;
    for event in &events {
        running.after_attempts(&webhook, event, 1).await;
    }
    running.clock.advance(DISABLE_AFTER - seconds(60));
    recorder.answer_next("/", [Answer::status(200)]);
    running.redeliver(&webhook, &events[0]).await.expect("it is redelivered");
    running.after_attempts(&webhook, &events[0], 2).await;
    assert_eq!(told(&running, &webhook).await, ["failing", "recovered"]);
    running.clock.advance(seconds(60));
    for event in &events[1..] {
        running.after_attempts(&webhook, event, 2).await;
    }
    assert_eq!(running.house.number("SELECT failures FROM webhooks").await, 11);
    assert!(!is_disabled(&running).await, "the clock began again a moment ago");
    assert_eq!(told(&running, &webhook).await, ["failing", "recovered", "failing"]);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_of_once() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(410));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    assert_eq!(told(&running, &webhook).await, ["disabled"]);
}

#[tokio::test]
async fn a_receiver_that_comes_and_goes_is_told_of_five_times_an_hour() {
    let running = Running::start(1, "1s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    for _ in 0..7 {
        recorder.answer_next("/", [Answer::status(500)]);
        let event = running.publish().await;
        running.after_attempts(&webhook, &event, 1).await;
        running.clock.advance(seconds(1));
        running.after_attempts(&webhook, &event, 2).await;
    }
    assert_eq!(told(&running, &webhook).await, ["failing", "recovered"].repeat(5));
    running.clock.advance(seconds(3600));
    recorder.answer_next("/", [Answer::status(500)]);
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    assert_eq!(told(&running, &webhook).await.len(), 11);
}
