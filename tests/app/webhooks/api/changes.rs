//! `PATCH /webhooks/{id}`.

use futures_util::future::join_all;

use super::*;
use crate::support::app::spawn_app;
use crate::support::recorder::{Received, Recorder};

/// A webhook with two headers of its own.
fn with_headers(url: &str) -> Value {
    let headers = json!([{ "name": "X-Key", "value": "s3cret" }, { "name": "X-Tenant", "value": "prod" }]);
    with(minimal(url), json!({ "headers": headers }))
}

/// What a test of the webhook brings to its receiver.
async fn sent(program: &Program, path: &str, receiver: &Recorder) -> Received {
    let before = receiver.requests().len();
    assert_eq!(program.acts(&format!("{path}/test")).await.status, 200);
    receiver.wait_for(before + 1).await.pop().expect("a request")
}

#[tokio::test]
async fn only_what_is_mentioned_changes() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(with(with_headers("https://203.0.112.7/a"), json!({ "description": "Old" }))).await;
    let mut expected = program.gets(&path).await.json();
    for changes in [
        json!({}),
        json!({ "name": "Other" }),
        json!({ "description": "New" }),
        json!({ "description": null }),
        json!({ "url": "https://203.0.112.7/b?c" }),
        json!({ "events": ["INTAKE_CREATED", "ANSWER_LIB_DELETED"] }),
        json!({ "headers": [] }),
        json!({ "url": "http://203.0.112.8:8080/" }),
    ] {
        expected = with(expected, changes.clone());
        if let Some(events) = changes.get("events") {
            let mut events: Vec<String> = serde_json::from_value(events.clone()).unwrap();
            events.sort();
            expected["events"] = json!(events);
        }
        let answer = program.patches(&path, changes.clone()).await;
        expected["updated_at"] = answer.json()["updated_at"].clone();
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{changes}");
        assert_eq!(program.gets(&path).await.json(), expected, "{changes}");
    }
    app.stop().await;
}

#[tokio::test]
async fn headers_are_kept_replaced_and_removed() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    let program = app.program("read,write").await;
    let path = program.adds(with_headers(&receiver.url("/a"))).await;
    // What is shown can be sent back: values that are null stay.
    let shown = program.gets(&path).await.json()["headers"].clone();
    assert_eq!(program.patches(&path, json!({ "headers": shown })).await.status, 200);
    let request = sent(&program, &path, &receiver).await;
    assert_eq!((request.header("x-key"), request.header("x-tenant")), (Some("s3cret"), Some("prod")));

    let changed = json!({ "headers": [{ "name": "X-Tenant", "value": "test" }, { "name": "x-KEY" }, { "name": "X-New", "value": "n" }] });
    let answer = program.patches(&path, changed).await;
    let names = json!([{ "name": "X-Tenant", "value": null }, { "name": "x-KEY", "value": null }, { "name": "X-New", "value": null }]);
    assert_eq!((answer.status, &answer.json()["headers"]), (200, &names));
    let request = sent(&program, &path, &receiver).await;
    let values = ["x-tenant", "x-key", "x-new"].map(|name| request.header(name));
    assert_eq!(values, [Some("test"), Some("s3cret"), Some("n")]);

    let other_path = json!({ "url": receiver.url("/b?c=d"), "headers": [{ "name": "X-Key" }] });
    assert_eq!(program.patches(&path, other_path).await.status, 200, "the same scheme, host and port");
    let request = sent(&program, &path, &receiver).await;
    assert_eq!((request.path(), request.header("x-key"), request.header("x-tenant")), ("/b", Some("s3cret"), None));
    app.stop().await;
}

#[tokio::test]
async fn header_values_never_go_to_an_address_that_they_were_not_given_for() {
    let (app, receiver, other) = (spawn_app().await, Recorder::start().await, Recorder::start().await);
    let program = app.program("read,write").await;
    let path = program.adds(with_headers(&receiver.url("/"))).await;
    let before = program.gets(&path).await.json();
    let moved = other.url("/");
    for (changes, fields) in [
        (json!({ "url": moved }), vec!["headers"]),
        (
            json!({ "url": moved, "headers": [{ "name": "X-Key" }, { "name": "X-Tenant", "value": "prod" }] }),
            vec!["headers[0].value"],
        ),
        (
            json!({ "url": moved, "headers": [{ "name": "X-Tenant", "value": "prod" }, { "name": "x-key", "value": null }] }),
            vec!["headers[1].value"],
        ),
        (json!({ "url": "https://127.0.0.1/", "headers": [{ "name": "X-Key" }] }), vec!["headers[0].value"]),
    ] {
        let answer = program.patches(&path, changes.clone()).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (422, fields.iter().map(ToString::to_string).collect()),
            "{changes}"
        );
    }
    assert_eq!(program.gets(&path).await.json(), before);
    let given_anew = json!({ "url": moved, "headers": [{ "name": "X-Key", "value": "other" }] });
    assert_eq!(program.patches(&path, given_anew).await.status, 200);
    let request = sent(&program, &path, &other).await;
    assert_eq!((request.header("x-key"), request.header("x-tenant")), (Some("other"), None));
    assert!(receiver.requests().is_empty());
    let gone = json!({ "url": receiver.url("/"), "headers": [] });
    assert_eq!(program.patches(&path, gone).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_changes_nothing() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(with_headers("https://203.0.112.7/a")).await;
    let before = program.gets(&path).await.json();
    for (changes, fields) in [
        (json!({ "name": "" }), vec!["name"]),
        (json!({ "name": null }), vec!["name"]),
        (json!({ "description": 7 }), vec!["description"]),
        (json!({ "url": null }), vec!["url"]),
        (json!({ "url": "http://10.0.0.1/", "headers": [] }), vec!["url"]),
        (json!({ "events": [] }), vec!["events"]),
        (json!({ "events": null }), vec!["events"]),
        (json!({ "events": ["PROJECT_CREATED", "all"] }), vec!["events[1]"]),
        (json!({ "headers": null }), vec!["headers"]),
        (json!({ "headers": [{ "name": "X-Unknown" }] }), vec!["headers[0].value"]),
        (json!({ "headers": [{ "name": "X-Key" }, { "name": "X-New", "value": null }] }), vec!["headers[1].value"]),
        (json!({ "headers": [{ "name": "X-Key", "value": "" }] }), vec!["headers[0].value"]),
        (json!({ "headers": [{ "name": "X-Key" }, { "name": "x-key" }] }), vec!["headers[1].name"]),
        (json!({ "state": "paused" }), vec!["state"]),
        (json!({ "signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }), vec!["signing_secret"]),
        (json!({ "name": "Good", "held": "cancel", "url": "x" }), vec!["held", "url"]),
    ] {
        let answer = program.patches(&path, changes.clone()).await;
        assert_eq!((answer.status, answer.header("content-type")), (422, "application/problem+json"), "{changes}");
        assert_eq!(answer.fields(), fields, "{changes}: {}", answer.text);
    }
    assert_eq!(program.gets(&path).await.json(), before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_time_are_all_done() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("https://203.0.112.7/")).await;
    let names = ["a", "b", "c", "d"];
    let answers = join_all(names.map(|name| program.patches(&path, json!({ "name": name })))).await;
    for (name, answer) in names.iter().zip(answers) {
        assert_eq!((answer.status, answer.json()["name"].as_str()), (200, Some(*name)), "{}", answer.text);
    }
    assert!(names.contains(&program.gets(&path).await.json()["name"].as_str().unwrap()));
    app.stop().await;
}
