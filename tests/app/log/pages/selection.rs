//! Redelivering what was chosen in the table.

use super::*;

fn ids(webhook: &Webhook, events: &[&NewEvent]) -> Vec<(String, String)> {
    let id = |event: &&NewEvent| format!("{}-{}", webhook.id, event.id.as_str().trim_start_matches("EVT-"));
    events.iter().map(|event| ("id".to_owned(), id(event))).collect()
}

#[tokio::test]
async fn what_is_chosen_is_sent_again_and_each_refusal_has_its_reason() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let gate = Gate::closed();
    recorder.answer("/hook", Answer::status(500));
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let (one, two) = (records(&app, EventType::ProjectEdited).await, records(&app, EventType::ProjectCreated).await);
    let admin = app.admin().await;
    for event in [&one, &two] {
        badge_becomes(&admin, &delivery_path(&webhook, event), "Retrying").await;
    }
    let url = format!("{WEBHOOKS}/{}", webhook.id);
    let page = Page::of(&admin, &format!("{url}?event_type=PROJECT_EDITED")).await;
    assert_eq!(page.attributes("#deliveries input[name=id]", "form"), ["selection"]);
    assert_eq!(page.attributes("#selection [name=back]", "value"), [format!("{url}?event_type=PROJECT_EDITED")]);
    assert_eq!(page.attributes("#deliveries tbody button", "title"), ["Retry now"]);
    assert!(page.first("#deliveries tbody tr").contains("Retrying next "), "{}", page.first("#deliveries tbody tr"));

    recorder.answer("/hook", Answer::status(200).held_by(&gate));
    let mut fields = ids(&webhook, &[&one]);
    fields.push(("back".into(), format!("{url}?event_type=PROJECT_EDITED")));
    let started = post(&admin, &format!("{url}/redeliver"), &fields).await;
    assert_eq!(started.status(), StatusCode::SEE_OTHER);
    let back = started.headers()["location"].to_str().expect("a path").to_owned();
    assert_eq!(back, format!("{url}?event_type=PROJECT_EDITED"));
    let page = Page::of(&admin, &back).await;
    assert!(page.first("#toasts").contains("Redelivery started 1 attempt is on the way."), "{}", page.first("#toasts"));
    assert!(page.first("#deliveries tbody tr").contains("Sending"));
    assert_eq!(page.attributes("#poll-deliveries", "hx-get"), [back]);
    assert!(page.all("#deliveries tbody button").is_empty(), "not while an attempt is under way");

    let both = ids(&webhook, &[&one, &two]);
    let answer = posts_by_htmx(&admin, &format!("{url}/redeliver"), "section#deliveries", &both).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let piece = answer.text().await.expect("a text");
    assert!(piece.trim_start().starts_with("<section") && !piece.contains("<html"), "{piece}");
    let toast = Page(Html::parse_fragment(&piece));
    let said = toast.first("hx-partial");
    assert!(said.contains("1 attempt is on the way. 1 was refused: An attempt is under way."), "{said}");
    assert!(toast.first("hx-partial pre").starts_with(one.id.as_str()), "{said}");
    let path = format!("{url}/redeliver");
    let hits = (0..5).map(|_| post(&admin, &path, &both));
    for answer in futures_util::future::join_all(hits).await {
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    }
    recorder.wait_for(4).await;
    gate.open();
    for event in [&one, &two] {
        let page = badge_becomes(&admin, &delivery_path(&webhook, event), "Delivered").await;
        let timeline = page.all(".timeline li");
        assert_eq!(timeline.len(), 3, "the planned retry is off: {timeline:?}");
    }
    assert_eq!(recorder.requests().len(), 4, "one request for each, however often the button is hit");
    app.stop().await;
}

#[tokio::test]
async fn nothing_chosen_and_what_is_not_there_are_refused() {
    let app = spawn().await;
    let recorder = Recorder::start().await;
    let webhook = adds_webhook(&app, "Deal desk", &recorder.url("/hook")).await;
    let other = adds_webhook(&app, "Other", &recorder.url("/other")).await;
    let event = records(&app, EventType::ProjectEdited).await;
    let admin = app.admin().await;
    for webhook in [&webhook, &other] {
        badge_becomes(&admin, &delivery_path(webhook, &event), "Delivered").await;
    }
    let path = format!("{WEBHOOKS}/{}/redeliver", webhook.id);
    let again = answered(post(&admin, &path, &[]).await, 422).await;
    assert_eq!(again.first("#selection-error"), "Choose at least one delivery.");
    assert_eq!(again.all("#deliveries tbody tr").len(), 1);
    assert_eq!(post(&admin, &path, &ids(&other, &[&event])).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(admin.posts(&path, &[("id", "nonsense")]).await.status(), StatusCode::NOT_FOUND);
    // A page that somebody else made up is not gone back to.
    let mut elsewhere = ids(&webhook, &[&event]);
    elsewhere.push(("back".into(), "//elsewhere.example/?x".into()));
    let answer = post(&admin, &path, &elsewhere).await;
    assert_eq!(answer.headers()["location"].to_str().ok(), path.strip_suffix("/redeliver"));

    pauses(&app, &webhook).await;
    assert_eq!(post(&admin, &path, &ids(&webhook, &[&event])).await.status(), StatusCode::SEE_OTHER);
    let page = Page::of(&admin, path.trim_end_matches("/redeliver")).await;
    let toast = page.first("#toasts");
    assert!(toast.contains("Nothing was redelivered 1 was refused: The webhook is not active."), "{toast}");
    app.stop().await;
}
