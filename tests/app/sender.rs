//! The sender against servers on real sockets: what is on the wire, and what each way to misbehave is called.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use herald::base::{Clock, Secret, SystemClock};
use herald::delivery::endpoint::{Endpoint, Guard};
use herald::delivery::resolver::{Resolver, SystemResolver};
use herald::delivery::sender::{Attempt, Limits, Outcome, Request, Sender};
use herald::delivery::signing::SigningSecret;

use crate::support::recorder::{Answer, Recorder};

const BODY: &str = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8"}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn sender_with(limits: Limits, resolver: impl Resolver, extra_ca: Option<&[u8]>) -> Sender {
    let loopback = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    Sender::new(Guard::new(loopback, false), Arc::new(resolver), &limits, extra_ca).unwrap()
}

/// A sender that may reach loopback, with time-outs that a busy machine keeps easily.
fn sender() -> Sender {
    sender_with(Limits::default(), SystemResolver, None)
}

/// A sender for servers that never answer.
fn hasty_sender() -> Sender {
    let limits = Limits { request_timeout: Duration::from_millis(700), connect_timeout: Duration::from_millis(500) };
    sender_with(limits, SystemResolver, None)
}

async fn send_with(sender: &Sender, url: &str, headers: &[(String, Secret)]) -> Attempt {
    let request = Request {
        endpoint: &Endpoint::parse(url).unwrap(),
        id: "EVT-60adfdb750b58a0c2d78bdd8",
        body: &Bytes::from_static(BODY.as_bytes()),
        secrets: &[SigningSecret::parse(SECRET).unwrap()],
        headers,
        now: SystemClock.now(),
    };
    sender.send(&request).await
}

async fn send(sender: &Sender, url: &str) -> Attempt {
    send_with(sender, url, &[]).await
}

#[tokio::test]
async fn a_callback_is_on_the_wire_as_the_contract_says() {
    let recorder = Recorder::start().await;
    recorder.answer("/hook", Answer::status(200).header("X-Answer", "yes").body("thanks"));
    let headers =
        [("X-Tenant".to_owned(), Secret::new("a  b\tc")), ("Authorization".to_owned(), Secret::new("Bearer s"))];
    let attempt = send_with(&sender(), &recorder.url("/hook?a=1&b=%2F"), &headers).await;

    assert_eq!((attempt.outcome, attempt.status_code, attempt.error), (Outcome::Success, Some(200), None));
    assert_eq!(attempt.response_body, b"thanks");
    assert!(attempt.response_headers.contains(&("x-answer".into(), "yes".into())));
    let received = &recorder.requests()[0];
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/hook?a=1&b=%2F"));
    assert_eq!(received.text(), BODY);
    let names: Vec<_> = received.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "host",
        "content-type",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-tenant",
        "authorization",
        "content-length",
    ];
    assert_eq!(names, expected);
    assert_eq!(received.header("host"), Some(recorder.address().to_string().as_str()));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("user-agent"), Some(concat!("Herald/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(received.header("x-tenant"), Some("a  b\tc"));
    let sent: Vec<_> = attempt.request_headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(sent, expected);
    for header in &attempt.request_headers {
        let is_own = matches!(header.name.as_str(), "x-tenant" | "authorization");
        assert_eq!(header.value.as_deref(), received.header(&header.name).filter(|_| !is_own), "{}", header.name);
    }
}

#[tokio::test]
async fn the_official_library_accepts_what_arrives() {
    let recorder = Recorder::start().await;
    send(&sender(), &recorder.url("/")).await;
    let received = &recorder.requests()[0];
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, received.header(name).unwrap().parse().unwrap());
    }
    standardwebhooks::Webhook::new(SECRET).unwrap().verify(&received.body, &headers).unwrap();
}

#[tokio::test]
async fn a_webhooks_own_user_agent_replaces_ours() {
    let recorder = Recorder::start().await;
    let own = [("User-Agent".to_owned(), Secret::new("Acme/2"))];
    let attempt = send_with(&sender(), &recorder.url("/"), &own).await;
    let agents: Vec<_> =
        recorder.requests()[0].headers.iter().filter(|(name, _)| name == "user-agent").cloned().collect();
    assert_eq!(agents, [("user-agent".to_owned(), "Acme/2".to_owned())]);
    let shown = attempt.request_headers.iter().find(|header| header.name == "user-agent").unwrap();
    assert_eq!(shown.value, None);
}

#[tokio::test]
async fn connections_are_used_again() {
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500).body("x".repeat(10_000)));
    let sender = sender();
    for _ in 0..20 {
        assert_eq!(send(&sender, &recorder.url("/")).await.status_code, Some(500));
    }
    assert_eq!((recorder.requests().len(), recorder.connections()), (20, 1));
    let alone = sender.without_pool();
    for _ in 0..3 {
        send(&alone, &recorder.url("/")).await;
    }
    assert_eq!(recorder.connections(), 4);
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout() {
    let recorder = Recorder::start().await;
    let gate = crate::support::recorder::Gate::closed();
    recorder.answer("/", Answer::status(200).held_by(&gate));
    let attempt = send(&hasty_sender(), &recorder.url("/")).await;
    assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Timeout, None));
    assert_eq!(attempt.error.as_deref(), Some("Your server did not answer within 700 ms."));
}
