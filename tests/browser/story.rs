//! The story that Herald exists for, as an admin lives it: configure a webhook, test it before saving, publish an
//! event, see it arrive and find it in the log, change the webhook, delete it by mistake and bring it back. Told
//! twice, because every page has to work without JavaScript too.

use fantoccini::Locator;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, TestApp, client, eventually, spawn_app};
use crate::support::chromium::{Browser, BrowserOptions};
use crate::support::recorder::{Answer, Received, Recorder};

const TOKEN: (&str, &str) = ("Authorization", "Bearer  two spaces; and \"quotes\"=~");
const TENANT: (&str, &str) = ("X-Tenant", "halden-prod");

/// What the published event has to look like on the wire, but for its id.
const BODY: &str = r#"","EVENT_TYPE":"PROJECT_EDITED","ENTITY_ID":["5dd51ea63f3dad73ab0a344b"],"ENTITY_TYPE":"PROJECT","PERFORMED_BY":"john@responsive.io","PERFORMED_AT":"2021-05-26 00:50:15 PDT","CHANGED":["due_date"]}"#;

#[tokio::test]
async fn an_admin_configures_a_webhook_and_watches_events_arrive() {
    Story::begins(BrowserOptions::default()).await.unfolds().await;
}

#[tokio::test]
async fn the_same_story_without_javascript() {
    Story::begins(BrowserOptions::default().without_javascript()).await.unfolds().await;
}

struct Story {
    app: TestApp,
    browser: Browser,
    receiver: Recorder,
}

impl Story {
    async fn begins(options: BrowserOptions) -> Story {
        let (app, receiver) = (spawn_app().await, Recorder::start().await);
        receiver.answer("/broken", Answer::status(500).body("the queue is full"));
        Story { app, browser: Browser::start(options).await, receiver }
    }

    async fn unfolds(self) {
        self.browser.signs_in(&self.app.url("/login"), &self.app.admin.email, PASSWORD).await;
        let key = self.makes_an_api_key().await;
        self.goes_to_the_instances().await;
        self.fills_in_a_new_instance().await;
        let secret = self.browser.value("[name=signing_secret]").await;
        self.tests_it_against_a_server_that_answers(&secret).await;
        self.tests_it_against_one_that_fails().await;
        self.tests_it_against_one_that_is_down().await;
        self.submits_it().await;

        let event = self.publishes(&key).await;
        self.receives(&event, 1, &secret).await;
        self.finds_it_in_the_log(&event).await;

        self.renames_it().await;
        self.deletes_it_and_undoes_that().await;
        let event = self.publishes(&key).await;
        self.receives(&event, 2, &secret).await;
        self.app.stop().await;
    }

    /// Makes a key that may publish, and reads it off the page that shows it once.
    async fn makes_an_api_key(&self) -> String {
        self.browser.follow("API keys").await;
        self.browser.follow("Create key").await;
        self.browser.fill("Name", "Proposal system").await;
        self.tick("[name=scopes][value=publish]").await;
        self.browser.press("Create key").await;
        self.browser.wait_for("#new-key").await;
        self.browser.value("#new-key").await
    }

    async fn goes_to_the_instances(&self) {
        self.browser.follow("Integrations").await;
        self.browser.wait_for_text("main", "Webhook").await;
        self.browser.follow("Configure").await;
        self.browser.wait_for_text("h1", "Webhook").await;
        self.browser.follow("Add Instance").await;
    }

    async fn fills_in_a_new_instance(&self) {
        self.browser.fill("Name", "CRM sync").await;
        self.types("[name=description]", "Keeps opportunities in step with projects.").await;
        self.browser.fill("URL", &self.receiver.url("/rfp?a=1%2f2")).await;
        for (row, (name, value)) in [TOKEN, TENANT].into_iter().enumerate() {
            self.adds_header_row(row).await;
            self.types_nth("[name=header_name]", row, name).await;
            self.types_nth("[name=header_value]", row, value).await;
        }
        self.tick("[name=event_group][value=project]").await;
        self.tick("[name=events][value=INTAKE_CREATED]").await;
        self.tick("[name=events][value=SECTION_COMPLETED]").await;
    }

    /// Makes sure that there is a row number `row`, from 0, by the plus button.
    async fn adds_header_row(&self, row: usize) {
        while self.count("[name=header_name]").await <= row {
            let before = self.count("[name=header_name]").await;
            self.click("button[name=action][value=add_header]").await;
            eventually("one more header row", &mut || async {
                (self.count("[name=header_name]").await > before).then_some(())
            })
            .await;
        }
    }

