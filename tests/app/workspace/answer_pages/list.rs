//! The list: searched, filtered, and read page by page.

use reqwest::Method;

use super::*;

#[tokio::test]
async fn the_library_is_empty_until_somebody_adds_a_pair() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    let empty = open(&ada, LIST).await;
    assert_eq!(empty.text(".empty h2"), "The library is empty");
    assert!(empty.has(&format!(".empty a[href='{NEW}']")) && !empty.has("form.filters"));
    assert_eq!(empty.texts("#tabs a"), ["All pairs 0", "Moderation 0", "In review 0"]);

    add(&ada, "Do you encrypt data?", "Yes.\n\nWith AES-256.", "Security, keys").await;
    let list = open(&ada, LIST).await;
    assert_eq!(list.questions(), ["Do you encrypt data?"]);
    assert_eq!(list.text("#pairs .cell__sub"), "Yes. With AES-256.");
    assert_eq!(list.texts("#pairs .tag"), ["Security", "keys"]);
    assert_eq!(list.text("#pairs .status"), "Published");
    assert_eq!(list.texts("#tabs a"), ["All pairs 1", "Moderation 0", "In review 0"]);
    work.app.stop().await;
}

#[tokio::test]
async fn words_tags_and_states_narrow_the_list_with_and_without_htmx() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    add(&ada, "Where is <data> stored?", "In the region chosen at signup.", "Security").await;
    add(&ada, "What is your uptime?", "99.9% each month.", "Operations").await;
    add(&tomas, "Do you encrypt data?", "Yes, with AES-256.", "security, EU").await;

    let found = async |query: &str| open(&ada, &format!("{LIST}?{query}")).await.questions();
    assert_eq!(found("").await, ["Do you encrypt data?", "What is your uptime?", "Where is <data> stored?"]);
    assert_eq!(found("q=DATA").await, ["Do you encrypt data?", "Where is <data> stored?"]);
    assert_eq!(found("q=region&tag=&status=").await, ["Where is <data> stored?"]);
    assert_eq!(found("tag=SECURITY").await, ["Do you encrypt data?", "Where is <data> stored?"]);
    assert_eq!(found("q=data&status=published").await, ["Where is <data> stored?"]);
    assert_eq!(found("status=in_moderation").await, ["Do you encrypt data?"]);

    let filtered = open(&ada, &format!("{LIST}?q=encrypt&tag=EU")).await;
    assert_eq!(filtered.attribute("#q", "value"), "encrypt");
    assert_eq!(filtered.attribute("#tag option[selected]", "value"), "EU");
    let nothing = open(&ada, &format!("{LIST}?q=nowhere")).await;
    assert_eq!(nothing.text(".empty h2"), "Nothing matches these filters");
    assert_eq!(nothing.attribute("#q", "value"), "nowhere");
    assert!(nothing.has(&format!(".empty a[href='{LIST}']")));

    let typed = by_htmx(ada.request(Method::GET, &format!("{LIST}?q=uptime")));
    let piece = ada.sends(typed).await;
    assert_eq!(piece.headers()["vary"], "HX-Request, HX-Request-Type");
    let text = piece.text().await.expect("a text");
    assert!(text.contains("id=\"pairs\"") && text.contains("What is your uptime?"), "{text}");
    assert!(!text.contains("<html") && !text.contains("id=\"q\"") && !text.contains("encrypt"), "{text}");

    for unreadable in ["status=lost", "cursor=x"] {
        assert_eq!(ada.gets(&format!("{LIST}?{unreadable}")).await.status(), 400, "{unreadable}");
    }
    work.app.stop().await;
}

#[tokio::test]
async fn owners_narrow_the_list_and_are_offered_once_each() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    add(&ada, "Nobody's?", "Yes.", "").await;
    assert!(!open(&ada, LIST).await.has("#owner"), "there is nobody to choose");
    for (question, owner) in [("First?", "Zoë"), ("Second?", "Ingrid Solberg"), ("Third?", "Zoë")] {
        let fields = [("question", question), ("answer", "Yes."), ("owner", owner)];
        assert_eq!(ada.posts(NEW, &fields).await.status(), 303);
    }
    assert_eq!(open(&ada, LIST).await.texts("#owner option"), ["Any owner", "Ingrid Solberg", "Zoë"]);
    let hers = open(&ada, &format!("{LIST}?owner=Zo%C3%AB&status=published")).await;
    assert_eq!(hers.questions(), ["Third?", "First?"]);
    assert_eq!(hers.attribute("#owner option[selected]", "value"), "Zoë");
    assert_eq!(open(&ada, &format!("{LIST}?owner=zo")).await.text(".empty h2"), "Nothing matches these filters");
    work.app.stop().await;
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    for number in 0..53 {
        let question = format!("Question {number}?");
        let answer = post(&ada, NEW, &fields(&[("question", &question), ("answer", "Yes.")])).await;
        assert_eq!(answer.status(), 303);
    }

    let first = open(&ada, &format!("{LIST}?q=question")).await;
    assert_eq!((first.questions().len(), first.questions()[0].as_str()), (50, "Question 52?"));
    let older = first.all(".table-foot a[href]").last().and_then(|link| link.attr("href")).expect("a link").to_owned();
    assert!(older.contains("q=question"), "{older}");
    let last = open(&ada, &older).await;
    assert_eq!(last.questions(), ["Question 2?", "Question 1?", "Question 0?"]);
    let newer = last.attribute(".table-foot a[href]", "href");
    assert_eq!(open(&ada, &newer).await.questions().len(), 50);
    work.app.stop().await;
}

#[tokio::test]
async fn nobody_sees_another_organizations_pairs() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    let id = add(&ada, "Do you encrypt data?", "Yes.", "Security").await;
    let ines = stranger(&work.app).await;
    assert_eq!(open(&ines, LIST).await.text(".empty h2"), "The library is empty");
    assert!(open(&ines, &format!("{LIST}?q=encrypt")).await.questions().is_empty());
    let form = with(form_of(&ada, &id).await, "answer", "No.");
    for end in ["", "/history", "/review"] {
        assert_eq!(ines.gets(&format!("{LIST}/{id}{end}")).await.status(), 404, "{end}");
    }
    let ask = fields(&[("reviewer", "x@y.example"), ("due_date", "2030-01-01"), ("note", "No."), ("answer", "No.")]);
    for end in ["/delete", "/restore", "/publish", "/reject", "/request-review", "/review"] {
        assert_eq!(post(&ines, &format!("{LIST}/{id}{end}"), &ask).await.status(), 404, "{end}");
    }
    assert_eq!(post(&ines, &format!("{LIST}/{id}"), &form).await.status(), 404);
    let bulk = fields(&[("id", &id), ("action", "delete")]);
    assert_eq!(post(&ines, BULK, &bulk).await.status(), 404);
    let kinds: Vec<String> = work.raised().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["ANSWER_LIB_CREATED"]);

    let answer = work.app.visitor().gets(LIST).await;
    assert_eq!(location(&answer), "/login?next=%2Fanswers");
    work.app.stop().await;
}
