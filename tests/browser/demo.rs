//! The demo in a browser: its receiver's page is accessible, and follows what arrives.

use serde_json::json;

use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::demo::Demo;

#[tokio::test]
async fn the_receiver_shows_what_arrives_without_closing_what_is_open() {
    let mut demo = Demo::start();
    demo.says("Demo receiver     200 OK").await;
    let browser = signed_in(&mut demo, BrowserOptions::default()).await;
    browser.follow("Demo receiver").await;
    browser.wait_for_text("#received", "Signature holds").await;
    let script = "document.body.dataset.loaded = 'once'; document.querySelector('#received li details').open = true;
        return document.querySelector('#received li').id";
    let opened = browser.client().execute(script, vec![]).await.expect("a script");
    for (name, options) in
        [("light", BrowserOptions::default()), ("dark phone", BrowserOptions::default().dark().narrow())]
    {
        browser.use_window(options).await;
        browser.is_accessible(&format!("/receiver, {name}")).await;
    }
    // The first retries of the failing receiver come after 5 s; the page finds them by itself.
    browser.wait_for_text("#received", "Duplicate, arrived 2 times").await;
    let script =
        "return [document.body.dataset.loaded, document.getElementById(arguments[0]).querySelector('details').open]";
    let seen = browser.client().execute(script, vec![opened]).await.expect("a script");
    assert_eq!(seen, json!(["once", true]));
    demo.ends_by("TERM").await;
}

#[tokio::test]
async fn without_javascript_the_button_sends_events_and_comes_back() {
    let mut demo = Demo::start();
    let browser = signed_in(&mut demo, BrowserOptions::default().without_javascript()).await;
    browser.follow("Demo receiver").await;
    browser.press("Send sample events").await;
    browser.wait_for_text("#toasts", "5 sample events published").await;
    browser.wait_for_address("/receiver").await;
    demo.ends_by("TERM").await;
}

/// Signed in as the demo's welcome says.
async fn signed_in(demo: &mut Demo, options: BrowserOptions) -> Browser {
    let (login, email) = (demo.tells("Sign in").await, demo.tells("Email").await);
    let browser = Browser::start(options).await;
    browser.signs_in(&login, &email, &demo.tells("Password").await).await;
    browser
}