    async fn tests_it_against_a_server_that_answers(&self, secret: &str) {
        self.browser.press("Send Test Webhook").await;
        self.browser.wait_for_text("#toasts", "Test webhook delivered").await;
        self.browser.wait_for_text("#toasts", "200").await;
        self.browser.wait_for_text("#toasts", "ms").await;
        self.browser.press("Show details").await;
        self.browser.wait_for_text("#toasts", "webhook-signature").await;
        let details = self.browser.wait_for("#toasts details").await.text().await.expect("a text");
        assert!(details.contains("x-tenant: ••••"), "the details show own headers as dots:\n{details}");
        assert!(![TOKEN.1, TENANT.1].iter().any(|value| details.contains(value)), "no value is shown:\n{details}");

        let requests = self.receiver.wait_for_at("/rfp", 1).await;
        is_signed(&requests[0], secret);
        has_own_headers(&requests[0]);
        let body = requests[0].json();
        assert_eq!(body["EVENT_TYPE"], "TEST");
        assert_eq!(body["PERFORMED_BY"], "ada@halden.example");
    }

    async fn tests_it_against_one_that_fails(&self) {
        self.browser.fill("URL", &self.receiver.url("/broken")).await;
        self.browser.press("Send Test Webhook").await;
        self.browser.wait_for_text("#toasts .toast--bad", "Test webhook failed").await;
        self.browser.wait_for_text("#toasts .toast--bad", "500").await;
    }

    async fn tests_it_against_one_that_is_down(&self) {
        self.browser.fill("URL", &format!("http://{}/", nobody_listens().await)).await;
        self.browser.press("Send Test Webhook").await;
        self.browser.wait_for_text("#toasts .toast--bad:last-child", "refused the connection").await;
        assert_eq!(self.count("[name=header_name]").await, 2, "nothing typed is lost");
        self.browser.fill("URL", &self.receiver.url("/rfp?a=1%2f2")).await;
    }

    async fn submits_it(&self) {
        self.browser.press("Submit").await;
        self.browser.link("Edit CRM sync").await;
        self.browser.wait_for_text("tbody tr", "Active").await;
        self.browser.wait_for_text("tbody tr", "7 events").await;
    }

