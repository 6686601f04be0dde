//! The signature doctor through the door: from the log or pasted, its causes, and that it keeps nothing.

use herald::auth::model::Role;
use herald::delivery::signing::{SigningSecret, sign};
use herald::events::EventType;
use herald::webhooks::store;

use super::*;
use crate::support::app::spawn_app;
use crate::support::recorder::{Received, Recorder};
use crate::support::webhooks::{adds_webhook, records};

const CHECK: &str = "/settings/integrations/collaboration/webhooks/guide/check";

/// A callback as its receiver got it.
fn header_lines(received: &Received) -> String {
    let line = |name: &str| format!("{name}: {}\n", received.header(name).expect(name));
    ["webhook-id", "webhook-timestamp", "webhook-signature"].into_iter().map(line).collect()
}

/// What was found, each by its title.
fn titles(page: &Page) -> Vec<String> {
    page.all(".finding strong").iter().map(|title| title.text().collect()).collect()
}

/// What is in a text area.
fn area(page: &Page, id: &str) -> String {
    page.all(&format!("textarea#{id}")).iter().flat_map(|area| area.text()).collect()
}

async fn secret_of(app: &TestApp, id: &herald::base::WebhookId) -> SigningSecret {
    let context = &app.running().context;
    let mut conn = app.running().db.read().await.expect("a connection");
    let secrets = store::secrets(&mut conn, &context.vault, id, context.clock.now()).await.expect("secrets");
    secrets[0].0.clone()
}

#[tokio::test]
async fn an_attempt_of_the_log_verifies_and_each_change_of_it_is_told() {
    let app = spawn_app().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "CRM <sync>", &recorder.url("/hook")).await;
    let other = adds_webhook(&app, "Billing", "http://127.0.0.1:4999/").await;
    let event = records(&app, EventType::ProjectEdited).await;
    let received = recorder.wait_for(1).await.remove(0);
    let ada = app.admin().await;
    let digits = event.id.as_str().trim_start_matches("EVT-");
    let delivery = format!("{LIST}/{0}/deliveries/{0}-{digits}", webhook.id);
    let link = app
        .eventually("the attempt is in the log", || async {
            let page = open(&ada, &delivery).await;
            page.all("a[href*='/guide/check']").first().map(|link| link.attr("href").unwrap().to_owned())
        })
        .await;

    let page = open(&ada, &link).await;
    assert_eq!(titles(&page), ["This verifies"]);
    assert!(page.text(".finding").contains("the secret of CRM <sync>"));
    assert_eq!((area(&page, "headers"), area(&page, "body")), (header_lines(&received), received.text()));
    assert_eq!(page.text("#webhook option[selected]"), "CRM <sync>");
    assert_eq!(page.text("#delivery option").matches("PROJECT_EDITED to CRM <sync>").count(), 1);
    let choice = page.all("#delivery option")[0].attr("value").unwrap().to_owned();
    assert_eq!(titles(&open(&ada, &format!("{CHECK}?delivery={choice}")).await), ["This verifies"]);

    let form = fields(&[
        ("webhook", webhook.id.as_str()),
        ("delivery", &page.value("[name=delivery]")),
        ("attempt", &page.value("[name=attempt]")),
        ("headers", &header_lines(&received)),
        ("body", &received.text()),
    ]);
    assert_eq!(form[2].1, "1");
    let pretty = serde_json::to_string_pretty(&received.json()).unwrap();
    let without = header_lines(&received).replace("webhook-timestamp", "date");
    let secret = secret_of(&app, &other.id).await;
    for (name, value, title) in [
        ("body", &*pretty, "Body re-serialized"),
        ("body", &received.text().replace("john", "jöhn"), "Body changed"),
        ("headers", &without, "Header missing"),
        ("secret", secret.expose(), "Other secret"),
        ("secret", "what", "Wrong encoding of the secret"),
        ("webhook", other.id.as_str(), "Other secret"),
    ] {
        let page = page_of(&ada, &with(form.clone(), name, value)).await;
        assert_eq!(titles(&page), [title], "{name}");
        // Nothing that was typed is lost; line breaks are posted as they are shown.
        let shown =
            if name == "body" || name == "headers" { area(&page, name) } else { page.value(&format!("#{name}")) };
        assert!(name == "webhook" || shown == value, "{name}: {shown}");
    }
    let twice = format!("{received}\n", received = received.text());
    let page = page_of(&ada, &with(form, "body", &twice)).await;
    assert_eq!(titles(&page), ["Body changed"]);
    assert!(page.text(".difference").contains("ends here"), "{}", page.text(".difference"));
    app.stop().await;
}

