//! One webhook's trouble is its own.

use std::sync::Arc;

use herald::base::{Secret, SecretId, SystemRng, Vault, WebhookId};
use herald::delivery::model::{Hints, Lease};
use herald::delivery::store::secret_place;
use herald::events::{Dispatch, EventType, NoDispatch};
use sqlx::Row as _;

use super::{Running, ids, seconds, texts};
use crate::support::app::eventually;
use crate::support::house::SECRET;
use crate::support::log;
use crate::support::receivers::{Behaviour, Receiver};
use crate::support::recorder::{Answer, Gate, Recorder};

#[tokio::test]
async fn a_receiver_that_hangs_does_not_delay_the_others() {
    let running = Running::start(10, "5s").await;
    let hanging = Receiver::start(Behaviour::says_and_hangs("")).await;
    let recorder = Recorder::start().await;
    let stuck = running.house.add_webhook(&hanging.url()).await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    running.publish_many(50).await;
    running.all_in(&webhook, 50, "succeeded").await;
    assert_eq!(recorder.requests().len(), 50);
    eventually("ten requests hang, and no more", &mut async || (hanging.requests() == 10).then_some(())).await;
    assert!(running.house.deliveries(&stuck).await.iter().all(|row| row.state == "pending" && row.attempts == 0));
    // It would otherwise wait for the ten.
    running.engine.stop(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn an_overwhelmed_receiver_is_asked_one_at_a_time_until_it_answers() {
    for status in [429, 503] {
        let running = Running::start(10, "5s").await;
        let recorder = Recorder::start().await;
        recorder.answer_next("/", [Answer::status(status)]);
        let webhook = running.house.add_webhook(&recorder.url("/")).await;
        let probe = running.house.add_webhook(&recorder.url("/probe")).await;
        let event = running.publish().await;
        running.after_attempts(&webhook, &event, 1).await;

        let (first, second, rest) = (Gate::closed(), Gate::closed(), Gate::closed());
        recorder.answer_next("/", [Answer::status(500).held_by(&first), Answer::status(200).held_by(&second)]);
        recorder.answer("/", Answer::status(200).held_by(&rest));
        running.publish_many(6).await;
        recorder.wait_for_at("/", 2).await;
        // Another lane has sent all of them by now; this one still waits for its first answer.
        running.all_in(&probe, 7, "succeeded").await;
        assert_eq!(recorder.requests_to("/").len(), 2);
        first.open();
        recorder.wait_for_at("/", 3).await;
        running.publish().await;
        running.all_in(&probe, 8, "succeeded").await;
        assert_eq!(recorder.requests_to("/").len(), 3, "a failure leaves the lane narrow");
        second.open();
        recorder.wait_for_at("/", 8).await;
        rest.open();
        running.clock.advance(seconds(5));
        running.all_in(&webhook, 8, "succeeded").await;
    }
}

#[tokio::test]
async fn an_overwhelmed_receiver_is_spared_after_a_rest_too() {
    let running = Running::start(10, "1h").await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/", [Answer::status(503)]);
    let webhook = running.house.add_webhook_for(&recorder.url("/"), &[EventType::IntakeCreated]).await;
    let probe = running.house.add_webhook_for(&recorder.url("/probe"), &[EventType::IntakeCreated]).await;
    let other = running.house.add_webhook_for(&recorder.url("/other"), &[EventType::ProjectCreated]).await;
    let event = running.publish().await;
    running.after_attempts(&webhook, &event, 1).await;
    running.all_in(&probe, 1, "succeeded").await;
    // Now and then the engine takes lanes away that have no work.
    for look in 1..=100 {
        running.house.publish(EventType::ProjectCreated).await;
        running.dispatch().wake();
        running.all_in(&other, look, "succeeded").await;
    }
    let gate = Gate::closed();
    recorder.answer("/", Answer::status(200).held_by(&gate));
    running.publish_many(6).await;
    running.all_in(&probe, 7, "succeeded").await;
    recorder.wait_for_at("/", 2).await;
    assert_eq!(recorder.requests_to("/").len(), 2, "one at a time");
    gate.open();
    running.clock.advance(seconds(2 * 3600));
    running.all_in(&webhook, 7, "succeeded").await;
}

#[tokio::test]
async fn a_secret_that_does_not_open_keeps_its_webhook_waiting_and_nobody_else() {
    let running = Running::start(10, "5s").await;
    let recorder = Recorder::start().await;
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let other = running.house.add_webhook(&recorder.url("/other")).await;
    let foreign = Vault::new(&[8; 32], Arc::new(SystemRng));
    reseal(&running, &webhook, &foreign).await;
    log::keep_errors();
    let mut events = running.publish_many(3).await;
    for passed in 1..=20 {
        // Each round the other lane shows that the engine has looked.
        running.clock.advance(seconds(3));
        events.push(running.publish().await);
        running.all_in(&other, 3 + passed, "succeeded").await;
    }
    // In the first minute: at once, then after 5, 10, 20 and 40 seconds more.
    let complaints = log::errors_with(webhook.as_str());
    assert!((1..=5).contains(&complaints.len()), "{complaints:#?}");
    assert!(running.house.deliveries(&webhook).await.iter().all(|row| row.state == "pending" && row.attempts == 0));

    reseal(&running, &webhook, &running.house.vault).await;
    Hints::webhook_changed(&running.engine, &webhook);
    eventually("delivered after all", &mut async || {
        running.clock.advance(seconds(1));
        let rows = running.house.deliveries(&webhook).await;
        rows.iter().all(|row| row.state == "succeeded").then_some(())
    })
    .await;
    let mut arrived = ids(&recorder.requests_to("/"));
    arrived.sort();
    assert_eq!(arrived, texts(&events));
}

#[tokio::test]
async fn what_waited_too_long_in_memory_is_taken_anew_and_keeps_its_place() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/", [Answer::status(200).held_by(&gate)]);
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let mut events = running.publish_many(3).await;
    recorder.wait_for(1).await;
    // What is left of the leases is too short for another attempt.
    running.clock.advance(Lease::WAIT + seconds(1));
    events.push(running.publish().await);
    gate.open();
    running.all_in(&webhook, 4, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&events));
    let rows = running.house.deliveries(&webhook).await;
    assert_eq!(rows.iter().map(|row| row.lease).collect::<Vec<_>>(), [1, 2, 2, 2]);
}

