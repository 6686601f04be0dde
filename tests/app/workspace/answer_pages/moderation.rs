//! The queue: what waits, what changed in it, and what moderators decide.

use serde_json::json;

use super::*;

/// A member with a new pair and a change of a published one, in this order.
async fn two(work: &Workspace) -> (Visitor, [String; 2]) {
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let ada = work.app.admin().await;
    let old = add(&ada, "Who holds the keys?", "Our hosting provider.\n\nThey are rotated.", "keys").await;
    let new = add(&tomas, "What is your recovery time?", "Four hours.", "").await;
    let changed = with(form_of(&tomas, &old).await, "answer", "A hardware module.\n\nThey are rotated.");
    assert_eq!(post(&tomas, &format!("{LIST}/{old}"), &changed).await.status(), 303);
    (tomas, [old, new])
}

#[tokio::test]
async fn a_moderator_sees_what_changed_and_publishes_it() {
    let work = Workspace::open().await;
    let (_, [old, new]) = two(&work).await;
    let ada = work.app.admin().await;
    let seen = work.raised().await.len();
    let queue = open(&ada, MODERATION).await;
    assert_eq!(queue.texts("#tabs a"), ["All pairs 2", "Moderation 2", "In review 0"]);
    assert_eq!(queue.texts(".picklist strong"), ["Who holds the keys?", "What is your recovery time?"]);
    assert_eq!(queue.text(".card__head h2 small"), "2 pairs");
    assert_eq!(queue.text("article .badge"), "Changed pair");
    assert_eq!(
        (queue.text("article del"), queue.text("article ins")),
        ("Our hosting provider.".into(), "A hardware module.".into())
    );
    let views = queue.texts(".segmented a");
    assert_eq!(views, ["Changes", "New", "Published"]);
    let address = queue.all(".segmented a").last().and_then(|link| link.attr("href")).expect("a link").to_owned();
    let published = open(&ada, &address).await;
    assert_eq!(published.texts("article .prose p"), ["Our hosting provider.", "They are rotated."]);
    let second = queue.all(".picklist a").last().and_then(|link| link.attr("href")).expect("a link").to_owned();
    let piece = ada.sends(by_htmx(ada.request(Method::GET, &second))).await.text().await.expect("a text");
    assert!(piece.contains("New pair") && !piece.contains("<html") && !piece.contains("segmented"), "{piece}");

    let path = queue.attribute("form#publish", "action");
    assert_eq!(path, format!("{LIST}/{old}/publish"));
    let answer = post(&ada, &path, &queue.form("publish")).await;
    assert_eq!(location(&answer), MODERATION);
    let rest = open(&ada, MODERATION).await;
    assert_eq!(rest.text("#toasts strong"), "Pair published");
    assert_eq!(rest.texts(".picklist strong"), ["What is your recovery time?"]);

    let answer = post_by_htmx(&ada, &rest.attribute("form#publish", "action"), &rest.form("publish")).await;
    assert_eq!(answer.headers()["hx-push-url"], MODERATION);
    let done = page(answer, 200).await;
    assert_eq!(done.text(".empty h2"), "All caught up");
    assert_eq!(done.text("hx-partial strong"), "Pair published");
    let updated = |id: &String| ("ANSWER_LIB_UPDATED".to_owned(), vec![id.clone()], json!({ "CHANGE": "PUBLISHED" }));
    assert_eq!(raised_since(&work, seen).await, [updated(&old), updated(&new)]);
    work.app.stop().await;
}

#[tokio::test]
async fn a_pair_is_sent_back_with_a_note_and_comes_again() {
    let work = Workspace::open().await;
    let (tomas, [old, new]) = two(&work).await;
    let ada = work.app.admin().await;
    let seen = work.raised().await.len();
    let queue = open(&ada, &format!("{MODERATION}?item={new}")).await;
    let path = queue.attribute("form#reject", "action");
    let again = page(post(&ada, &path, &queue.form("reject")).await, 422).await;
    assert_eq!(again.text("#note-error"), "Say what is to be changed.");
    assert_eq!(again.text("article h2"), "What is your recovery time?");
    let answer = post(&ada, &path, &with(again.form("reject"), "note", "Say <which> service.")).await;
    assert_eq!(location(&answer), MODERATION);
    assert_eq!(open(&ada, MODERATION).await.text("#toasts strong"), "Pair sent back");
    assert_eq!(raised_since(&work, seen).await, []);

    let shown = open(&tomas, &format!("{LIST}/{new}")).await;
    assert_eq!(shown.text(".badge"), "Sent back");
    assert_eq!(shown.text(".alert"), "Sent backSay <which> service.");
    let better = with(shown.form("pair"), "answer", "Four hours for the hosted service.");
    assert_eq!(post(&tomas, &format!("{LIST}/{new}"), &better).await.status(), 303);
    let waiting = open(&ada, MODERATION).await;
    assert_eq!(waiting.texts(".picklist strong"), ["Who holds the keys?", "What is your recovery time?"]);

    // Edited first, and published in the same step: one event.
    let edited = with(with(form_of(&ada, &old).await, "answer", "Nobody but us."), "action", "publish");
    let seen = work.raised().await.len();
    assert_eq!(location(&post(&ada, &format!("{LIST}/{old}"), &edited).await), MODERATION);
    // Edited and left there.
    let edited = with(form_of(&ada, &new).await, "answer", "Three hours.");
    assert_eq!(location(&post(&ada, &format!("{LIST}/{new}"), &edited).await), MODERATION);
    let updated =
        |id: &String, change: &str| ("ANSWER_LIB_UPDATED".to_owned(), vec![id.clone()], json!({ "CHANGE": change }));
    assert_eq!(raised_since(&work, seen).await, [updated(&old, "PUBLISHED"), updated(&new, "MODERATED")]);
    work.app.stop().await;
}

#[tokio::test]
async fn only_moderators_decide() {
    let work = Workspace::open().await;
    let (tomas, [old, _]) = two(&work).await;
    assert_eq!(tomas.gets(MODERATION).await.status(), 403);
    for end in ["publish", "reject"] {
        let answer = post(&tomas, &format!("{LIST}/{old}/{end}"), &fields(&[("note", "No."), ("version", "")])).await;
        assert_eq!(answer.status(), 403, "{end}");
    }
    work.app.adds_person("priya@halden.example", Role::Moderator).await;
    let priya = work.app.signed_in("priya@halden.example").await;
    let queue = open(&priya, MODERATION).await;
    assert_eq!(
        location(&post(&priya, &queue.attribute("form#publish", "action"), &queue.form("publish")).await),
        MODERATION
    );
    // Published already: nothing is left to send back.
    let late = with(queue.form("reject"), "version", "");
    let told = page(post(&priya, &format!("{LIST}/{old}/reject"), &with(late, "note", "No.")).await, 409).await;
    assert!(told.text("#toasts strong").ends_with("Nothing was decided"));
    work.app.stop().await;
}
