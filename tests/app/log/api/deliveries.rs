//! `GET /deliveries` and `/deliveries/{id}`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use herald::base::{Clock as _, ManualClock, SystemClock};
use herald::events::EventType;
use herald::webhooks::actions;

use super::{becomes, column, delivery_path, keys, spawn};
use crate::support::app::Setting;
use crate::support::receivers::ClosedPort;
use crate::support::recorder::{Answer, Recorder};
use crate::support::webhooks::{actor, adds_webhook, records, tools};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_delivery_shows_each_attempt_with_what_was_sent_and_received() {
    let app = Setting::default().with("HERALD_RETRY_SCHEDULE", "1ms,1h").spawn().await;
    let recorder = Recorder::start().await;
    let bytes = b"{\"a\":\"b\0\xff\"}".to_vec();
    recorder.answer_next("/hook", [Answer::status(302).header("location", "https://elsewhere.example/")]);
    recorder.answer("/hook", Answer::status(503).header("x-why", "<busy>").body(bytes));
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook?x=1")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read").await;
    let path = delivery_path(&webhook.id, &event);
    let mut shown = becomes(&program, &path, "attempts_made", 2).await;
    assert!(!program.gets(&path).await.text.contains("s3cret-tenant"));

    let attempts = shown["attempts"].take();
    let (created, next) = (shown["created_at"].clone(), shown["next_attempt_at"].clone());
    let expected = json!({"id": path.trim_start_matches("/deliveries/"), "event_id": event.id.as_str(), "event_type": "PROJECT_EDITED",
        "webhook_id": webhook.id.as_str(), "state": "pending", "reason": null, "attempts_made": 2, "next_attempt_at": next,
        "created_at": created, "finished_at": null, "last_status_code": 503, "last_error": "503 Service Unavailable", "attempts": null});
    assert_eq!(shown, expected);
    assert!(next.as_str() > created.as_str(), "{next} after {created}");
    let mut row = program.gets("/deliveries").await.json()["data"][0].clone();
    row["attempts"] = Value::Null;
    assert_eq!(row, expected);

    let attempts = attempts.as_array().expect("a list");
    let all = [
        "number",
        "trigger",
        "started_at",
        "duration_ms",
        "url",
        "outcome",
        "status_code",
        "error",
        "request_headers",
        "response_headers",
        "response_body",
        "response_truncated",
    ];
    for (number, attempt) in (1..).zip(attempts) {
        assert_eq!(keys(attempt), BTreeSet::from(all));
        assert_eq!(
            (&attempt["number"], &attempt["trigger"], &attempt["outcome"]),
            (&json!(number), &json!("schedule"), &json!("status"))
        );
        assert_eq!(attempt["url"], recorder.url("/hook?***"), "a query may hold a key");
        assert!(attempt["duration_ms"].is_u64() && attempt["started_at"].as_str().expect("a time").ends_with('Z'));
        let sent = attempt["request_headers"].as_array().expect("a list");
        assert!(
            sent.contains(&json!({"name": "X-Tenant", "value": null}))
                || sent.contains(&json!({"name": "x-tenant", "value": null})),
            "{sent:?}"
        );
        assert!(sent.contains(&json!({"name": "webhook-id", "value": event.id.as_str()})), "{sent:?}");
        assert_eq!(attempt["response_truncated"], false);
    }
    let [redirect, busy] = attempts.as_slice() else { panic!("two attempts: {attempts:?}") };
    let error = "302 Found: redirects are not followed. Enter the URL that it leads to: https://elsewhere.example/";
    assert_eq!(
        (&redirect["status_code"], &redirect["error"], &redirect["response_body"]),
        (&json!(302), &json!(error), &json!(""))
    );
    assert_eq!((&busy["status_code"], &busy["response_body"]), (&json!(503), &json!("{\"a\":\"b\u{fffd}\u{fffd}\"}")));
    assert!(
        busy["response_headers"].as_array().expect("a list").contains(&json!({"name": "x-why", "value": "<busy>"}))
    );
    app.stop().await;
}

#[tokio::test]
async fn without_an_answer_there_is_none_to_show() {
    let app = Setting::default().with("HERALD_RETRY_SCHEDULE", "1ms").spawn().await;
    let closed = ClosedPort::reserve();
    let webhook = app.adds_webhook(&closed.url(), &["PROJECT_EDITED"]).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let program = app.program("read").await;
    let shown = becomes(&program, &delivery_path(&webhook, &event), "state", "failed").await;
    assert_eq!(
        (&shown["next_attempt_at"], &shown["last_status_code"], &shown["attempts_made"]),
        (&Value::Null, &Value::Null, &json!(2))
    );
    assert!(shown["finished_at"].as_str() >= shown["created_at"].as_str() && shown["last_error"].is_string());
    let attempt = &shown["attempts"][1];
    assert_eq!((&attempt["outcome"], &attempt["status_code"]), (&json!("connect_refused"), &Value::Null));
    assert_eq!((&attempt["response_headers"], &attempt["response_body"]), (&json!([]), &Value::Null));
    app.stop().await;
}