#[tokio::test]
async fn a_lane_takes_less_at_once_where_much_waits_too_long() {
    let running = Running::start(1, "5s").await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    let (first, second) = (Gate::closed(), Gate::closed());
    recorder.answer_next("/", [&first, &second].map(|gate| Answer::status(200).held_by(gate)));
    recorder.answer("/", Answer::status(200).held_by(&gate));
    let webhook = running.house.add_webhook(&recorder.url("/")).await;
    let nobody: Arc<dyn Dispatch> = Arc::new(NoDispatch);
    let events = running.house.publish_many(&nobody, 300).await;
    let leased = async |count: usize| {
        eventually(&format!("{count} are leased"), &mut async || {
            let rows = running.house.deliveries(&webhook).await;
            (rows.iter().filter(|row| row.leased_until.is_some()).count() == count).then_some(())
        })
        .await;
    };
    Dispatch::wake(&running.engine);
    recorder.wait_for(1).await;
    leased(128).await;
    for (opened, taken) in [(first, 64), (second, 32)] {
        running.clock.advance(Lease::WAIT + seconds(1));
        opened.open();
        leased(taken).await;
    }
    gate.open();
    running.all_in(&webhook, 300, "succeeded").await;
    assert_eq!(ids(&recorder.requests()), texts(&events), "each once, and in order");
}

/// Puts the webhook's secret back as `vault` seals it.
async fn reseal(running: &Running, webhook: &WebhookId, vault: &Vault) {
    let mut tx = running.house.db.begin().await.unwrap();
    let row = sqlx::query("SELECT id FROM signing_secrets WHERE webhook_id = $1")
        .bind(webhook)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    let id: SecretId = row.get(0);
    let sealed = vault.seal(&secret_place(&running.house.organization, webhook, &id), &Secret::new(SECRET));
    sqlx::query("UPDATE signing_secrets SET secret = $2 WHERE id = $1")
        .bind(id)
        .bind(sealed)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}
