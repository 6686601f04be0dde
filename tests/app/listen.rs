//! `herald listen`: what it prints, what it makes of signatures, and how it fails on demand.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use herald::base::{Clock, Secret, SystemClock};
use herald::delivery::endpoint::{Endpoint, Guard};
use herald::delivery::resolver::SystemResolver;
use herald::delivery::sender::{Attempt, Limits, Outcome, Request, Sender};
use herald::delivery::signing::{self, SigningSecret};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::client;
use crate::support::listener::Listener;
use crate::support::process::Home;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const ID: &str = "EVT-60adfdb750b58a0c2d78bdd8";
const BODY: &str = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"PROJECT_EDITED","ENTITY_ID":["5dd51ea63f3dad73ab0a344b"],"ENTITY_TYPE":"PROJECT","PERFORMED_BY":"john@responsive.io","PERFORMED_AT":"2021-05-26 00:50:15 PDT"}"#;

/// Delivers as Herald does.
async fn deliver(url: &str) -> Attempt {
    let loopback = vec!["127.0.0.0/8".parse().expect("a network")];
    let limits = Limits { request_timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(30) };
    let sender = Sender::new(Guard::new(loopback, false), Arc::new(SystemResolver), &limits, None).expect("a sender");
    let request = Request {
        endpoint: &Endpoint::parse(url).expect("a valid URL"),
        id: ID,
        body: &Bytes::from_static(BODY.as_bytes()),
        secrets: &[SigningSecret::parse(SECRET).expect("a valid secret")],
        headers: &[("X-Tenant".to_owned(), Secret::new("acme"))],
        now: SystemClock.now(),
    };
    sender.send(&request).await
}

/// Posts a body with these headers; the status of the answer.
async fn post(url: &str, headers: &[(&str, String)], body: impl Into<reqwest::Body>) -> u16 {
    let request = headers.iter().fold(client().post(url), |request, (name, value)| request.header(*name, value));
    request.body(body).send().await.expect("an answer").status().as_u16()
}

/// The three headers of a callback that was sent `ago` seconds before now, signed with `secret`.
fn signed(secret: &str, ago: i64) -> Vec<(&'static str, String)> {
    let secret = SigningSecret::parse(secret).expect("a valid secret");
    let timestamp = SystemClock.now().seconds() - ago;
    let signature = signing::sign(&[secret], ID, timestamp, BODY.as_bytes());
    vec![("webhook-id", ID.into()), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
}

fn home() -> Home {
    Home { folder: std::env::temp_dir(), settings: Vec::new() }
}

#[tokio::test]
async fn a_delivery_is_shown_with_all_that_a_developer_asks() {
    let mut listener = Listener::start(&["--secret", SECRET]).await;
    assert!(listener.base.starts_with("http://127.0.0.1:"), "{}", listener.base);
    let attempt = deliver(&format!("{}/hooks?a=1", listener.base)).await;
    assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Success, Some(200)));
    assert_eq!(attempt.response_body, br#"{"received":true}"#);
    listener.says("}").await;
    let said = &listener.said;
    for words in [
        "PROJECT_EDITED  EVT-60adfdb750b58a0c2d78bdd8  answered 200",
        "  signature         holds, with the secret",
        "  performed by      john@responsive.io at 2021-05-26 00:50:15 PDT",
        "  request           POST /hooks?a=1 from 127.0.0.1:",
        "  content-type      application/json",
        concat!("  user-agent        Herald/", env!("CARGO_PKG_VERSION")),
        "  webhook-id        EVT-60adfdb750b58a0c2d78bdd8",
        "  webhook-signature v1,",
        "  x-tenant          acme",
        "  {\n    \"EVENT_ID\": \"EVT-60adfdb750b58a0c2d78bdd8\",\n    \"EVENT_TYPE\": \"PROJECT_EDITED\",\n    \"ENTITY_ID\": [\n      \"5dd51ea63f3dad73ab0a344b\"\n    ],",
    ] {
        assert!(said.contains(words), "{words:?} in\n{said}");
    }
    assert!(!said.contains('\x1b'), "colours are for terminals:\n{said}");
    assert!(!said.contains("content-length") && !said.contains(SECRET), "{said}");
    assert_eq!(listener.ends_by("TERM").await, "Received 1 callback; signatures: 1 hold, 0 do not.");
}

