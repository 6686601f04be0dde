//! Pausing and resuming as an admin lives it: nothing is sent, nothing is lost, and what was held goes on oldest first.

use herald::events::EventType;

use crate::support::app::{PASSWORD, Setting};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::recorder::Recorder;
use crate::support::webhooks::{adds_webhook, records};

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

#[tokio::test]
async fn what_happens_during_a_pause_is_held_and_delivered_oldest_first() {
    pauses_and_resumes(BrowserOptions::default()).await;
}

#[tokio::test]
async fn the_same_pause_without_javascript() {
    pauses_and_resumes(BrowserOptions::default().without_javascript()).await;
}

async fn pauses_and_resumes(options: BrowserOptions) {
    // One request at a time, so that the order of arrival is the order in which they were started.
    let app = Setting::default().with("HERALD_LANE_CONCURRENCY", "1").spawn().await;
    let receiver = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &receiver.url("/hook")).await;
    let browser = Browser::start(options).await;
    browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
    let page = app.url(&format!("{WEBHOOKS}/{}", webhook.id));
    browser.open(&page).await;
    browser.press("Pause").await;
    browser.wait_for_text(".page__title", "Paused").await;

    let mut happened = Vec::new();
    for kind in [EventType::ProjectCreated, EventType::ProjectEdited, EventType::ProjectCompleted] {
        happened.push(records(&app, kind).await.id.to_string());
    }
    browser.open(&page).await;
    browser.wait_for_text(".alert--warn", "3 messages are held").await;
    browser.wait_for_text("#deliveries tbody", "Held").await;
    assert!(receiver.requests().is_empty());

    browser.press("Resume").await;
    let question = if options.javascript { "dialog" } else { "main" };
    browser.wait_for_text(question, "Resume Deal desk?").await;
    browser.wait_for_text(question, "3 messages are held").await;
    browser.fill("At most so many a second Optional", "all").await;
    browser.press("Send all, oldest first").await;
    browser.wait_for_text("#held_per_second-error", "whole number").await;
    assert!(receiver.requests().is_empty());
    browser.fill("At most so many a second Optional", "50").await;
    browser.press("Send all, oldest first").await;
    browser.wait_for_text(".page__title", "Active").await;
    browser.wait_for_text("#toasts", "3 held messages are being sent").await;

    let received = receiver.wait_for(3).await;
    let ids: Vec<_> = received.iter().filter_map(|request| request.header("webhook-id")).collect();
    assert_eq!(ids, happened);
    app.stop().await;
}
