//! The answer library beside a question.

use serde_json::json;

use super::*;

/// A question without an answer, at its own address.
async fn question(work: &Workspace) -> String {
    let project = work.adds_project("Aldgate Transit").await;
    let section = work.adds(&format!("/projects/{project}/sections"), json!({ "name": "Security" })).await;
    let question = json!({ "question": "Do you encrypt data?" });
    format!("/questions/{}", work.adds(&format!("/sections/{section}/questions"), question).await)
}

#[tokio::test]
async fn an_answer_is_found_as_it_is_typed_and_taken() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let here = question(&work).await;
    let pair =
        work.adds("/answers", json!({ "question": "Is data encrypted?", "answer": "Yes <b>all</b> of it." })).await;

    // What members save from a project waits in moderation.
    let waits = question(&work).await;
    let form = open(&tomas, &waits).await.form("#question-form");
    assert_eq!(posts(&tomas, &waits, &with(form, "answer", "Not seen yet, encrypted.")).await.status(), 303);
    sends(&tomas, &format!("{waits}/library"), &[]).await;

    assert!(open(&tomas, &here).await.all("#library form").is_empty());
    let page = open(&tomas, &format!("{here}?q=encryp")).await;
    assert_eq!(page.texts("#library strong"), ["Is data encrypted?"], "what waits in moderation is not offered");
    assert_eq!(page.text("#library .typed"), "Yes <b>all</b> of it.");
    let piece = tomas.request(Method::GET, &format!("{here}?q=encryp")).header("hx-request", "true");
    let piece = tomas.sends(piece.header("hx-request-type", "partial").header("hx-target", "div#library")).await;
    let piece = piece.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<div") && piece.contains("Is data encrypted?") && !piece.contains("<html"));
    assert!(open(&tomas, &format!("{here}?q=nothing")).await.text("#library").starts_with("Nothing in the library"));

    let take = page.attribute("#library form", "action");
    assert_eq!(sends(&tomas, &take, &[("answer_id", &pair)]).await, here);
    let page = open(&tomas, &here).await;
    assert!(page.form("#question-form").contains(&("answer".into(), "Yes <b>all</b> of it.".into())));
    assert_eq!(page.text("#toasts strong"), "Answer taken from the library");
    assert_eq!(tomas.posts(&take, &[("answer_id", "nonsense")]).await.status(), 404);
    work.app.stop().await;
}

#[tokio::test]
async fn an_answer_is_saved_to_the_library_once_and_waits_there() {
    let work = Workspace::open().await;
    let ada = work.app.admin().await;
    let here = question(&work).await;
    assert!(!open(&ada, &here).await.offers(&format!("{here}/library")), "there is no answer to save");
    assert_eq!(ada.posts(&format!("{here}/library"), &[]).await.status(), 409);
    let form = open(&ada, &here).await.form("#question-form");
    assert_eq!(posts(&ada, &here, &with(form, "answer", "Yes.")).await.status(), 303);
    assert!(open(&ada, &here).await.offers(&format!("{here}/library")));
    assert_eq!(sends(&ada, &format!("{here}/library"), &[]).await, here);
    assert_eq!(open(&ada, &here).await.text("#toasts p"), "It waits in moderation.");
    sends(&ada, &format!("{here}/library"), &[]).await;
    assert_eq!(open(&ada, &here).await.text("#toasts strong"), "The library has it already");
    assert_eq!(work.told().await, ["PROJECT_CREATED", "ANSWER_LIB_CREATED"]);
    let pairs = work.gets("/answers").await.json();
    assert_eq!(pairs["data"][0]["status"], "in_moderation");
    work.app.stop().await;
}

#[tokio::test]
async fn another_organizations_pairs_and_questions_are_not_found() {
    let work = Workspace::open().await;
    let tomas = work.member().await;
    let here = question(&work).await;
    let other = Workspace::open().await;
    let stranger = other.app.admin().await;
    let theirs = other.adds("/answers", json!({ "question": "Is data encrypted?", "answer": "Yes." })).await;
    assert!(open(&tomas, &format!("{here}?q=encrypted")).await.all("#library form").is_empty());
    let taken = tomas.posts(&format!("{here}/take"), &[("answer_id", &theirs)]).await;
    assert!(taken.status().is_client_error(), "{}", taken.status());
    for path in ["take", "library"] {
        let answer = stranger.posts(&format!("{here}/{path}"), &[("answer_id", &theirs)]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    other.app.stop().await;
    work.app.stop().await;
}
