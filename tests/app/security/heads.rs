//! Request heads as no client should write them: each is refused, or read as everybody else would read it, so that nothing
//! between us and the client can be made to see other requests than we do.

use std::time::Duration;

use herald::web::connection::Patience;

use crate::support::app::{Setting, spawn_app};
use crate::support::raw::{Raw, asks, drips};

/// What is behind each of them: a second request, where the first is understood to have ended.
const NEXT: &str = "GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// A form with these lines in its head, and this body.
macro_rules! post {
    ($lines:literal, $body:literal) => {
        concat!("POST /login HTTP/1.1\r\nHost: h\r\n", $lines, "\r\n\r\n", $body)
    };
}

/// A page with these lines in the head, and perhaps a body.
macro_rules! get {
    ($lines:literal $(, $body:literal)?) => {
        concat!("GET /healthz HTTP/1.1\r\nHost: h\r\n", $lines, "\r\n\r\n" $(, $body)?)
    };
}

/// A request, the status of its answer, and how many answers there are with [`NEXT`] behind it.
const TABLE: &[(&str, &str, u16, usize)] = &[
    // Where a body ends must be said once and clearly.
    ("two lengths that agree", post!("Content-Length: 3\r\nContent-Length: 3", "a=b"), 400, 1),
    ("two lengths that differ", post!("Content-Length: 3\r\nContent-Length: 30", "a=b"), 400, 1),
    ("a list of lengths", post!("Content-Length: 3, 3", "a=b"), 400, 1),
    ("a length with a sign", post!("Content-Length: +3", "a=b"), 400, 1),
    ("a negative length", post!("Content-Length: -3", "a=b"), 400, 1),
    ("a length in hex", post!("Content-Length: 0x3", "a=b"), 400, 1),
    ("an endless length", post!("Content-Length: 99999999999999999999", "a=b"), 400, 1),
    ("an empty length", post!("Content-Length: ", "a=b"), 400, 1),
    ("length and chunks", post!("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400, 1),
    ("chunks and length", post!("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"), 400, 1),
    ("chunks twice", post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400, 1),
    ("chunks and something", post!("Transfer-Encoding: chunked, identity", "0\r\n\r\n"), 400, 1),
    ("something and chunks", post!("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 400, 1),
    ("identity", post!("Transfer-Encoding: identity", ""), 400, 1),
    ("unknown coding", post!("Transfer-Encoding: xchunked", "0\r\n\r\n"), 400, 1),
    ("a coding behind a tab", post!("Transfer-Encoding:\x0bchunked", "0\r\n\r\n"), 400, 1),
    ("a name with a space", post!("Transfer-Encoding : chunked", "0\r\n\r\n"), 400, 1),
    ("a length with a space", post!("Content-Length : 3", "a=b"), 400, 1),
    ("chunks in HTTP/1.0", "POST /login HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 1),
    // Lines.
    ("a folded header", get!("X-A: b\r\n c"), 400, 1),
    ("a folded length", post!("Content-Length:\r\n 3", "a=b"), 400, 1),
    ("a space before the first header", "GET /healthz HTTP/1.1\r\n Host: h\r\n\r\n", 400, 1),
    ("a NUL in a value", get!("X-A: b\0c"), 400, 1),
    ("a NUL in a name", get!("X\0A: b"), 400, 1),
    ("a NUL in the address", "GET /heal\0thz HTTP/1.1\r\nHost: h\r\n\r\n", 400, 1),
    ("a bare CR in a value", get!("X-A: b\rTransfer-Encoding: chunked"), 400, 1),
    ("a bare CR for a line break", "GET /healthz HTTP/1.1\rHost: h\r\r", 400, 1),
    ("no name", get!(": b"), 400, 1),
    ("no colon", get!("X-A"), 400, 1),
    ("a bracket in a name", get!("X[A]: b"), 400, 1),
    // Hosts.
    ("no host", "GET /healthz HTTP/1.1\r\n\r\n", 400, 1),
    ("two hosts", get!("Host: evil"), 400, 1),
    // The request line.
    ("no version", "GET /healthz\r\nHost: h\r\n\r\n", 400, 1),
    ("another version", "GET /healthz HTTP/1.2\r\nHost: h\r\n\r\n", 400, 1),
    ("HTTP/2 in words", "GET /healthz HTTP/2.0\r\nHost: h\r\n\r\n", 400, 1),
    ("the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 1),
    ("two spaces", "GET /healthz  HTTP/1.1\r\nHost: h\r\n\r\n", 400, 1),
    ("a space in the address", "GET /heal thz HTTP/1.1\r\nHost: h\r\n\r\n", 400, 1),
    ("no address", "GET HTTP/1.1\r\nHost: h\r\n\r\n", 400, 1),
    ("a method with brackets", "G<T /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 400, 1),
    ("TLS", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n", 400, 1),
    // Read as everybody reads it.
    ("the usual", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200, 2),
    ("empty lines before", "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200, 2),
    ("bare line feeds", "GET /healthz HTTP/1.1\nHost: h\n\n", 200, 2),
    ("the absolute form", "GET http://h/healthz HTTP/1.1\r\nHost: h\r\n\r\n", 200, 2),
    ("the asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 404, 2),
    ("the asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 404, 2),
    ("another case of chunked", post!("Transfer-Encoding: CHUNKED", "0\r\n\r\n"), 403, 2),
    ("a body nobody asked for", get!("Transfer-Encoding: chunked", "3\r\na=b\r\n0\r\n\r\n"), 200, 2),
    ("chunks with trailers", post!("Transfer-Encoding: chunked", "3\r\na=b\r\n0\r\nX-A: b\r\n\r\n"), 403, 2),
    ("a HEAD with a body", "HEAD /healthz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, 2),
    ("an unknown method", "BREW /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 403, 2),
    ("TRACE", "TRACE /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 403, 2),
];

#[tokio::test]
async fn requests_that_two_readers_could_read_differently_are_refused() {
    let app = spawn_app().await;
    let address = app.running().address;
    let mut wrong = Vec::new();
    for (what, request, status, answers) in TABLE {
        let answer = asks(address, format!("{request}{NEXT}")).await;
        let found = answer.matches("HTTP/1.1 ").count();
        if !answer.starts_with(&format!("HTTP/1.1 {status} ")) || found != *answers {
            wrong.push(format!("{what}: {status} and {answers} answers expected, but got {found}:\n{answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    app.stop().await;
}

#[tokio::test]
async fn a_tunnel_or_an_upgrade_is_not_made() {
    let app = spawn_app().await;
    let address = app.running().address;
    for request in [
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    ] {
        let answer = asks(address, format!("{request}{NEXT}")).await;
        assert!(!answer.starts_with("HTTP/1.1 101") && !answer.starts_with("HTTP/1.1 200 Connection"), "{answer}");
        assert!(!answer.contains("evil.example"), "{answer}");
    }
    app.stop().await;
}

/// A chunk that breaks the coding ends the connection: what comes behind it is never a request.
#[tokio::test]
async fn what_is_behind_a_broken_chunk_is_no_request() {
    let app = spawn_app().await;
    let address = app.running().address;
    for chunks in [
        "x\r\nabc\r\n",
        "3\nabc\r\n",
        "3 \r\nabcd\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n",
        "3\r\nabcX0\r\n\r\n",
        "3;\0\r\nabc\r\n",
    ] {
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: none\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunks}{NEXT}"
        );
        let answer = asks(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{chunks:?}: {answer}");
        assert!(!answer.ends_with("\r\n\r\nok"), "{chunks:?}: the next request was read: {answer}");
        let (first, _) = answer.split_once("\r\n\r\n").unwrap();
        assert!(first.to_ascii_lowercase().contains("connection: close"), "{chunks:?}: {answer}");
    }
    app.stop().await;
}

/// Also where somebody has to be asked first who that is, and has not answered when the chunk breaks.
#[tokio::test]
async fn a_broken_chunk_is_told_whatever_is_waited_for() {
    let app = spawn_app().await;
    let address = app.running().address;
    let (admin, program) = (app.admin().await, app.program("write,publish").await);
    let cookie = admin.request(reqwest::Method::GET, "/").build().expect("a request").headers()["cookie"].clone();
    let session = format!("Cookie: {}\r\nSec-Fetch-Site: none", cookie.to_str().expect("ASCII"));
    let key = format!("Authorization: Bearer {}", program.secret);
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    for (path, who, kind) in [
        ("/api/v1/events", &key, json),
        ("/api/v1/webhooks", &key, json),
        ("/projects/new", &session, form),
        ("/profile", &session, form),
    ] {
        for chunks in ["x\r\nabc\r\n", "3\r\na=bX0\r\n\r\n", "1\r\n{\r\nffffffffffffffffff\r\n"] {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\n{who}\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
            );
            for _ in 0..5 {
                let answer = asks(address, &request).await;
                assert!(answer.starts_with("HTTP/1.1 400 "), "{path} {chunks:?}: {answer:?}");
                assert!(answer.to_ascii_lowercase().contains("connection: close"), "{path} {chunks:?}: {answer}");
                let is_document = answer.contains("content-type: application/problem+json");
                assert_eq!(is_document, kind == json, "{path} {chunks:?}: {answer}");
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn heads_are_bounded_in_lines_and_bytes() {
    let app = spawn_app().await;
    let address = app.running().address;
    let with = |lines: String| format!("GET /healthz HTTP/1.1\r\nHost: h\r\n{lines}Connection: close\r\n\r\n");
    let lines = |count: usize| (0..count).map(|place| format!("X-{place}: y\r\n")).collect::<String>();
    for (request, status) in [
        (with(lines(90)), 200),
        (with(lines(100)), 431),
        (with(lines(20_000)), 431),
        (with(format!("X-Long: {}\r\n", "x".repeat(60_000))), 200),
        (with(format!("X-Long: {}\r\n", "x".repeat(66_000))), 431),
        (with(format!("X-Long: {}\r\n", "x".repeat(500_000))), 431),
        (with(format!("Cookie: {}\r\n", "a=b; ".repeat(14_000))), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "x".repeat(30_000)), 404),
        (format!("GET /{} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "x".repeat(80_000)), 400),
        (format!("GET /{}", "x".repeat(2_000_000)), 431),
        ("\r\n".repeat(200_000), 431),
    ] {
        let answer = asks(address, &request).await;
        let shown = &request[..request.len().min(40)];
        let is_cut = answer.is_empty() && request.len() > 150_000;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) || is_cut, "{shown:?}: {answer}");
    }
    app.stop().await;
}

const IMPATIENT: Patience = Patience {
    head: Duration::from_millis(1_500),
    stall: Duration::from_secs(60),
    total: Duration::from_secs(60),
    idle: Duration::from_secs(60),
};

/// The first request of a connection, a later one, and one that began while the answer before it was made: each head has its
/// time, whether nothing comes or one byte after the other.
#[tokio::test]
async fn a_head_has_ten_seconds_however_it_drips_in() {
    let app = Setting { patience: Some(IMPATIENT), ..Setting::default() }.spawn().await;
    let address = app.running().address;
    let endless = "GET /healthz HTTP/1.1\r\nHost: h\r\nX: ".to_owned() + &"x".repeat(10_000);
    for before in ["", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"] {
        // Silence in the middle of a head.
        let mut raw = Raw::open(address).await;
        raw.says(before).await;
        if !before.is_empty() {
            assert_eq!(raw.hears().await.expect("an answer").0.status, 200);
        }
        raw.says("GET /healthz HT").await;
        raw.is_closed().await;

        // One byte after the other.
        let mut raw = Raw::open(address).await;
        raw.says(before).await;
        if !before.is_empty() {
            assert_eq!(raw.hears().await.expect("an answer").0.status, 200);
        }
        let taken = drips(&mut raw, endless.as_bytes(), Duration::from_millis(10)).await;
        assert!(taken < endless.len(), "the head may go on for ever");
        raw.is_closed().await;
    }
    // Nothing at all is no request: the connection is given up, too.
    let mut raw = Raw::open(address).await;
    raw.is_closed().await;
    app.stop().await;
}

#[tokio::test]
async fn a_head_in_pieces_is_served_all_the_same() {
    let app = spawn_app().await;
    let mut raw = Raw::open(app.running().address).await;
    for piece in ["GET /hea", "lthz HTTP/1.1\r", "\nHost: h\r\n", "\r\n"] {
        raw.says(piece).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.hears().await.expect("an answer").0.status, 200);
    app.stop().await;
}
