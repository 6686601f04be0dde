//! The examples of the API's documentation, read off the page as a visitor sees it, and what must exist so that
//! they can do what they say.

use herald::base::{DeliveryId, EventId, WebhookId};
use reqwest::Method;
use scraper::{ElementRef, Html, Selector};

use super::app::{TestApp, eventually};
use super::programs::{Program, told};
use super::recorder::Recorder;

/// One call of the documentation.
pub struct Documented {
    /// Its `operationId`.
    pub id: String,
    /// The status that the page promises first.
    pub status: u16,
    /// Languages and programs.
    programs: Vec<(String, String)>,
}

impl Documented {
    /// Every call on the page, in its order.
    pub async fn all(app: &TestApp) -> Vec<Documented> {
        let page = Html::parse_document(&app.visitor().reads("/api/docs").await);
        let calls: Vec<_> =
            page.select(&css("section.call:has(.call__line)")).map(|call| Documented::read(call)).collect();
        assert!(calls.iter().any(|call| call.id == "publishEvent"), "the page shows the calls");
        calls
    }

    fn read(call: ElementRef<'_>) -> Documented {
        let id = call.attr("aria-labelledby").expect("a name").to_owned();
        let first = call.select(&css(".fields dt b")).next().expect("an answer");
        let prefix = format!("{id}-");
        let code = css("details[name] pre");
        let programs = call.select(&code).map(|pre| {
            let language = pre.attr("id").and_then(|id| id.strip_prefix(&prefix)).expect("a language");
            (language.to_owned(), pre.text().collect())
        });
        Documented { status: text(first).parse().expect("a status"), programs: programs.collect(), id }
    }

    /// The program in `language`, about what really exists.
    pub fn program(&self, language: &str, real: &Real) -> String {
        let found = self.programs.iter().find(|(name, _)| name == language);
        let (_, program) = found.unwrap_or_else(|| panic!("{} has no example in {language}", self.id));
        real.fill_in(program)
    }
}

/// What stands where the page shows its sample ids.
pub struct Real {
    webhook: WebhookId,
    event: EventId,
}

impl Real {
    /// A webhook with a delivery that arrived, in the state that the call is for.
    pub async fn prepare(program: &Program, receiver: &Recorder, call: &str) -> Real {
        let webhook = program.post("/webhooks", format!(r#"{{"name":"CRM sync","url":"{}","events":["PROJECT_COMPLETED"],"headers":[{{"name":"Authorization","value":"Bearer 1"}}]}}"#, receiver.url("/hooks")));
        let webhook = told(webhook).await.json()["id"].as_str().expect("an id").parse().expect("an id");
        let body = r#"{"event_type":"PROJECT_COMPLETED","entity_ids":["1"],"performed_by":"john@responsive.io"}"#;
        let event = program.publishes(body).await.json()["event_id"].as_str().expect("an id").parse().expect("an id");
        let real = Real { webhook, event };
        let delivery = format!("/deliveries/{}", real.delivery());
        eventually("the delivery succeeds", &mut async || {
            let answer = told(program.request(Method::GET, &delivery)).await;
            (answer.json()["state"] == "succeeded").then_some(())
        })
        .await;
        let webhook = format!("/webhooks/{}", real.webhook);
        let before = match call {
            "restoreWebhook" => Some(program.request(Method::DELETE, &webhook)),
            "resumeWebhook" => Some(program.request(Method::POST, &format!("{webhook}/pause"))),
            _ => None,
        };
        if let Some(request) = before {
            let answer = told(request).await;
            assert!(answer.status < 300, "before {call}: {}", answer.text);
        }
        real
    }

    fn delivery(&self) -> DeliveryId {
        DeliveryId { webhook: self.webhook.clone(), event: self.event.clone() }
    }

    fn fill_in(&self, program: &str) -> String {
        const SAMPLE: &str = "60adfdb750b58a0c2d78bdd8";
        program
            .replace(&format!("{SAMPLE}-{SAMPLE}"), &self.delivery().to_string())
            .replace(&format!("EVT-{SAMPLE}"), self.event.as_str())
            .replace(SAMPLE, self.webhook.as_str())
    }
}

fn css(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}
