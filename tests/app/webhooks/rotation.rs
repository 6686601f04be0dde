//! Rotating the signing secret on the pages: asked first, with both secrets signing for as long as was chosen.

use std::sync::Arc;
use std::time::Duration;

use herald::base::ManualClock;

use super::*;
use crate::support::app::{Setting, spawn_app};
use crate::support::recorder::{Received, Recorder};

/// 2026-11-23 09:40 UTC, 01:40 where the organization is.
const NOW: i64 = 1_795_426_800;

fn signatures(received: &Received) -> usize {
    received.header("webhook-signature").expect("a signature").split(' ').count()
}

/// The secrets that the admin is shown, the newest first.
async fn revealed(ada: &Visitor, id: &str) -> Vec<String> {
    page(ada.posts(&format!("{LIST}/{id}/reveal"), &[]).await, 200).await.values("input[id^=secret-]")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_rotated_from_its_page_without_script() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let (ada, receiver) = (app.admin().await, Recorder::start().await);
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let (show, rotate) = (format!("{LIST}/{id}"), format!("{LIST}/{id}/rotate-secret"));
    let [old] = revealed(&ada, &id).await.try_into().unwrap();

    for place in [show.clone(), format!("{show}/edit")] {
        let found = open(&ada, &place).await;
        assert_eq!(found.all("#old-secrets a").len(), 1, "nothing to end yet");
        assert_eq!(found.all("#old-secrets a")[0].attr("href"), Some(rotate.as_str()));
    }
    let question = open(&ada, &rotate).await;
    assert_eq!(question.text("h1"), "Rotate signing secret?");
    assert_eq!(question.text("main form .btn--primary"), "Rotate secret");
    assert_eq!(question.all("main form a.btn")[0].attr("href"), Some(show.as_str()));
    assert_eq!(question.values("#overlap option[selected]"), ["86400"], "a day, if nothing is said");
    assert_eq!(revealed(&ada, &id).await.len(), 1, "to ask changes nothing");

    let answer = post(&ada, &rotate, &question.form()).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, show.as_str()));
    let shown = open(&ada, &show).await;
    assert_eq!(shown.text("#toasts .toast strong"), "Signing secret rotated");
    assert_eq!(shown.text("#toasts .toast p"), "The old secret also works until 24 Nov, 01:40.");
    let countdown = "The old secret works until 24 Nov, 01:40, in 24 hours.";
    assert!(shown.text("#old-secrets").contains(countdown), "{}", shown.text("#old-secrets"));
    assert!(open(&ada, &format!("{show}/edit")).await.text("#old-secrets").contains(countdown));
    let both = revealed(&ada, &id).await;
    assert_eq!((both.len(), &both[1]), (2, &old));
    records_event(&app, EventType::ProjectCreated).await;
    assert_eq!(signatures(&receiver.wait_for(1).await[0]), 2);

    clock.advance(Duration::from_secs(61 * 60));
    assert!(open(&ada, &show).await.text("#old-secrets").contains("until 24 Nov, 01:40, in 22 hours."));
    clock.advance(Duration::from_secs(23 * 60 * 60));
    // A session ends meanwhile.
    let ada = app.admin().await;
    assert!(!open(&ada, &show).await.text("#old-secrets").contains("old secret"), "it has ended by itself");
    assert_eq!(ada.gets(&format!("{rotate}/end")).await.status(), 303, "there is nothing to ask any more");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_secret_can_be_ended_early_and_an_overlap_of_none_ends_it_at_once() {
    let app = spawn_app().await;
    let (ada, receiver) = (app.admin().await, Recorder::start().await);
    let id = add(&ada, &minimal(&receiver.url("/hook"))).await;
    let (rotate, end) = (format!("{LIST}/{id}/rotate-secret"), format!("{LIST}/{id}/rotate-secret/end"));
    assert_eq!(ada.posts(&rotate, &[("overlap", "604800")]).await.status(), 303);
    assert!(open(&ada, &format!("{LIST}/{id}")).await.text("#old-secrets").contains("End it now"));
    let question = open(&ada, &end).await;
    assert_eq!(question.text("h1"), "End the old signing secret now?");
    assert_eq!(post(&ada, &end, &question.form()).await.status(), 303);
    assert_eq!(open(&ada, &format!("{LIST}/{id}")).await.text("#toasts .toast strong"), "Old signing secret ended");
    assert_eq!(ada.posts(&end, &[]).await.status(), 303, "repeating changes nothing");
    let before = revealed(&ada, &id).await;
    assert_eq!(before.len(), 1);

    assert_eq!(ada.posts(&rotate, &[("overlap", "0")]).await.status(), 303);
    let shown = open(&ada, &format!("{LIST}/{id}")).await;
    assert!(shown.text("#toasts").contains("The old secret does not work any more."));
    let after = revealed(&ada, &id).await;
    assert!(after.len() == 1 && after != before);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_overlap_and_too_many_secrets_are_refused_on_the_page() {
    let app = spawn_app().await;
    let ada = app.admin().await;
    let id = add(&ada, &minimal("https://hooks.example.com/x")).await;
    let rotate = format!("{LIST}/{id}/rotate-secret");
    for wrong in ["604801", "-1", "soon", "1.5"] {
        let again = page(ada.posts(&rotate, &[("overlap", wrong)]).await, 422).await;
        assert!(again.text("#overlap-error").starts_with("Give a whole number of seconds"), "{wrong}");
    }
    assert_eq!(revealed(&ada, &id).await.len(), 1);
    for _ in 0..9 {
        assert_eq!(ada.posts(&rotate, &[]).await.status(), 303);
    }
    let full = page(ada.posts(&rotate, &[]).await, 409).await;
    assert!(full.text("main form .error").starts_with("10 secrets sign already"));
    assert!(open(&ada, &format!("{LIST}/{id}")).await.text("#old-secrets").contains("End them now"));
    let end = open(&ada, &format!("{rotate}/end")).await;
    assert_eq!(end.text("h1"), "End the old signing secrets now?");
    assert_eq!(ada.gets(&format!("{LIST}/{}/rotate-secret", "0".repeat(24))).await.status(), 404);
    assert_eq!(ada.posts(&format!("{LIST}/{}/rotate-secret", "0".repeat(24)), &[]).await.status(), 404);
    app.stop().await;
}
