//! Duplicate: the form of a new webhook with another one's values.

use super::*;
use crate::support::app::spawn_app;

#[tokio::test]
async fn an_instance_is_duplicated_without_its_secrets() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let mut original = with(minimal("http://127.0.0.1:4999/hook"), "name", &"N".repeat(99));
    original.extend(fields(&[
        ("description", "For the CRM"),
        ("status", "paused"),
        ("max_per_second", "7"),
        ("header_name", "X-Tenant"),
        ("header_value", "s3cret-tenant"),
        ("events", "INTAKE_CREATED"),
    ]));
    let id = add(&ada, &original).await;
    let page = open(&ada, &format!("{LIST}/{id}")).await;
    let link = page.all("a[aria-label^='Duplicate ']")[0].attr("href").unwrap().to_owned();

    let html = ada.reads(&link).await;
    assert!(!html.contains("s3cret-tenant"));
    let copy = Page(Html::parse_document(&html));
    assert_eq!(copy.text("h1"), "Add webhook instance");
    assert_eq!(copy.value("#name"), format!("Copy of {}", "N".repeat(92)));
    assert_eq!((&*copy.text("#description"), &*copy.value("#url")), ("For the CRM", "http://127.0.0.1:4999/hook"));
    assert_eq!((&*copy.value("[name=status][checked]"), &*copy.value("#max_per_second")), ("paused", "7"));
    assert_eq!(copy.values("[name=events][checked]"), ["PROJECT_CREATED", "INTAKE_CREATED"]);
    assert_eq!(
        (copy.values("[name=header_name]"), copy.values("[name=header_value]")),
        (vec!["X-Tenant".into()], vec![String::new()])
    );
    assert!(copy.text("#lacks-values").contains("not copied"));
    let secret = copy.value("[name=signing_secret]");
    assert!(secret.starts_with("whsec_") && secret != open(&ada, &link).await.value("[name=signing_secret]"));

    let again = page_of_missing_value(&ada, &copy).await;
    assert_eq!(again.text("#header_value_1-error"), "Enter a value for X-Tenant.");
    assert_eq!(post(&ada, NEW, &with(again.form(), "header_value", "other")).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.all("a[aria-label^='Edit ']").len(), 2);
    for nobody in ["60adfdb750b58a0c2d78bdd8", "x", ""] {
        assert_eq!(ada.gets(&format!("{NEW}?from={nobody}")).await.status(), 404, "{nobody}");
    }
    app.stop().await;
}

/// The form again, posted as it came.
async fn page_of_missing_value(ada: &Visitor, copy: &Page) -> Page {
    page(post(ada, NEW, &copy.form()).await, 422).await
}
