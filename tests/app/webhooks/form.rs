//! The form: what it keeps, what it refuses, and what it never shows.

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::recorder::Recorder;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_added_changed_deleted_and_brought_back() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let empty = open(&ada, LIST).await;
    assert_eq!(empty.text("h2:not(.nav__label)"), "Add your first webhook instance");
    let card = open(&ada, COLLABORATION).await;
    assert_eq!(card.all(&format!("a[href='{LIST}']"))[0].text().collect::<String>(), "Configure");

    let mut filled = open(&ada, NEW).await.form();
    for (name, value) in
        [("name", "CRM <sync>"), ("url", "http://127.0.0.1:4999/hook"), ("description", "Two\r\nlines")]
    {
        filled = with(filled, name, value);
    }
    filled.extend(fields(&[
        ("header_name", "Authorization"),
        ("header_value", "Bearer abc"),
        ("event_group", "intake"),
        ("events", "PROJECT_CREATED"),
    ]));
    let id = add(&ada, &filled).await;
    let list = open(&ada, LIST).await;
    assert!(
        list.all("a[aria-label='Edit CRM <sync>']").len() == 1
            && list.all("a[aria-label='Delete CRM <sync>']").len() == 1
    );
    assert_eq!(list.text(".table .cell__title"), "CRM <sync>");
    assert_eq!(list.text("td.wide.last .cell__sub"), "Project, Intake");

    let edit = open(&ada, &format!("{LIST}/{id}/edit")).await;
    let saved = edit.form();
    assert!(saved.contains(&("description".into(), "Two\nlines".into())));
    assert!(saved.contains(&("status".into(), "active".into())));
    assert_eq!(edit.values("[name=events][checked]"), ["PROJECT_CREATED", "INTAKE_CREATED"]);
    let answer = post(&ada, &format!("{LIST}/{id}/edit"), &with(saved, "name", "Renamed")).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, LIST));
    let list = open(&ada, LIST).await;
    assert_eq!(list.text("#toasts .toast strong"), "Changes saved");
    assert_eq!(list.text(".table .cell__title"), "Renamed");

    let question = open(&ada, &format!("{LIST}/{id}/delete")).await;
    assert_eq!(question.text("h1"), "Delete Renamed?");
    let action = question.all("main form")[0].attr("action").unwrap().to_owned();
    assert_eq!(ada.posts(&action, &[]).await.status(), 303);
    let list = open(&ada, LIST).await;
    assert_eq!(list.text("#toasts .toast strong"), "Instance deleted");
    assert_eq!(list.text("#toasts .toast form button"), "Undo");
    assert!(list.all(".table").is_empty());
    let undo = list.all("#toasts .toast form")[0].attr("action").unwrap().to_owned();
    assert_eq!(ada.posts(&undo, &[]).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.text(".table .cell__title"), "Renamed");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_shows_the_form_again_with_everything_typed() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let prepared = open(&ada, NEW).await.value("[name=signing_secret]");
    assert!(prepared.starts_with("whsec_"));
    let typed = fields(&[
        ("name", ""),
        ("description", "why \"not\""),
        ("url", "hooks.example.com"),
        ("status", "paused"),
        ("header_name", "X-Tenant"),
        ("header_value", "prod"),
        ("header_name", ""),
        ("header_value", ""),
        ("header_name", "Content-Type"),
        ("header_value", "text/plain"),
        ("event_group", "section"),
        ("signing_secret", &prepared),
    ]);
    let answer = post(&ada, NEW, &typed).await;
    assert!(answer.headers()["cache-control"].to_str().unwrap().contains("no-store"));
    let again = page(answer, 422).await;
    assert_eq!(again.text("#form-errors strong"), "Check 3 fields before you submit");
    assert_eq!(again.text("#name-error"), "Enter a name.");
    assert_eq!(again.text("#url-error"), "Enter a full URL that starts with https:// or http://");
    assert_eq!(again.text("#header_name_3-error"), "We set this header ourselves.");
    assert!(again.all("#name[autofocus]").len() == 1 && again.all("[autofocus]").len() == 1);
    assert_eq!(again.value("#url"), "hooks.example.com");
    assert_eq!(again.values("[name=header_name]"), ["X-Tenant", "", "Content-Type"]);
    assert_eq!(again.values("[name=header_value]"), ["prod", "", "text/plain"]);
    assert_eq!(again.value("[name=status][checked]"), "paused");
    assert_eq!(again.values("[name=events][checked]"), ["SECTION_COMPLETED"]);
    assert_eq!(again.value("[name=signing_secret]"), prepared);
    assert_eq!(again.text("#description"), "why \"not\"");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_buttons_give_the_form_back_with_a_row_more_or_less() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let first = open(&ada, NEW).await;
    assert_eq!(first.values("[name=header_name]"), [""]);
    let typed = fields(&[
        ("name", "CRM"),
        ("header_name", "A"),
        ("header_value", "1"),
        ("header_name", "B"),
        ("header_value", "2"),
    ]);
    let more = page(post(&ada, NEW, &with(typed.clone(), "action", "add_header")).await, 200).await;
    assert_eq!(more.values("[name=header_name]"), ["A", "B", ""]);
    assert_eq!(more.all("#header_name_3[autofocus]").len(), 1);
    assert_eq!(more.value("#name"), "CRM");
    let less = page(post(&ada, NEW, &with(typed, "remove_header", "1")).await, 200).await;
    assert_eq!(less.values("[name=header_name]"), ["B"]);
    assert_eq!(less.values("[name=header_value]"), ["2"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_header_values_stay_and_are_never_shown_or_sent_elsewhere() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let mut typed = minimal(&receiver.url("/hook"));
    typed.extend(fields(&[("header_name", "X-Key"), ("header_value", "s3cret")]));
    let id = add(&ada, &typed).await;
    let path = format!("{LIST}/{id}/edit");

    let edit = open(&ada, &path).await;
    assert!(!edit.0.html().contains("s3cret"));
    assert_eq!(edit.all("#header_value_1")[0].attr("placeholder"), Some("Unchanged"));
    let kept = with(edit.form(), "header_name", "x-key");
    assert_eq!(post(&ada, &path, &kept).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.text("#toasts .toast strong"), "Changes saved");
    let test = page(post(&ada, &path, &with(kept.clone(), "action", "test")).await, 200).await;
    assert_eq!(test.text("#toasts .toast strong"), "Test webhook delivered");
    assert!(!test.0.html().contains("s3cret"));
    assert_eq!(receiver.wait_for(1).await[0].header("x-key"), Some("s3cret"));

    let elsewhere = Recorder::start().await;
    let moved = with(kept, "url", &elsewhere.url("/hook"));
    for action in ["", "test"] {
        let again = page(post(&ada, &path, &with(moved.clone(), "action", action)).await, 422).await;
        assert_eq!(again.text("#header_value_1-error"), "The host changed, enter the header values again.");
    }
    assert!(elsewhere.requests().is_empty());
    let retyped = with(moved, "header_value", "other");
    assert_eq!(post(&ada, &path, &retyped).await.status(), 303);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_deliveries_may_not_reach_are_refused_at_saving() {
    let app = Setting::default().with("HERALD_ALLOWED_NETWORKS", "").spawn().await;
    let ada = app.admin().await;
    for url in ["http://127.0.0.1:8080/", "http://2130706433/", "http://[::ffff:10.0.0.1]/", "http://localhost/"] {
        let again = page(post(&ada, NEW, &minimal(url)).await, 422).await;
        assert!(again.text("#url-error").starts_with("This address cannot receive webhooks."), "{url}");
        assert_eq!(again.value("#url"), url);
    }
    let unknown = post(&ada, NEW, &minimal("https://nobody.invalid/hook")).await;
    assert_eq!(unknown.status(), 303);
    assert_eq!(open(&ada, LIST).await.text("#toasts .toast--info strong"), "Check the URL");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_webhook_past_the_limit_is_refused_on_the_form() {
    let app = Setting::default().with("HERALD_MAX_WEBHOOKS", "1").spawn().await;
    let ada = app.admin().await;
    let typed = minimal("http://127.0.0.1:4999/");
    add(&ada, &typed).await;
    let again = page(post(&ada, NEW, &typed).await, 422).await;
    assert!(again.text("#form-errors").contains("the most it may have"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reveal_shows_secret_and_values_and_is_written_down() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let mut typed = open(&ada, NEW).await.form();
    typed.extend(minimal("http://127.0.0.1:4999/").into_iter().filter(|(name, _)| name == "events"));
    typed = with(with(typed, "name", "CRM"), "url", "http://127.0.0.1:4999/");
    typed.extend(fields(&[("header_name", "X-Key"), ("header_value", "s3cret")]));
    let secret = typed.iter().find(|(name, _)| name == "signing_secret").unwrap().1.clone();
    let id = add(&ada, &typed).await;
    let revealed = page(ada.posts(&format!("{LIST}/{id}/reveal"), &[]).await, 200).await;
    assert_eq!(revealed.value("#secret-1"), secret);
    assert_eq!(revealed.text("dl.headers dd"), "s3cret");
    let member = app.adds_person("mo@halden.example", herald::auth::model::Role::Member).await;
    let mo = app.signed_in(&member.email).await;
    assert_eq!(mo.posts(&format!("{LIST}/{id}/reveal"), &[]).await.status(), 403);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn htmx_gets_pieces_of_the_same_form() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let post = |body: &'static str| {
        let request = ada
            .request(reqwest::Method::POST, NEW)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("hx-request", "true")
            .header("hx-request-type", "partial")
            .body(body);
        ada.sends(request)
    };
    let rows = post("action=add_header&header_name=A&header_value=1").await;
    assert_eq!((rows.status().as_u16(), rows.headers()["hx-retarget"].to_str().unwrap()), (200, "#headers"));
    assert!(rows.text().await.unwrap().trim_start().starts_with("<div class=\"stack\" id=\"headers\">"));
    let rejected = post("name=&url=").await;
    assert_eq!(rejected.status(), 422);
    assert!(rejected.text().await.unwrap().trim_start().starts_with("<form class=\"form\" id=\"webhook-form\""));
    let test = post("action=test&url=http%3A%2F%2F127.0.0.1%3A4999%2F").await;
    assert_eq!((test.status().as_u16(), test.headers()["hx-reswap"].to_str().unwrap()), (200, "none"));
    let parts = test.text().await.unwrap();
    assert!(parts.contains("hx-target=\"#toasts\"") && parts.contains("hx-target=\"#test-line\""), "{parts}");
    let added = post("name=CRM&url=http%3A%2F%2F127.0.0.1%3A4999%2F&events=INTAKE_CREATED").await;
    assert_eq!((added.status().as_u16(), added.headers()["hx-redirect"].to_str().unwrap()), (200, LIST));
    app.stop().await;
}