async fn page_of(visitor: &Visitor, fields: &Fields) -> Page {
    page(post(visitor, CHECK, fields).await, 200).await
}

#[tokio::test]
async fn what_was_pasted_is_checked_as_of_now() {
    let app = spawn_app().await;
    let webhook = adds_webhook(&app, "CRM sync", "http://127.0.0.1:4999/").await;
    let secret = secret_of(&app, &webhook.id).await;
    let ada = app.admin().await;
    let (id, body) = ("EVT-60adfdb750b58a0c2d78bdd8", r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8"}"#);
    let now = app.running().context.clock.now().seconds();
    let pasted = |sent: i64, secret: &SigningSecret| {
        let signature = sign(std::slice::from_ref(secret), id, sent, body.as_bytes());
        let headers = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nWebhook-Id: {id}\r\nWebhook-Timestamp: {sent}\r\nWebhook-Signature: {signature}"
        );
        fields(&[("headers", &headers), ("body", body)])
    };
    assert_eq!(titles(&page_of(&ada, &pasted(now, &secret)).await), ["This verifies"]);
    let page = page_of(&ada, &pasted(now - 7_210, &secret)).await;
    assert_eq!(titles(&page), ["Timestamp too old"]);
    assert!(page.text(".finding").contains("2 hours"), "{}", page.text(".finding"));
    let nobodys = SigningSecret::of_bytes(&[9; 32]);
    assert_eq!(titles(&page_of(&ada, &pasted(now, &nobodys)).await), ["None of the known causes"]);
    let computed = SigningSecret::of_bytes(secret.expose().as_bytes());
    let computed = sign(&[computed], id, now, body.as_bytes());
    let form = with(pasted(now, &secret), "computed", &computed);
    assert_eq!(titles(&page_of(&ada, &form).await), ["Wrong encoding of the secret"]);
    app.stop().await;
}

#[tokio::test]
async fn bad_fields_are_told_where_they_are_and_nothing_typed_is_lost() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let typed = [("webhook", ""), ("headers", "\nwhat <b>"), ("body", ""), ("secret", "s3cret"), ("computed", "abc")];
    let page = page(post(&ada, CHECK, &fields(&typed)).await, 422).await;
    assert_eq!(
        page.text("#headers-error"),
        "Line 2 is no header. Write one to a line, as in webhook-id: EVT-60adfdb750b58a0c2d78bdd8."
    );
    assert!(page.text("#body-error").starts_with("Paste the body."));
    assert!(page.text("#computed-error").starts_with("This is no signature"));
    assert_eq!(page.all("#form-errors li a").len(), 3);
    assert_eq!(area(&page, "headers"), "\nwhat <b>");
    assert_eq!((&*page.value("#secret"), &*page.value("#computed")), ("s3cret", "abc"));
    for nothing in [
        "webhook=60adfdb750b58a0c2d78bdd8",
        "webhook=x",
        "delivery=x",
        "delivery=60adfdb750b58a0c2d78bdd8-60adfdb750b58a0c2d78bdd8",
    ] {
        assert_eq!(ada.gets(&format!("{CHECK}?{nothing}")).await.status(), 404, "{nothing}");
    }
    app.stop().await;
}

#[tokio::test]
async fn only_admins_check_and_the_form_stands_in_the_guide_too() {
    let app = spawn_app().await;
    app.adds_person("mel@halden.example", Role::Member).await;
    let mel = app.signed_in("mel@halden.example").await;
    assert_eq!(mel.gets(CHECK).await.status(), 403);
    assert_eq!(post(&mel, CHECK, &fields(&[("headers", "a: b"), ("body", "{}")])).await.status(), 403);
    let ada = app.admin().await;
    let foreign = ada.request(reqwest::Method::POST, CHECK).header("sec-fetch-site", "cross-site");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded").body("headers=a%3A+b&body=x");
    assert_eq!(ada.sends(foreign).await.status(), 403);
    let webhook = adds_webhook(&app, "CRM sync", "http://127.0.0.1:4999/").await;
    let guide = open(&ada, &format!("{LIST}/guide?webhook={}", webhook.id)).await;
    assert_eq!(guide.values(&format!("form[action='{CHECK}'] [name=webhook]")), [webhook.id.to_string()]);
    assert_eq!(guide.all(&format!("form[action='{CHECK}'] textarea")).len(), 2);
    let own = open(&ada, &format!("{LIST}/{}", webhook.id)).await;
    let link = own.all("a[href*='/guide/check']")[0].attr("href").unwrap().to_owned();
    assert_eq!(open(&ada, &link).await.text("#webhook option[selected]"), "CRM sync");
    app.stop().await;
}