    /// Publishes an event by API and returns its id.
    async fn publishes(&self, key: &str) -> String {
        let event = json!({
            "event_type": "PROJECT_EDITED",
            "entity_ids": ["5dd51ea63f3dad73ab0a344b"],
            "performed_by": "john@responsive.io",
            "performed_at": "2021-05-26T07:50:15Z",
            "data": {"CHANGED": ["due_date"]},
        });
        let request = client().post(self.app.url("/api/v1/events")).bearer_auth(key);
        let request = request.header("content-type", "application/json").body(event.to_string());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 202);
        let answer: Value = serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON");
        assert_eq!(answer["deliveries"], 1);
        answer["event_id"].as_str().expect("an id").to_owned()
    }

    /// The receiver has the event as published number `nth` of the story, which began with one test.
    async fn receives(&self, event: &str, nth: usize, secret: &str) {
        let requests = self.receiver.wait_for_at("/rfp", nth + 1).await;
        let request = &requests[nth];
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/rfp?a=1%2f2"));
        assert_eq!(request.header("webhook-id"), Some(event));
        assert_eq!(request.text(), format!(r#"{{"EVENT_ID":"{event}{BODY}"#));
        is_signed(request, secret);
        has_own_headers(request);
    }

    /// The webhook's page leads to the delivery, the delivery to the event, and all three know of success.
    async fn finds_it_in_the_log(&self, event: &str) {
        self.browser.follow("CRM sync").await;
        self.browser.wait_for_text("h1", "CRM sync").await;
        // The attempt is written after the receiver has the request; only a look that comes too early misses it.
        eventually("the delivery is in the log", &mut || async {
            self.browser.client().refresh().await.expect("the page opens again");
            let rows = self.browser.wait_for("#deliveries").await.text().await.unwrap_or_default();
            (rows.contains("Delivered") && rows.contains("200")).then_some(())
        })
        .await;
        self.browser.follow("PROJECT_EDITED").await;
        self.browser.wait_for_text("main", event).await;
        self.browser.wait_for_text("main", "1 attempt").await;
        self.browser.wait_for_text("main", "john@responsive.io").await;
        let page = self.browser.client().source().await.expect("the page");
        assert!(page.contains("x-tenant"), "the request's headers are in the log");
        assert!(!page.contains(TENANT.1), "but not the values of the webhook's own");

        self.click(&format!("main a[href='/events/{event}']")).await;
        self.browser.wait_for_address(&format!("/events/{event}")).await;
        self.browser.wait_for_text("tbody tr", "CRM sync").await;
        self.browser.wait_for_text("tbody tr", "Delivered").await;
    }

    async fn renames_it(&self) {
        self.browser.follow("Integrations").await;
        self.browser.follow("Configure").await;
        self.browser.follow("Edit CRM sync").await;
        self.browser.fill("Name", "CRM bridge").await;
        let page = self.browser.client().source().await.expect("the page");
        assert!(!page.contains(TENANT.1), "a stored value is not in the page");
        for row in 0..2 {
            let field = self.nth("[name=header_value]", row).await;
            assert_eq!(field.prop("value").await.expect("a value").as_deref(), Some(""));
            let hint = field.attr("placeholder").await.expect("an attribute").unwrap_or_default();
            assert!(hint.contains("Unchanged"), "the empty field says that its value stays, not {hint:?}");
        }
        self.previews_what_it_would_miss().await;
        self.browser.press("Submit").await;
        self.browser.link("Edit CRM bridge").await;
    }

    /// Unticks the type of the one event that happened, is told at once, and ticks it again.
    async fn previews_what_it_would_miss(&self) {
        for said in ["The only event so far would not match.", "The only event so far would match."] {
            self.click("[name=events][value=PROJECT_EDITED]").await;
            let button = self.browser.wait_for("#preview-button").await;
            if button.is_displayed().await.expect("a button") {
                button.click().await.expect("it can be pressed");
            }
            self.browser.wait_for_text("#preview", said).await;
        }
    }

    async fn deletes_it_and_undoes_that(&self) {
        // A button where the page alone asks, a link where it leads to the question: people see no difference.
        self.browser.named("a[href], button", "Delete CRM bridge").await.click().await.expect("it can be pressed");
        self.browser.wait_for_text("main, dialog", "CRM bridge").await;
        self.browser.press("Delete instance").await;
        self.browser.wait_for_text("#toasts", "Instance deleted").await;
        eventually("the row is gone", &mut || async {
            (self.count("[aria-label='Edit CRM bridge']").await == 0).then_some(())
        })
        .await;
        self.browser.press("Undo").await;
        self.browser.link("Edit CRM bridge").await;
        self.browser.wait_for_text("tbody tr", "Active").await;
    }

    async fn count(&self, css: &str) -> usize {
        self.browser.client().find_all(Locator::Css(css)).await.expect("a list").len()
    }

    async fn nth(&self, css: &str, nth: usize) -> fantoccini::elements::Element {
        self.browser.client().find_all(Locator::Css(css)).await.expect("a list").swap_remove(nth)
    }

    async fn click(&self, css: &str) {
        self.browser.wait_for(css).await.click().await.unwrap_or_else(|error| panic!("cannot press {css}: {error}"));
    }

    /// Ticks a box that is not ticked.
    async fn tick(&self, css: &str) {
        let selected = |element: fantoccini::elements::Element| async move { element.is_selected().await };
        assert!(!selected(self.browser.wait_for(css).await).await.expect("a box"), "{css} is ticked already");
        self.click(css).await;
        assert!(selected(self.browser.wait_for(css).await).await.expect("a box"), "{css} can be ticked");
    }

    async fn types(&self, css: &str, text: &str) {
        self.browser.wait_for(css).await.send_keys(text).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    async fn types_nth(&self, css: &str, nth: usize, text: &str) {
        let field = self.nth(css, nth).await;
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{css} number {nth}: {error}"));
    }
}

/// An address at which nothing listens: free a moment ago, and not handed out again so soon.
async fn nobody_listens() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address")
}

/// The official library accepts the request's signature.
fn is_signed(request: &Received, secret: &str) {
    let mut headers = http::HeaderMap::new();
    for (name, value) in &request.headers {
        let name: http::HeaderName = name.parse().expect("a header name");
        headers.insert(name, value.parse().expect("a header value"));
    }
    let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
    verifier.verify(&request.body, &headers).expect("the signature holds");
}

/// The webhook's own headers arrived byte for byte.
fn has_own_headers(request: &Received) {
    for (name, value) in [TOKEN, TENANT] {
        assert_eq!(request.header(name), Some(value));
    }
}
