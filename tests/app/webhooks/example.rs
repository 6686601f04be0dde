//! Send example: a sample of any event type, to what is in the form, marked as a test.

use herald::delivery::signing::{SignatureHeaders, SigningSecret, verify};

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::number;
use crate::support::recorder::Recorder;

fn example(url: &str, kind: &str) -> Fields {
    fields(&[("url", url), ("events", "INTAKE_CREATED"), ("example", kind), ("action", "example")])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_type_can_be_sent_as_an_example_and_is_marked_as_a_test() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let blank = open(&ada, NEW).await;
    let kinds = blank.values("#example option");
    assert_eq!(kinds, EventType::ALL.iter().map(ToString::to_string).collect::<Vec<_>>());
    let secret = blank.value("[name=signing_secret]");
    for kind in &kinds {
        let typed = with(example(&receiver.url("/hook"), kind), "signing_secret", &secret);
        let answer = page(post(&ada, NEW, &typed).await, 200).await;
        assert_eq!(answer.text("#toasts .toast--ok strong"), "Example delivered", "{kind}");
        assert!(answer.text("#toasts details").contains(r#""TEST": true"#));
        assert_eq!(answer.value("#example option[selected]"), *kind, "the choice stays");
        assert_eq!(answer.values("[name=events][checked]"), ["INTAKE_CREATED"]);
    }
    let received = receiver.wait_for(kinds.len()).await;
    for (request, kind) in received.iter().zip(&kinds) {
        let body = request.json();
        assert_eq!((body["EVENT_TYPE"].as_str(), body["TEST"].as_bool()), (Some(kind.as_str()), Some(true)));
        assert_eq!(body["PERFORMED_BY"], "ada@halden.example");
        assert_eq!(body["EVENT_ID"].as_str(), request.header("webhook-id"));
        assert!(request.text().ends_with(r#","TEST":true}"#), "the mark is the last key: {}", request.text());
        let headers = SignatureHeaders {
            id: request.header("webhook-id"),
            timestamp: request.header("webhook-timestamp"),
            signature: request.header("webhook-signature"),
        };
        let sent = headers.timestamp.unwrap().parse().unwrap();
        assert_eq!(verify(&SigningSecret::parse(&secret).unwrap(), headers, &request.body, sent, 300), Ok(()));
    }
    let ids: std::collections::BTreeSet<_> = received.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids.len(), kinds.len(), "each has an id of its own");
    for table in ["SELECT COUNT(*) FROM webhooks", "SELECT COUNT(*) FROM events", "SELECT COUNT(*) FROM deliveries"] {
        assert_eq!(number(&app.running().db, table).await, 0, "{table}: an example is no event");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_example_is_a_test_of_a_saved_webhook_with_the_same_limit() {
    let app = Setting::default().with("HERALD_TEST_RATE", "2/m").spawn().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let path = format!("{LIST}/{}/edit", add(&ada, &minimal(&receiver.url("/hook"))).await);
    let typed = open(&ada, &path).await.form();
    let sent = with(with(typed.clone(), "example", "ANSWER_LIB_UPDATED"), "action", "example");
    assert_eq!(post(&ada, &path, &sent).await.status(), 200);
    assert!(open(&ada, &path).await.text("#test-line").starts_with("Last test delivered"));
    assert_eq!(post(&ada, &path, &with(typed, "action", "test")).await.status(), 200);
    assert_eq!(post(&ada, &path, &sent).await.status(), 429, "tests and examples count together");
    assert_eq!(receiver.requests().len(), 2);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_type_is_refused_at_the_field() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    for kind in ["", "TEST", "NONSENSE"] {
        let answer = page(post(&ada, NEW, &example("http://127.0.0.1:4999/hook", kind)).await, 422).await;
        assert_eq!(answer.text("#example-error"), "Choose an event from the list.", "{kind}");
        assert_eq!(answer.text("#toasts .toast--bad strong"), "Example not sent");
    }
    let blocked = page(post(&ada, NEW, &example("http://10.0.0.1/", "INTAKE_CREATED")).await, 200).await;
    assert_eq!(blocked.text("#toasts .toast--bad strong"), "Example not sent");
    app.stop().await;
}
