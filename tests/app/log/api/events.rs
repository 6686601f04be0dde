//! `GET /events` and `/events/{event_id}`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use herald::events::EventType;
use herald::webhooks::actions;

use super::{becomes, column, delivery_path, keys, spawn};
use crate::support::programs::told;
use crate::support::recorder::{Answer, Gate, Recorder};
use crate::support::webhooks::{actor, adds_webhook, records, tools};

#[tokio::test]
async fn an_event_is_shown_as_it_was_published() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    adds_webhook(&app, "Deal desk", &recorder.url("/")).await;
    let program = app.program("read,publish").await;
    let published = r#"{"event_type":"PROJECT_EDITED","entity_ids":["5dd51ea63f3dad73ab0a344b","b"],"performed_by":"john@responsive.io",
        "performed_at":"2021-05-26T09:50:15.9+02:00", "data": {"CHANGED" : [ "due_date" ], "N": 1.50e0, "U": "\u00e9\/" } }"#;
    let answer = told(program.post("/events", published)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.json()["event_id"].as_str().expect("an id").to_owned();
    let list = program.gets("/events").await;
    assert!(list.text.contains(r#""data":{"CHANGED":["due_date"],"N":1.50e0,"U":"\u00e9\/"}"#), "{}", list.text);
    let mut row = list.json()["data"][0].clone();
    let recorded_at = row["recorded_at"].as_str().expect("a time").to_owned();
    assert!(recorded_at.ends_with('Z') && *recorded_at > *"2026", "{recorded_at}");
    row["data"] = Value::Null;
    let expected = json!({"id": id, "event_type": "PROJECT_EDITED", "entity_type": "PROJECT",
        "entity_ids": ["5dd51ea63f3dad73ab0a344b", "b"], "performed_by": "john@responsive.io",
        "performed_at": "2021-05-26T07:50:15.000000Z", "data": null, "recorded_at": recorded_at});
    assert_eq!(row, expected);

    let shown = program.gets(&format!("/events/{id}")).await;
    assert!(shown.text.contains(r#""N":1.50e0,"U":"\u00e9\/""#), "{}", shown.text);
    let shown = shown.json();
    assert_eq!(shown["body"], recorder.wait_for(1).await[0].text());
    let mut more = keys(&expected);
    more.extend(["body", "webhooks"]);
    assert_eq!(keys(&shown), more);
    app.stop().await;
}

#[tokio::test]
async fn an_event_says_what_became_of_it_at_each_webhook() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer("/slow", Answer::status(200).held_by(&gate));
    recorder.answer("/failing", Answer::status(500));
    let slow = adds_webhook(&app, "Slow", &recorder.url("/slow")).await;
    let failing = adds_webhook(&app, "Failing", &recorder.url("/failing")).await;
    let paused = adds_webhook(&app, "Paused", &recorder.url("/paused")).await;
    let gone = adds_webhook(&app, "Gone", &recorder.url("/gone")).await;
    let unsubscribed = app.adds_webhook(&recorder.url("/other"), &["INTAKE_CREATED"]).await;
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools(&app), &actor(&app), &paused.id).await.expect("a paused webhook");
    actions::delete(&mut tx, &tools(&app), &actor(&app), &gone.id).await.expect("a deleted webhook");
    tx.commit().await.expect("a commit");
    let event = records(&app, EventType::ProjectEdited).await;
    let late = adds_webhook(&app, "Late", &recorder.url("/late")).await;
    let program = app.program("read").await;
    becomes(&program, &delivery_path(&failing.id, &event), "attempts_made", 1).await;
    recorder.wait_for_at("/slow", 1).await;
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::delete(&mut tx, &tools(&app), &actor(&app), &failing.id).await.expect("a deleted webhook");
    tx.commit().await.expect("a commit");

    let shown = program.gets(&format!("/events/{}", event.id)).await.json();
    let webhooks = shown["webhooks"].as_array().expect("a list");
    let of = |id: &str| webhooks.iter().find(|fate| fate["webhook_id"] == id).expect("a webhook").clone();
    let mut told = BTreeSet::new();
    for (webhook, name, state, reason) in [
        (&slow.id, "Slow", "pending", Value::Null),
        (&failing.id, "Failing", "cancelled", json!("webhook_deleted")),
        (&paused.id, "Paused", "held", json!("webhook_not_active")),
        (&gone.id, "Gone", "not_sent", json!("webhook_deleted")),
        (&unsubscribed, "Receiver", "not_sent", json!("not_subscribed")),
        (&late.id, "Late", "not_sent", json!("created_later")),
    ] {
        let path = delivery_path(webhook, &event);
        let delivery = (state != "not_sent").then(|| path.trim_start_matches("/deliveries/").to_owned());
        let expected = json!({"webhook_id": webhook.as_str(), "name": name, "state": state, "reason": reason, "delivery_id": delivery});
        assert_eq!(of(webhook.as_str()), expected);
        told.insert(webhook.as_str());
    }
    assert_eq!(webhooks.len(), told.len());
    gate.open();
    becomes(&program, &delivery_path(&slow.id, &event), "state", "succeeded").await;
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_parameter_of_events_is_refused() {
    let app = spawn().await;
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read").await;
    for (query, fields) in [
        ("?event_type=PROJECT_EDITED", vec!["event_type"]),
        ("?limit=251&cursor=x&page=2", vec!["limit", "cursor", "page"]),
        ("?limit=0", vec!["limit"]),
        ("?limit=1&limit=1", vec!["limit"]),
    ] {
        let answer = program.gets(&format!("/events{query}")).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.into_iter().map(str::to_owned).collect()), "{query}");
    }
    assert_eq!(program.gets(&format!("/events/{}?limit=1", event.id)).await.fields(), ["limit"]);
    let list = program.gets("/events?limit=250").await.json();
    assert_eq!(column(&list, "id"), [event.id.as_str()]);
    assert_eq!((&list["data"][0]["data"], &list["next_cursor"]), (&Value::Null, &Value::Null));
    app.stop().await;
}
