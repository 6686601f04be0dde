//! Bodies, readers and idle connections cost no more than their time.

use std::time::Duration;

use herald::web::connection::Patience;
use tokio::io::AsyncReadExt as _;

use crate::support::app::{Setting, TestApp, spawn_app};
use crate::support::raw::{Raw, drips};

const LONG: Duration = Duration::from_secs(60);

async fn app_with(patience: Patience) -> TestApp {
    Setting { patience: Some(patience), ..Setting::default() }.spawn().await
}

fn head(path: &str, key: &str, rest: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n{rest}\r\n"
    )
}

#[tokio::test]
async fn a_body_that_makes_no_progress_is_given_up() {
    let patience = Patience { head: LONG, stall: Duration::from_millis(300), total: LONG, idle: LONG };
    let app = app_with(patience).await;
    let key = app.program("publish").await.secret;
    for (framing, begun) in [("Content-Length: 1000\r\n", "{"), ("Transfer-Encoding: chunked\r\n", "3\r\n{  ")] {
        for begun in ["", begun] {
            let mut raw = Raw::open(app.running().address).await;
            raw.says(head("/api/v1/events", &key, framing) + begun).await;
            let (head, body) = raw.hears().await.unwrap_or_else(|| panic!("no answer to {framing:?} {begun:?}"));
            assert_eq!(head.status, 400, "{}", String::from_utf8_lossy(&body));
            assert_eq!(head.header("connection"), "close");
            raw.is_closed().await;
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_in_the_end() {
    let patience = Patience { head: LONG, stall: LONG, total: Duration::from_millis(600), idle: LONG };
    let app = app_with(patience).await;
    let key = app.program("publish").await.secret;
    let mut raw = Raw::open(app.running().address).await;
    raw.says(head("/api/v1/events", &key, "Content-Length: 10000\r\n")).await;
    let taken = drips(&mut raw, &[b' '; 10_000], Duration::from_millis(10)).await;
    assert!(taken < 10_000, "the body may go on for ever");
    app.stop().await;
}

/// The answer is known before the body is: nobody reads the rest for ever.
#[tokio::test]
async fn a_body_that_nobody_wants_is_not_read_for_ever() {
    let patience = Patience { head: Duration::from_millis(1_500), stall: LONG, total: LONG, idle: LONG };
    let app = app_with(patience).await;
    for framing in ["Content-Length: 100000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut raw = Raw::open(app.running().address).await;
        raw.says(head("/api/v1/events", "no-key", framing)).await;
        assert_eq!(raw.hears().await.expect("an answer").0.status, 401);
        let chunks = b"1\r\nx\r\n".repeat(2_000);
        let taken = drips(&mut raw, &chunks, Duration::from_millis(5)).await;
        assert!(taken < chunks.len(), "{framing:?}: read for ever");
    }
    app.stop().await;
}

/// Sizes of the contract, with a length that is announced, with one that is a lie, and in chunks.
#[tokio::test]
async fn bodies_have_the_contracts_sizes() {
    const KIB: usize = 1024;
    let app = spawn_app().await;
    let key = app.program("read,write,publish").await.secret;
    for (path, limit) in [
        ("/api/v1/events", 256 * KIB),
        ("/api/v1/webhooks", 256 * KIB),
        ("/api/v1/projects", 256 * KIB),
        ("/api/v1/answers", 256 * KIB),
        ("/api/v1/events/batch", 5 * 1024 * KIB),
        ("/api/v1/answers/bulk-create", 5 * 1024 * KIB),
        ("/api/v1/answers/bulk-publish", 5 * 1024 * KIB),
        ("/api/v1/answers/bulk-delete", 5 * 1024 * KIB),
    ] {
        let ask = async |framing: String, body: Vec<u8>| {
            let mut raw = Raw::open(app.running().address).await;
            raw.says(head(path, &key, &framing)).await;
            raw.says(&body).await;
            raw.hears().await.map_or(0, |(head, _)| head.status)
        };
        // White space is no JSON, but it is read to its end.
        assert_eq!(ask(format!("Content-Length: {limit}\r\n"), vec![b' '; limit]).await, 400, "{path}");
        assert_eq!(ask(format!("Content-Length: {}\r\n", limit + 1), vec![]).await, 413, "{path}: announced");
        let chunk =
            |size: usize| [format!("{size:x}\r\n").into_bytes(), vec![b' '; size], b"\r\n0\r\n\r\n".to_vec()].concat();
        assert_eq!(ask("Transfer-Encoding: chunked\r\n".into(), chunk(limit)).await, 400, "{path}: in chunks");
        assert_eq!(ask("Transfer-Encoding: chunked\r\n".into(), chunk(limit + 1)).await, 413, "{path}: in chunks");
        // What is behind the announced length is the next request, and no part of this one.
        assert_eq!(ask("Content-Length: 2\r\n".into(), b"{}GARBAGE".to_vec()).await, 422, "{path}: a lie");
    }
    app.stop().await;
}

/// Asks for the same page again and again on one connection, and takes none of the answers.
#[tokio::test]
async fn a_reader_that_takes_nothing_is_given_up() {
    let patience = Patience { head: LONG, stall: Duration::from_millis(500), total: LONG, idle: LONG };
    let app = app_with(patience).await;
    let mut raw = Raw::open(app.running().address).await;
    let css = herald::web::assets::url("app.css");
    let request = format!("GET {css} HTTP/1.1\r\nHost: h\r\n\r\n").repeat(200);
    // Until neither side takes anything any more, or the connection is gone.
    let asking = async { while raw.says(&request).await {} };
    tokio::time::timeout(crate::support::app::PATIENCE, asking).await.expect("the connection is given up");
    app.stop().await;
}

#[tokio::test]
async fn a_reader_that_takes_a_little_at_a_time_is_given_up_in_the_end() {
    let patience = Patience { head: LONG, stall: LONG, total: Duration::from_millis(500), idle: LONG };
    let app = app_with(patience).await;
    let mut raw = Raw::open(app.running().address).await;
    let css = herald::web::assets::url("app.css");
    let request = format!("GET {css} HTTP/1.1\r\nHost: h\r\n\r\n").repeat(2_000);
    let (mut reader, mut writer) = raw.stream.split();
    let asking = async { while tokio::io::AsyncWriteExt::write_all(&mut writer, request.as_bytes()).await.is_ok() {} };
    let taking = async {
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        let mut piece = [0; 2_000];
        while reader.read(&mut piece).await.is_ok_and(|count| count > 0) {
            clock.tick().await;
        }
    };
    let both = async {
        tokio::select! { () = asking => (), () = taking => () }
    };
    tokio::time::timeout(crate::support::app::PATIENCE, both).await.expect("the connection is given up");
    app.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_that_is_used_is_not() {
    let patience = Patience { head: LONG, stall: LONG, total: LONG, idle: Duration::from_secs(4) };
    let app = app_with(patience).await;
    let mut raw = Raw::open(app.running().address).await;
    let mut clock = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..50 {
        clock.tick().await;
        raw.says("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(raw.hears().await.expect("still open").0.status, 200);
    }
    raw.is_closed().await;
    app.stop().await;
}
