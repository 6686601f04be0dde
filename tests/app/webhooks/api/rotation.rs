//! Another signing secret, and the time in which the old one signs too.

use std::sync::Arc;
use std::time::Duration;

use herald::base::{Clock, ManualClock, SystemClock, Timestamp};
use herald::delivery::store::load_target;
use herald::events::EventType;
use standardwebhooks::Webhook;

use super::super::records_event;
use super::*;
use crate::support::app::{Setting, TestApp, spawn_app};
use crate::support::programs::number;
use crate::support::recorder::{Received, Recorder};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether the official library takes the message for one that was signed with this secret.
fn verifies(received: &Received, secret: &Value) -> bool {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, received.header(name).expect("the header").parse().expect("a value"));
    }
    let webhook = Webhook::new(secret.as_str().expect("a secret")).expect("a secret");
    webhook.verify(&received.body, &headers).is_ok()
}

/// How many signatures a message bears.
fn signatures(received: &Received) -> usize {
    received.header("webhook-signature").expect("a signature").split(' ').count()
}

async fn audited(app: &TestApp, count: &'static str) -> i64 {
    number(&app.running().db, count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_for_a_day_and_then_the_new_one_alone() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let (program, receiver) = (app.program("read,write").await, Recorder::start().await);
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let old = program.gets(&format!("{path}/secret")).await.json()["signing_secret"].clone();
    records_event(&app, EventType::ProjectCreated).await;
    let before = receiver.wait_for(1).await.remove(0);
    assert!(verifies(&before, &old) && signatures(&before) == 1);

    let answer = program.acts(&format!("{path}/rotate-secret")).await;
    let rotated = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{rotated}");
    assert_eq!(keys(&rotated), [&KEYS[..], &["signing_secret", "public_key", "previous"]].concat());
    let new = rotated["signing_secret"].clone();
    assert!(new.as_str().unwrap().starts_with("whsec_") && new != old);
    let ends = (clock.now() + DAY).rfc3339();
    assert_eq!(rotated["previous"], json!([{ "signing_secret": old, "public_key": null, "expires_at": ends }]));
    let told = program.gets(&format!("{path}/secret")).await.json();
    assert_eq!((&told["signing_secret"], &told["previous"]), (&new, &rotated["previous"]));

    records_event(&app, EventType::ProjectCreated).await;
    let during = receiver.wait_for(2).await.remove(1);
    assert_eq!(signatures(&during), 2);
    assert!(verifies(&during, &new) && verifies(&during, &old));
    let first = during.header("webhook-signature").unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(first, signature(&during, &new), "the newest is the first");

    clock.advance(DAY);
    records_event(&app, EventType::ProjectCreated).await;
    let after = receiver.wait_for(3).await.remove(2);
    assert_eq!(after.header("webhook-signature"), Some(signature(&after, &new).as_str()));
    assert_eq!(program.gets(&format!("{path}/secret")).await.json()["previous"], json!([]));
    let written = "SELECT COUNT(*) FROM audit_entries WHERE action = 'webhook.secret_rotated' \
                   AND details LIKE '%\"overlap_seconds\":86400%'";
    assert_eq!(audited(&app, written).await, 1);
    app.stop().await;
}

/// What the official library signs the message with.
fn signature(received: &Received, secret: &Value) -> String {
    let webhook = Webhook::new(secret.as_str().expect("a secret")).expect("a secret");
    let timestamp = received.header("webhook-timestamp").expect("a time").parse().expect("a number");
    webhook.sign(received.header("webhook-id").expect("an id"), timestamp, &received.body).expect("a signature")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlap_is_chosen_and_can_be_ended() {
    // Stands still: the secrets of one microsecond keep their order.
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let (program, receiver) = (app.program("read,write").await, Recorder::start().await);
    let path = program.adds(minimal(&receiver.url("/"))).await;
    let (rotate, end) = (format!("{path}/rotate-secret"), format!("{path}/rotate-secret/end"));
    let at = |seconds: u64| (clock.now() + Duration::from_secs(seconds)).rfc3339();
    let secret = async || program.gets(&format!("{path}/secret")).await.json();

    let first = secret().await["signing_secret"].clone();
    let second = program.posts(&rotate, json!({ "overlap_seconds": 604_800 })).await.json()["signing_secret"].clone();
    let third = program.posts(&rotate, json!({ "overlap_seconds": 60 })).await.json();
    let previous = json!([
        { "signing_secret": second, "public_key": null, "expires_at": at(60) }, { "signing_secret": first, "public_key": null, "expires_at": at(604_800) },
    ]);
    assert_eq!(third["previous"], previous, "each keeps its own end");

    let unended = program.gets(&path).await.json();
    let ended = program.acts(&end).await;
    assert_eq!((ended.status, keys(&ended.json())), (200, KEYS.to_vec()));
    let expected = json!({ "signing_secret": third["signing_secret"], "public_key": null, "previous": [] });
    assert_eq!(secret().await, expected);
    let repeated = program.posts(&end, json!({})).await;
    assert_eq!((repeated.status, repeated.json()), (200, ended.json()), "repeating changes nothing");
    assert_eq!(unended["id"], ended.json()["id"]);
    let written = "SELECT COUNT(*) FROM audit_entries WHERE action = 'webhook.rotation_ended'";
    assert_eq!(audited(&app, written).await, 1);

    program.acts(&rotate).await;
    let alone = program.posts(&rotate, json!({ "overlap_seconds": 0 })).await.json();
    assert_eq!(alone["previous"], json!([]), "what became known ends at once");
    records_event(&app, EventType::ProjectCreated).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("webhook-signature"), Some(signature(&received, &alone["signing_secret"]).as_str()));
    assert_eq!(audited(&app, "SELECT COUNT(*) FROM signing_secrets").await, 1, "what ended is forgotten");
    app.stop().await;
}

#[tokio::test]
async fn an_overlap_that_is_none_and_too_many_of_them_are_refused() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("https://203.0.112.7/")).await;
    let rotate = format!("{path}/rotate-secret");
    for (body, field) in [
        (json!({ "overlap_seconds": 604_801 }), "overlap_seconds"),
        (json!({ "overlap_seconds": -1 }), "overlap_seconds"),
        (json!({ "overlap_seconds": 1.5 }), "overlap_seconds"),
        (json!({ "overlap_seconds": "86400" }), "overlap_seconds"),
        (json!({ "overlap_seconds": true }), "overlap_seconds"),
        (json!({ "overlap": 60 }), "overlap"),
        (json!([]), ""),
    ] {
        let answer = program.posts(&rotate, body.clone()).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(audited(&app, "SELECT COUNT(*) FROM signing_secrets").await, 1);
    for _ in 1..10 {
        assert_eq!(program.posts(&rotate, json!({ "overlap_seconds": null })).await.status, 200);
    }
    let refused = program.acts(&rotate).await;
    assert_eq!((refused.status, refused.header("content-type")), (409, "application/problem+json"));
    assert_eq!(program.posts(&rotate, json!({ "overlap_seconds": 0 })).await.status, 200);
    assert_eq!(program.acts(&format!("{path}/pause")).await.status, 200);
    assert_eq!(program.acts(&rotate).await.status, 200, "in any state");
    app.stop().await;
}

#[tokio::test]
async fn what_every_node_reads_says_when_the_old_secret_ends() {
    let app = spawn_app().await;
    let program = app.program("read,write").await;
    let path = program.adds(minimal("https://203.0.112.7/")).await;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let changes = async || herald::db::meta::changes(&mut app.running().db.read().await.unwrap()).await.unwrap();
    let before = changes().await;
    let rotated = program.acts(&format!("{path}/rotate-secret")).await.json();
    assert!(changes().await > before, "other nodes learn of it");
    let (context, mut conn) = (&app.running().context, app.running().db.read().await.unwrap());
    let now = context.clock.now();
    let target = load_target(&mut conn, &context.vault, &id, now).await.unwrap().unwrap();
    let ends = Timestamp::parse_rfc3339(rotated["previous"][0]["expires_at"].as_str().unwrap()).unwrap();
    let secrets: Vec<_> = target.secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(secrets, [&rotated["signing_secret"], &rotated["previous"][0]["signing_secret"]]);
    assert_eq!(target.secrets_until, Some(ends));
    drop(conn);
    app.stop().await;
}
