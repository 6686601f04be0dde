//! Every way to misbehave, and what it is called.

use std::time::Duration;

use herald::delivery::sender::{MAX_BODY_BYTES, Outcome, Sender};
use tokio::task::JoinSet;

use super::{hasty_sender, send, sender};
use crate::support::receivers::{Behaviour, Receiver};

const OK_HEAD: &str = "HTTP/1.1 200 OK\r\n";

/// What a behaviour is called, with the status where one came and what the sentence must contain.
struct Row(&'static str, Behaviour, Outcome, Option<u16>, &'static str);

fn misbehaving() -> Vec<Row> {
    use Outcome::*;
    let says = |text: &str| Behaviour::says(text);
    let empty = |status: &str| Behaviour::says(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
    vec![
        Row("hangs before reading", Behaviour::hangs_before_reading(), Timeout, None, "did not answer within 1 s"),
        Row("hangs after reading", Behaviour::says_and_hangs(""), Timeout, None, "did not answer within 1 s"),
        Row("hangs in the head", Behaviour::says_and_hangs(OK_HEAD), Timeout, None, "did not answer"),
        Row(
            "hangs in the body",
            Behaviour::says_and_hangs(format!("{OK_HEAD}content-length: 10\r\n\r\nabc")),
            Timeout,
            Some(200),
            "did not finish its answer",
        ),
        Row(
            "hangs after 100",
            Behaviour::says_and_hangs("HTTP/1.1 100 Continue\r\n\r\n"),
            Timeout,
            None,
            "did not answer",
        ),
        Row(
            "drips its head",
            Behaviour::drips("", format!("{OK_HEAD}x: y\r\n"), Duration::from_millis(50)),
            Timeout,
            None,
            "did not answer",
        ),
        Row(
            "drips its body",
            Behaviour::drips(format!("{OK_HEAD}\r\n"), "a", Duration::from_millis(20)),
            Timeout,
            Some(200),
            "did not finish",
        ),
        Row("resets at once", Behaviour::resets_before_reading(), ConnectReset, None, "reset the connection"),
        Row("resets after reading", Behaviour::says_and_resets(""), ConnectReset, None, "reset the connection without"),
        Row("closes after reading", says(""), ClosedEarly, None, "without an answer"),
        Row("closes after 100", says("HTTP/1.1 100 Continue\r\n\r\n"), ClosedEarly, None, "without an answer"),
        Row("closes in the head", says("HTTP/1.1 200 OK\r\ncontent-le"), ClosedEarly, None, "without an answer"),
        Row(
            "closes in the body",
            says("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"),
            ClosedEarly,
            Some(200),
            "in the middle",
        ),
        Row(
            "closes in a chunk",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab"),
            ClosedEarly,
            Some(200),
            "in the middle",
        ),
        Row(
            "endless head",
            Behaviour::never_ends(OK_HEAD, format!("x: {}\r\n", "y".repeat(900))),
            HeaderTooLarge,
            None,
            "64 KiB",
        ),
        Row("endless header", Behaviour::never_ends(format!("{OK_HEAD}x: "), "y"), HeaderTooLarge, None, "64 KiB"),
        Row(
            "endless 1xx",
            Behaviour::never_ends("", "HTTP/1.1 102 Processing\r\n\r\n"),
            HeaderTooLarge,
            None,
            "64 KiB",
        ),
        Row("endless body", Behaviour::never_ends(format!("{OK_HEAD}\r\n"), "a"), Success, Some(200), ""),
        Row(
            "endless chunks",
            Behaviour::never_ends(format!("{OK_HEAD}transfer-encoding: chunked\r\n\r\n"), "3\r\nabc\r\n"),
            Success,
            Some(200),
            "",
        ),
        Row(
            "bad chunk",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
            ProtocolError,
            Some(200),
            "not valid HTTP",
        ),
        Row(
            "huge chunk",
            says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
            ProtocolError,
            Some(200),
            "not valid HTTP",
        ),
        Row(
            "two lengths",
            says("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
            ProtocolError,
            None,
            "not valid HTTP",
        ),
        Row("bad length", says("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), ProtocolError, None, "not valid HTTP"),
        Row("garbage", says("\0\x01\x02 this is no HTTP\r\n\r\n"), ProtocolError, None, "not valid HTTP"),
        Row("another protocol", Behaviour::greets("220 mail.example ESMTP\r\n"), ProtocolError, None, "not valid HTTP"),
        Row("bad status", says("HTTP/1.1 2x0 OK\r\n\r\n"), ProtocolError, None, "not valid HTTP"),
        Row("status 99", says("HTTP/1.1 099 Low\r\n\r\n"), ProtocolError, None, "not valid HTTP"),
        Row("HTTP/2 at once", says("HTTP/2.0 200 OK\r\n\r\n"), ProtocolError, None, "not valid HTTP"),
        Row(
            "101",
            says("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
            Status,
            Some(101),
            "101 Switching Protocols",
        ),
        Row("HTTP/1.0 until it closes", says("HTTP/1.0 200 OK\r\n\r\nfine"), Success, Some(200), ""),
        Row(
            "200 after 1xx",
            says(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            ),
            Success,
            Some(204),
            "",
        ),
        Row("bare line feeds", says("HTTP/1.1 200 OK\ncontent-length: 0\n\n"), Success, Some(200), ""),
        Row("410", empty("410 Gone"), Status, Some(410), "410 Gone"),
        Row("599", empty("599 X"), Status, Some(599), "599"),
        Row("no reason", empty("503"), Status, Some(503), "503 Service Unavailable"),
        Row(
            "500 that resets",
            Behaviour::says_and_resets("HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nabc"),
            Status,
            Some(500),
            "500 Internal",
        ),
    ]
}

#[tokio::test]
async fn every_way_to_misbehave_has_its_name() {
    // Only what has to run into a timeout has a short one: a busy machine is no reason to fail.
    let (hasty, patient) = (hasty_sender(), sender());
    let mut rows = JoinSet::new();
    for row in misbehaving() {
        let sender = if row.2 == Outcome::Timeout { hasty.clone() } else { patient.clone() };
        rows.spawn(check(sender, row));
    }
    rows.join_all().await;
}

async fn check(sender: Sender, Row(name, behaviour, outcome, status, sentence): Row) {
    let receiver = Receiver::start(behaviour).await;
    let attempt = send(&sender, &receiver.url()).await;
    let error = attempt.error.unwrap_or_default();
    assert_eq!((attempt.outcome, attempt.status_code), (outcome, status), "{name}: {error}");
    assert!(error.contains(sentence) && error.is_empty() == sentence.is_empty(), "{name}: {error}");
    assert!(attempt.response_body.len() <= MAX_BODY_BYTES, "{name}");
    assert!(receiver.requests() <= 1, "{name} was asked twice");
}
