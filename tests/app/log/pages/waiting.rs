//! What holds back a webhook, and when it goes on, wherever somebody may look for it.

use super::*;

#[tokio::test]
async fn a_webhook_that_was_asked_to_wait_says_so_everywhere_and_retries_at_once_by_hand() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/hook", [Answer::status(429).header("retry-after", "7200")]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    let (url, path) = (format!("{WEBHOOKS}/{}", webhook.id), delivery_path(&webhook, &event));
    let delivery = badge_becomes(&admin, &path, "Retrying").await;
    let next = delivery.first(".timeline li");
    assert!(next.contains("Attempt 2 planned") && next.contains("the receiver asked us to wait"), "{next}");
    assert_eq!(delivery.first(".page__actions button"), "Redeliver");
    assert_eq!(delivery.first("[aria-labelledby=h-attempts] button"), "Retry now");

    let page = Page::of(&admin, &url).await;
    let alerts = page.all("main .alert--warn");
    assert!(alerts[0].starts_with("The receiver asked us to wait until "), "{alerts:?}");
    assert!(alerts[0].contains("one message at a time"), "a throttled receiver gets one at a time: {alerts:?}");
    assert!(page.first(".stats").contains("Waiting to retry 1 next at "), "{}", page.first(".stats"));
    // What happens meanwhile waits as well.
    let later = records(&app, EventType::ProjectCreated).await;
    let rows = Page::of(&admin, &url).await.all("#deliveries tbody tr");
    assert!(rows.iter().all(|row| row.contains(" next ")), "{rows:?}");
    let list = Page::of(&admin, WEBHOOKS).await.first("tbody tr");
    assert!(list.contains("Failing Asked to wait, next in "), "{list}");
    let fate = Page::of(&admin, &format!("/events/{}", later.id)).await.first("tbody tr");
    assert!(fate.contains("Waiting") && fate.contains("Next attempt in"), "{fate}");

    assert_eq!(admin.posts(&format!("{path}/redeliver"), &[]).await.status(), StatusCode::SEE_OTHER);
    let delivered = badge_becomes(&admin, &path, "Delivered").await;
    assert_eq!(delivered.all(".timeline li").len(), 3, "the planned retry is off");
    let alert = Page::of(&admin, &url).await.first("main .alert--warn");
    assert!(alert.starts_with("The receiver asked us") && !alert.contains("one message at a time"), "{alert}");
    assert_eq!(recorder.requests().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_narrowed_lane_and_a_failing_webhooks_next_try_are_shown() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    recorder.answer_next("/hook", [Answer::status(503)]);
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    badge_becomes(&admin, &delivery_path(&webhook, &event), "Retrying").await;
    let page = Page::of(&admin, &format!("{WEBHOOKS}/{}", webhook.id)).await;
    assert!(page.first("main .alert--warn").starts_with("One message at a time"), "{}", page.first("main"));
    let list = Page::of(&admin, WEBHOOKS).await.first("tbody tr");
    assert!(list.contains("Failing Next try in "), "{list}");
    app.stop().await;
}
