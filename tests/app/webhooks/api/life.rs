//! Pause, resume, enable, delete and restore.

use std::sync::Arc;
use std::time::Duration;

use herald::base::{ManualClock, Timestamp};
use herald::events::EventType;

use super::super::records_event;
use super::*;
use crate::support::app::{Setting, TestApp, spawn_app};
use crate::support::programs::number;
use crate::support::recorder::{Answer, Recorder};

const PENDING: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'pending'";
const HELD: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'held'";
const SUCCEEDED: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'succeeded'";
const CANCELLED: &str = "SELECT COUNT(*) FROM deliveries WHERE state = 'cancelled'";

async fn count(app: &TestApp, query: &'static str) -> i64 {
    number(&app.running().db, query).await
}

#[tokio::test]
async fn what_is_held_is_asked_about() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    let program = app.program("read,write").await;
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let (pause, resume, enable) = (format!("{path}/pause"), format!("{path}/resume"), format!("{path}/enable"));
    let state = async || program.gets(&path).await.json()["state"].clone();

    let unchanged = program.gets(&path).await.json();
    let repeated = program.acts(&resume).await;
    assert_eq!((repeated.status, repeated.json()), (200, unchanged), "it is active");
    let paused = program.acts(&pause).await;
    assert_eq!((paused.status, &paused.json()["state"]), (200, &json!("paused")));
    assert_eq!(keys(&paused.json()), KEYS);
    let repeated = program.posts(&pause, json!({})).await;
    assert_eq!((repeated.status, repeated.json()), (200, paused.json()), "repeating changes nothing");
    let wrong = program.acts(&enable).await;
    assert_eq!((wrong.status, wrong.json().get("held_count")), (409, None), "enable is for disabled ones");

    for _ in 0..3 {
        records_event(&app, EventType::ProjectCreated).await;
    }
    let question = program.acts(&resume).await;
    assert_eq!((question.status, question.header("content-type")), (409, "application/problem+json"));
    assert_eq!((&question.json()["held_count"], &question.json()["status"]), (&json!(3), &json!(409)));
    assert_eq!((state().await, count(&app, HELD).await), (json!("paused"), 3));
    for (body, fields) in [
        (json!({ "held": "maybe" }), vec!["held"]),
        (json!({ "held": true }), vec!["held"]),
        (json!({ "held": "deliver", "held_per_second": 0 }), vec!["held_per_second"]),
        (json!({ "held": "deliver", "held_per_second": 2.5 }), vec!["held_per_second"]),
        (json!({ "held": "deliver", "held_per_second": "2" }), vec!["held_per_second"]),
        (json!({ "held": "deliver", "name": "x" }), vec!["name"]),
        (json!([]), vec![""]),
    ] {
        let answer = program.posts(&resume, body.clone()).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.iter().map(ToString::to_string).collect()), "{body}");
    }
    for nothing in [json!({ "held": null }), json!({}), json!(null)] {
        assert_eq!(program.posts(&resume, nothing).await.status, 409, "null says nothing");
    }
    let resumed = program.posts(&resume, json!({ "held": "deliver" })).await;
    assert_eq!((resumed.status, &resumed.json()["state"]), (200, &json!("active")));
    receiver.wait_for(3).await;
    // What arrived is held by a pause until its attempt is recorded.
    let are_recorded = async || (count(&app, SUCCEEDED).await == 3).then_some(());
    app.eventually("the three are recorded", are_recorded).await;

    program.acts(&pause).await;
    records_event(&app, EventType::ProjectCreated).await;
    assert_eq!(program.posts(&resume, json!({ "held": "cancel" })).await.status, 200);
    assert_eq!((count(&app, CANCELLED).await, count(&app, HELD).await), (1, 0));
    program.acts(&pause).await;
    assert_eq!(program.acts(&resume).await.status, 200, "nothing is held, so nothing is asked");
    assert_eq!(receiver.requests().len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn what_herald_disabled_is_enabled() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    receiver.answer_next("/", [Answer::status(410)]);
    let program = app.program("read,write").await;
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let (pause, resume, enable) = (format!("{path}/pause"), format!("{path}/resume"), format!("{path}/enable"));
    assert_eq!(program.acts(&enable).await.status, 200, "it is active");
    records_event(&app, EventType::ProjectCreated).await;
    let is_disabled = async || {
        let webhook = program.gets(&path).await.json();
        (webhook["state"] == "disabled").then_some(webhook)
    };
    let disabled = app.eventually("the webhook is disabled", is_disabled).await;
    assert!(disabled["disabled_reason"].is_string(), "{disabled}");
    for wrong in [&pause, &resume] {
        assert_eq!(program.acts(wrong).await.status, 409, "{wrong}");
    }
    let question = program.acts(&enable).await;
    assert_eq!((question.status, &question.json()["held_count"]), (409, &json!(1)), "{}", question.text);
    let enabled = program.posts(&enable, json!({ "held": "deliver" })).await;
    assert_eq!(enabled.status, 200);
    assert_eq!((&enabled.json()["state"], &enabled.json()["disabled_reason"]), (&json!("active"), &Value::Null));
    receiver.wait_for(2).await;
    assert_eq!(program.acts(&enable).await.status, 200, "repeating changes nothing");
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_webhook_comes_back_with_its_deliveries() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    receiver.answer_next("/", [Answer::status(500)]);
    let program = app.program("read,write").await;
    let path = program.adds(minimal(&receiver.url("/"))).await;
    records_event(&app, EventType::ProjectCreated).await;
    // Failed once, and waits for its second attempt.
    let has_failed = async || (count(&app, "SELECT COUNT(*) FROM attempts").await == 1).then_some(());
    app.eventually("the first attempt is recorded", has_failed).await;
    let before = program.gets(&path).await.json();
    let deleted = program.deletes(&path).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    for gone in [program.gets(&path).await, program.deletes(&path).await, program.patches(&path, json!({})).await] {
        assert_eq!(gone.status, 404, "{}", gone.text);
    }
    for action in ["pause", "resume", "enable", "test"] {
        assert_eq!(program.acts(&format!("{path}/{action}")).await.status, 404, "{action}");
    }
    assert_eq!((count(&app, CANCELLED).await, count(&app, PENDING).await), (1, 0));
    records_event(&app, EventType::ProjectCreated).await;
    records_event(&app, EventType::IntakeCreated).await;
    assert_eq!(program.gets("/webhooks").await.json()["data"], json!([]));

    let restored = program.acts(&format!("{path}/restore")).await;
    let expected = with(before, json!({ "updated_at": restored.json()["updated_at"] }));
    assert_eq!((restored.status, restored.json()), (200, expected));
    assert_eq!(count(&app, CANCELLED).await, 0);
    assert_eq!(program.acts(&format!("{path}/restore")).await.status, 200, "repeating changes nothing");
    receiver.wait_for(3).await;
    assert_eq!(count(&app, "SELECT COUNT(*) FROM deliveries").await, 2);
    app.stop().await;
}

#[tokio::test]
async fn after_ten_minutes_a_deletion_stays() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("https://203.0.112.7/")).await;
    let restore = format!("{path}/restore");
    program.deletes(&path).await;
    clock.advance(Duration::from_secs(599));
    assert_eq!(program.acts(&restore).await.status, 200);
    program.deletes(&path).await;
    clock.advance(Duration::from_secs(600));
    let gone = program.acts(&restore).await;
    assert_eq!((gone.status, gone.header("content-type")), (410, "application/problem+json"));
    assert_eq!(program.gets(&path).await.status, 404);
    app.stop().await;
}
