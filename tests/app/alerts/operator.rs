//! The same alerts as signed events to whoever runs Herald.

use std::time::Duration;

use herald::webhooks::alerts::operator;
use standardwebhooks::Webhook;

use super::{LIST, records_event};
use crate::support::app::Setting;
use crate::support::recorder::{Answer, Received, Recorder};

fn kinds(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| request.json()["type"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_gets_signed_events_and_again_until_they_arrive() {
    let (receiver, own) = (Recorder::start().await, Recorder::start().await);
    own.answer_next("/ops", [Answer::status(500)]);
    receiver.answer_next("/hook", [Answer::status(500)]);
    let setting = Setting::default()
        .with("HERALD_OPERATOR_WEBHOOK_URL", own.url("/ops"))
        .with("HERALD_RETRY_SCHEDULE", "10ms,10ms,10ms");
    let app = setting.spawn().await;
    let url = receiver.url("/hook");
    let fields = [("name", "CRM sync"), ("url", url.as_str()), ("events", "PROJECT_CREATED")];
    assert_eq!(app.admin().await.posts(&format!("{LIST}/new"), &fields).await.status(), 303);
    records_event(&app).await;
    // The first is sent again; whether before or after the news of the recovery is not promised.
    let mut requests = own.wait_for(3).await;
    requests.sort_by_key(|request| request.json()["type"].to_string());
    assert_eq!(kinds(&requests), ["webhook.failing", "webhook.failing", "webhook.recovered"]);
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"), "the same id");
    assert_eq!(requests[0].body, requests[1].body, "and the same bytes");
    assert_ne!(requests[1].header("webhook-id"), requests[2].header("webhook-id"));
    let secret = operator::secret(&app.running().context.vault);
    for request in &requests {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &request.headers {
            headers.append(name.parse::<http::HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        Webhook::new(secret.expose()).expect("a secret").verify(&request.body, &headers).expect("it is signed");
    }
    let body = requests[0].json();
    assert_eq!(body["data"]["webhook_name"], "CRM sync");
    assert_eq!(body["data"]["organization_name"], "Halden Systems");
    assert_eq!(body["data"]["failures"], 1);
    assert_eq!(body["data"]["error"], "500 Internal Server Error");
    let empty = async || (super::number(&app, "SELECT COUNT(*) FROM operator_events").await == 0).then_some(());
    app.eventually("the queue is empty", empty).await;
    tokio::time::timeout(Duration::from_secs(30), app.stop()).await.expect("it stops");
}
