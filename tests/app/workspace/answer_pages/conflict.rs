//! Two people change the same pair: the second one is told, sees both texts, and loses nothing.

use super::*;

#[tokio::test]
async fn whoever_saves_second_sees_both_texts_and_may_save_again() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    work.app.adds_person("priya@halden.example", Role::Moderator).await;
    let priya = work.app.signed_in("priya@halden.example").await;
    let id = add(&ada, "Who holds the keys?", "Our provider holds the keys.", "keys").await;
    let path = format!("{LIST}/{id}");
    let (first, second) = (form_of(&ada, &id).await, form_of(&priya, &id).await);
    let theirs = with(with(first, "answer", "A hardware module holds the keys."), "tags", "keys, HSM");
    assert_eq!(post(&ada, &path, &theirs).await.status(), 303);

    let mine = with(with(second, "answer", "Customers hold the keys."), "owner", "Priya");
    let plain = page(post(&priya, &path, &mine).await, 409).await;
    let piece = page(post_by_htmx(&priya, &path, &mine).await, 409).await;
    assert!(plain.has("h1") && !piece.has("h1"));
    for told in [&plain, &piece] {
        let card = told.text("#pair section");
        assert!(card.contains("Someone else changed this") && card.contains("ada@halden.example"), "{card}");
        assert!(card.contains("A hardware module holds the keys."), "{card}");
        assert_eq!(told.text("#pair del"), "A hardware module holds");
        assert_eq!(told.text("#pair ins"), "Customers hold");
        assert_eq!(told.texts("#pair .tag"), ["keys", "HSM", "keys"]);
        assert_eq!(told.form("pair"), with(mine.clone(), "version", "2"));
        assert!(told.has("#h-theirs[autofocus]") && told.all("[autofocus]").len() == 1);
    }
    assert_eq!(work.raised().await.len(), 2);

    assert_eq!(post(&priya, &path, &plain.form("pair")).await.status(), 303);
    let saved = form_of(&priya, &id).await;
    assert_eq!(saved, with(mine, "version", "3"));
    let history = open(&priya, &format!("{path}/history")).await;
    assert!(history.text("#version-2 .prose").contains("A hardware module holds the keys."));
    work.app.stop().await;
}

#[tokio::test]
async fn nothing_is_decided_about_a_pair_that_changed_meanwhile() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let id = add(&tomas, "Who holds the keys?", "Our provider.", "").await;
    let queue = open(&ada, MODERATION).await;
    let changed = with(form_of(&tomas, &id).await, "answer", "Nobody.");
    assert_eq!(post(&tomas, &format!("{LIST}/{id}"), &changed).await.status(), 303);

    let seen = work.raised().await.len();
    for name in ["publish", "reject"] {
        let path = queue.attribute(&format!("form#{name}"), "action");
        let form = with(queue.form(name), "note", "Say who.");
        let told = page(post(&ada, &path, &form).await, 409).await;
        assert_eq!(told.text("#toasts strong"), "Someone else changed this");
        assert_eq!(told.text("article .prose"), "Nobody.");
        assert_eq!(told.text("#note"), "Say who.");
        assert_eq!(told.form(name)[0], ("version".to_owned(), "2".to_owned()));
    }
    assert_eq!(raised_since(&work, seen).await, []);
    work.app.stop().await;
}
