//! Idempotency-Key: a call that may be sent again.

use futures_util::future::join_all;

use super::SMALL;
use crate::support::Engine;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::{number, told};
use crate::support::recorder::Recorder;

#[tokio::test]
async fn the_same_call_is_answered_the_same_again() {
    let (app, receiver) = (spawn_app().await, Recorder::start().await);
    app.adds_webhook(&receiver.url("/"), &["PROJECT_EDITED"]).await;
    let program = app.program("publish").await;
    let publish =
        async |key: &str, body: String| told(program.post("/events", body).header("idempotency-key", key)).await;
    let first = publish("a", SMALL.into()).await;
    assert_eq!(first.status, 202, "{}", first.text);
    // What happens later does not change what was answered.
    app.adds_webhook(&receiver.url("/late"), &["PROJECT_EDITED"]).await;
    let again = publish("a", SMALL.into()).await;
    assert_eq!((again.status, &again.text), (202, &first.text));
    // Another program of the organization means the same by it.
    let other = app.program("publish").await;
    let by_other = told(other.post("/events", SMALL).header("idempotency-key", "a")).await;
    assert_eq!(by_other.text, first.text);
    // One more space is another body.
    let different = publish("a", format!("{SMALL} ")).await;
    assert_eq!((different.status, different.fields()), (422, vec!["Idempotency-Key".to_owned()]));
    // Another key, and another call.
    assert_ne!(publish("b", SMALL.into()).await.text, first.text);
    let batch =
        program.post("/events/batch", format!(r#"{{"events":[{SMALL},{SMALL}]}}"#)).header("idempotency-key", "a");
    let batch_again = batch.try_clone().expect("a body that can be sent again");
    let batch = told(batch).await;
    assert_eq!((batch.status, &told(batch_again).await.text), (202, &batch.text));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 4);
    app.stop().await;
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let publish =
        async |body: &'static str| told(program.post("/events", body).header("idempotency-key", "a")).await.status;
    assert_eq!(publish("{}").await, 422);
    assert_eq!(publish("{").await, 400);
    assert_eq!(publish(SMALL).await, 202);
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_visible_ascii() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    let longest = "~".repeat(255);
    for (key, status) in [(longest.as_str(), 202), (&format!("{longest}~"), 422), ("a b", 422), ("", 422), ("é", 422)]
    {
        let key = reqwest::header::HeaderValue::from_bytes(key.as_bytes()).expect("a header");
        let answer = told(program.post("/events", SMALL).header("idempotency-key", key.clone())).await;
        assert_eq!(answer.status, status, "{key:?}");
        assert_eq!(answer.fields().len(), usize::from(status == 422));
    }
    let twice = program.post("/events", "{}").header("idempotency-key", "a").header("idempotency-key", "b");
    let expected = ["event_type", "entity_ids", "performed_by", "Idempotency-Key"];
    assert_eq!(told(twice).await.fields(), expected);
    app.stop().await;
}

#[tokio::test]
async fn many_at_once_make_one_event() {
    for engine in Engine::ALL {
        let app = Setting { engine: Some(engine), ..Setting::default() }.spawn().await;
        let program = app.program("publish").await;
        let other = format!("{SMALL} ");
        let calls = (0..60).map(|number| {
            let body = if number % 6 == 5 { other.clone() } else { SMALL.to_owned() };
            told(program.post("/events", body).header("idempotency-key", "the-same"))
        });
        let answers = join_all(calls).await;
        // Whichever body came first has won.
        let mut accepted: Vec<_> =
            answers.iter().filter(|answer| answer.status == 202).map(|answer| &answer.text).collect();
        assert!([10, 50].contains(&accepted.len()), "{engine:?}: {}", accepted.len());
        accepted.dedup();
        assert_eq!(accepted.len(), 1, "{engine:?}: {accepted:?}");
        assert!(answers.iter().all(|answer| answer.status == 202 || answer.fields() == ["Idempotency-Key"]));
        assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM events").await, 1, "{engine:?}");
        app.stop().await;
    }
}
