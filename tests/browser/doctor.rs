//! The signature doctor in a browser: each of its five causes, as somebody who debugs a receiver runs into it.

use herald::base::WebhookId;
use herald::delivery::signing::{SigningSecret, sign};
use herald::events::EventType;
use herald::webhooks::store;

use crate::support::app::{PASSWORD, TestApp, eventually, spawn_app};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::recorder::{Received, Recorder};
use crate::support::webhooks::{adds_webhook, records};

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

#[tokio::test]
async fn each_of_five_causes_is_told() {
    tells_the_causes(BrowserOptions::default()).await;
}

#[tokio::test]
async fn each_of_five_causes_is_told_without_javascript() {
    tells_the_causes(BrowserOptions::default().without_javascript()).await;
}

async fn tells_the_causes(options: BrowserOptions) {
    let app = spawn_app().await;
    let receiver = Recorder::start().await;
    let webhook = adds_webhook(&app, "CRM sync", &receiver.url("/hook")).await;
    let other = adds_webhook(&app, "Billing", "http://127.0.0.1:4999/").await;
    let event = records(&app, EventType::ProjectEdited).await;
    let received = receiver.wait_for(1).await.remove(0);
    let (own, others) = (secret(&app, &webhook.id).await, secret(&app, &other.id).await);
    let delivery =
        format!("{WEBHOOKS}/{0}/deliveries/{0}-{1}", webhook.id, event.id.as_str().trim_start_matches("EVT-"));
    let admin = app.admin().await;
    eventually("the attempt is in the log", &mut || async {
        admin.reads(&delivery).await.contains("Attempt 1").then_some(())
    })
    .await;
    let browser = Browser::start(options).await;
    browser.signs_in(&app.url("/login"), &app.admin.email, PASSWORD).await;
    let doctor = Doctor { browser, attempt: app.url(&delivery) };

    doctor.opens_the_attempt().await;
    doctor.browser.wait_for_text("#checkup", "This verifies").await;
    doctor.finds("Other secret", "Secret of your program Optional", others.expose()).await;
    let pretty = serde_json::to_string_pretty(&received.json()).expect("JSON");
    doctor.finds("Body re-serialized", "Body", &pretty).await;
    let headers = header_lines(&received);
    doctor.finds("Header missing", "Headers", &headers.replace("webhook-timestamp", "date")).await;
    // The secret's text for a key, where its bytes were meant.
    let (id, body) = (received.header("webhook-id").expect("an id"), received.body.as_slice());
    let sent = received.header("webhook-timestamp").and_then(|sent| sent.parse().ok()).expect("a time");
    let computed = sign(&[SigningSecret::of_bytes(own.expose().as_bytes())], id, sent, body);
    doctor.finds("Wrong encoding of the secret", "Signature that your program computes Optional", &computed).await;

    // An attempt of the log is checked as of its own time: what is too old was pasted.
    let sent = app.running().context.clock.now().seconds() - 7_200;
    let signature = sign(std::slice::from_ref(&own), id, sent, body);
    let old = format!("webhook-id: {id}\nwebhook-timestamp: {sent}\nwebhook-signature: {signature}");
    doctor.browser.open(&app.url(&format!("{WEBHOOKS}/guide/check?webhook={}", webhook.id))).await;
    doctor.browser.fill("Body", &received.text()).await;
    doctor.checks("Timestamp too old", "Headers", &old).await;
    app.stop().await;
}

struct Doctor {
    browser: Browser,
    /// The page of the delivery whose attempt is checked.
    attempt: String,
}

impl Doctor {
    async fn opens_the_attempt(&self) {
        self.browser.open(&self.attempt).await;
        self.browser.follow("Check a signature").await;
        self.browser.wait_for("#checkup").await;
    }

    /// Changes one field of what was sent.
    async fn finds(&self, cause: &str, field: &str, text: &str) {
        self.opens_the_attempt().await;
        self.checks(cause, field, text).await;
    }

    async fn checks(&self, cause: &str, field: &str, text: &str) {
        self.browser.fill(field, text).await;
        self.browser.press("Check signature").await;
        self.browser.wait_for_text(".finding", cause).await;
        let found = self.browser.client().find_all(fantoccini::Locator::Css(".finding")).await.expect("findings");
        assert_eq!(found.len(), 1, "{cause}: nothing else is wrong");
    }
}

/// A callback's headers as its receiver got them.
fn header_lines(received: &Received) -> String {
    let line = |name: &str| format!("{name}: {}", received.header(name).expect(name));
    ["webhook-id", "webhook-timestamp", "webhook-signature"].map(line).join("\n")
}

async fn secret(app: &TestApp, id: &WebhookId) -> SigningSecret {
    let context = &app.running().context;
    let mut conn = app.running().db.read().await.expect("a connection");
    let secrets = store::secrets(&mut conn, &context.vault, id, context.clock.now()).await.expect("secrets");
    secrets[0].0.clone()
}
