//! What is refused, with its status and the field that it names.

use serde_json::{Value, json};

use super::SMALL;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::{number, told};

/// A good body with some members changed; `null` takes one out.
fn with(changes: Value) -> String {
    let mut body: Value = serde_json::from_str(SMALL).expect("the body is JSON");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            body.as_object_mut().expect("an object").remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body.to_string()
}

#[tokio::test]
async fn json_that_breaks_a_rule_is_told_field_by_field() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let too_long = "é".repeat(129);
    let ids = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>();
    let table = [
        (with(json!({ "event_type": null })), vec!["event_type"]),
        (with(json!({ "event_type": "TEST" })), vec!["event_type"]),
        (with(json!({ "event_type": "PROJECT_MOVED" })), vec!["event_type"]),
        (with(json!({ "event_type": 7 })), vec!["event_type"]),
        (with(json!({ "entity_ids": null })), vec!["entity_ids"]),
        (with(json!({ "entity_ids": [] })), vec!["entity_ids"]),
        (with(json!({ "entity_ids": "a" })), vec!["entity_ids"]),
        (with(json!({ "entity_ids": ids(1001) })), vec!["entity_ids"]),
        (
            with(json!({ "entity_ids": ["a", 1, "", too_long] })),
            vec!["entity_ids[1]", "entity_ids[2]", "entity_ids[3]"],
        ),
        (
            with(json!({ "entity_ids": ["a\u{0}", "b", "b", "\u{7f}"] })),
            vec!["entity_ids[0]", "entity_ids[2]", "entity_ids[3]"],
        ),
        (with(json!({ "performed_by": null })), vec!["performed_by"]),
        (with(json!({ "performed_by": "john" })), vec!["performed_by"]),
        (with(json!({ "performed_by": format!("{}@example.com", "a".repeat(243)) })), vec!["performed_by"]),
        (with(json!({ "performed_at": "yesterday" })), vec!["performed_at"]),
        (with(json!({ "performed_at": 1_764_000_000 })), vec!["performed_at"]),
        (with(json!({ "performed_at": "9999-01-01T00:00:00Z" })), vec!["performed_at"]),
        (with(json!({ "data": [] })), vec!["data"]),
        (
            with(json!({ "data": { "FOO": 1, "foo": 1, "EVENT_ID": 1, "1A": 1 } })),
            vec!["data.foo", "data.EVENT_ID", "data.1A"],
        ),
        (with(json!({ "entity_type": "PROJECT" })), vec!["entity_type"]),
        ("[]".into(), vec![""]),
        ("7".into(), vec![""]),
        ("{}".into(), vec!["event_type", "entity_ids", "performed_by"]),
    ];
    for (body, fields) in table {
        let answer = program.publishes(body.clone()).await;
        assert_eq!((answer.status, answer.header("content-type")), (422, "application/problem+json"), "{body}");
        assert_eq!(answer.fields(), fields, "{body}");
    }
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 0);
    for good in [
        with(json!({ "entity_ids": ids(1000) })),
        with(json!({ "entity_ids": ["é".repeat(128)] })),
        with(json!({ "performed_by": format!("{}@example.com", "a".repeat(242)) })),
        with(json!({ "performed_at": "1999-12-31T23:59:59+14:00" })),
        with(json!({ "data": {} })),
    ] {
        let answer = program.publishes(good.clone()).await;
        assert_eq!(answer.status, 202, "{good}: {}", answer.text);
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_json_is_400() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let nested = |levels: usize| {
        format!(r#"{},"data":{{"A":{}1{}}}}}"#, &SMALL[..SMALL.len() - 1], "[".repeat(levels), "]".repeat(levels))
    };
    let table: Vec<Vec<u8>> = vec![
        b"".into(),
        b"event_type=TEST".into(),
        b"{".into(),
        format!("{SMALL}x").into(),
        format!("{SMALL}{SMALL}").into(),
        format!("\u{feff}{SMALL}").into(),
        [SMALL.as_bytes(), b"\xff"].concat(),
        SMALL.replace("john@", "jo\\ud800hn@").into(),
        SMALL.replacen('{', r#"{"event_type":"TEST","#, 1).into(),
        SMALL.replace('}', r#","data":{"A":{"x":{"y":1,"\u0079":2}}}}"#).into(),
        nested(65).into(),
        nested(100_000).into(),
    ];
    for body in table {
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let answer = program.publishes(body).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, "application/problem+json"), "{shown}");
    }
    assert_eq!(program.publishes(nested(64)).await.status, 202);
    app.stop().await;
}

#[tokio::test]
async fn other_bodies_methods_and_addresses_have_their_statuses() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let plain = program.request(reqwest::Method::POST, "/events").body(SMALL);
    assert_eq!(told(plain).await.status, 415);
    let form = program.request(reqwest::Method::POST, "/events").header("content-type", "text/plain").body(SMALL);
    assert_eq!(told(form).await.status, 415);
    assert_eq!(told(program.post("/events", SMALL).header("content-encoding", "gzip")).await.status, 415);
    let padded = |bytes: usize| format!("{SMALL}{}", " ".repeat(bytes - SMALL.len()));
    assert_eq!(program.publishes(padded(256 * 1024)).await.status, 202);
    let large = program.publishes(padded(256 * 1024 + 1)).await;
    assert_eq!((large.status, large.header("content-type")), (413, "application/problem+json"));
    let huge = program.publishes(padded(3 * 1024 * 1024)).await;
    assert_eq!(huge.status, 413);
    // In pieces, so that its length is not known beforehand.
    let pieces = (0..100).map(|_| Ok::<_, std::io::Error>(" ".repeat(4_000)));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    assert_eq!(program.publishes(stream).await.status, 413);
    let wrong = told(program.request(reqwest::Method::PUT, "/events")).await;
    assert_eq!((wrong.status, wrong.header("content-type")), (405, "application/problem+json"));
    assert!(wrong.header("allow").contains("POST"), "{}", wrong.header("allow"));
    let nowhere = told(program.request(reqwest::Method::GET, "/nowhere")).await;
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, "application/problem+json"));
    app.stop().await;
}

#[tokio::test]
async fn a_key_may_publish_so_often_and_is_then_told_to_wait() {
    let app = Setting::default().with("HERALD_PUBLISH_RATE", "2/h").spawn().await;
    let program = app.program("publish").await;
    for _ in 0..2 {
        assert_eq!(program.publishes(SMALL).await.status, 202);
    }
    let answer = program.publishes(SMALL).await;
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.header("retry-after").parse().expect("a number of seconds");
    assert!((1_700..=1_800).contains(&seconds), "{seconds}");
    assert_eq!(app.program("publish").await.publishes(SMALL).await.status, 202, "another key has its own rate");
    app.stop().await;
}
