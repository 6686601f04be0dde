//! The guide for those who write a receiver: what it says, who reads it, and that its programs tell what is ours.

mod receivers;

use herald::auth::model::Role;
use herald::delivery::signing::{SigningSecret, sign};
use herald::events::EventType;
use serde_json::Value;

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::programs::Program;
use crate::support::webhooks::adds_webhook;

const GUIDE: &str = "/settings/integrations/collaboration/webhooks/guide";

fn guide(id: impl std::fmt::Display) -> String {
    format!("{GUIDE}?webhook={id}")
}

/// The samples of the API, by event type.
async fn samples(program: &Program) -> Vec<(String, String)> {
    let types = program.gets("/event-types").await.json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let types = types["data"].as_array().expect("a list").clone();
    types.iter().map(|kind| (text(&kind["type"]), kind["sample"].to_string())).collect()
}

#[tokio::test]
async fn it_shows_a_sample_of_every_callback_in_the_organizations_time_zone() {
    let app = spawn_app().await;
    let page = open(&app.admin().await, GUIDE).await;
    let samples = samples(&app.program("read").await).await;
    assert_eq!(samples.len(), EventType::ALL.len());
    for (event_type, sample) in samples {
        let shown: String = page.all(&format!("#sample-{event_type}")).iter().flat_map(|pre| pre.text()).collect();
        assert_eq!(shown, sample);
        assert!(shown.contains("2021-05-26 00:50:15 PDT"), "{shown}");
    }
    let test: Value = serde_json::from_str(&page.text("#sample-TEST")).unwrap();
    assert_eq!(
        (test["EVENT_TYPE"].as_str(), test["PERFORMED_BY"].as_str()),
        (Some("TEST"), Some("ada@halden.example"))
    );
    let events = page.text("[aria-labelledby=events]");
    assert!(
        events.contains(r#"with "TEST":true as its last key"#),
        "an example sent as a test is told apart: {events}"
    );
    assert_eq!(
        page.all("nav[aria-label='On this page'] a").len(),
        page.all("nav[aria-label='On this page'] a[href^='#']").len()
    );
    for link in page.all("main a[href^='#']") {
        assert!(!page.all(link.attr("href").unwrap()).is_empty(), "{:?} leads nowhere", link.attr("href"));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_webhooks_names_are_filled_in_and_its_secrets_are_not() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let webhook = adds_webhook(&app, "CRM <sync>", "http://127.0.0.1:9000/hooks/crm's/%7Bid%7D?key=1").await;
    let page = open(&ada, &guide(&webhook.id)).await;
    assert!(page.text("#example-request").starts_with("POST /hooks/crm's/%7Bid%7D?*** HTTP/1.1 host: 127.0.0.1:9000 "));
    assert!(page.text("#example-request").contains("x-tenant: ••••••••"), "{}", page.text("#example-request"));
    let programs = page.all("[aria-labelledby=code] pre");
    assert_eq!(programs.len(), 9);
    for program in programs {
        let source: String = program.text().collect();
        for part in ["/hooks/crm", "s/%7Bid%7D", "come with every message: X-Tenant.", "WEBHOOK_SECRET"] {
            assert!(source.contains(part), "{:?} lacks {part}: {source}", program.attr("id"));
        }
        assert!(!source.contains("key=1"), "{:?}: the path is without the query", program.attr("id"));
    }
    assert_eq!(page.all("details .badge").len(), webhook.events.len(), "what it subscribes to is marked");
    let whole: String = page.0.root_element().text().collect();
    let secret = app.program("write").await.gets(&format!("/webhooks/{}/secret", webhook.id)).await.json();
    let secret = secret["signing_secret"].as_str().unwrap().to_owned();
    assert!(!whole.contains(&secret) && !whole.contains("s3cret-tenant"));
    app.stop().await;
}

#[tokio::test]
async fn the_worked_example_is_right() {
    let app = spawn_app().await;
    let page = open(&app.admin().await, GUIDE).await;
    let secret: SigningSecret = SigningSecret::parse(&page.text("#example-secret")).unwrap();
    let body: String = page.all("#example-body").iter().flat_map(|code| code.text()).collect();
    let (id, timestamp) = (page.text("#example-id"), page.text("#example-timestamp"));
    let signature = sign(&[secret], &id, timestamp.parse().unwrap(), body.as_bytes());
    assert_eq!(page.text("#example-signature"), signature);
    let request = page.text("#example-request");
    for part in [&body, &signature, &id, &timestamp] {
        assert!(request.contains(part.as_str()), "{part}: {request}");
    }
    app.stop().await;
}

#[tokio::test]
async fn it_says_what_this_server_is_configured_to_do() {
    let configured = Setting::default()
        .with("HERALD_RETRY_SCHEDULE", "90s,2h")
        .with("HERALD_REQUEST_TIMEOUT", "7s")
        .with("HERALD_DISABLE_AFTER", "3d")
        .with("HERALD_EGRESS_ADDRESSES", "203.0.113.7, 2001:db8::/48")
        .spawn()
        .await;
    let page = open(&configured.admin().await, GUIDE).await;
    let rows: Vec<String> = page.all("table tbody tr").iter().map(|row| words(*row)).collect();
    assert_eq!(rows, ["1 at once", "2 1 minute 30 seconds 1 minute 30 seconds", "3 2 hours 2 hours 1 minute"]);
    assert!(page.text("[aria-labelledby=delivered]").contains("within 7 seconds"));
    assert!(page.text("[aria-labelledby=retries]").contains("nothing but failures for 3 days"));
    let addresses: Vec<String> = page.all("#egress li").iter().map(|item| words(*item)).collect();
    assert_eq!(addresses, ["203.0.113.7", "2001:db8::/48"]);
    configured.stop().await;
}

#[tokio::test]
async fn without_egress_addresses_it_says_whom_to_ask() {
    let app = Setting::default().with("HERALD_ACCOUNT_MANAGER_CONTACT", "help@herald.example").spawn().await;
    let page = open(&app.admin().await, GUIDE).await;
    let text = page.text("[aria-labelledby=addresses]");
    assert!(text.contains("has not said") && text.contains("ask help@herald.example"), "{text}");
    app.stop().await;
}

#[tokio::test]
async fn list_form_and_webhook_lead_to_it_and_it_leads_to_each_webhook() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let leads = async |from: &str, to: &str| {
        let page = open(&ada, from).await;
        assert!(page.all("main a").iter().any(|link| link.attr("href") == Some(to)), "{from} has no link to {to}");
    };
    leads(LIST, GUIDE).await;
    leads(NEW, GUIDE).await;
    assert!(open(&ada, GUIDE).await.all("select[name=webhook]").is_empty(), "there is nothing to choose");
    let id = adds_webhook(&app, "CRM sync", "http://127.0.0.1:9000/").await.id;
    leads(LIST, GUIDE).await;
    leads(&format!("{LIST}/{id}"), &guide(&id)).await;
    leads(&format!("{LIST}/{id}/edit"), &guide(&id)).await;
    leads(&guide(&id), &format!("{LIST}/{id}")).await;
    let options = open(&ada, GUIDE).await.values("select[name=webhook] option");
    assert_eq!(options, ["", id.as_str()]);
    assert_eq!(ada.gets(&guide("")).await.status(), 200, "as the page's form sends it");
    app.stop().await;
}

#[tokio::test]
async fn only_who_may_see_webhooks_reads_it() {
    let app = spawn_app().await;
    app.adds_person("carla@halden.example", Role::Moderator).await;
    let carla = app.signed_in("carla@halden.example").await;
    assert_eq!(carla.gets(GUIDE).await.status(), 403);
    assert_eq!(app.visitor().gets(GUIDE).await.status(), 303);
    let ada = app.admin().await;
    for nothing in ["5dd51ea63f3dad73ab0a344b", "CRM"] {
        assert_eq!(ada.gets(&guide(nothing)).await.status(), 404, "{nothing}");
    }
    app.stop().await;
    let locked = Setting { webhooks_disabled: true, ..Setting::default() }.spawn().await;
    assert_eq!(locked.admin().await.gets(GUIDE).await.status(), 403);
    locked.stop().await;
}

fn words(element: ElementRef<'_>) -> String {
    element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
