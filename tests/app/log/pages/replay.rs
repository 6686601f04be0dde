//! Replaying from a webhook's page: the form, the question, the progress.

use super::*;
use crate::support::webhooks::cancels_many;

fn with(mut fields: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    fields.retain(|(known, _)| known != name);
    fields.push((name.into(), value.into()));
    fields
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().expect("a path").to_owned()
}

#[tokio::test]
async fn what_was_cancelled_is_counted_asked_about_and_sent_again_once() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let arrived = records(&app, EventType::ProjectCreated).await;
    let admin = app.admin().await;
    badge_becomes(&admin, &delivery_path(&webhook, &arrived), "Delivered").await;
    cancels_many(&app, &webhook, 3).await;
    let url = format!("{WEBHOOKS}/{}", webhook.id);

    let page = Page::of(&admin, &url).await;
    assert!(page.first("#replays").contains("None yet"));
    assert_eq!(page.attributes("#replays a.btn", "href"), [format!("{url}/replay")]);
    let form = Page::of(&admin, &format!("{url}/replay")).await;
    assert!(form.says("time zone, America/Los_Angeles"));
    let fields = form.fields("#replay-form");
    let chosen: Vec<_> = fields.iter().filter(|(name, _)| name == "states").map(|(_, value)| value.as_str()).collect();
    assert_eq!(chosen, ["failed", "cancelled"], "what arrived is left out");

    let question = answered(post(&admin, &format!("{url}/replay"), &fields).await, 200).await;
    assert_eq!(question.first("h1"), "Replay 3 cancelled deliveries?");
    let effects = question.all("main form li");
    assert!(effects[0].starts_with("3 cancelled, of events from") && effects[0].ends_with("until now."), "{effects:?}");
    assert!(effects[1].contains("127.0.0.1") && effects[1].contains("at most 100 a second"), "{effects:?}");
    assert_eq!(recorder.requests().len(), 1, "nothing is sent before the answer");
    let back = Page::of(&admin, &question.attributes("main form a.btn", "href")[0]).await;
    assert_eq!(back.fields("#replay-form"), fields, "nothing typed is lost");

    let answer = question.fields("main form");
    let started = post(&admin, &format!("{url}/replay"), &answer).await;
    let again = post(&admin, &format!("{url}/replay"), &answer).await;
    assert_eq!((started.status(), again.status()), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(location(&started), location(&again), "of two presses one counts");
    let replay = location(&started);
    assert!(Page::of(&admin, &replay).await.first("#toasts").contains("Replay started 3 deliveries are queued."));
    let finished = badge_becomes(&admin, &replay, "Finished").await;
    assert_eq!(finished.all(".stats > div"), ["Delivered 3", "Failed 0", "Not sent 0"]);
    assert!(finished.attributes("#poll", "hx-get").is_empty(), "nothing to look for any more");
    let facts = finished.first(".dl--strip");
    for part in ["failed and cancelled", "At most 100 a second", app.admin.email.as_str()] {
        assert!(facts.contains(part), "{part} in {facts}");
    }
    assert_eq!(recorder.requests().len(), 4);

    let card = Page::of(&admin, &url).await;
    let rows = card.all("#replays tbody tr");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].starts_with("Finished Failed and cancelled"), "{rows:?}");
    assert!(rows[0].contains("3 of 3 3 delivered 0 failed"), "{rows:?}");
    assert!(Page::of(&admin, &format!("{url}/replays")).await.all("tbody tr").len() == 1);
    let cancelled = admin.posts(&format!("{replay}/cancel"), &[]).await;
    assert_eq!(cancelled.status(), StatusCode::SEE_OTHER);
    assert!(Page::of(&admin, &replay).await.first("#toasts").contains("Nothing to cancel This replay has finished."));
    app.stop().await;
}

