//! The log in a browser is alive while a redelivery is under way.

use herald::events::EventType;

use crate::support::app::{PASSWORD, Setting, TestApp, eventually};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::recorder::{Answer, Gate, Recorder};
use crate::support::webhooks::{adds_webhook, records};

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// Planned retries stay out of the way.
async fn spawn() -> TestApp {
    Setting::default().with("HERALD_RETRY_SCHEDULE", "1h").spawn().await
}

#[tokio::test]
async fn a_redelivery_is_followed_to_its_end_without_a_reload() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer_next("/hook", [Answer::status(500), Answer::status(200).held_by(&gate)]);
    let webhook = adds_webhook(&app, "CRM sync", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectCompleted).await;
    let path = format!("{WEBHOOKS}/{0}/deliveries/{0}-{1}", webhook.id, event.id.as_str().trim_start_matches("EVT-"));
    let admin = app.admin().await;
    eventually("the failure is in the log", &mut || async {
        admin.reads(&path).await.contains("Attempt 2 planned").then_some(())
    })
    .await;
    let browser = Browser::start(BrowserOptions::default()).await;
    browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
    browser.open(&app.url(&path)).await;
    browser.client().execute("document.body.dataset.loaded = 'once'", vec![]).await.expect("a script");
    browser.press("Redeliver").await;
    browser.wait_for_text("#toasts", "Redelivery started").await;
    browser.wait_for_text(".timeline", "Attempt 2 under way").await;
    gate.open();
    browser.wait_for_text(".page__title", "Delivered").await;
    let seen =
        browser.client().execute("return [document.body.dataset.loaded, document.querySelector('#poll')]", vec![]);
    assert_eq!(seen.await.expect("an answer"), serde_json::json!(["once", null]));
    app.stop().await;
}
