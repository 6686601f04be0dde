//! Between projects and the library: an answer is taken from it, and saved to it.

use herald::base::QuestionId;
use herald::workspace::answers::actions;
use herald::workspace::answers::model::AnswerStatus;
use serde_json::json;

use super::super::Workspace;

impl Workspace {
    async fn adds_question(&self, project: &str, body: serde_json::Value) -> QuestionId {
        let section = self.adds(&format!("/projects/{project}/sections"), json!({ "name": "Security" })).await;
        self.adds(&format!("/sections/{section}/questions"), body).await.parse().expect("an id")
    }
}

#[tokio::test]
async fn a_question_takes_its_answer_from_a_published_pair() {
    let work = Workspace::open().await;
    let project = work.adds_project("Aldgate Transit").await;
    let question = work.adds_question(&project, json!({ "question": "Is it encrypted?" })).await;
    let pair = work.adds_pair("Do you encrypt?", "Yes, with AES-256.", &[]).await;
    let waiting = work.member_saves("Do you sleep?").await;
    let path = format!("/questions/{question}");
    let taken = work.patches(&path, json!({ "answer_id": pair })).await.json();
    assert_eq!((&taken["answer"], &taken["answer_id"]), (&json!("Yes, with AES-256."), &json!(pair)));
    let own = json!({ "answer_id": pair, "answer": "Yes, as our policy says." });
    assert_eq!(work.patches(&path, own).await.json()["answer"], "Yes, as our policy says.");
    assert_eq!(work.patches(&path, json!({ "answer_id": waiting })).await.status, 409);
    let unknown = json!({ "answer_id": "60adfdb750b58a0c2d78bdd8" });
    assert_eq!(work.patches(&path, unknown).await.status, 404);
    work.deletes(&format!("/answers/{pair}")).await;
    assert_eq!(work.patches(&path, json!({ "answer_id": pair })).await.status, 409);
    work.deletes(&format!("/answers/{pair}?permanent=true")).await;
    let after = work.patches(&path, json!({})).await.json();
    assert_eq!((&after["answer"], &after["answer_id"]), (&json!("Yes, as our policy says."), &json!(null)));
    let kinds: Vec<_> = work.raised().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["PROJECT_CREATED", "ANSWER_LIB_CREATED", "ANSWER_LIB_CREATED", "ANSWER_LIB_DELETED"]);
    work.app.stop().await;
}

#[tokio::test]
async fn a_question_is_saved_to_the_library_once_and_waits_there() {
    let work = Workspace::open().await;
    let project = work.adds_project("Aldgate Transit").await;
    let body = json!({ "question": "Is it encrypted?", "answer": "Yes." });
    let question = work.adds_question(&project, body).await;
    let author = work.author_at_a_page(&work.app.admin.email);
    let save = async || {
        let mut tx = work.begins().await;
        let tags = vec!["EU".to_owned()];
        let saved = actions::save_from_question(&mut tx, &work.desk(), &author, &question, tags).await;
        if saved.is_ok() {
            tx.commit().await.unwrap();
        }
        saved
    };
    let first = save().await.unwrap();
    assert_eq!((first.is_new, first.now.status), (true, AnswerStatus::InModeration));
    let path = format!("/questions/{question}");
    assert_eq!(work.patches(&path, json!({})).await.json()["answer_id"], json!(first.now.id));
    let again = save().await.unwrap();
    assert_eq!((again.is_new, &again.now.id), (false, &first.now.id));
    work.patches(&path, json!({ "answer": "Yes, always." })).await;
    let other = save().await.unwrap();
    assert!(other.is_new && other.now.id != first.now.id);
    work.patches(&path, json!({ "answer": null })).await;
    assert!(save().await.is_err(), "there is nothing to save");
    work.patches(&path, json!({ "answer": "Yes." })).await;
    work.deletes(&format!("/projects/{project}")).await;
    assert!(save().await.is_err(), "the project is in the trash");
    let raised: Vec<_> = work.raised().await.into_iter().map(|(kind, ids, ..)| (kind, ids)).collect();
    let created = |id: &herald::base::AnswerId| ("ANSWER_LIB_CREATED".to_owned(), vec![id.to_string()]);
    let expected = [
        ("PROJECT_CREATED".to_owned(), vec![project.clone()]),
        created(&first.now.id),
        created(&other.now.id),
        ("PROJECT_DELETED".to_owned(), vec![project]),
    ];
    assert_eq!(raised, expected);
    work.app.stop().await;
}
