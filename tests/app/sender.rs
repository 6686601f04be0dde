//! The sender against servers on real sockets: what is on the wire, and what each way to misbehave is called.

pub(crate) mod misbehaving;
pub(crate) mod names;
pub(crate) mod table;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use herald::base::{Clock, Secret, SystemClock};
use herald::delivery::endpoint::{Endpoint, Guard};
use herald::delivery::resolver::{DnsError, Resolver, StaticResolver, SystemResolver};
use herald::delivery::sender::{Attempt, Limits, LocalReceiver, LocalRequest, LocalResponse, Outcome, Request, Sender};
use herald::delivery::signing::SigningSecret;
use url::Url;

use crate::support::receivers::{Behaviour, Receiver, test_authority};
use crate::support::recorder::{Answer, Gate, Recorder};

const BODY: &str = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8"}"#;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn sender_with(limits: Limits, resolver: impl Resolver, extra_ca: Option<&[u8]>) -> Sender {
    let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
    Sender::new(Guard::new(loopback, false), Arc::new(resolver), &limits, extra_ca).expect("valid certificates")
}

/// A sender that may reach loopback, with time-outs that a busy machine keeps easily.
fn sender() -> Sender {
    sender_with(Limits::default(), SystemResolver, None)
}

/// A sender for servers that never answer.
fn hasty_sender() -> Sender {
    let limits = Limits { request_timeout: Duration::from_secs(1), connect_timeout: Duration::from_secs(1) };
    sender_with(limits, SystemResolver, None)
}

async fn send_with(sender: &Sender, url: &str, headers: &[(String, Secret)]) -> Attempt {
    let request = Request {
        endpoint: &Endpoint::parse(url).expect("a valid URL"),
        id: "EVT-60adfdb750b58a0c2d78bdd8",
        body: &Bytes::from_static(BODY.as_bytes()),
        secrets: &[SigningSecret::parse(SECRET).expect("a valid secret")],
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
    let gate = Gate::closed();
    recorder.answer("/", Answer::status(200).held_by(&gate));
    let attempt = send(&hasty_sender(), &recorder.url("/")).await;
    assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Timeout, None));
    assert_eq!(attempt.error.as_deref(), Some("Your server did not answer within 1 s. Answer first, work afterwards."));
}

#[tokio::test]
async fn a_body_past_the_cap_is_cut_and_no_failure() {
    let recorder = Recorder::start().await;
    let sender = sender();
    const CAP: usize = 64 * 1024;
    for (length, is_cut) in [(0, false), (1, false), (CAP - 1, false), (CAP, false), (CAP + 1, true), (1_000_000, true)]
    {
        recorder.answer("/", Answer::status(200).body(vec![b'x'; length]));
        let attempt = send(&sender, &recorder.url("/")).await;
        assert_eq!(attempt.outcome, Outcome::Success, "{length}");
        assert_eq!((attempt.response_body.len(), attempt.response_truncated), (length.min(CAP), is_cut), "{length}");
    }
    let hanging = Behaviour::says_and_hangs([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; CAP]].concat());
    let attempt = send(&hasty_sender(), &Receiver::start(hanging).await.url()).await;
    assert_eq!((attempt.outcome, attempt.response_truncated), (Outcome::Success, true), "the cap was reached in time");
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_what_came() {
    let receiver = Receiver::start(Behaviour::says("HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 10\r\n\r\nabc")).await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!((attempt.response_body.as_slice(), attempt.response_truncated), (b"abc".as_slice(), true));
    assert_eq!(attempt.response_headers[0], ("x".into(), "y".into()));
}

#[tokio::test]
async fn a_failure_by_its_status_is_one_whatever_becomes_of_the_body() {
    let receiver =
        Receiver::start(Behaviour::says_and_hangs("HTTP/1.1 410 Gone\r\ncontent-length: 9\r\n\r\nabc")).await;
    let attempt = send(&hasty_sender(), &receiver.url()).await;
    assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Status, Some(410)));
    assert!(attempt.response_truncated);
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let recorder = Recorder::start().await;
    for status in [301, 302, 303, 307, 308] {
        recorder.answer("/loop", Answer::status(status).header("Location", &recorder.url("/loop")));
        let attempt = send(&sender(), &recorder.url("/loop")).await;
        assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Status, Some(status)));
        assert!(attempt.error.unwrap().ends_with(&recorder.url("/loop")));
    }
    assert_eq!(recorder.requests().len(), 5);
}

