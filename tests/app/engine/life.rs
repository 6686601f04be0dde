//! What a webhook's life does to deliveries under way.

use herald::delivery::model::RedeliverRefusal;
use herald::delivery::store::HAND_OVER;
use herald::webhooks::model::Held;

use super::{LEASE, Running, ids, now, seconds, texts};
use crate::support::recorder::{Answer, Gate, Recorder};

#[tokio::test]
async fn an_attempt_under_way_ends_and_counts_when_its_webhook_is_paused() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let mut events = running.publish_many(3).await;
    recorder.wait_for(1).await;
    running.pause(&webhook).await;
    gate.open();
    let row = running.after_attempts(&webhook, &events[0], 1).await;
    assert_eq!(row.state, "succeeded");
    for event in &events[1..] {
        let what = "given back by the lane";
        let row = running.delivery_when(&webhook, event, what, |row| row.leased_until.is_none()).await;
        assert_eq!((row.state.as_str(), row.attempts, row.due_at), ("held", 0, None));
    }
    events.push(running.publish().await);
    assert_eq!(running.house.delivery(&webhook, &events[3]).await.state, "held");
    assert_eq!(running.redeliver(&webhook, &events[0]).await, Err(RedeliverRefusal::NotActive));
    assert_eq!(recorder.requests().len(), 1);

    running.resume(&webhook, Held::Deliver).await;
    events.push(running.publish().await);
    recorder.wait_for(5).await;
    running.all_in(&webhook, 5, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&events), "oldest first, and what is new after them");
}

#[tokio::test]
async fn what_comes_back_slowly_comes_one_by_one_and_what_is_new_at_once() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.pause(&webhook).await;
    let held = running.publish_many(3).await;
    running.resume(&webhook, Held::Deliver.at("1".parse().ok())).await;
    recorder.wait_for(1).await;
    let new = running.publish().await;
    running.after_attempts(&webhook, &new, 1).await;
    assert_eq!(ids(&recorder.requests()), texts(&[held[0].clone(), new.clone()]));
    for count in 3..=4 {
        running.clock.advance(seconds(1));
        recorder.wait_for(count).await;
        running.after_attempts(&webhook, &held[count - 2], 1).await;
        assert_eq!(recorder.requests().len(), count, "one every second");
    }
    running.all_in(&webhook, 4, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&[held[0].clone(), new, held[1].clone(), held[2].clone()]));
}

#[tokio::test]
async fn an_attempt_that_fails_after_the_pause_counts_and_is_held() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(500).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    recorder.wait_for(1).await;
    running.pause(&webhook).await;
    gate.open();
    let row = running.after_attempts(&webhook, &event, 1).await;
    assert_eq!((row.state.as_str(), row.step, row.due_at), ("held", 1, None));
    running.resume(&webhook, Held::Deliver).await;
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!(row.state, "succeeded");
}

#[tokio::test]
async fn a_pause_that_ends_during_an_attempt_does_not_send_twice() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let first = running.publish().await;
    recorder.wait_for(1).await;
    running.pause(&webhook).await;
    running.resume(&webhook, Held::Deliver).await;
    let second = running.publish().await;
    gate.open();
    running.all_in(&webhook, 2, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&[first, second]));
}

#[tokio::test]
async fn what_is_cancelled_on_resume_is_never_sent() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.pause(&webhook).await;
    running.publish_many(3).await;
    running.resume(&webhook, Held::Cancel).await;
    running.all_in(&webhook, 3, "cancelled").await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    assert_eq!(ids(&recorder.requests()), texts(&[event]));
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_webhook() {
    let running = Running::start(1, "5s,5m").await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(410));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let mut events = running.publish_many(3).await;
    let row = running.after_attempts(&webhook, &events[0], 1).await;
    assert_eq!((row.state.as_str(), row.last_status), ("held", Some(410)));
    running.all_in(&webhook, 3, "held").await;
    let disabled = "SELECT COUNT(*) FROM webhooks WHERE state = 'disabled' AND disabled_reason = 'gone'";
    assert_eq!(running.house.number(disabled).await, 1);
    events.push(running.publish().await);
    running.clock.advance(seconds(1_000));
    running.all_in(&webhook, 4, "held").await;
    assert_eq!(recorder.requests().len(), 1, "{:#?}", running.house.attempts(&webhook).await);

    recorder.answer("/", Answer::status(200));
    running.enable(&webhook, Held::Deliver).await;
    running.all_in(&webhook, 4, "succeeded").await;
    let tried_before = events.remove(0);
    events.push(tried_before);
    assert_eq!(ids(&recorder.requests()[1..]), texts(&events), "oldest first; first attempts ahead of others");
}

#[tokio::test]
async fn a_redelivery_that_waits_for_long_is_sent_all_the_same() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let first = running.publish().await;
    running.after_attempts(&webhook, &first, 1).await;
    let (gate, last) = (Gate::closed(), Gate::closed());
    let overwhelmed = Answer::status(503).header("retry-after", "600");
    recorder.answer_next("/", [overwhelmed.held_by(&gate), Answer::status(200).held_by(&last)]);
    running.publish().await;
    recorder.wait_for(2).await;
    assert_eq!(running.redeliver(&webhook, &first).await, Ok(2));
    let leased = running.house.delivery(&webhook, &first).await;
    running.clock.advance(HAND_OVER);
    gate.open();
    let requests = recorder.wait_for(3).await;
    assert_eq!(requests[2].header("webhook-id"), Some(first.as_str()));
    let longer = running.house.delivery(&webhook, &first).await;
    assert_eq!(longer.leased_until, Some(now(&running) + LEASE.length()), "nobody else may take it meanwhile");
    assert_eq!(longer.lease, leased.lease);
    last.open();
    running.after_attempts(&webhook, &first, 2).await;
}

#[tokio::test]
async fn a_redelivery_goes_ahead_of_what_waits() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let first = running.publish().await;
    running.after_attempts(&webhook, &first, 1).await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let rest = running.publish_many(3).await;
    recorder.wait_for(2).await;
    assert_eq!(running.redeliver(&webhook, &first).await, Ok(2));
    assert_eq!(running.redeliver(&webhook, &first).await, Err(RedeliverRefusal::UnderWay));
    gate.open();
    running.all_in(&webhook, 4, "succeeded").await;
    running.after_attempts(&webhook, &first, 2).await;
    let expected = [&first, &rest[0], &first, &rest[1], &rest[2]].map(|event| event.to_string());
    assert_eq!(ids(&recorder.requests()), expected);
}

#[tokio::test]
async fn an_attempt_from_before_a_replay_uses_up_nothing_of_its_schedule() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(500), Answer::status(500).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    running.clock.advance(seconds(5));
    recorder.wait_for(2).await;

    // The last attempt of the schedule is under way.
    running.pause(&webhook).await;
    running.resume(&webhook, Held::Cancel).await;
    running.replay(&webhook).await;
    running.delivery_when(&webhook, &event, "taken by the replay", |row| row.state == "pending").await;
    gate.open();
    let row = running.after_attempts(&webhook, &event, 2).await;
    assert_eq!((row.state.as_str(), row.step), ("pending", 0));
    running.clock.advance(LEASE.length());
    let row = running.after_attempts(&webhook, &event, 3).await;
    assert_eq!(row.state, "succeeded");
}
