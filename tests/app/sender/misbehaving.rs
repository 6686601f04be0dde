//! The table, one request a row.

use std::time::Duration;

use herald::delivery::sender::{Limits, MAX_BODY_BYTES, Outcome, Sender};
use tokio::task::JoinSet;

use super::names::Names;
use super::table::{self, Row};
use super::{send, sender, sender_with};
use crate::support::receivers::{Behaviour, Receiver, test_authority};

/// What a busy machine may take beyond a time-out.
const SLACK: Duration = Duration::from_secs(10);

/// The sentence with the time-outs in it.
pub fn sentence(row: &Row, limits: &Limits) -> String {
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    let sentence = row.sentence.replace("{request}", &seconds(limits.request_timeout));
    sentence.replace("{connect}", &seconds(limits.connect_timeout))
}

#[tokio::test]
async fn every_way_to_misbehave_has_its_name_and_its_sentence() {
    // Only what has to run into a time-out has a short one: a busy machine is no reason to fail.
    let hasty = Limits { request_timeout: Duration::from_secs(3), connect_timeout: Duration::from_secs(1) };
    let patient = Limits { request_timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(20) };
    let is_late =
        |row: &Row| matches!(row.outcome, Outcome::Timeout | Outcome::DnsTimeout) || row.name == "500 that hangs";
    let (late, quick): (Vec<_>, Vec<_>) = table::rows().into_iter().partition(is_late);
    let mut wrong = Vec::new();
    for (rows, limits) in [(quick, patient), (late, hasty)] {
        let mut checks: JoinSet<_> = rows.into_iter().map(|row| check(row, limits.clone())).collect();
        while let Some(checked) = checks.join_next().await {
            wrong.extend(checked.expect("no check panics").err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the row, if anything is.
async fn check(row: Row, limits: Limits) -> Result<(), String> {
    let expected = (row.outcome, row.status, sentence(&row, &limits));
    let names = Names::default();
    let sender = sender_with(limits.clone(), names.clone(), Some(&test_authority()));
    let Row { name, place, .. } = row;
    let place = place.stand().await;
    let attempt = send(&sender, &place.url).await;
    let happened = (attempt.outcome, attempt.status_code, attempt.error.unwrap_or_default());
    let (requests, connections) =
        place.receiver.as_ref().map_or((0, 0), |receiver| (receiver.requests(), receiver.connections()));
    let head: usize = attempt.response_headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let host = place.url.split(['/', ':']).nth(3).unwrap_or_default().to_owned();
    let complaint = match () {
        () if happened != expected => format!("{happened:?} instead of {expected:?}"),
        () if attempt.duration > limits.request_timeout + SLACK => format!("it took {:?}", attempt.duration),
        () if attempt.response_body.len() > MAX_BODY_BYTES => "too much of the body is kept".into(),
        () if head > 64 * 1024 => "too much of the head is kept".into(),
        () if requests > 1 || connections > 1 => format!("{requests} requests, {connections} connections"),
        () if happened.0 == Outcome::BlockedAddress && connections > 0 => "it was dialled".into(),
        () if names.asked(&host) > 1 => format!("{} look-ups", names.asked(&host)),
        () => return Ok(()),
    };
    Err(format!("{name}: {complaint}"))
}

#[tokio::test]
async fn an_untrusted_authority_is_told_from_a_certificate_that_signed_itself() {
    let sender = sender_with(Limits::default(), Names::default(), None);
    let receiver = Receiver::start_tls("good", Behaviour::says("")).await;
    let attempt = send(&sender, &format!("https://hooks.example:{}/", receiver.port())).await;
    assert_eq!(attempt.outcome, Outcome::TlsUntrusted);
    let sentence = "Your server's certificate is not trusted (its authority is not known). Use one that a public \
                    authority signed, and send the whole chain.";
    assert_eq!(attempt.error.as_deref(), Some(sentence));
}

#[tokio::test]
async fn each_status_from_100_to_599_is_what_it_is() {
    let sender = sender();
    let mut statuses = JoinSet::new();
    for status in 100..=599 {
        statuses.spawn(check_status(sender.clone(), status));
    }
    statuses.join_all().await;
}

async fn check_status(sender: Sender, status: u16) {
    let alone = Receiver::start(Behaviour::says(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))).await;
    let attempt = send(&sender, &alone.url()).await;
    // Interim answers answer nothing; 101 is none: it ends the exchange.
    let is_interim = status < 200 && status != 101;
    let (outcome, code) = match status {
        _ if is_interim => (Outcome::ClosedEarly, None),
        200..=299 => (Outcome::Success, Some(status)),
        _ => (Outcome::Status, Some(status)),
    };
    assert_eq!((attempt.outcome, attempt.status_code), (outcome, code), "{status}");
    match outcome {
        Outcome::Success => assert_eq!(attempt.error, None, "{status}"),
        Outcome::Status => assert!(attempt.error.unwrap().starts_with(&status.to_string()), "{status}"),
        _ => assert!(attempt.error.unwrap().contains("without an answer"), "{status}"),
    }
    if is_interim {
        let then = format!("HTTP/1.1 {status} X\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::start(Behaviour::says(then)).await;
        let attempt = send(&sender, &receiver.url()).await;
        assert_eq!((attempt.outcome, attempt.status_code), (Outcome::Success, Some(202)), "{status}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_off_within_an_answer_is_a_failure_and_no_second_request() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let receiver = Receiver::start(Behaviour::serves_then_says(half, 1, "HTTP/1.1 200 OK\r\ncontent-le")).await;
    let sender = sender();
    assert_eq!(send(&sender, &receiver.url()).await.outcome, Outcome::Success);
    let attempt = send(&sender, &receiver.url()).await;
    assert_eq!((attempt.outcome, receiver.connections()), (Outcome::ClosedEarly, 1));
}

#[tokio::test]
async fn a_server_that_speaks_first_breaks_http_whenever_its_words_arrive() {
    let receiver = Receiver::start(Behaviour::greets("220 mail.example ESMTP\r\n")).await;
    let sender = sender();
    for _ in 0..50 {
        let attempt = send(&sender, &receiver.url()).await;
        assert_eq!(attempt.outcome, Outcome::ProtocolError, "{:?}", attempt.error);
    }
}

#[tokio::test]
async fn small_chunks_are_kept_whole_and_frames_without_end_are_not_read() {
    let whole = "1\r\na\r\n".repeat(MAX_BODY_BYTES) + "0\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let receiver = Receiver::start(Behaviour::says(format!("{head}{whole}"))).await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!((attempt.outcome, attempt.response_body.len()), (Outcome::Success, MAX_BODY_BYTES));
    let receiver = Receiver::start(Behaviour::never_ends(head, "0")).await;
    let attempt = send(&sender(), &receiver.url()).await;
    assert_eq!((attempt.outcome, attempt.response_truncated), (Outcome::Success, true));
}
