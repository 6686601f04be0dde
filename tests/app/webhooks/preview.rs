//! What the form says before it is submitted: which of the last events match, and what goes to a new URL.

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::recorder::{Answer, Recorder};
use reqwest::Method;

/// Posts as htmx does.
async fn asks_live(visitor: &Visitor, path: &str, typed: &Fields) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let request = visitor
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("hx-request", "true")
        .header("hx-request-type", "partial")
        .header("hx-target", "div#preview");
    visitor.sends(request.body(body)).await
}

fn matching(page: &Page) -> Vec<String> {
    page.all("#preview li a").iter().filter_map(|link| link.text().next().map(ToOwned::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_previews_a_new_webhook_and_loses_nothing_typed() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let blank = open(&ada, NEW).await;
    assert_eq!(blank.values("button[name=action][value=preview]").len(), 1);
    let mut typed = with(minimal("http://127.0.0.1:4999/hook"), "description", "Half done");
    typed.extend(fields(&[
        ("header_name", "X-Key"),
        ("header_value", "typed"),
        ("event_group", "intake"),
        ("signing_secret", &blank.value("[name=signing_secret]")),
        ("action", "preview"),
    ]));
    let answer = page(post(&ada, NEW, &typed).await, 200).await;
    assert_eq!(answer.text("#preview"), "Nothing has happened here yet: there are no events to match.");

    for kind in [EventType::ProjectCreated, EventType::SectionCompleted, EventType::IntakeCreated] {
        records_event(&app, kind).await;
    }
    let answer = page(post(&ada, NEW, &typed).await, 200).await;
    assert_eq!(answer.text("#preview [role=status]"), "2 of the last 3 events would match.");
    assert_eq!(matching(&answer), ["INTAKE_CREATED", "PROJECT_CREATED"], "newest first");
    assert!(answer.all("#preview .badge").is_empty(), "all is new to a new webhook");
    let event = answer.all("#preview li a")[0].attr("href").unwrap().to_owned();
    assert!(open(&ada, &event).await.text("h1").contains("INTAKE_CREATED"));

    assert_eq!(answer.value("#name"), "CRM sync");
    assert_eq!(answer.value("#header_value_1"), "typed");
    assert_eq!(answer.text("#description"), "Half done");
    assert_eq!(answer.value("[name=signing_secret]"), blank.value("[name=signing_secret]"));
    assert_eq!(answer.values("[name=events][checked]"), ["PROJECT_CREATED", "INTAKE_CREATED"]);
    assert!(open(&ada, LIST).await.all(".table").is_empty(), "a preview saves nothing");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_compared_with_what_is_saved() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let path = format!("{LIST}/{}/edit", add(&ada, &minimal("http://127.0.0.1:4999/hook")).await);
    for kind in [EventType::ProjectCreated, EventType::IntakeCreated, EventType::IntakeCreated] {
        records_event(&app, kind).await;
    }
    let edit = open(&ada, &path).await;
    assert_eq!(edit.text("#preview [role=status]"), "1 of the last 3 events would match.");

    let typed = with(with(edit.form(), "events", "INTAKE_CREATED"), "action", "preview");
    let piece = asks_live(&ada, &path, &typed).await;
    assert_eq!(piece.headers()["hx-retarget"], "#preview");
    let piece = page(piece, 200).await;
    assert!(piece.all("form").is_empty(), "the piece alone");
    assert_eq!(
        piece.text("#preview [role=status]"),
        "2 of the last 3 events would match. 2 of them do not match now. 1 that matches now would not."
    );
    assert_eq!((matching(&piece).len(), piece.all("#preview .badge").len()), (2, 2));
    assert_eq!(open(&ada, &path).await.values("[name=events][checked]"), ["PROJECT_CREATED"]);

    let unfinished = fields(&[("url", "http://"), ("events", "NONSENSE"), ("action", "preview")]);
    let piece = page(asks_live(&ada, &path, &unfinished).await, 200).await;
    assert!(piece.text("#preview").starts_with("None of the last 3 events would match."));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_url_says_how_many_deliveries_will_use_it() {
    let app = Setting::default().with("HERALD_RETRY_SCHEDULE", "1h").spawn().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    receiver.answer("/hook", Answer::status(500));
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let path = format!("{LIST}/{id}/edit");
    for _ in 0..2 {
        records_event(&app, EventType::ProjectCreated).await;
    }
    let saved = open(&ada, &path).await.form();
    let preview = async |url: &str| {
        let typed = with(with(saved.clone(), "url", url), "action", "preview");
        page(post(&ada, &path, &typed).await, 200).await.text("#waiting")
    };
    assert_eq!(preview(&receiver.url("/new")).await, "2 pending deliveries will use the new URL.");
    assert_eq!(preview(&format!(" {} ", receiver.url("/hook"))).await, "", "the same");
    assert_eq!(preview("no address").await, "");
    ada.posts(&format!("{LIST}/{id}/pause"), &[]).await;
    assert_eq!(preview(&receiver.url("/new")).await, "2 held deliveries will use the new URL once released.");
    app.stop().await;
}
