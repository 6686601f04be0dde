//! The browser tests' own tools at work on a page that is known to be wrong: a check that cannot fail checks nothing.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::chromium::{Browser, BrowserOptions};

/// One field without a label, under the same strict policy as Herald's own pages.
const PAGE: &str = r#"<!doctype html>
<html lang="en"><head><title>A planted mistake</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/style.css">
<noscript><link rel="stylesheet" href="/none.css"></noscript></head>
<body><main><h1>A planted mistake</h1><input type="text" name="unnamed"><button>Go</button><label>Name <input name="name"></label><p id="script">no script ran</p></main>
<script src="/script.js"></script></body></html>"#;
const STYLE: &str = "body { background: white; color: black }
@media (prefers-color-scheme: dark) { body { background: black; color: white } }";
const SCRIPT: &str = "document.getElementById('script').textContent = 'a script ran';";

/// Serves the page until the process ends and returns its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            // One thread each: browsers open connections ahead of time and then say nothing on them.
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                let read = connection.read(&mut head).unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]);
                let (kind, body) = match head.split(' ').nth(1) {
                    Some("/style.css") => ("text/css", STYLE),
                    Some("/script.js") => ("text/javascript", SCRIPT),
                    _ => ("text/html", PAGE),
                };
                let policy = "default-src 'none'; script-src 'self'; style-src 'self'";
                write!(
                    connection,
                    "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
                     content-security-policy: {policy}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
                .ok();
            });
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn axe_finds_a_planted_mistake_and_nothing_else() {
    let browser = Browser::start(BrowserOptions::default()).await;
    browser.open(&serve()).await;
    browser.wait_for_text("#script", "a script ran").await;
    let violations = browser.violations().await;
    let found: Vec<_> = violations.iter().map(|v| (v.id.as_str(), v.nodes[0].target[0].as_str())).collect();
    assert_eq!(found, [("label", Some("input[type=\"text\"]"))]);
}

#[tokio::test]
async fn without_javascript_no_script_of_the_page_runs() {
    let browser = Browser::start(BrowserOptions::default().without_javascript()).await;
    browser.open(&serve()).await;
    let text = browser.wait_for("#script").await.text().await.expect("its text");
    assert_eq!(text, "no script ran");
    browser.fill("Name", "typed").await;
    browser.press("Go").await;
    let typed = browser.field("Name").await.prop("value").await.expect("a value");
    assert_eq!(typed.as_deref(), Some("typed"));
}

#[tokio::test]
async fn a_dark_phone_is_dark_and_390_pixels_wide() {
    let browser = Browser::start(BrowserOptions::default().dark().narrow()).await;
    browser.open(&serve()).await;
    let seen = browser
        .client()
        .execute("return [innerWidth, getComputedStyle(document.body).backgroundColor]", vec![])
        .await
        .expect("an answer");
    assert_eq!(seen, serde_json::json!([390, "rgb(0, 0, 0)"]));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, png) in [("window.png", false), ("page.png", true)] {
        let path = folder.path().join(name);
        if png {
            browser.save_full_page(&path).await
        } else {
            browser.save_screenshot(&path).await
        }
        let bytes = std::fs::read(&path).expect("the picture");
        assert!(bytes.starts_with(b"\x89PNG"), "{name} is no PNG file");
    }
}
