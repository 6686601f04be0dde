//! A key is remembered as long as one of its events is kept, and not longer.

use std::sync::Arc;
use std::time::Duration;

use herald::base::ManualClock;
use serde_json::Value;

use super::{DAY, KEEP, SOON, START};
use crate::publish::SMALL;
use crate::support::Engine;
use crate::support::app::{Setting, TestApp, eventually};
use crate::support::programs::{number, told};
use crate::support::recorder::Recorder;

async fn spawn(engine: Engine) -> (TestApp, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START));
    let setting = Setting { engine: Some(engine), clock: Some(clock.clone()), ..Setting::default() };
    (setting.spawn().await, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_a_new_event_when_the_old_one_is_gone() {
    for engine in Engine::ALL {
        let (app, clock) = spawn(engine).await;
        let recorder = Recorder::start().await;
        app.adds_webhook(&recorder.url("/"), &["PROJECT_EDITED"]).await;
        let program = app.program("publish").await;
        let publish =
            async || -> Value { told(program.post("/events", SMALL).header("idempotency-key", "a")).await.json() };
        let first = publish().await;
        recorder.wait_for(1).await;
        let succeeded = "SELECT COUNT(*) FROM deliveries WHERE state = 'succeeded'";
        eventually("it is delivered", &mut async || (number(&app.running().db, succeeded).await == 1).then_some(()))
            .await;
        clock.advance(KEEP - DAY);
        assert_eq!(publish().await, first, "{engine:?}: the event is kept, and so is its key");
        clock.advance(DAY + SOON);
        let events = "SELECT COUNT(*) FROM events";
        eventually("it is removed", &mut async || (number(&app.running().db, events).await == 0).then_some(())).await;
        assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM idempotency_keys").await, 0, "{engine:?}");
        let second = publish().await;
        assert!(second["event_id"].is_string() && second != first, "{engine:?}: {second}");
        recorder.wait_for(2).await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_remembered_as_long_as_any_of_its_events() {
    for engine in Engine::ALL {
        let (app, clock) = spawn(engine).await;
        let (edited, waiting) = (SMALL, SMALL.replace("PROJECT_EDITED", "PROJECT_CREATED"));
        // Nobody wants the others; this one is held.
        let webhook = app.adds_webhook("http://127.0.0.1:9999/", &["PROJECT_CREATED"]).await;
        let mut tx = app.running().db.begin().await.expect("a transaction");
        let pause = "UPDATE webhooks SET state = 'paused' WHERE id = $1";
        sqlx::query(pause).bind(&webhook).execute(&mut *tx).await.expect("a pause");
        tx.commit().await.expect("a commit");
        let program = app.program("publish").await;
        let batch = format!(r#"{{"events":[{edited},{edited},{waiting}]}}"#);
        let publish = async || -> Value {
            told(program.post("/events/batch", batch.clone()).header("idempotency-key", "a")).await.json()
        };
        let first = publish().await;
        clock.advance(KEEP + SOON);
        let events = "SELECT COUNT(*) FROM events";
        eventually("the others are removed", &mut async || {
            (number(&app.running().db, events).await == 1).then_some(())
        })
        .await;
        assert_eq!(publish().await, first, "{engine:?}: one of its events is kept");
        let of_kept = "SELECT COUNT(*) FROM idempotency_keys k JOIN events e ON e.id = k.event_id";
        assert_eq!(number(&app.running().db, of_kept).await, 1, "{engine:?}");
        let mut tx = app.running().db.begin().await.expect("a transaction");
        let end = "UPDATE deliveries SET state = 'cancelled', reason = 'cancelled_on_resume', hold = NULL, finished_at = created_at";
        sqlx::query(end).execute(&mut *tx).await.expect("an end");
        tx.commit().await.expect("a commit");
        clock.advance(KEEP + Duration::from_secs(3_600));
        eventually("the last one is removed", &mut async || {
            (number(&app.running().db, events).await == 0).then_some(())
        })
        .await;
        assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM idempotency_keys").await, 0, "{engine:?}");
        app.stop().await;
    }
}