#[tokio::test]
async fn the_next_attempt_waits_for_as_long_as_the_receiver_asked() {
    let clock = Arc::new(ManualClock::at(SystemClock.now().cut_to_second()));
    let app =
        Setting { clock: Some(clock.clone()), ..Setting::default() }.with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/", [Answer::status(500), Answer::status(429).header("retry-after", "10800")]);
    let webhook = app.adds_webhook(&recorder.url("/"), &["PROJECT_EDITED"]).await;
    let program = app.program("read").await;
    let first = records(&app, EventType::ProjectEdited).await;
    let path = delivery_path(&webhook, &first);
    let planned = becomes(&program, &path, "attempts_made", 1).await["next_attempt_at"].clone();
    assert!(planned.as_str() < Some((clock.now() + HOUR * 2).rfc3339().as_str()), "{planned}");
    let second = records(&app, EventType::ProjectEdited).await;
    let later =
        becomes(&program, &delivery_path(&webhook, &second), "attempts_made", 1).await["next_attempt_at"].take();
    assert!(later.as_str() >= Some((clock.now() + HOUR * 3).rfc3339().as_str()), "{later}");
    // The first was planned earlier than the receiver now wants to hear from anybody.
    assert_eq!(program.gets(&path).await.json()["next_attempt_at"], later);
    let third = records(&app, EventType::ProjectEdited).await;
    assert_eq!(program.gets(&delivery_path(&webhook, &third)).await.json()["next_attempt_at"], later);
    app.stop().await;
}

#[tokio::test]
async fn deliveries_are_found_by_any_of_their_marks() {
    let clock = Arc::new(ManualClock::at(SystemClock.now().cut_to_second()));
    let app =
        Setting { clock: Some(clock.clone()), ..Setting::default() }.with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer("/failing", Answer::status(500));
    let good = adds_webhook(&app, "Good", &recorder.url("/good")).await;
    let failing = adds_webhook(&app, "Failing", &recorder.url("/failing")).await;
    let program = app.program("read").await;
    let mut events = Vec::new();
    for kind in
        [EventType::ProjectEdited, EventType::ProjectCreated, EventType::ProjectEdited, EventType::ProjectDeleted]
    {
        let event = records(&app, kind).await;
        for webhook in [&good, &failing] {
            becomes(&program, &delivery_path(&webhook.id, &event), "attempts_made", 1).await;
        }
        events.push(event);
        clock.advance(Duration::from_secs(60));
    }
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools(&app), &actor(&app), &good.id).await.expect("a paused webhook");
    tx.commit().await.expect("a commit");
    records(&app, EventType::ProjectEdited).await;

    let all = program.gets("/deliveries").await.json();
    let rows = all["data"].as_array().expect("a list");
    assert_eq!(rows.len(), 10);
    let third = events[2].recorded_at.rfc3339();
    let marks = [
        ("webhook_id", good.id.to_string()),
        ("event_id", events[2].id.to_string()),
        ("state", "succeeded".into()),
        ("event_type", "PROJECT_EDITED".into()),
        ("since", third.clone()),
        ("until", third.clone()),
    ];
    for chosen in 0..64_u8 {
        let chosen: Vec<_> = (0..6).filter(|bit| chosen & (1 << bit) != 0).map(|bit| &marks[bit]).collect();
        let wanted = |row: &&Value| {
            chosen.iter().all(|(name, value)| match *name {
                "since" => row["created_at"].as_str() >= Some(value.as_str()),
                "until" => row["created_at"].as_str() < Some(value.as_str()),
                name => row[name] == **value,
            })
        };
        let expected: Vec<_> = rows.iter().filter(wanted).map(|row| row["id"].as_str().expect("an id")).collect();
        let query: Vec<_> = chosen.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let found = program.gets(&format!("/deliveries?{}", query.join("&"))).await;
        assert_eq!(found.status, 200, "{}", found.text);
        assert_eq!(column(&found.json(), "id"), expected, "{query:?}");
    }
    let held = program.gets("/deliveries?state=held").await.json();
    assert_eq!(
        (column(&held, "webhook_id"), column(&held, "reason")),
        (vec![good.id.as_str()], vec!["webhook_not_active"])
    );
    assert_eq!(held["data"][0]["next_attempt_at"], Value::Null);
    // Another offset is the same instant.
    let local = app.organization.time_zone.local(events[2].recorded_at).to_rfc3339().replace('+', "%2B");
    let found = program.gets(&format!("/deliveries?since={local}")).await.json();
    assert_eq!(column(&found, "id").len(), 6);
    app.stop().await;
}

#[tokio::test]
async fn a_filter_that_cannot_be_meant_is_refused_by_its_name() {
    let app = spawn().await;
    let program = app.program("read").await;
    for (query, fields) in [
        ("webhook_id=x", vec!["webhook_id"]),
        ("webhook_id=EVT-60adfdb750b58a0c2d78bdd8", vec!["webhook_id"]),
        ("event_id=60adfdb750b58a0c2d78bdd8", vec!["event_id"]),
        ("state=done", vec!["state"]),
        ("state=", vec!["state"]),
        ("event_type=TEST", vec!["event_type"]),
        ("status_code=busy", vec!["status_code"]),
        ("status_code=99", vec!["status_code"]),
        ("entity_id=", vec!["entity_id"]),
        ("since=2026-11-23", vec!["since"]),
        ("until=1700000000", vec!["until"]),
        ("limit=251&cursor=LTE&order=asc", vec!["limit", "cursor", "order"]),
        ("state=held&state=failed", vec!["state"]),
    ] {
        let answer = program.gets(&format!("/deliveries?{query}")).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.into_iter().map(str::to_owned).collect()), "{query}");
    }
    let empty = program.gets("/deliveries?until=2026-11-23T12:00:00Z&since=2026-11-24T12:00:00.5Z&state=pending").await;
    assert_eq!((empty.status, empty.json()), (200, json!({"data": [], "next_cursor": null})));
    app.stop().await;
}
