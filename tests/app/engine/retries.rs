//! When an attempt is made again, and when not.

use std::time::Duration;

use herald::base::SystemRng;
use herald::delivery::retry::Schedule;

use super::{Chance, Running, START, ids, seconds, sender, start_engine_with, texts};
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

/// Publishes to one webhook that always fails and lets time pass from attempt to attempt; how long each wait was.
async fn waits(running: &Running, attempts: i64) -> Vec<Duration> {
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let event = running.publish().await;
    for attempt in 1..attempts {
        let row = running.after_attempts(&webhook, &event, attempt).await;
        running.clock.set(row.due_at.expect("there is another attempt to come"));
    }
    let row = running.after_attempts(&webhook, &event, attempts).await;
    assert_eq!((row.state.as_str(), row.due_at), ("failed", None));
    running.clock.advance(seconds(100 * 24 * 3_600));
    let later = running.publish().await;
    running.after_attempts(&webhook, &later, 1).await;
    assert_eq!(recorder.requests().len(), usize::try_from(attempts).unwrap() + 1, "it stays failed");
    let attempts = running.house.attempts(&webhook).await;
    let started: Vec<_> = attempts.iter().filter(|attempt| attempt.event == event).collect();
    started.windows(2).map(|pair| pair[1].started_at.saturating_sub(pair[0].started_at)).collect()
}

#[tokio::test]
async fn the_default_schedule_is_kept_to_the_second_and_stretched_by_a_fifth_at_most() {
    let default = Schedule::default();
    let text = "5s,5m,30m,2h,5h,10h,14h,20h,24h";
    assert_eq!(text.parse(), Ok(default.clone()));
    let running = Running::start(10, text).await;
    assert_eq!(waits(&running, 10).await, default.delays());

    let mut running = Running::start(10, text).await;
    running.engine.stop(Duration::ZERO).await;
    let db = running.house.db.clone();
    running.engine = start_engine_with(&running.house, &db, 10, text, Chance::ALL, sender()).await;
    for (wait, delay) in waits(&running, 10).await.into_iter().zip(default.delays()) {
        let stretched = delay.mul_f64(1.2);
        assert!(wait <= stretched && stretched - wait < Duration::from_millis(1), "{wait:?} for {delay:?}");
    }
}

#[tokio::test]
async fn what_failed_together_does_not_come_back_together() {
    let mut running = Running::start(10, "100s").await;
    running.engine.stop(Duration::ZERO).await;
    let db = running.house.db.clone();
    running.engine = start_engine_with(&running.house, &db, 10, "100s", SystemRng, sender()).await;
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.publish_many(50).await;
    let rows = eventually("all wait for their retry", &mut async || {
        let rows = running.house.deliveries(&webhook).await;
        rows.iter().all(|row| row.attempts == 1 && row.leased_until.is_none()).then_some(rows)
    })
    .await;
    let mut waits: Vec<_> = rows.iter().map(|row| row.due_at.unwrap().saturating_sub(START)).collect();
    assert!(waits.iter().all(|wait| (seconds(100)..=seconds(120)).contains(wait)), "{waits:?}");
    waits.sort();
    // The chance that all of 50 draws lie within half of the range is below one in a billion.
    assert!(waits[49] - waits[0] > seconds(10), "{waits:?}");
}

#[tokio::test]
async fn retry_after_is_honoured_within_reason() {
    const DAY: u64 = 86_400;
    // Time stands still at 15 January 2027, 08:00:00; the schedule's step is a minute.
    let table = [
        (503, "120", 120),
        (429, "120", 120),
        (500, "120", 60),
        (503, "5", 60),
        (503, "0", 60),
        (503, "-5", 60),
        (503, "1.5", 60),
        (503, "soon", 60),
        (503, "", 60),
        (429, "86400", DAY),
        (429, "100000", DAY),
        (429, "999999999999999999999", 60),
        (503, "Fri, 15 Jan 2027 08:02:00 GMT", 120),
        (503, "Fri, 15 Jan 2027 08:00:30 GMT", 60),
        (503, "Thu, 14 Jan 2027 08:00:00 GMT", 60),
        (503, "Mon, 18 Jan 2027 08:00:00 GMT", DAY),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", 60),
        (503, "2027-01-15T08:02:00Z", 60),
    ];
    let running = Running::start(10, "1m").await;
    let recorder = Recorder::start().await;
    let mut webhooks = Vec::new();
    for (number, (status, asked, wait)) in table.into_iter().enumerate() {
        let path = format!("/{number}");
        recorder.answer(&path, Answer::status(status).header("Retry-After", asked));
        webhooks.push((running.house.add_webhook(&recorder.url(&path)).await, status, asked, wait));
    }
    let event = running.publish().await;
    for (webhook, status, asked, wait) in webhooks {
        let row = running.after_attempts(&webhook, &event, 1).await;
        let waits = row.due_at.unwrap().saturating_sub(START);
        // Seconds are counted from the end of the answer, which took a moment of real time.
        let slack = if wait == 60 || wait == DAY { seconds(0) } else { seconds(30) };
        assert!((seconds(wait)..=seconds(wait) + slack).contains(&waits), "{status} {asked:?}: {waits:?}");
    }
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
    let row = running.after_attempts(&webhook, &event, 3).await;
    assert_eq!((row.state.as_str(), row.step), ("succeeded", 1));
    let attempts = running.house.attempts(&webhook).await;
    assert_eq!(attempts[2].trigger, "schedule");
    assert!(attempts[2].started_at >= START + seconds(10));
}
