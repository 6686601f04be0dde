//! Send Test Webhook: to what is in the form, saved or not.

use herald::delivery::signing::{SignatureHeaders, SigningSecret, verify};

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::receivers::ClosedPort;
use crate::support::recorder::{Answer, Recorder};

fn testing(url: &str) -> Fields {
    fields(&[("url", url), ("header_name", "X-Key"), ("header_value", "s3cret"), ("action", "test")])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_before_saving_is_signed_with_the_prepared_secret() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    receiver.answer("/hook", Answer::status(200).header("x-answer", "42").body("thanks <b>"));
    let prepared = open(&ada, NEW).await.value("[name=signing_secret]");
    let typed = with(testing(&receiver.url("/hook")), "signing_secret", &prepared);
    let answer = page(post(&ada, NEW, &typed).await, 200).await;
    assert_eq!(answer.text("#toasts .toast--ok strong"), "Test webhook delivered");
    assert!(answer.text("#toasts .toast--ok p").starts_with("200 OK in "));
    assert_eq!(answer.text("#toasts .toast--ok summary"), "Show details");
    let details = answer.text("#toasts .toast--ok details");
    for part in ["x-key: ••••••••", "webhook-id: EVT-", "x-answer: 42", "thanks <b>", &receiver.url("/hook")]
    {
        assert!(details.contains(part), "{part}: {details}");
    }
    assert!(!details.contains("s3cret"));
    assert_eq!(answer.value("#header_value_1"), "s3cret");
    assert!(answer.text("#test-line").starts_with("Last test delivered"));

    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-key"), Some("s3cret"));
    let body = received.json();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["EVENT_ID", "EVENT_TYPE", "PERFORMED_BY", "PERFORMED_AT"]);
    assert_eq!(
        (body["EVENT_TYPE"].as_str(), body["PERFORMED_BY"].as_str()),
        (Some("TEST"), Some("ada@halden.example"))
    );
    assert_eq!(body["EVENT_ID"].as_str(), received.header("webhook-id"));
    let headers = SignatureHeaders {
        id: received.header("webhook-id"),
        timestamp: received.header("webhook-timestamp"),
        signature: received.header("webhook-signature"),
    };
    let sent: i64 = headers.timestamp.unwrap().parse().unwrap();
    let secret = SigningSecret::parse(&prepared).unwrap();
    assert_eq!(verify(&secret, headers, received.text().as_bytes(), sent, 300), Ok(()));
    assert!(open(&ada, LIST).await.all(".table").is_empty(), "a test saves nothing");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_fails_says_why_and_is_no_error_of_the_page() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    receiver.answer("/broken", Answer::status(500));
    let closed = ClosedPort::reserve();
    for (url, said) in [
        (receiver.url("/broken"), "500 Internal Server Error in "),
        (closed.url(), "No response after "),
        ("http://10.0.0.1/".into(), "This address cannot receive webhooks."),
    ] {
        let answer = page(post(&ada, NEW, &testing(&url)).await, 200).await;
        let is_blocked = url.contains("10.0.0.1");
        let title = if is_blocked { "Test webhook not sent" } else { "Test webhook failed" };
        assert_eq!(answer.text("#toasts .toast--bad strong"), title, "{url}");
        assert!(
            answer.text("#toasts .toast--bad p").starts_with(said),
            "{url}: {}",
            answer.text("#toasts .toast--bad")
        );
        assert_eq!(answer.value("#url"), url);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_what_cannot_be_sent_is_refused() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let answer = page(post(&ada, NEW, &testing("ftp://example.com")).await, 422).await;
    assert_eq!(answer.text("#toasts .toast--bad strong"), "Test webhook not sent");
    assert_eq!(answer.text("#toasts .toast--bad p"), "Check the fields marked in red.");
    assert!(!answer.text("#url-error").is_empty());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_webhook_remembers_its_last_test() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let path = format!("{LIST}/{id}/edit");
    let edit = open(&ada, &path).await;
    assert_eq!(edit.text("#test-line"), "Not tested yet");
    post(&ada, &path, &with(edit.form(), "action", "test")).await;
    assert!(open(&ada, &path).await.text("#test-line").starts_with("Last test delivered"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_are_sent_are_limited_for_each_person() {
    let app = Setting::default().with("HERALD_TEST_RATE", "2/m").spawn().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let typed = testing(&receiver.url("/"));
    post(&ada, NEW, &testing("nonsense")).await;
    for _ in 0..2 {
        assert_eq!(post(&ada, NEW, &typed).await.status(), 200);
    }
    let refused = post(&ada, NEW, &typed).await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(receiver.requests().len(), 2);
    app.stop().await;
}
