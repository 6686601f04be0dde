//! Pausing, resuming with a word on what is held, deleting and its undo.

use std::sync::Arc;
use std::time::Duration;

use herald::base::ManualClock;

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::recorder::{Answer, Recorder};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_asked_about_when_the_form_makes_it_active() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let id = add(&ada, &with(minimal(&receiver.url("/hook")), "status", "paused")).await;
    records_event(&app, EventType::ProjectCreated).await;
    records_event(&app, EventType::ProjectCreated).await;
    records_event(&app, EventType::IntakeCreated).await;
    let path = format!("{LIST}/{id}/edit");
    let mut typed = with(open(&ada, &path).await.form(), "status", "active");
    typed = with(typed, "name", "Renamed");
    typed.extend(fields(&[("header_name", "X-New"), ("header_value", "typed")]));
    let question = page(post(&ada, &path, &typed).await, 409).await;
    assert!(question.text(".alert--warn").starts_with("2 messages are held"));
    assert_eq!(question.values("[name=held]"), ["deliver", "cancel"]);
    assert_eq!(question.value("#name"), "Renamed");
    assert!(question.values("[name=header_value]").contains(&"typed".to_owned()));
    assert_eq!(open(&ada, LIST).await.text(".table .status"), "Paused");
    assert!(receiver.requests().is_empty());

    let typed = with(with(question.form(), "held", "deliver"), "held_per_second", "many");
    let again = page(post(&ada, &path, &typed).await, 422).await;
    assert_eq!(again.values("[name=held][checked]"), ["deliver"], "nothing typed is lost");
    assert_eq!(again.value("#held_per_second"), "many");
    assert!(again.text("#held_per_second-error").starts_with("Enter a whole number"));
    let answer = post(&ada, &path, &with(again.form(), "held_per_second", "500")).await;
    assert_eq!(answer.status(), 303);
    let list = open(&ada, LIST).await;
    assert_eq!(list.text("#toasts .toast strong"), "Instance resumed");
    assert_eq!(list.text("#toasts .toast p"), "2 held messages are being sent.");
    let received = receiver.wait_for(2).await;
    assert!(received.iter().all(|request| request.header("x-new") == Some("typed")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_asks_and_enable_is_not_for_a_paused_one() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let at = |end: &str| format!("{LIST}/{id}/{end}");
    assert_eq!(ada.posts(&at("resume"), &[]).await.status(), 303, "repeating changes nothing");
    assert_eq!(ada.posts(&at("pause"), &[]).await.status(), 303);
    assert_eq!(ada.posts(&at("pause"), &[]).await.status(), 303);
    records_event(&app, EventType::ProjectCreated).await;
    assert_eq!(ada.posts(&at("enable"), &[]).await.status(), 409);
    let question = page(ada.posts(&at("resume"), &[]).await, 409).await;
    assert_eq!(question.text("h1"), "Resume CRM sync?");
    assert!(question.text("main form").contains("1 message is held"));
    assert_eq!(question.values("main form button[name=held]"), ["cancel", "deliver"]);
    assert_eq!(ada.posts(&at("resume"), &[("held", "maybe")]).await.status(), 422);
    let typed = [("held", "deliver"), ("held_per_second", "fast")];
    let again = page(ada.posts(&at("resume"), &typed).await, 422).await;
    assert_eq!(again.value("#held_per_second"), "fast", "nothing typed is lost");
    assert!(again.text("#held_per_second-error").starts_with("Enter a whole number"));
    assert_eq!(ada.posts(&at("resume"), &[("held", "cancel")]).await.status(), 303);
    records_event(&app, EventType::ProjectCreated).await;
    assert_eq!(receiver.wait_for(1).await.len(), 1, "only what came later is sent");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_can_be_undone_for_ten_minutes() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let at = |end: &str| format!("{LIST}/{id}/{end}");
    assert_eq!(ada.posts(&at("delete"), &[]).await.status(), 303);
    assert_eq!(ada.posts(&at("delete"), &[]).await.status(), 404);
    assert_eq!(ada.gets(&at("edit")).await.status(), 404);
    records_event(&app, EventType::ProjectCreated).await;
    clock.advance(Duration::from_secs(599));
    assert_eq!(ada.posts(&at("restore"), &[]).await.status(), 303);
    assert_eq!(ada.posts(&at("restore"), &[]).await.status(), 303, "repeating changes nothing");
    assert_eq!(receiver.wait_for(1).await.len(), 1, "what happened meanwhile is delivered");
    assert_eq!(ada.posts(&at("delete"), &[]).await.status(), 303);
    clock.advance(Duration::from_secs(601));
    assert_eq!(ada.posts(&at("restore"), &[]).await.status(), 410);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_webhook_is_offered_to_be_enabled_after_a_good_test() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    receiver.answer_next("/hook", [Answer::status(410)]);
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    records_event(&app, EventType::ProjectCreated).await;
    let is_disabled = async || {
        let list = open(&ada, LIST).await;
        (list.text(".table .status") == "Disabled").then(|| list.text(".alert--bad p"))
    };
    let said = app.eventually("the webhook is disabled", is_disabled).await;
    assert_eq!(said, "Your server answered 410 Gone. Send a test, and enable it when that is delivered.");
    let at = |end: &str| format!("{LIST}/{id}/{end}");
    let edit = open(&ada, &at("edit")).await;
    assert!(edit.values("[name=status][checked]").is_empty(), "nobody chose this state");
    assert_eq!(post(&ada, &at("edit"), &edit.form()).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.text(".table .status"), "Disabled", "saving without a status keeps the state");
    assert_eq!(ada.posts(&at("resume"), &[]).await.status(), 409);

    let tested = page(post(&ada, &at("edit"), &with(edit.form(), "action", "test")).await, 200).await;
    assert_eq!(tested.text("#toasts .toast form button"), "Enable instance");
    let enable = tested.all("#toasts .toast form")[0].attr("action").unwrap().to_owned();
    assert_eq!(enable, at("enable"));
    let list = open(&ada, LIST).await;
    assert_eq!(list.text(".alert--bad p"), "Your server answered 410 Gone. A test was delivered since.");
    assert_eq!(list.all(".alert--bad a")[0].attr("href"), Some(&*at("enable")));
    let edit = open(&ada, &at("edit")).await;
    assert_eq!(edit.text("#webhook-form .alert a"), "Enable instance");
    assert_eq!(ada.posts(&enable, &[("held", "cancel")]).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.text(".table .status"), "Active");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_test_of_the_saved_address_ends_a_spell_of_failures() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    receiver.answer_next("/hook", [Answer::status(500)]);
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    records_event(&app, EventType::ProjectCreated).await;
    let status = async || open(&ada, LIST).await.text(".table .status");
    app.eventually("it is failing", async || (status().await == "Failing").then_some(())).await;
    let path = format!("{LIST}/{id}/edit");
    let test = with(open(&ada, &path).await.form(), "action", "test");
    let elsewhere = with(test.clone(), "url", &receiver.url("/elsewhere"));
    page(post(&ada, &path, &elsewhere).await, 200).await;
    assert_eq!(status().await, "Failing", "another address says nothing of this one");
    receiver.answer_next("/hook", [Answer::status(500)]);
    page(post(&ada, &path, &test).await, 200).await;
    assert_eq!(status().await, "Failing");
    page(post(&ada, &path, &test).await, 200).await;
    assert_eq!(status().await, "Active");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_subscribed_at_that_moment_is_delivered() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let receiver = Recorder::start().await;
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let path = format!("{LIST}/{id}/edit");
    records_event(&app, EventType::ProjectCreated).await;
    let intakes = with(open(&ada, &path).await.form(), "events", "INTAKE_CREATED");
    assert_eq!(post(&ada, &path, &intakes).await.status(), 303);
    records_event(&app, EventType::ProjectCreated).await;
    records_event(&app, EventType::IntakeCreated).await;
    let back = with(open(&ada, &path).await.form(), "events", "PROJECT_CREATED");
    assert_eq!(post(&ada, &path, &back).await.status(), 303);
    records_event(&app, EventType::ProjectCreated).await;
    let received = receiver.wait_for(3).await;
    let mut types: Vec<String> =
        received.iter().map(|request| request.json()["EVENT_TYPE"].as_str().unwrap_or_default().to_owned()).collect();
    types.sort();
    assert_eq!(types, ["INTAKE_CREATED", "PROJECT_CREATED", "PROJECT_CREATED"]);
    app.stop().await;
}
