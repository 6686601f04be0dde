//! The log's part of the API, on real servers.

mod deliveries;
mod events;
mod paging;
mod redeliver;
mod replay;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use herald::auth::model::Organization;
use herald::auth::store::organizations;
use herald::base::{DeliveryId, WebhookId};
use herald::events::EventType;
use herald::events::model::NewEvent;

use crate::support::app::{Setting, TestApp, eventually, spawn_app};
use crate::support::programs::{Program, Told, told};
use crate::support::recorder::Recorder;
use crate::support::webhooks::{adds_webhook, records};

/// Planned retries stay out of the way.
async fn spawn() -> TestApp {
    Setting::default().with("HERALD_RETRY_SCHEDULE", "1h").spawn().await
}

fn delivery_path(webhook: &WebhookId, event: &NewEvent) -> String {
    format!("/deliveries/{}", DeliveryId { webhook: webhook.clone(), event: event.id.clone() })
}

/// Reads `path` until `key` of the answer is `value`.
async fn becomes(program: &Program, path: &str, key: &str, value: impl Into<Value>) -> Value {
    let value = value.into();
    let what = format!("{path} has {key}: {value}");
    eventually(&what, &mut || async {
        let shown = program.gets(path).await.json();
        (shown[key] == value).then_some(shown)
    })
    .await
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A column of the rows of a list.
fn column<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list["data"].as_array().expect("a list").iter().map(|row| row[key].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn the_ten_event_types_come_with_their_samples() {
    let app = spawn_app().await;
    let program = app.program("read").await;
    let answer = program.gets("/event-types").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let list = answer.json();
    assert_eq!((column(&list, "type").len(), &list["next_cursor"]), (10, &Value::Null));
    assert_eq!(column(&list, "type"), EventType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>());
    for kind in list["data"].as_array().expect("a list") {
        assert_eq!(keys(kind), BTreeSet::from(["type", "group", "description", "entity_type", "sample"]));
        assert_eq!(
            (&kind["sample"]["EVENT_TYPE"], &kind["sample"]["ENTITY_TYPE"]),
            (&kind["type"], &kind["entity_type"])
        );
    }
    let groups: BTreeSet<_> = column(&list, "group").into_iter().collect();
    assert_eq!(groups, BTreeSet::from(["section", "project", "answer_library", "intake"]));
    let sample = r#""sample":{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"SECTION_COMPLETED","ENTITY_ID":["5dd51f0c3f3dad73ab0a3477"],"ENTITY_TYPE":"SECTION","PERFORMED_BY":"john@responsive.io","PERFORMED_AT":"2021-05-26 00:50:15 PDT","PROJECT_ID":"5dd51ea63f3dad73ab0a344b"}"#;
    assert!(answer.text.contains(sample), "{}", answer.text);

    let first = program.gets("/event-types?limit=4").await.json();
    let rest = program.gets(&format!("/event-types?cursor={}", first["next_cursor"].as_str().expect("a cursor"))).await;
    assert_eq!([column(&first, "type"), column(&rest.json(), "type")].concat(), column(&list, "type"));
    app.stop().await;
}

#[tokio::test]
async fn the_log_is_read_with_the_scope_for_it() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/")).await.id;
    let event = records(&app, EventType::ProjectEdited).await;
    let delivery = delivery_path(&webhook, &event);
    let reader = app.program("read").await;
    becomes(&reader, &delivery, "state", "succeeded").await;
    let (publisher, writer) = (app.program("publish").await, app.program("write").await);
    let (happened, redeliver) = (format!("/events/{}", event.id), format!("{delivery}/redeliver"));
    for path in ["/event-types", "/events", &happened, "/deliveries", &delivery] {
        assert_eq!(reader.gets(path).await.status, 200, "{path}");
        for other in [&publisher, &writer] {
            let refused = other.gets(path).await;
            assert_eq!(
                (refused.status, &refused.json()["type"]),
                (403, &json!("/api/docs#problem-missing-scope")),
                "{path}"
            );
        }
        let without = told(reader.request(reqwest::Method::GET, path).header("authorization", "Bearer nonsense")).await;
        assert_eq!(without.status, 401, "{path}");
        let deleted = told(reader.request(reqwest::Method::DELETE, path)).await;
        assert_eq!(deleted.status, 405, "{path}");
        assert!(deleted.header("allow").contains("GET"), "{path}");
    }
    assert_eq!(told(reader.post(&redeliver, "")).await.status, 403);
    assert_eq!(told(publisher.post(&redeliver, "")).await.status, 403);
    let got = reader.gets(&redeliver).await;
    assert_eq!((got.status, got.header("allow")), (405, "POST"));
    app.stop().await;
}

#[tokio::test]
async fn what_belongs_to_another_organization_is_not_there() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/")).await.id;
    let event = records(&app, EventType::ProjectEdited).await;
    let stranger = app.stranger("read,write").await;
    let delivery = delivery_path(&webhook, &event);
    let missing = "0".repeat(24);
    for path in [
        format!("/events/{}", event.id),
        delivery.clone(),
        format!("/events/EVT-{missing}"),
        "/events/nonsense".into(),
        format!("/deliveries/{missing}-{missing}"),
        "/deliveries/nonsense".into(),
    ] {
        let answer = stranger.gets(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
    }
    assert_eq!(told(stranger.post(&format!("{delivery}/redeliver"), "")).await.status, 404);
    for list in [
        "/events".into(),
        "/deliveries".into(),
        format!("/deliveries?webhook_id={webhook}"),
        format!("/deliveries?event_id={}", event.id),
        "/deliveries?state=succeeded".into(),
    ] {
        let answer: Told = stranger.gets(&list).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "data": [], "next_cursor": null })), "{list}");
    }
    app.stop().await;
}

#[tokio::test]
async fn while_webhooks_are_off_what_happened_is_read_and_deliveries_are_not() {
    let app = spawn().await;
    let webhook = adds_webhook(&app, "Deal desk", "https://hooks.example/").await.id;
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let off = Organization { webhooks_enabled: false, ..app.organization.clone() };
    organizations::update(&mut tx, &off).await.expect("a change");
    tx.commit().await.expect("a commit");
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read,write").await;
    assert_eq!(program.gets("/event-types").await.status, 200);
    assert_eq!(column(&program.gets("/events").await.json(), "id"), [event.id.as_str()]);
    let shown = program.gets(&format!("/events/{}", event.id)).await.json();
    let expected = json!([{"webhook_id": webhook.as_str(), "name": "Deal desk", "state": "not_sent",
        "reason": "webhooks_not_enabled", "delivery_id": null}]);
    assert_eq!(shown["webhooks"], expected);
    let delivery = delivery_path(&webhook, &event);
    for path in ["/deliveries", "/deliveries?state=nonsense", &delivery] {
        let refused = program.gets(path).await;
        assert_eq!(refused.json()["type"], "/api/docs#problem-webhooks-not-enabled", "{path}");
        assert_eq!(refused.status, 403, "{path}");
    }
    assert_eq!(told(program.post(&format!("{delivery}/redeliver"), "")).await.status, 403);
    app.stop().await;
}
