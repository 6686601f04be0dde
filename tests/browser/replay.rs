//! A replay from the webhook's page: the question, the progress, the end, and one that is cancelled.

use std::time::Duration;

use crate::support::app::{PASSWORD, TestApp, spawn_app};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::recorder::Recorder;
use crate::support::webhooks::{adds_webhook, cancels_many};

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// At one a second, longer than any test may take.
const MANY: usize = 90;

#[tokio::test]
async fn a_replay_is_followed_and_cancelled_and_another_one_comes_to_its_end() {
    replays(BrowserOptions::default()).await;
}

#[tokio::test]
async fn the_same_replays_without_javascript() {
    replays(BrowserOptions::default().without_javascript()).await;
}

async fn replays(options: BrowserOptions) {
    let app = spawn_app().await;
    let receiver = Recorder::start().await;
    let page = with_many_cancelled(&app, &receiver).await;
    let browser = Browser::start(options).await;
    browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;

    browser.open(&page).await;
    starts(&browser, options, "Replay 90 cancelled deliveries?", "1").await;
    browser.client().execute("document.body.dataset.loaded = 'once'", vec![]).await.expect("a script");
    while browser.wait_for("#h-progress").await.text().await.is_ok_and(|text| text.starts_with("0 of")) {
        looks_again(&browser, options).await;
    }
    browser.wait_for_text("#h-progress", "of 90 deliveries").await;
    if options.javascript {
        let loaded = browser.client().execute("return document.body.dataset.loaded", vec![]).await;
        assert_eq!(loaded.expect("an answer"), serde_json::json!("once"), "the page was not loaded anew");
    }
    browser.press("Cancel replay").await;
    browser.wait_for_text(".page__title", "Cancelled").await;
    browser.wait_for_text("#toasts", "are as they were before").await;
    let sent = receiver.requests().len();
    assert!(sent < MANY);

    browser.open(&page).await;
    browser.wait_for_text("#replays", "Cancelled").await;
    starts(&browser, options, "cancelled deliveries?", "1000").await;
    while !browser.wait_for(".page__title").await.text().await.is_ok_and(|text| text.contains("Finished")) {
        looks_again(&browser, options).await;
    }
    browser.wait_for_text("#h-progress", "of").await;
    let received = receiver.wait_for(MANY).await;
    let mut ids: Vec<_> = received.iter().filter_map(|request| request.header("webhook-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), received.len()), (MANY, MANY), "each of them arrived, and once");
    app.stop().await;
}

/// Without JavaScript the page says how far it is when it is loaded.
async fn looks_again(browser: &Browser, options: BrowserOptions) {
    if options.javascript {
        tokio::time::sleep(Duration::from_millis(50)).await;
    } else if let Ok(link) = browser.client().find(fantoccini::Locator::LinkText("Look again")).await {
        // It may be gone by now, with the end of the replay: then the loop sees that.
        link.click().await.ok();
    }
}

async fn starts(browser: &Browser, options: BrowserOptions, question: &str, pace: &str) {
    browser.follow("Replay deliveries").await;
    browser.fill("At most so many a second", pace).await;
    browser.press("Count and continue").await;
    browser.wait_for_text(if options.javascript { "dialog" } else { "main" }, question).await;
    browser.press("Start replay").await;
    browser.wait_for_address("/replays/").await;
    browser.wait_for_text("#toasts", "Replay started").await;
}

/// The address of a webhook that has many cancelled deliveries.
async fn with_many_cancelled(app: &TestApp, receiver: &Recorder) -> String {
    let webhook = adds_webhook(app, "Deal desk", &receiver.url("/hook")).await;
    cancels_many(app, &webhook, MANY).await;
    app.url(&format!("{WEBHOOKS}/{}", webhook.id))
}
