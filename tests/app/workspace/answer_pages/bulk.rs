//! Many pairs at once, chosen by their boxes.

use serde_json::json;

use super::*;

/// Three pairs of a member, which wait in moderation, oldest first.
async fn three(work: &Workspace) -> (Visitor, [String; 3]) {
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let mut ids = Vec::new();
    for question in ["One?", "Two?", "Three?"] {
        ids.push(add(&tomas, question, "Yes.", "").await);
    }
    (tomas, ids.try_into().expect("three of them"))
}

/// The form above the list with these boxes ticked.
fn ticked(list: &Page, ids: &[&String], action: &str) -> Fields {
    let mut form = with(list.form("bulk"), "action", action);
    form.extend(ids.iter().map(|id| ("id".to_owned(), (*id).clone())));
    form
}

#[tokio::test]
async fn many_pairs_are_published_tagged_and_deleted_with_one_event_each() {
    let work = Workspace::open().await;
    let (_, [one, two, three]) = three(&work).await;
    let ada = work.app.admin().await;
    let seen = work.raised().await.len();
    let list = open(&ada, &format!("{LIST}?status=in_moderation")).await;

    let answer = post(&ada, BULK, &ticked(&list, &[&three, &one, &three], "publish")).await;
    assert_eq!(location(&answer), "/answers?status=in_moderation");
    let rest = open(&ada, location(&answer)).await;
    assert_eq!(rest.text("#toasts .toast strong"), "2 pairs published");
    assert_eq!(rest.questions(), ["Two?"]);

    let form = with(ticked(&list, &[&one, &two], "tag"), "new_tag", " EU ");
    assert_eq!(post(&ada, BULK, &form).await.status(), 303);
    assert_eq!(open(&ada, &format!("{LIST}?tag=eu")).await.questions(), ["Two?", "One?"]);
    // Who has the tag already is passed over, and so no event at all.
    assert_eq!(post(&ada, BULK, &form).await.status(), 303);

    let answer = post(&ada, BULK, &ticked(&list, &[&two, &three], "delete")).await;
    assert_eq!(answer.status(), 303);
    let left = open(&ada, LIST).await;
    assert_eq!((left.questions(), left.text("#toasts form button")), (vec!["One?".to_owned()], "Undo".to_owned()));
    let undo: Fields = left
        .all("#toasts form input")
        .iter()
        .map(|input| (input.attr("name").unwrap_or_default().into(), input.attr("value").unwrap_or_default().into()))
        .collect();
    assert_eq!(post(&ada, &left.attribute("#toasts form", "action"), &undo).await.status(), 303);
    assert_eq!(open(&ada, LIST).await.questions(), ["Three?", "Two?", "One?"]);

    let updated = |ids: &[&String], change: &str| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ("ANSWER_LIB_UPDATED".to_owned(), ids, json!({ "CHANGE": change }))
    };
    let expected = [
        updated(&[&three, &one], "PUBLISHED"),
        updated(&[&one, &two], "EDITED"),
        ("ANSWER_LIB_DELETED".to_owned(), vec![two.clone(), three.clone()], json!({})),
    ];
    assert_eq!(raised_since(&work, seen).await, expected);
    work.app.stop().await;
}

#[tokio::test]
async fn what_is_missing_is_said_and_the_ticks_stay() {
    let work = Workspace::open().await;
    let (_, [one, two, _]) = three(&work).await;
    let ada = work.app.admin().await;
    let list = open(&ada, &format!("{LIST}?status=in_moderation")).await;

    let none = page(post(&ada, BULK, &ticked(&list, &[], "publish")).await, 422).await;
    assert_eq!(none.text("#pairs-error"), "Choose at least one pair.");
    for (tag, why) in [("", "Enter a tag."), ("a, b", "Add one tag at a time.")] {
        let form = with(ticked(&list, &[&one, &two], "tag"), "new_tag", tag);
        let again = page(post(&ada, BULK, &form).await, 422).await;
        assert_eq!(again.text("#new_tag-error"), why);
        assert_eq!(again.attribute("#new_tag", "value"), tag);
        assert_eq!(again.all("#pairs input[name=id][checked]").len(), 2);
        assert_eq!(again.attribute("#status option[selected]", "value"), "in_moderation");
        let piece = page(post_by_htmx(&ada, BULK, &form).await, 422).await;
        assert!(piece.text("#new_tag-error") == why && !piece.has("#q"));
    }
    for wrong in ["", "burn"] {
        assert_eq!(post(&ada, BULK, &ticked(&list, &[&one], wrong)).await.status(), 400);
    }
    let answer = post_by_htmx(&ada, BULK, &ticked(&list, &[&one], "publish")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["hx-redirect"], "/answers?status=in_moderation");
    work.app.stop().await;
}

#[tokio::test]
async fn one_that_cannot_be_published_keeps_all_as_they_are() {
    let work = Workspace::open().await;
    let (_, [one, two, _]) = three(&work).await;
    let ada = work.app.admin().await;
    assert_eq!(post(&ada, &format!("{LIST}/{two}/delete"), &Fields::new()).await.status(), 303);
    let seen = work.raised().await.len();
    let list = open(&ada, LIST).await;
    let again = page(post(&ada, BULK, &ticked(&list, &[&one, &two], "publish")).await, 409).await;
    assert!(again.text("#pairs-error").contains("is in the trash"), "{}", again.text("#pairs-error"));
    assert_eq!(raised_since(&work, seen).await, []);
    assert_eq!(open(&ada, &format!("{LIST}?status=in_moderation")).await.questions(), ["Three?", "One?"]);
    work.app.stop().await;
}

#[tokio::test]
async fn a_member_tags_and_deletes_but_does_not_publish() {
    let work = Workspace::open().await;
    let (tomas, [one, two, _]) = three(&work).await;
    let list = open(&tomas, LIST).await;
    assert!(!list.has("button[value=publish]") && list.has("button[value=delete]"));
    assert_eq!(list.texts("#tabs a"), ["All pairs 3", "In review 0"]);
    assert_eq!(post(&tomas, BULK, &ticked(&list, &[&one], "publish")).await.status(), 403);
    assert_eq!(post(&tomas, BULK, &with(ticked(&list, &[&one], "tag"), "new_tag", "EU")).await.status(), 303);
    assert_eq!(post(&tomas, BULK, &ticked(&list, &[&two], "delete")).await.status(), 303);
    assert_eq!(open(&tomas, LIST).await.questions(), ["Three?", "One?"]);
    work.app.stop().await;
}