#[tokio::test]
async fn a_signature_that_does_not_hold_is_told_why() {
    let mut listener = Listener::start(&["--secret", SECRET]).await;
    let without = |name: &str| signed(SECRET, 0).into_iter().filter(|(given, _)| *given != name).collect::<Vec<_>>();
    let with = |name: &'static str, value: &str| {
        let mut headers = without(name);
        headers.push((name, value.to_owned()));
        headers
    };
    for (headers, body, verdict) in [
        (signed(SECRET, 0), BODY, "holds, with the secret"),
        (signed(OTHER, 0), BODY, "DOES NOT HOLD. The signature does not match: another secret, or not the exact bytes"),
        (
            signed(SECRET, 0),
            "{}",
            "DOES NOT HOLD. The signature does not match: another secret, or not the exact bytes",
        ),
        (signed(SECRET, 400), BODY, "s old: more than the 300 s that are allowed."),
        (signed(SECRET, -400), BODY, "s ahead: more than the 300 s that are allowed. Check this clock."),
        (without("webhook-id"), BODY, "DOES NOT HOLD. The header webhook-id is missing."),
        (without("webhook-timestamp"), BODY, "DOES NOT HOLD. The header webhook-timestamp is missing."),
        (without("webhook-signature"), BODY, "DOES NOT HOLD. The header webhook-signature is missing."),
        (with("webhook-timestamp", "soon"), BODY, "DOES NOT HOLD. The header webhook-timestamp is not a number"),
        (with("webhook-signature", "v1,no base64"), BODY, "DOES NOT HOLD. The signature behind v1, is not the base64"),
        (with("webhook-signature", "abc"), BODY, "DOES NOT HOLD. The header webhook-signature holds no signature of"),
    ] {
        assert_eq!(post(&listener.base, &headers, body).await, 200, "it takes callbacks whatever their signature");
        let line = listener.says("  signature ").await;
        assert!(line.contains(verdict), "{verdict:?} instead of {line:?}");
    }
    let last = "Received 11 callbacks; 9 of them repeated; signatures: 1 hold, 10 do not.";
    assert_eq!(listener.ends_by("INT").await, last);
}

#[tokio::test]
async fn secrets_may_be_several_or_none() {
    let mut listener = Listener::start(&["--secret", OTHER, "--secret", SECRET]).await;
    post(&listener.base, &signed(SECRET, 0), BODY).await;
    assert!(listener.says("  signature ").await.contains("holds, with secret 2"));

    let mut listener = Listener::start(&[]).await;
    listener.says("Signatures are not checked. To check them, give a webhook's signing secret: --secret").await;
    post(&listener.base, &signed(SECRET, 0), BODY).await;
    assert!(listener.says("  signature ").await.contains("not checked: give the webhook's signing secret"));
    assert_eq!(listener.ends_by("TERM").await, "Received 1 callback; signatures not checked.");
}

#[tokio::test]
async fn failures_come_on_demand() {
    let mut listener = Listener::start(&["--fail-first", "2", "--status", "202"]).await;
    listener.says("Answers 503 to the first 2 attempts of each message, then 202.").await;
    let id = |id: &str| vec![("webhook-id", id.to_owned())];
    let mut statuses = Vec::new();
    for message in ["a", "a", "b", "a", "a", "b", "b"] {
        statuses.push(post(&listener.base, &id(message), "{}").await);
    }
    assert_eq!(statuses, [503, 503, 503, 202, 202, 503, 202]);
    listener.says("  attempt           2: this webhook-id has come before").await;
    listener.says("  attempt           4, a duplicate: this webhook-id was taken before").await;

    let gone = Listener::start(&["--status", "410"]).await;
    assert_eq!(deliver(&format!("{}/", gone.base)).await.status_code, Some(410));
    let empty = Listener::start(&["--status", "204"]).await;
    let attempt = deliver(&format!("{}/", empty.base)).await;
    assert_eq!((attempt.status_code, attempt.response_body.len()), (Some(204), 0));
}

#[tokio::test]
async fn an_answer_can_be_late_and_does_not_hold_up_the_end() {
    let slow = Listener::start(&["--delay", "300ms"]).await;
    let sent = Instant::now();
    assert_eq!(post(&slow.base, &[], "{}").await, 200);
    assert!(sent.elapsed() >= Duration::from_millis(300));

    let mut never = Listener::start(&["--delay", "10m"]).await;
    let base = never.base.clone();
    let waiting = tokio::spawn(async move { client().post(base).body("{}").send().await.map(drop) });
    never.says("200 after 600s").await;
    never.ends_by("TERM").await;
    assert!(waiting.await.expect("no panic").is_err(), "nobody answers any more");
}

