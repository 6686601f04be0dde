//! Tests of saved webhooks and of values that are not saved, and the secret that they are signed with.

use std::sync::Arc;
use std::time::Duration;

use herald::base::{ManualClock, SystemRng, Timestamp};
use herald::delivery::signing::{SignatureHeaders, SigningSecret, verify};

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::number;
use crate::support::receivers::ClosedPort;
use crate::support::recorder::{Answer, Received, Recorder};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn verifies(received: &Received, secret: &str) -> bool {
    let headers = SignatureHeaders {
        id: received.header("webhook-id"),
        timestamp: received.header("webhook-timestamp"),
        signature: received.header("webhook-signature"),
    };
    let sent = headers.timestamp.expect("a timestamp").parse().expect("a number");
    verify(&SigningSecret::parse(secret).expect("a secret"), headers, &received.body, sent, 300).is_ok()
}

fn header<'a>(headers: &'a Value, name: &str) -> &'a Value {
    let found = headers.as_array().expect("a list").iter().find(|header| header["name"] == name);
    &found.unwrap_or_else(|| panic!("no {name} in {headers}"))["value"]
}

#[tokio::test]
async fn values_that_are_not_saved_are_tested_with_the_given_secret() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    receiver.answer("/hook", Answer::status(201).header("x-answer", "42").body(b"a\0b\xff"));
    let program = app.program("write").await;
    let body = json!({
        "url": receiver.url("/hook"), "signing_secret": SECRET, "headers": [{ "name": "X-Key", "value": "s3cret" }],
    });
    let answer = program.posts("/webhooks/test", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let received = receiver.wait_for(1).await.remove(0);
    assert!(verifies(&received, SECRET));
    assert_eq!(received.header("x-key"), Some("s3cret"));
    assert_eq!(received.json()["EVENT_TYPE"], "TEST");
    assert_eq!(received.json()["PERFORMED_BY"], "ada@halden.example");
    assert_eq!(keys(&received.json()), ["EVENT_ID", "EVENT_TYPE", "PERFORMED_BY", "PERFORMED_AT"]);

    let test = answer.json();
    assert_eq!(keys(&test), ["success", "status_code", "duration_ms", "outcome", "error", "request", "response"]);
    assert_eq!((&test["success"], &test["status_code"]), (&json!(true), &json!(201)));
    assert_eq!((&test["outcome"], &test["error"]), (&json!("success"), &Value::Null));
    assert!(test["duration_ms"].is_u64());
    assert_eq!(test["request"]["body"], received.text());
    assert_eq!(header(&test["request"]["headers"], "x-key"), &Value::Null, "it is a secret");
    assert_eq!(header(&test["request"]["headers"], "webhook-id"), received.header("webhook-id").unwrap());
    assert_eq!(test["response"]["body"], "a\u{fffd}b\u{fffd}");
    assert_eq!(test["response"]["truncated"], false);
    assert_eq!(header(&test["response"]["headers"], "x-answer"), "42");
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM webhooks").await, 0, "a test saves nothing");
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_test_is_200_whatever_the_destination_does() {
    let (app, receiver, closed) = (spawn_app().await, Recorder::start().await, ClosedPort::reserve());
    receiver.answer("/broken", Answer::status(500).body("sorry"));
    receiver.answer("/long", Answer::status(200).body("x".repeat(70_000)));
    receiver.answer("/moved", Answer::status(302).header("location", "https://elsewhere.example/"));
    let program = app.program("read,write").await;
    for (url, success, status, outcome, said) in [
        (receiver.url("/broken"), false, json!(500), "status", "500"),
        (receiver.url("/moved"), false, json!(302), "status", "https://elsewhere.example/"),
        (receiver.url("/long"), true, json!(200), "success", ""),
        (closed.url(), false, Value::Null, "connect_refused", "refused"),
        ("http://10.0.0.1/".into(), false, Value::Null, "blocked_address", "HERALD_ALLOWED_NETWORKS"),
        ("http://nobody.invalid/".into(), false, Value::Null, "dns_not_found", "nobody.invalid"),
    ] {
        let answer = program.posts("/webhooks/test", json!({ "url": url })).await;
        let test = answer.json();
        assert_eq!((answer.status, &test["success"]), (200, &json!(success)), "{url}: {test}");
        assert_eq!((&test["status_code"], &test["outcome"]), (&status, &json!(outcome)), "{url}");
        assert!(test["error"].as_str().unwrap_or_default().contains(said), "{url}: {}", test["error"]);
        assert_eq!(test["response"].is_null(), status.is_null(), "{url}: {test}");
        assert!(test["request"]["body"].as_str().unwrap().starts_with(r#"{"EVENT_ID":"EVT-"#), "{url}");
        if url.ends_with("/long") {
            assert_eq!(test["response"]["truncated"], true);
            assert_eq!(test["response"]["body"].as_str().unwrap().len(), 64 * 1024);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_saved_webhook_is_tested_in_any_state_and_remembers_it() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    receiver.answer_next("/", [Answer::status(200), Answer::status(503)]);
    let program = app.program("read,write").await;
    let new = json!({ "signing_secret": SECRET, "headers": [{ "name": "X-Key", "value": "s3cret" }] });
    let path = program.adds(with(minimal(&receiver.url("/")), new)).await;
    let test = format!("{path}/test");
    let first = program.acts(&test).await;
    assert_eq!((first.status, &first.json()["success"]), (200, &json!(true)));
    let received = receiver.wait_for(1).await.remove(0);
    assert!(verifies(&received, SECRET));
    assert_eq!(received.header("x-key"), Some("s3cret"));
    assert_eq!(header(&first.json()["request"]["headers"], "x-key"), &Value::Null);
    let webhook = program.gets(&path).await.json();
    assert_eq!(keys(&webhook["last_test"]), ["at", "success", "status_code"]);
    assert_eq!((&webhook["last_test"]["success"], &webhook["last_test"]["status_code"]), (&json!(true), &json!(200)));
    assert!(webhook["last_test"]["at"].as_str().unwrap().ends_with('Z'));

    program.acts(&format!("{path}/pause")).await;
    let second = program.posts(&test, json!({})).await;
    assert_eq!((second.status, &second.json()["status_code"]), (200, &json!(503)));
    let last = program.gets(&path).await.json()["last_test"].clone();
    assert_eq!((&last["success"], &last["status_code"]), (&json!(false), &json!(503)));
    assert_eq!(program.posts(&test, json!({ "url": receiver.url("/") })).await.fields(), ["url"]);
    assert_eq!(receiver.requests().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_test_may_send_an_example_of_an_event_type() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    let program = app.program("read,write").await;
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let saved = program.posts(&format!("{path}/test"), json!({ "event_type": "PROJECT_DELETED" })).await;
    let unsaved = json!({ "url": receiver.url("/"), "event_type": "SECTION_COMPLETED" });
    let unsaved = program.posts("/webhooks/test", unsaved).await;
    let received = receiver.wait_for(2).await;
    for (answer, request) in [saved, unsaved].iter().zip(&received) {
        assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)), "{}", answer.text);
        assert_eq!(answer.json()["request"]["body"], request.text());
    }
    let standard = ["EVENT_ID", "EVENT_TYPE", "ENTITY_ID", "ENTITY_TYPE", "PERFORMED_BY", "PERFORMED_AT"];
    assert_eq!(keys(&received[0].json()), [&standard[..], &["PERMANENT", "TEST"]].concat());
    assert_eq!(keys(&received[1].json()), [&standard[..], &["PROJECT_ID", "TEST"]].concat());
    assert_eq!(received[0].json()["EVENT_TYPE"], "PROJECT_DELETED");
    assert_eq!(program.gets(&path).await.json()["last_test"]["success"], true);
    for wrong in [json!("TEST"), json!("project_deleted"), json!(""), json!(7)] {
        let body = json!({ "event_type": wrong });
        assert_eq!(program.posts(&format!("{path}/test"), body.clone()).await.fields(), ["event_type"], "{body}");
        let body = with(json!({ "url": receiver.url("/") }), body);
        assert_eq!(program.posts("/webhooks/test", body).await.fields(), ["event_type"]);
    }
    assert_eq!(receiver.requests().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn what_cannot_be_tested_is_422() {
    let app = spawn_app().await;
    let program = app.program("write").await;
    for (body, fields) in [
        (json!({}), vec!["url"]),
        (json!({ "url": "ftp://example.com/" }), vec!["url"]),
        (json!({ "url": 7 }), vec!["url"]),
        (json!({ "url": "https://example.com/", "headers": [{ "name": "X-Key" }] }), vec!["headers[0].value"]),
        (
            json!({ "url": "https://example.com/", "headers": [{ "name": "Host", "value": "x" }] }),
            vec!["headers[0].name"],
        ),
        (json!({ "url": "https://example.com/", "signing_secret": "whsec_" }), vec!["signing_secret"]),
        (json!({ "url": "https://example.com/", "name": "x" }), vec!["name"]),
    ] {
        let answer = program.posts("/webhooks/test", body.clone()).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.iter().map(ToString::to_string).collect()), "{body}");
    }
    app.stop().await;
}

#[tokio::test]
async fn only_so_many_tests_are_sent_for_each_key() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let setting = Setting { clock: Some(clock.clone()), ..Setting::default() };
    let (app, receiver) = (setting.with("HERALD_TEST_RATE", "2/m").spawn().await, Recorder::start().await);
    let (program, other) = (app.program("write").await, app.program("write").await);
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let saved = format!("{path}/test");
    let unsaved = json!({ "url": receiver.url("/") });
    for url in ["nonsense", "http://10.0.0.1/", "http://10.0.0.1/", "http://10.0.0.1/"] {
        assert_ne!(program.posts("/webhooks/test", json!({ "url": url })).await.status, 429, "{url} is not sent");
    }
    assert_eq!(program.acts(&saved).await.status, 200);
    assert_eq!(program.posts("/webhooks/test", unsaved.clone()).await.status, 200);
    for refused in [program.acts(&saved).await, program.posts("/webhooks/test", unsaved.clone()).await] {
        assert_eq!((refused.status, refused.header("retry-after")), (429, "30"), "{}", refused.text);
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
    assert_eq!(other.posts("/webhooks/test", unsaved.clone()).await.status, 200, "each key counts alone");
    clock.advance(Duration::from_secs(30));
    assert_eq!(program.posts("/webhooks/test", unsaved).await.status, 200);
    assert_eq!(receiver.requests().len(), 4);
    app.stop().await;
}

#[tokio::test]
async fn the_secret_is_told_to_who_may_write_and_that_is_written_down() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let created = program.posts("/webhooks", minimal("https://203.0.112.7/")).await.json();
    let path = format!("/webhooks/{}", created["id"].as_str().unwrap());
    let secret = program.gets(&format!("{path}/secret")).await;
    let expected = json!({ "signing_secret": created["signing_secret"], "public_key": null, "previous": [] });
    assert_eq!((secret.status, secret.json()), (200, expected));
    assert_eq!(secret.header("cache-control"), "no-store");
    let audited = "SELECT COUNT(*) FROM audit_entries WHERE action = 'webhook.secrets_revealed'";
    assert_eq!(number(&app.running().db, audited).await, 1);

    let mut tx = app.running().db.begin().await.unwrap();
    let (context, rng) = (&app.running().context, &SystemRng);
    let id = created["id"].as_str().unwrap().parse().unwrap();
    let now = context.clock.now();
    let rotated = "UPDATE signing_secrets SET expires_at = $1";
    sqlx::query(rotated).bind(now + Duration::from_secs(3_600)).execute(&mut *tx).await.unwrap();
    let new = SigningSecret::parse(SECRET).unwrap();
    herald::webhooks::store::insert_secret(&mut tx, &context.vault, (&app.organization.id, &id), &new, now, rng)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let both = program.gets(&format!("{path}/secret")).await.json();
    assert_eq!(both["signing_secret"], SECRET);
    assert_eq!(both["previous"][0]["signing_secret"], created["signing_secret"]);
    let expires_at = both["previous"][0]["expires_at"].as_str().unwrap();
    assert_eq!(Timestamp::parse_rfc3339(expires_at), Some(now + Duration::from_secs(3_600)));
    assert_eq!(app.program("read").await.gets(&format!("{path}/secret")).await.status, 403);
    app.stop().await;
}
