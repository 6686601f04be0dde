//! `POST /deliveries/{id}/redeliver`.

use serde_json::json;

use herald::events::EventType;
use herald::webhooks::actions;

use super::{becomes, delivery_path, spawn};
use crate::support::programs::{number, told};
use crate::support::recorder::{Answer, Gate, Recorder};
use crate::support::webhooks::{actor, adds_webhook, records, tools};

#[tokio::test]
async fn redelivering_is_one_attempt_at_once_with_the_same_bytes() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/hook", [Answer::status(500), Answer::status(503), Answer::status(200).held_by(&gate)]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read,write").await;
    let path = delivery_path(&webhook.id, &event);
    let redeliver = format!("{path}/redeliver");
    let planned = becomes(&program, &path, "attempts_made", 1).await["next_attempt_at"].clone();

    // After a failure the state and the planned retry stay as they were.
    let started = told(program.post(&redeliver, "")).await;
    assert_eq!(started.status, 202, "{}", started.text);
    assert_eq!(
        (&started.json()["state"], &started.json()["id"]),
        (&json!("pending"), &json!(path.trim_start_matches("/deliveries/")))
    );
    assert!(started.json().get("attempts").is_none());
    let failed = becomes(&program, &path, "attempts_made", 2).await;
    assert_eq!(
        (&failed["state"], &failed["next_attempt_at"], &failed["last_status_code"]),
        (&json!("pending"), &planned, &json!(503))
    );

    // One at a time; a body is not needed, and may be an empty object.
    assert_eq!(told(program.post(&redeliver, "{}")).await.status, 202);
    recorder.wait_for_at("/hook", 3).await;
    let under_way = program.gets(&path).await.json();
    assert!(under_way["next_attempt_at"].as_str() < planned.as_str(), "{under_way}");
    let refused = told(program.post(&redeliver, "")).await;
    assert_eq!((refused.status, refused.header("content-type")), (409, "application/problem+json"));
    assert_eq!(refused.json()["detail"], "An attempt is under way. Wait for it to end.");
    gate.open();
    let done = becomes(&program, &path, "state", "succeeded").await;
    assert_eq!(
        (&done["next_attempt_at"], &done["last_error"], &done["last_status_code"]),
        (&json!(null), &json!(null), &json!(200))
    );
    let triggers: Vec<_> =
        done["attempts"].as_array().expect("a list").iter().map(|attempt| &attempt["trigger"]).collect();
    assert_eq!(triggers, ["schedule", "redeliver", "redeliver"]);
    let bodies: Vec<_> = recorder.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let audited = "SELECT COUNT(*) FROM audit_entries WHERE action = 'delivery.redelivered'";
    assert_eq!(number(&app.running().db, audited).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_redelivered_while_the_webhook_is_not_active() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read,write").await;
    let path = delivery_path(&webhook.id, &event);
    let redeliver = format!("{path}/redeliver");
    becomes(&program, &path, "state", "succeeded").await;
    for (body, field) in [(r#"{"held":"deliver"}"#, "held"), (r#"{"x":1}"#, "x")] {
        let refused = told(program.post(&redeliver, body)).await;
        assert_eq!((refused.status, refused.fields()), (422, vec![field.to_owned()]));
    }
    assert_eq!(told(program.post(&redeliver, "{")).await.status, 400);
    assert_eq!(told(program.post(&format!("{redeliver}?now=1"), "")).await.fields(), ["now"]);

    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools(&app), &actor(&app), &webhook.id).await.expect("a paused webhook");
    tx.commit().await.expect("a commit");
    let refused = told(program.post(&redeliver, "")).await;
    assert_eq!(
        (refused.status, &refused.json()["detail"]),
        (409, &json!("The webhook is not active. Resume it first."))
    );
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::delete(&mut tx, &tools(&app), &actor(&app), &webhook.id).await.expect("a deleted webhook");
    tx.commit().await.expect("a commit");
    let refused = told(program.post(&redeliver, "")).await;
    assert_eq!((refused.status, &refused.json()["detail"]), (409, &json!("The webhook was deleted.")));
    assert_eq!(recorder.requests().len(), 1);
    app.stop().await;
}