/// Sends these bytes as they are; what comes back.
async fn speak(listener: &Listener, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(listener.base.trim_start_matches("http://")).await.expect("a connection");
    stream.write_all(bytes).await.expect("it is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn no_byte_from_outside_moves_the_terminal() {
    let mut listener = Listener::start(&[]).await;
    let body = "\x1b[2J\x07 not json \u{9b}31m \u{202e}\nnext";
    let request = format!(
        "POST /%1b HTTP/1.1\r\nhost: x\r\nconnection: close\r\nwebhook-id: \u{9b}2J\u{202e}\r\nx-o: \u{fffd}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(speak(&listener, request.as_bytes()).await.starts_with("HTTP/1.1 200"));
    listener.says("next").await;
    let json = "{\"EVENT_TYPE\":\"\\u001b[31mRED\",\"PERFORMED_BY\":\"\u{9d}0;title\u{9c}\"}";
    let bytes = [
        format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", json.len()).as_bytes(),
        json.as_bytes(),
    ]
    .concat();
    assert!(speak(&listener, &bytes).await.starts_with("HTTP/1.1 200"));
    listener.says("}").await;
    let raw = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: \xff\xfe\r\ncontent-length: 3\r\n\r\n\xff\0\x1b";
    assert!(speak(&listener, raw).await.starts_with("HTTP/1.1 200"));
    listener.says("\u{fffd}\\u{0}\\u{1b}").await;
    let said = &listener.said;
    assert!(said.contains(r"\u{1b}[2J\u{7} not json \u{9b}31m \u{202e}"), "{said}");
    assert!(said.contains(r"\u{1b}[31mRED") && said.contains(r"\u{9d}0;title\u{9c}"), "{said}");
    assert!(!said.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{said:?}");
}

#[tokio::test]
async fn what_is_no_callback_is_refused_and_shown() {
    let mut listener = Listener::start(&[]).await;
    let answer = client().get(format!("{}/x", listener.base)).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"POST".parse().expect("a value")));
    listener.says("Not a callback  answered 405").await;
    assert!(listener.says("  request ").await.contains("GET /x from"));

    let long = "x".repeat(1024 * 1024 + 1);
    let request = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", long.len());
    assert!(speak(&listener, request.as_bytes()).await.starts_with("HTTP/1.1 413"), "not even read");
    listener.says("The body is longer than 1 MiB.").await;
    let whole = "y".repeat(1024 * 1024);
    assert_eq!(post(&listener.base, &[], whole).await, 200);
    listener.says("… and 1015808 bytes more").await;
    let last = "Received 1 callback; signatures not checked; 2 other requests.";
    assert_eq!(listener.ends_by("TERM").await, last);
}

#[tokio::test]
async fn a_port_in_use_is_a_clear_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = home().runs(&["listen", "--port", &port]).await;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()), "{complaint}");
    let sentence = format!(
        "herald: port {port} is in use by another program: stop that one, or choose another port with --port\n"
    );
    assert_eq!(complaint, sentence);
    let output = home().runs(&["listen", "--port", "0", "--listen", "192.0.2.1"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("192.0.2.1 is no address of this machine"));
}

#[tokio::test]
async fn bad_values_are_2_and_say_which() {
    for (arguments, words) in [
        (["--port", "65536"], "--port"),
        (["--status", "199"], "--status"),
        (["--status", "600"], "--status"),
        (["--delay", "1"], "--delay"),
        (["--delay", "11m"], "at most 10m"),
        (["--fail-first", "-1"], "-1"),
        (["--listen", "localhost"], "--listen"),
        (["--secret", "sesame"], "--secret: A signing secret starts with whsec_."),
        (["--secret", "whpk_AAAA"], "--secret: A public key is whpk_ and the base64 of 32 bytes."),
        (["--secret", "whsec_?"], "--secret: After whsec_, a signing secret is base64."),
        (["--sekret", "x"], "--sekret"),
    ] {
        let output = home().runs(&[&["listen", "--port", "0"], arguments.as_slice()].concat()).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(words), "{arguments:?}: {complaint}");
    }
    let help = home().runs(&["listen", "--help"]).await;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("[default: 8081]") && help.contains("first N attempts of each message"), "{help}");
}
