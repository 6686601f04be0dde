//! Sections and questions on their pages.

use super::*;

/// A project with two sections, and the addresses of all three.
async fn project(work: &Workspace) -> (String, String, String) {
    let id = work.adds_project("Aldgate Transit").await;
    let section = async |name: &str| {
        let id = work.adds(&format!("/projects/{id}/sections"), serde_json::json!({ "name": name })).await;
        format!("/sections/{id}")
    };
    let (security, pricing) = (section("Security").await, section("Pricing").await);
    (format!("/projects/{id}"), security, pricing)
}

#[tokio::test]
async fn sections_are_added_renamed_moved_completed_and_deleted() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let (here, security, pricing) = project(&work).await;
    assert_eq!(sends(&tomas, &format!("{here}/sections"), &[("name", "Company profile")]).await, here);
    let names = async || open(&tomas, &here).await.texts("tbody .cell__title");
    assert_eq!(names().await, ["Security", "Pricing", "Company profile"]);

    let page = open(&tomas, &here).await;
    let up = page.all(&format!("form[action='{pricing}/move'] input[name=position]"));
    let up = up.first().and_then(|field| field.attr("value")).expect("a place above").to_owned();
    sends(&tomas, &format!("{pricing}/move"), &[("position", &up)]).await;
    assert_eq!(names().await, ["Pricing", "Security", "Company profile"]);

    let form = open(&tomas, &format!("{pricing}/edit")).await.form("#section-form");
    let renamed = with(form.clone(), "name", "Prices");
    assert_eq!(posts(&tomas, &format!("{pricing}/edit"), &renamed).await.status(), 303);
    let stale = seen(posts(&tomas, &format!("{pricing}/edit"), &with(form, "name", "Costs")).await, 409).await;
    assert_eq!((stale.text("#conflict dd"), stale.attribute("#name", "value")), ("Prices".into(), "Costs".into()));

    assert_eq!(sends(&tomas, &format!("{security}/complete"), &[]).await, here);
    let page = open(&tomas, &here).await;
    assert_eq!(page.text("#toasts .toast p"), "Security");
    assert!(page.text("#h-sections").contains("1 of 3 complete"));
    let undo = page.attribute("#toasts form", "action");
    assert_eq!(undo, format!("{security}/reopen"));
    sends(&tomas, &undo, &[]).await;
    assert!(open(&tomas, &here).await.text("#h-sections").contains("0 of 3 complete"));

    let question = open(&tomas, &format!("{security}/delete")).await;
    assert_eq!(question.text("h1"), "Delete Security?");
    assert_eq!(sends(&tomas, &question.attribute("main form", "action"), &[]).await, here);
    assert_eq!(names().await, ["Prices", "Company profile"]);
    let events = work.told().await;
    assert_eq!(events.len(), 2);
    assert!(events[1].starts_with("SECTION_COMPLETED {\"PROJECT_ID\":"));
    work.app.stop().await;
}

#[tokio::test]
async fn htmx_gets_the_part_of_the_page_that_changed() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let (here, security, _) = project(&work).await;
    let piece = swaps(&tomas, &format!("{security}/complete"), "project", &[]).await;
    assert_eq!(piece.status(), 200);
    let piece = piece.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<div id=\"project\"") && !piece.contains("<html"));
    assert!(piece.contains("Section completed") && piece.contains("<hx-partial"), "the toast comes along");
    let piece = swaps(&tomas, &format!("{security}/reopen"), "section", &[("from", "section")]).await;
    assert!(piece.text().await.unwrap().trim_start().starts_with("<div id=\"section\""));
    let refused = swaps(&tomas, &format!("{here}/sections"), "project", &[("name", "")]).await;
    assert_eq!(refused.status(), 422);
    let refused = Seen(Html::parse_fragment(&refused.text().await.unwrap()));
    assert_eq!(refused.text("#name-error"), "Enter a name.");
    let dialog = tomas.request(Method::GET, &format!("{security}/delete")).header("hx-request", "true");
    let dialog = tomas.sends(dialog.header("hx-request-type", "partial")).await.text().await.unwrap();
    assert!(dialog.trim_start().starts_with("<dialog"));
    work.app.stop().await;
}

#[tokio::test]
async fn questions_are_added_answered_moved_and_deleted() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let (here, security, _) = project(&work).await;
    let add = format!("{security}/questions");
    assert_eq!(sends(&tomas, &add, &[("question", "Do you encrypt <data>?")]).await, security);
    sends(&tomas, &add, &[("question", "Who holds the keys?"), ("answer", "We do.\r\nAlone.")]).await;
    let refused = seen(tomas.posts(&add, &[("question", " "), ("answer", "Kept")]).await, 422).await;
    assert_eq!(refused.text("#question-error"), "Enter a question.");
    assert_eq!(refused.form("#question-form"), [("question".into(), " ".into()), ("answer".into(), "Kept".into())]);

    let page = open(&tomas, &security).await;
    assert_eq!(page.texts(".questions h3"), ["1. Do you encrypt <data>?", "2. Who holds the keys?"]);
    assert_eq!(page.text(".page__lead"), "1 of 2 answered");
    assert!(open(&tomas, &here).await.text("tbody").contains("1 of 2 answered"));
    let first = page.attribute(".questions li:first-child a.btn", "href");
    let form = open(&tomas, &first).await.form("#question-form");
    assert_eq!(posts(&tomas, &first, &with(form, "answer", "Yes.")).await.headers()["location"], *security);
    sends(&tomas, &format!("{first}/move"), &[("position", "2")]).await;
    let page = open(&tomas, &security).await;
    assert_eq!(page.texts(".questions p"), ["We do. Alone.", "Yes."]);
    assert_eq!(tomas.posts(&format!("{first}/move"), &[("position", "up")]).await.status(), 400);

    let question = open(&tomas, &format!("{first}/delete")).await;
    assert_eq!(sends(&tomas, &question.attribute("main form", "action"), &[]).await, security);
    assert_eq!(open(&tomas, &security).await.texts(".questions h3"), ["1. Who holds the keys?"]);
    assert_eq!(work.told().await, ["PROJECT_CREATED"], "the catalog has no event for questions");
    work.app.stop().await;
}

#[tokio::test]
async fn another_organizations_sections_and_questions_are_not_found() {
    let work = Workspace::open().await;
    let (_, security, _) = project(&work).await;
    let question = work.adds(&format!("{security}/questions"), serde_json::json!({ "question": "Why?" })).await;
    let other = Workspace::open().await;
    let stranger = other.app.admin().await;
    let question = format!("/questions/{question}");
    for path in [security.clone(), format!("{security}/edit"), format!("{security}/delete"), question.clone()] {
        assert_eq!(stranger.gets(&path).await.status(), 404, "GET {path}");
    }
    let posts = ["edit", "move", "delete", "complete", "reopen", "questions"].map(|end| format!("{security}/{end}"));
    let own = [question.clone(), format!("{question}/move"), format!("{question}/delete")];
    for path in posts.iter().chain(&own) {
        let fields = [("name", "Mine"), ("question", "Mine"), ("position", "1")];
        assert_eq!(stranger.posts(path, &fields).await.status(), 404, "POST {path}");
    }
    other.app.stop().await;
    work.app.stop().await;
}
