//! `POST /webhooks/{id}/replay` and `/replays/{id}`.

use serde_json::{Value, json};

use herald::base::WebhookId;
use herald::delivery::model::Hints as _;
use herald::events::EventType;
use herald::webhooks::actions;

use super::{becomes, delivery_path, keys, spawn};
use crate::support::app::TestApp;
use crate::support::programs::{Program, Told, number, told};
use crate::support::recorder::{Answer, Gate, Recorder};
use crate::support::webhooks::{actor, adds_webhook, records, tools};

const SINCE: &str = "2020-01-01T00:00:00Z";

async fn replays(program: &Program, webhook: &WebhookId, body: Value) -> Told {
    told(program.post(&format!("/webhooks/{webhook}/replay"), body.to_string())).await
}

/// The schedule is used up for all that is pending.
async fn all_have_failed(app: &TestApp) {
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let text = "UPDATE deliveries SET state = 'failed', due_at = NULL, finished_at = created_at, step = 2 WHERE state = 'pending'";
    sqlx::query(text).execute(&mut *tx).await.expect("a change");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn what_failed_is_sent_again_with_the_same_bytes() {
    let (app, recorder) = (spawn().await, Recorder::start().await);
    recorder.answer_next("/hook", [Answer::status(500), Answer::status(500), Answer::status(200)]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await.id;
    let program = app.program("read,write").await;
    let mut paths = Vec::new();
    for kind in [EventType::ProjectCreated, EventType::ProjectEdited] {
        let event = records(&app, kind).await;
        paths.push(delivery_path(&webhook, &event));
        becomes(&program, paths.last().expect("a path"), "attempts_made", 1).await;
    }
    all_have_failed(&app).await;
    let arrived = records(&app, EventType::ProjectCompleted).await;
    becomes(&program, &delivery_path(&webhook, &arrived), "state", "succeeded").await;

    let body = json!({ "since": SINCE, "dry_run": true });
    let counted = replays(&program, &webhook, body.clone()).await;
    assert_eq!((counted.status, counted.json()), (200, json!({ "total": 2 })), "what arrived is not sent again");
    let mut of_one_type = body;
    of_one_type["event_types"] = json!(["PROJECT_EDITED"]);
    assert_eq!(replays(&program, &webhook, of_one_type).await.json(), json!({ "total": 1 }));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM replays").await, 0);

    let started = replays(&program, &webhook, json!({ "since": SINCE })).await;
    assert_eq!((started.status, &started.json()["state"]), (202, &json!("running")), "{}", started.text);
    let all = ["id", "webhook_id", "state", "total", "done", "succeeded", "failed", "created_at", "finished_at"];
    assert_eq!(keys(&started.json()), all.into());
    assert_eq!((&started.json()["total"], &started.json()["finished_at"]), (&json!(2), &json!(null)));
    let id = started.json()["id"].as_str().expect("an id").to_owned();
    let finished = becomes(&program, &format!("/replays/{id}"), "state", "finished").await;
    let figures = ["total", "done", "succeeded", "failed"].map(|key| finished[key].as_i64());
    assert_eq!(figures, [Some(2), Some(2), Some(2), Some(0)]);
    assert!(finished["finished_at"].is_string() && finished["webhook_id"] == webhook.as_str());

    for path in &paths {
        let delivery = program.gets(path).await.json();
        assert_eq!((&delivery["state"], &delivery["attempts_made"]), (&json!("succeeded"), &json!(2)));
        let attempts = delivery["attempts"].as_array().expect("a list");
        let shown: Vec<_> = attempts.iter().map(|attempt| (&attempt["number"], &attempt["trigger"])).collect();
        assert_eq!(shown, [(&json!(1), &json!("schedule")), (&json!(2), &json!("replay"))]);
    }
    // Two deliveries of one replay are sent at the same time: they arrive in any order.
    let requests = recorder.requests();
    let (before, since) = requests.split_at(3);
    assert_eq!(since.len(), 2, "each is sent once");
    for first in &before[..2] {
        let again = since.iter().find(|request| request.header("webhook-id") == first.header("webhook-id"));
        assert_eq!(again.map(|request| &request.body), Some(&first.body), "the same id and bytes");
    }
    let over = told(program.post(&format!("/replays/{id}/cancel"), "")).await;
    assert_eq!((over.status, &over.json()["detail"]), (409, &json!("This replay has finished.")));
    let audited = "SELECT COUNT(*) FROM audit_entries WHERE action = 'webhook.replay_started'";
    assert_eq!(number(&app.running().db, audited).await, 1);
    let nothing = replays(&program, &webhook, json!({ "since": SINCE })).await;
    assert_eq!((nothing.status, &nothing.json()["state"]), (202, &json!("finished")), "nothing is left");
    app.stop().await;
}

#[tokio::test]
async fn a_cancelled_replay_sends_no_more() {
    let (app, recorder, gate) = (spawn().await, Recorder::start().await, Gate::closed());
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await.id;
    let program = app.program("read,write").await;
    for count in 1..=3 {
        let event = records(&app, EventType::ProjectCreated).await;
        becomes(&program, &delivery_path(&webhook, &event), "state", "succeeded").await;
        recorder.wait_for(count).await;
    }
    recorder.answer_next("/hook", [Answer::status(200).held_by(&gate)]);
    let slowly = json!({ "since": SINCE, "states": ["succeeded"], "per_second": 1 });
    let id = replays(&program, &webhook, slowly).await.json()["id"].as_str().expect("an id").to_owned();
    recorder.wait_for(4).await;
    let cancel = format!("/replays/{id}/cancel");
    let cancelled = told(program.post(&cancel, "")).await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")), "{}", cancelled.text);
    let repeated = told(program.post(&cancel, "{}")).await;
    assert_eq!((repeated.status, repeated.json()), (200, cancelled.json()), "repeating changes nothing");
    // The attempt under way ends and counts; nothing else is open.
    gate.open();
    let all = "SELECT COUNT(*) FROM deliveries WHERE state = 'succeeded'";
    assert_eq!(number(&app.running().db, all).await, 3);
    becomes(&program, &format!("/replays/{id}"), "state", "cancelled").await;
    app.running().engine.replay();
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM deliveries WHERE due_at IS NOT NULL").await, 0);
    assert_eq!(recorder.requests().len(), 4);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field() {
    let (app, recorder) = (spawn().await, Recorder::start().await);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/")).await.id;
    let program = app.program("read,write").await;
    for (body, fields) in [
        (json!({}), vec!["since"]),
        (json!({ "since": "yesterday" }), vec!["since"]),
        (json!({ "since": 7, "until": "x" }), vec!["since", "until"]),
        (json!({ "since": "2999-01-01T00:00:00Z" }), vec!["since"]),
        (json!({ "since": SINCE, "until": SINCE }), vec!["until"]),
        (json!({ "since": SINCE, "states": [] }), vec!["states"]),
        (json!({ "since": SINCE, "states": "failed" }), vec!["states"]),
        (json!({ "since": SINCE, "states": ["failed", "lost"] }), vec!["states[1]"]),
        (json!({ "since": SINCE, "states": ["pending"] }), vec!["states"]),
        (json!({ "since": SINCE, "event_types": [] }), vec!["event_types"]),
        (json!({ "since": SINCE, "event_types": ["TEST"] }), vec!["event_types[0]"]),
        (json!({ "since": SINCE, "dry_run": "yes" }), vec!["dry_run"]),
        (json!({ "since": SINCE, "per_second": 0 }), vec!["per_second"]),
        (json!({ "since": SINCE, "rate": 5 }), vec!["rate"]),
    ] {
        let refused = replays(&program, &webhook, body.clone()).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (422, fields.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_webhook_that_is_not_active_or_not_ours_is_not_replayed() {
    let (app, recorder) = (spawn().await, Recorder::start().await);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/")).await.id;
    let event = records(&app, EventType::ProjectCreated).await;
    let program = app.program("read,write").await;
    becomes(&program, &delivery_path(&webhook, &event), "state", "succeeded").await;
    let body = json!({ "since": SINCE, "states": ["succeeded"], "per_second": 1 });
    let id = replays(&program, &webhook, body.clone()).await.json()["id"].as_str().expect("an id").to_owned();
    let stranger = app.stranger("read,write").await;
    assert_eq!(replays(&stranger, &webhook, body.clone()).await.status, 404);
    assert_eq!(stranger.gets(&format!("/replays/{id}")).await.status, 404);
    assert_eq!(told(stranger.post(&format!("/replays/{id}/cancel"), "")).await.status, 404);
    let reader = app.program("read").await;
    assert_eq!(replays(&reader, &webhook, body.clone()).await.status, 403);
    assert_eq!(reader.gets("/replays/nonsense").await.status, 404);

    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools(&app), &actor(&app), &webhook).await.expect("a paused webhook");
    tx.commit().await.expect("a commit");
    let refused = replays(&program, &webhook, body.clone()).await;
    let reason = json!("The webhook is not active. Resume it first.");
    assert_eq!((refused.status, &refused.json()["detail"]), (409, &reason));
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::delete(&mut tx, &tools(&app), &actor(&app), &webhook).await.expect("a deleted webhook");
    tx.commit().await.expect("a commit");
    assert_eq!(replays(&program, &webhook, body).await.status, 404);
    assert_eq!(program.gets(&format!("/replays/{id}")).await.status, 200, "what was, can be read");
    app.stop().await;
}
