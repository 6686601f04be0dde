//! A pair's form: what it keeps, what it refuses, and what becomes of what is saved.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_pair_is_added_changed_and_shows_what_it_said_before() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    let blank = open(&ada, NEW).await;
    assert_eq!(
        (blank.text("h1"), blank.text(".page__lead")),
        ("Add Q&A pair".into(), "It is published at once.".into())
    );
    let id = add(&ada, "Do you <encrypt> data?", "\r\nYes.\r\n\r\nWith AES-256.", "Security, keys").await;

    let path = format!("{LIST}/{id}");
    let shown = open(&ada, &path).await;
    assert_eq!(shown.text(".page__title .badge"), "Published");
    assert_eq!(shown.attribute("form#pair", "action"), path);
    let form = shown.form("pair");
    let expected = [
        ("version", "1"),
        ("question", "Do you <encrypt> data?"),
        ("answer", "Yes.\n\nWith AES-256."),
        ("tags", "Security, keys"),
        ("owner", ""),
    ];
    assert_eq!(form, fields(&expected));

    let changed = with(with(form, "answer", "Yes, with AES-256."), "owner", "tomas@halden.example");
    let answer = post(&ada, &path, &changed).await;
    assert_eq!(location(&answer), LIST);
    assert_eq!(open(&ada, LIST).await.text("#toasts .toast strong"), "Changes saved");
    // The same again is no change: nothing is raised, and no version made.
    let same = with(changed, "version", "2");
    assert_eq!(post_by_htmx(&ada, &path, &same).await.headers()["hx-redirect"], LIST);
    assert_eq!(open(&ada, LIST).await.text("#toasts .toast strong"), "Nothing to save");

    let shown = open(&ada, &path).await;
    assert_eq!(shown.texts(".timeline strong"), ["Pair changed", "Pair created"]);
    assert_eq!(shown.form("pair")[0].1, "2");
    let history = open(&ada, &shown.attribute(".card__foot a", "href")).await;
    assert_eq!(history.texts("section h2"), ["Version 2 Pair changed", "Version 1 Pair created"]);
    assert_eq!(history.text("#version-2 del"), "Yes. With");
    assert_eq!(history.text("#version-2 ins"), "Yes, with");
    assert_eq!(history.texts("#version-1 .prose p"), ["Yes.", "With AES-256."]);
    assert!(history.text("#version-2").contains("By ada@halden.example"));

    let expected = [
        ("ANSWER_LIB_CREATED".to_owned(), vec![id.clone()], json!({})),
        ("ANSWER_LIB_UPDATED".to_owned(), vec![id], json!({ "CHANGE": "EDITED" })),
    ];
    assert_eq!(raised_since(&work, 0).await, expected);
    let sources = work.written_down().await;
    assert_eq!(sources, [("answer.created".into(), "page".into()), ("answer.edited".into(), "page".into())]);
    work.app.stop().await;
}

#[tokio::test]
async fn an_error_shows_the_form_again_with_everything_typed() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    let id = add(&ada, "Q?", "A.", "").await;
    let many = (0..21).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    let typed =
        fields(&[("version", "1"), ("question", "  "), ("answer", "Yes\u{1}"), ("tags", &many), ("owner", "Ada")]);
    for path in [NEW.to_owned(), format!("{LIST}/{id}")] {
        let again = page(post(&ada, &path, &typed).await, 422).await;
        assert_eq!(again.text("#form-errors strong"), "Check 3 fields before you submit");
        assert_eq!(again.text("#question-error"), "Enter a question.");
        assert_eq!(again.text("#answer-error"), "Leave out control characters.");
        assert_eq!(again.text("#tags-error"), "Use at most 20 tags.");
        assert_eq!(again.all("[autofocus]").len(), 1);
        assert!(again.has("#question[autofocus][aria-invalid=true]"));
        assert_eq!(again.form("pair"), typed);
        assert_eq!(again.attribute("form#pair", "action"), path);

        let piece = page(post_by_htmx(&ada, &path, &typed).await, 422).await;
        assert_eq!(piece.form("pair"), typed);
        assert!(!piece.has("h1"));
    }
    assert_eq!(work.raised().await.len(), 1);
    let foreign = ada.request(Method::POST, NEW).header("sec-fetch-site", "cross-site");
    assert_eq!(ada.sends(foreign).await.status(), 403);
    work.app.stop().await;
}

#[tokio::test]
async fn what_a_member_writes_waits_for_a_moderator() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let blank = open(&tomas, NEW).await;
    assert_eq!(blank.texts("#pair .form-actions button"), ["Send to moderation"]);
    let new = add(&tomas, "New?", "Yes.", "").await;
    assert_eq!(open(&tomas, &format!("{LIST}/{new}")).await.text(".badge"), "In moderation");

    let id = add(&ada, "Old?", "Yes.", "").await;
    let path = format!("{LIST}/{id}");
    let tagged = with(form_of(&tomas, &id).await, "tags", "EU");
    assert_eq!(post(&tomas, &path, &tagged).await.status(), 303);
    assert_eq!(open(&tomas, &path).await.text(".badge"), "Published");
    let changed = with(form_of(&tomas, &id).await, "answer", "No.");
    assert_eq!(post(&tomas, &path, &with(changed.clone(), "action", "publish")).await.status(), 403);
    assert_eq!(post(&tomas, &path, &changed).await.status(), 303);
    assert!(open(&tomas, LIST).await.text("#toasts").contains("It waits for a moderator."));
    assert_eq!(open(&tomas, &path).await.text(".badge"), "In moderation");
    work.app.stop().await;
}

#[tokio::test]
async fn a_pair_goes_to_the_trash_and_comes_back() {
    let work = Workspace::open().await;
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let id = add(&tomas, "Do you encrypt data?", "Yes.", "keys").await;
    let path = format!("{LIST}/{id}");
    let shown = open(&tomas, &path).await;
    let delete = shown.attribute("form#delete", "action");
    assert_eq!(location(&post(&tomas, &delete, &Fields::new()).await), LIST);
    let list = open(&tomas, LIST).await;
    assert_eq!(list.text("#toasts .toast strong"), "Pair moved to trash");
    assert!(list.questions().is_empty());

    let trashed = open(&tomas, &path).await;
    assert_eq!(trashed.text(".page__lead"), "This pair is in the trash.");
    assert!(
        !trashed.has("form#pair") && !trashed.has("form#ask") && trashed.text("main").contains("Do you encrypt data?")
    );
    let late = fields(&[("question", "Q?"), ("answer", "Typed while it was deleted."), ("version", "")]);
    let refused = page(post(&tomas, &path, &late).await, 409).await;
    assert!(refused.text("main").contains("This pair is in the trash. Restore it first."));
    assert!(refused.text("main").contains("Typed while it was deleted."));

    let undo = list.attribute("#toasts form", "action");
    assert_eq!(undo, trashed.attribute("main form.card__foot", "action"));
    assert_eq!(location(&post(&tomas, &undo, &Fields::new()).await), path);
    assert_eq!(open(&tomas, &path).await.texts(".timeline strong"), ["Restored", "Moved to trash", "Pair created"]);
    let kinds: Vec<String> = work.raised().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["ANSWER_LIB_CREATED", "ANSWER_LIB_DELETED"]);
    work.app.stop().await;
}
