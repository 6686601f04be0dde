//! Reviews: a published pair goes to somebody, who confirms or changes the answer.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_reviewer_confirms_an_answer_or_changes_it() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    work.app.adds_person("tomas@halden.example", Role::Member).await;
    let tomas = work.app.signed_in("tomas@halden.example").await;
    let id = add(&ada, "What is your uptime?", "99.5% each month.", "").await;
    let (path, review) = (format!("{LIST}/{id}"), format!("{LIST}/{id}/review"));
    let seen = work.raised().await.len();

    let shown = open(&ada, &path).await;
    let ask = shown.attribute("form#ask", "action");
    let typed = with(with(shown.form("ask"), "reviewer", " "), "due_date", "soon");
    let again = page(post(&ada, &ask, &typed).await, 422).await;
    assert_eq!(again.text("#reviewer-error"), "Enter who is to review it.");
    assert!(again.has("#due_date-error") && again.text("#answer") == "99.5% each month.");
    let piece = by_htmx(ada.request(Method::POST, &ask)).header("hx-target", "form#ask");
    let body = "reviewer=&due_date=2030-01-02&version=1";
    let piece =
        piece.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin");
    let piece = page(ada.sends(piece.body(body)).await, 422).await;
    assert_eq!(piece.attribute("#due_date", "value"), "2030-01-02");
    assert!(!piece.has("form#pair"));

    let typed = with(with(shown.form("ask"), "reviewer", "Tomas@Halden.example"), "due_date", "2030-01-02");
    assert_eq!(location(&post(&ada, &ask, &typed).await), path);
    let shown = open(&tomas, &path).await;
    assert_eq!(shown.text(".badge"), "In review");
    assert!(shown.text(".alert").contains("tomas@halden.example is to confirm or change the answer by 2 Jan 2030."));
    let list = open(&tomas, &format!("{LIST}?status=in_review")).await;
    assert_eq!(list.text("#tabs [aria-current]"), "In review 1");
    assert!(list.text("#pairs .first").contains("tomas@halden.example, 2 Jan 2030"));

    assert_eq!(shown.attribute(".alert a", "href"), review);
    let same = open(&tomas, &review).await.form("review");
    assert_eq!(location(&post(&tomas, &review, &same).await), path);
    let shown = open(&tomas, &path).await;
    assert_eq!(
        (shown.text("#toasts strong"), shown.text(".page__title .badge")),
        ("Answer confirmed".into(), "Published".into())
    );
    assert_eq!(raised_since(&work, seen).await, []);

    let typed =
        with(with(open(&tomas, &path).await.form("ask"), "reviewer", "tomas@halden.example"), "due_date", "2030-01-02");
    assert_eq!(post(&tomas, &ask, &typed).await.status(), 303);
    let empty = with(open(&tomas, &review).await.form("review"), "answer", "");
    assert_eq!(page(post(&tomas, &review, &empty).await, 422).await.text("#answer-error"), "Enter an answer.");
    let changed = with(empty, "answer", "99.9% each month.");
    assert_eq!(post_by_htmx(&tomas, &review, &changed).await.headers()["hx-redirect"], path.as_str());
    let expected = ("ANSWER_LIB_UPDATED".to_owned(), vec![id], json!({ "CHANGE": "REVIEWED" }));
    assert_eq!(raised_since(&work, seen).await, [expected]);
    let shown = open(&tomas, &path).await;
    assert_eq!(shown.text("#answer"), "99.9% each month.");
    let steps = ["Changed in review", "Sent to review", "Confirmed in review", "Sent to review", "Pair created"];
    assert_eq!(shown.texts(".timeline strong"), steps);
    work.app.stop().await;
}

#[tokio::test]
async fn a_review_is_for_the_reviewer_and_for_moderators() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    for email in ["tomas@halden.example", "ingrid@halden.example"] {
        work.app.adds_person(email, Role::Member).await;
    }
    let (tomas, ingrid) =
        (work.app.signed_in("tomas@halden.example").await, work.app.signed_in("ingrid@halden.example").await);
    let id = add(&ada, "What is your uptime?", "99.5% each month.", "").await;
    let (path, review) = (format!("{LIST}/{id}"), format!("{LIST}/{id}/review"));
    assert_eq!(ada.gets(&review).await.status(), 409);
    let form = open(&ingrid, &path).await.form("ask");
    let form = with(with(form, "reviewer", "tomas@halden.example"), "due_date", "2001-01-02");
    assert_eq!(post(&ingrid, &format!("{path}/request-review"), &form).await.status(), 303);

    assert_eq!(open(&tomas, &path).await.text(".page__title .badge"), "Review overdue");
    assert_eq!(ingrid.gets(&review).await.status(), 403);
    assert!(!open(&ingrid, &path).await.has(".alert a"));
    let typed = open(&tomas, &review).await.form("review");
    assert_eq!(post(&ingrid, &review, &typed).await.status(), 403);
    let other = with(form_of(&ingrid, &id).await, "answer", "None.");
    let refused = page(post(&ingrid, &path, &other).await, 409).await;
    assert_eq!(refused.text("#answer"), "None.");
    assert!(refused.text("#form-errors").contains("being reviewed"), "{}", refused.text("#form-errors"));

    // A moderator is faster: what the reviewer typed is not lost.
    assert_eq!(post(&ada, &review, &open(&ada, &review).await.form("review")).await.status(), 303);
    let late = page(post(&tomas, &review, &with(typed, "answer", "99.9% each month.")).await, 409).await;
    assert_eq!(late.text("#answer"), "99.9% each month.");
    assert_eq!((late.text("#pair del"), late.text("#pair ins")), ("99.5%".into(), "99.9%".into()));
    work.app.stop().await;
}