#[tokio::test]
async fn a_packed_body_is_kept_packed() {
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\x03not unpacked".to_vec();
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(200).header("content-encoding", "gzip").body(packed.clone()));
    let attempt = send(&sender(), &recorder.url("/")).await;
    assert_eq!(attempt.response_body, packed);
    assert_eq!(recorder.requests()[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn a_server_that_closes_kept_connections_unannounced_does_no_harm() {
    let receiver = Receiver::start(Behaviour::serves("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 2)).await;
    let sender = sender();
    for _ in 0..100 {
        assert_eq!(send(&sender, &receiver.url()).await.outcome, Outcome::Success);
    }
    assert_eq!(receiver.requests(), 100);
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_answers_no_later_request() {
    let twice = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n";
    let receiver = Receiver::start(Behaviour::serves(twice, 10)).await;
    let sender = sender();
    for _ in 0..10 {
        assert_eq!(send(&sender, &receiver.url()).await.status_code, Some(200));
    }
}

#[tokio::test]
async fn retry_after_is_read_from_429_and_503_alone() {
    let recorder = Recorder::start().await;
    for (status, asks) in [(429, true), (503, true), (500, false), (200, false)] {
        recorder.answer("/", Answer::status(status).header("Retry-After", "60"));
        let attempt = send(&sender(), &recorder.url("/")).await;
        let wait = attempt.retry_after.map(|at| at.saturating_sub(attempt.started_at).as_secs());
        assert_eq!(wait, asks.then_some(60), "{status}");
    }
}

/// Name servers that never answer.
struct Silence;

impl Resolver for Silence {
    fn resolve<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_look_up_ends_with_the_connect_timeout() {
    let limits = Limits { request_timeout: Duration::from_secs(60), connect_timeout: Duration::from_millis(50) };
    let attempt = send(&sender_with(limits, Silence, None), "http://hooks.example/").await;
    assert_eq!(attempt.outcome, Outcome::DnsTimeout);
    assert_eq!(
        attempt.error.as_deref(),
        Some("The name servers of hooks.example did not answer within 50 ms. Check that they can be reached.")
    );
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let recorder = Recorder::start().await;
    let resolver = StaticResolver::default().with("two.example", &["127.99.99.99", "127.0.0.1"]);
    let url = format!("http://two.example:{}/", recorder.address().port());
    assert_eq!(send(&sender_with(Limits::default(), resolver, None), &url).await.outcome, Outcome::Success);
}

#[tokio::test]
async fn an_address_in_the_url_may_stand_in_the_certificate() {
    let sender = sender_with(Limits::default(), SystemResolver, Some(&test_authority()));
    let fine = Behaviour::says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let receiver = Receiver::start_tls("good", fine).await;
    let attempt = send(&sender, &format!("https://127.0.0.1:{}/", receiver.port())).await;
    assert_eq!((attempt.outcome, attempt.response_body.as_slice()), (Outcome::Success, b"ok".as_slice()));
}

/// Takes what is sent to one path, and tells how it was called.
struct Inbox;

impl LocalReceiver for Inbox {
    fn recognizes(&self, url: &Url) -> bool {
        url.path() == "/inbox"
    }

    fn handle(&self, request: LocalRequest) -> BoxFuture<'_, LocalResponse> {
        let tenant = request.headers.iter().find(|(name, _)| name == "x-tenant").map(|(_, value)| value.clone());
        let headers = vec![("x-tenant".to_owned(), tenant.unwrap_or_default())];
        Box::pin(async move { LocalResponse { status: 202, headers, body: request.body.to_vec() } })
    }
}

#[tokio::test]
async fn the_built_in_receiver_is_handed_requests_in_memory() {
    let sender = sender_with(Limits::default(), StaticResolver::default(), None).with_local(Arc::new(Inbox));
    // Neither address could be reached.
    for url in ["http://localhost:1024/inbox", "https://herald.invalid/inbox"] {
        assert_eq!(sender.check_for_saving(&Endpoint::parse(url).unwrap()).await, Ok(None));
        let attempt = send_with(&sender, url, &[("X-Tenant".to_owned(), Secret::new("a"))]).await;
        assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Success, Some(202)), "{url}");
        assert_eq!(attempt.response_headers, [("x-tenant".to_owned(), "a".to_owned())]);
        assert_eq!(attempt.response_body, BODY.as_bytes());
    }
    assert_eq!(send(&sender, "http://localhost:1024/other").await.outcome, Outcome::BlockedAddress);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_attempts_at_once_need_no_more_connections_than_there_are_at_a_time() {
    let recorder = Recorder::start().await;
    let sender = sender();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (sender, url) = (sender.clone(), recorder.url("/"));
        lanes.spawn(async move {
            for _ in 0..50 {
                assert_eq!(send(&sender, &url).await.outcome, Outcome::Success);
            }
        });
    }
    lanes.join_all().await;
    assert_eq!(recorder.requests().len(), 1_000);
    assert!(recorder.connections() <= 20, "{} connections", recorder.connections());
}
