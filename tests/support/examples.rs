//! The examples of the API's documentation, read off the page as a visitor sees it, and what must exist so that
//! they can do what they say.

use herald::base::{DeliveryId, WebhookId};
use reqwest::{Method, RequestBuilder};
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

const SAMPLE: &str = "60adfdb750b58a0c2d78bdd8";

/// What stands where the page shows its sample ids: texts of an example, and what they are really.
pub struct Real(Vec<(String, String)>);

impl Real {
    /// What `call` is about, in the state that it is for.
    pub async fn prepare(app: &TestApp, program: &Program, receiver: &Recorder, call: &Documented) -> Real {
        if call.programs.iter().any(|(_, text)| text.contains("/api/v1/answers")) {
            return Real(vec![(SAMPLE.to_owned(), Real::pair(app, program, &call.id).await)]);
        }
        for things in ["projects", "sections", "questions", "intakes"] {
            let sample = format!("/{things}/{SAMPLE}");
            if call.programs.iter().any(|(_, text)| text.contains(&sample)) {
                let id = Real::workspace(program, things).await;
                return Real(vec![(sample, format!("/{things}/{id}"))]);
            }
        }
        Real::webhook(program, receiver, &call.id).await
    }

    /// The id of a new one of `things` in the workspace.
    async fn workspace(program: &Program, things: &str) -> String {
        let add = async |path: String, body: &'static str| id_of(program.post(&path, body)).await;
        if things == "intakes" {
            return add("/intakes".into(), r#"{"title":"Fleet telematics tender"}"#).await;
        }
        let project = add("/projects".into(), r#"{"name":"Aldgate Transit RFP"}"#).await;
        if things == "projects" {
            return project;
        }
        let section = add(format!("/projects/{project}/sections"), r#"{"name":"Security"}"#).await;
        if things == "sections" {
            return section;
        }
        add(format!("/sections/{section}/questions"), r#"{"question":"Where is our data stored?"}"#).await
    }

    /// The id of a new pair of the answer library, in the state that `call` is for.
    async fn pair(app: &TestApp, program: &Program, call: &str) -> String {
        if matches!(call, "publishAnswer" | "publishAnswers" | "rejectAnswer") {
            return app.pair_in_moderation().await.to_string();
        }
        let id = id_of(program.post("/answers", r#"{"question":"Do you encrypt?","answer":"Yes."}"#)).await;
        if call == "reviewAnswer" {
            let ask = r#"{"reviewer":"ada@halden.example","due_date":"2026-12-04"}"#;
            let answer = told(program.post(&format!("/answers/{id}/request-review"), ask)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        id
    }

    /// A webhook with a delivery that arrived.
    async fn webhook(program: &Program, receiver: &Recorder, call: &str) -> Real {
        let webhook = program.post("/webhooks", format!(r#"{{"name":"CRM sync","url":"{}","events":["PROJECT_COMPLETED"],"headers":[{{"name":"Authorization","value":"Bearer 1"}}]}}"#, receiver.url("/hooks")));
        let webhook: WebhookId = id_of(webhook).await.parse().expect("an id");
        let body = r#"{"event_type":"PROJECT_COMPLETED","entity_ids":["1"],"performed_by":"john@responsive.io"}"#;
        let event = program.publishes(body).await.json()["event_id"].as_str().expect("an id").parse().expect("an id");
        let delivery = DeliveryId { webhook: webhook.clone(), event };
        eventually("the delivery succeeds", &mut async || {
            let answer = told(program.request(Method::GET, &format!("/deliveries/{delivery}"))).await;
            (answer.json()["state"] == "succeeded").then_some(())
        })
        .await;
        if matches!(call, "readReplay" | "cancelReplay") {
            return Real(vec![(SAMPLE.to_owned(), Real::replay(program, &webhook, body).await)]);
        }
        let path = format!("/webhooks/{webhook}");
        let before = match call {
            "restoreWebhook" => Some(program.request(Method::DELETE, &path)),
            "resumeWebhook" => Some(program.request(Method::POST, &format!("{path}/pause"))),
            _ => None,
        };
        if let Some(request) = before {
            let answer = told(request).await;
            assert!(answer.status < 300, "before {call}: {}", answer.text);
        }
        // The longer ones first: they contain the shorter.
        Real(vec![
            (format!("{SAMPLE}-{SAMPLE}"), delivery.to_string()),
            (format!("EVT-{SAMPLE}"), delivery.event.to_string()),
            (SAMPLE.to_owned(), webhook.to_string()),
        ])
    }

    /// The id of a replay that goes on for some seconds.
    async fn replay(program: &Program, webhook: &WebhookId, event: &'static str) -> String {
        for _ in 0..4 {
            assert_eq!(program.publishes(event).await.status, 202);
        }
        let arrived = format!("/deliveries?webhook_id={webhook}&state=succeeded");
        eventually("five deliveries succeed", &mut async || {
            (program.gets(&arrived).await.json()["data"].as_array()?.len() == 5).then_some(())
        })
        .await;
        let slowly = r#"{"since":"2020-01-01T00:00:00Z","states":["succeeded"],"per_second":1}"#;
        let started = told(program.post(&format!("/webhooks/{webhook}/replay"), slowly)).await;
        assert_eq!(started.status, 202, "{}", started.text);
        started.json()["id"].as_str().expect("an id").to_owned()
    }

    fn fill_in(&self, program: &str) -> String {
        self.0.iter().fold(program.to_owned(), |program, (sample, real)| program.replace(sample, real))
    }
}

/// The id of what a call adds.
async fn id_of(request: RequestBuilder) -> String {
    let answer = told(request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

fn css(selector: &str) -> Selector {
    Selector::parse(selector).expect("a selector")
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}