#[tokio::test]
async fn a_running_replay_shows_how_far_it_is_and_can_be_cancelled() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    // Longer than any test may take, at one a second.
    cancels_many(&app, &webhook, 90).await;
    let admin = app.admin().await;
    let url = format!("{WEBHOOKS}/{}", webhook.id);
    let fields = with(Page::of(&admin, &format!("{url}/replay")).await.fields("#replay-form"), "per_second", "1");
    let question = answered(post(&admin, &format!("{url}/replay"), &fields).await, 200).await;
    let replay = location(&post(&admin, &format!("{url}/replay"), &question.fields("main form")).await);
    recorder.wait_for(1).await;
    let page = eventually("one is counted", &mut || async {
        let page = Page::of(&admin, &replay).await;
        (!page.first("#h-progress").starts_with("0 of")).then_some(page)
    })
    .await;
    assert!(page.first("#h-progress").ends_with("of 90 deliveries"), "{}", page.first("#h-progress"));
    assert_eq!(page.attributes("#poll", "hx-get"), [replay.as_str()]);
    let card = Page::of(&admin, &url).await;
    assert_eq!(card.attributes("#poll-replays", "hx-get"), [format!("{url}/replays")]);
    assert!(card.first("#replays tbody tr").starts_with("Running"));
    let request = admin.request(reqwest::Method::GET, &format!("{url}/replays"));
    let request = request.header("hx-request", "true").header("hx-request-type", "partial");
    let piece = admin.sends(request.header("hx-target", "section#replays")).await.text().await.expect("a text");
    assert!(piece.trim_start().starts_with("<section") && !piece.contains("<html"), "{piece}");

    pauses(&app, &webhook).await;
    let waits = Page::of(&admin, &replay).await;
    assert!(waits.first(".alert--warn").contains("It waits The instance is paused."), "{}", waits.first("main"));

    let cancelled = admin.posts(&format!("{replay}/cancel"), &[]).await;
    assert_eq!((cancelled.status(), location(&cancelled)), (StatusCode::SEE_OTHER, replay.clone()));
    let page = Page::of(&admin, &replay).await;
    assert_eq!(page.first(".page__title .badge"), "Cancelled");
    assert!(page.first("#toasts").contains("Replay cancelled"), "{}", page.first("#toasts"));
    assert!(page.first("#toasts").contains("deliveries are as they were before."), "{}", page.first("#toasts"));
    assert_eq!(Page::of(&admin, &format!("{url}?state=held")).await.all("#deliveries tbody tr").len(), 0);
    app.stop().await;
}

#[tokio::test]
async fn a_replay_of_nothing_and_one_of_a_paused_webhook_are_refused_in_the_form() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let admin = app.admin().await;
    let url = format!("{WEBHOOKS}/{}", webhook.id);
    let path = format!("{url}/replay");
    let usual = Page::of(&admin, &path).await.fields("#replay-form");
    let nothing = answered(post(&admin, &path, &usual).await, 200).await;
    let toast = nothing.first("#toasts");
    assert!(toast.contains("Nothing to replay No failed or cancelled deliveries in this period."), "{toast}");
    assert_eq!(nothing.fields("#replay-form"), usual);

    let wrong = with(with(usual.clone(), "since", "yesterday"), "per_second", "many");
    let again = answered(post(&admin, &path, &wrong).await, 422).await;
    assert_eq!(again.first("#since-error"), "Enter a date and a time, such as 2026-11-23 09:30.");
    assert_eq!(again.first("#per_second-error"), "Enter a whole number from 1 to 1000.");
    assert_eq!(again.attributes("#since", "value"), ["yesterday"]);
    let by_htmx = posts_by_htmx(&admin, &path, "div#dialog-root", &wrong).await;
    assert_eq!((by_htmx.status().as_u16(), &by_htmx.headers()["hx-retarget"]), (422, &"#replay-form".parse().unwrap()));

    cancels_many(&app, &webhook, 1).await;
    let dialog = posts_by_htmx(&admin, &path, "div#dialog-root", &usual).await;
    assert_eq!(dialog.status(), StatusCode::OK);
    let dialog = dialog.text().await.expect("a text");
    assert!(dialog.trim_start().starts_with("<dialog") && dialog.contains("Replay 1 cancelled delivery?"), "{dialog}");
    let of_other_types = with(usual.clone(), "event_types", "PROJECT_DELETED");
    let nothing = answered(post(&admin, &path, &of_other_types).await, 200).await;
    assert!(nothing.first("#toasts").contains("Nothing to replay"));

    let question = answered(post(&admin, &path, &usual).await, 200).await;
    pauses(&app, &webhook).await;
    let refused = answered(post(&admin, &path, &question.fields("main form")).await, 409).await;
    assert!(refused.first("main [role=alert]").contains("This instance is paused"), "{}", refused.first("main"));
    assert_eq!(refused.attributes("main [role=alert] a", "href"), [format!("{url}/resume")]);
    assert!(Page::of(&admin, &url).await.attributes("#replays a.btn", "href").is_empty(), "no way into a refusal");

    for path in [format!("{WEBHOOKS}/{}/replay", "0".repeat(24)), format!("{url}/replays/{}", "0".repeat(24))] {
        assert_eq!(admin.gets(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    app.adds_person("mo@halden.example", Role::Moderator).await;
    let moderator = app.signed_in("mo@halden.example").await;
    assert_eq!(moderator.gets(&path).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(post(&moderator, &path, &usual).await.status(), StatusCode::FORBIDDEN);
    app.stop().await;
}
