//! Publishing, through the door: `POST /api/v1/events` and `/events/batch`.

mod bodies;
mod keys;
mod many;
mod once;

use serde_json::json;

use crate::support::app::spawn_app;
use crate::support::programs::{number, told};
use crate::support::recorder::Recorder;

/// The least that can be published.
pub const SMALL: &str =
    r#"{"event_type":"PROJECT_EDITED","entity_ids":["5dd51ea63f3dad73ab0a344b"],"performed_by":"john@responsive.io"}"#;

#[tokio::test]
async fn a_published_event_arrives_as_the_contract_shows_it() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    app.adds_webhook(&receiver.url("/one"), &["PROJECT_EDITED"]).await;
    app.adds_webhook(&receiver.url("/other"), &["PROJECT_CREATED"]).await;
    let body = r#"{"event_type":"PROJECT_EDITED","entity_ids":["5dd51ea63f3dad73ab0a344b"],"performed_by":"john@responsive.io",
        "performed_at":"2021-05-26T07:50:15.9Z", "data": {"CHANGED" : [ "due_date" ], "N": 1.50e0, "U": "\u00e9\/" } }"#;
    let answer = app.program("publish").await.publishes(body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    let id = answer.json()["event_id"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "event_id": id, "deliveries": 1 }));
    let arrived = receiver.wait_for(1).await;
    let expected = format!(
        r#"{{"EVENT_ID":"{id}","EVENT_TYPE":"PROJECT_EDITED","ENTITY_ID":["5dd51ea63f3dad73ab0a344b"],"ENTITY_TYPE":"PROJECT","PERFORMED_BY":"john@responsive.io","PERFORMED_AT":"2021-05-26 00:50:15 PDT","CHANGED":["due_date"],"N":1.50e0,"U":"\u00e9\/"}}"#
    );
    assert_eq!(arrived[0].text(), expected);
    assert_eq!(arrived[0].header("webhook-id"), Some(id.as_str()));
    app.stop().await;
}

#[tokio::test]
async fn a_batch_is_recorded_in_its_order_or_not_at_all() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    app.adds_webhook(&receiver.url("/"), &["PROJECT_EDITED"]).await;
    let program = app.program("publish").await;
    let other = SMALL.replace("PROJECT_EDITED", "INTAKE_CREATED");
    let answer = told(program.post("/events/batch", format!(r#"{{"events":[{SMALL},{other},{SMALL}]}}"#))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let data = answer.json()["data"].as_array().unwrap().clone();
    let deliveries: Vec<_> = data.iter().map(|event| event["deliveries"].as_u64().unwrap()).collect();
    assert_eq!(deliveries, [1, 0, 1]);
    let ids: Vec<_> = data.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted());

    let bad = SMALL.replace("john@responsive.io", "john");
    let answer = told(program.post("/events/batch", format!(r#"{{"events":[{SMALL},{bad}]}}"#))).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["events[1].performed_by".to_owned()]));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 3);

    // As many as a batch may have, and far more than an ordinary body may hold.
    let large = SMALL.replace('}', &format!(r#","data":{{"X":"{}"}}}}"#, "x".repeat(8_000)));
    let answer = told(program.post("/events/batch", format!(r#"{{"events":[{}]}}"#, vec![large; 500].join(",")))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 503);
    let answer = told(program.post("/events/batch", " ".repeat(5 * 1024 * 1024 + 1))).await;
    assert_eq!(answer.status, 413);
    app.stop().await;
}
