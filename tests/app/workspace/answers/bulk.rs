//! Actions on many pairs: one event with all ids in their order, or nothing at all.

use herald::base::AnswerId;
use herald::workspace::answers::actions::{self, TagsChange};
use herald::workspace::answers::model::{Content, Standing};
use serde_json::{Value, json};

use super::super::{Workspace, ids};

fn pairs(count: usize) -> Vec<Content> {
    let pair = |number| Content { question: format!("Question {number}"), answer: "Yes.".into(), ..Content::default() };
    (0..count).map(pair).collect()
}

/// The ids of what a bulk call answers.
fn bulk_ids(answer: &Value) -> Vec<String> {
    answer["data"].as_array().unwrap().iter().map(|pair| pair["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn bulk_calls_answer_all_pairs_in_their_order() {
    let work = Workspace::open().await;
    let body = json!({ "answers": [
        { "question": "One?", "answer": "1" }, { "question": "Two?", "answer": "2", "tags": ["EU"] }, { "question": "Three?", "answer": "3" },
    ] });
    let created = work.posts("/answers/bulk-create", body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let made = bulk_ids(&created.json());
    assert_eq!(created.json()["data"][1]["tags"], json!(["EU"]));
    let newest: Vec<String> = made.iter().rev().cloned().collect();
    assert_eq!(ids(&work.gets("/answers").await), newest);

    let waiting = work.members_save(&["Four?", "Five?"]).await;
    let publish = [&waiting[1], &made[0], &waiting[0]];
    let published = work.posts("/answers/bulk-publish", json!({ "ids": publish })).await;
    assert_eq!(
        (published.status, bulk_ids(&published.json())),
        (200, publish.map(Clone::clone).to_vec()),
        "{}",
        published.text
    );
    assert!(published.json()["data"].as_array().unwrap().iter().all(|pair| pair["status"] == "published"));

    work.deletes(&format!("/answers/{}", made[1])).await;
    let delete = json!({ "ids": [made[2], made[1], made[0]] });
    assert_eq!(work.posts("/answers/bulk-delete", delete.clone()).await.status, 204);
    assert_eq!(work.posts("/answers/bulk-delete", delete).await.status, 204);
    assert_eq!(ids(&work.gets("/answers?trashed=true").await), newest);
    work.app.stop().await;
}

#[tokio::test]
async fn bulk_calls_do_all_or_nothing() {
    let work = Workspace::open().await;
    let waiting = work.member_saves("Waiting?").await;
    let reviewed = work.adds_pair("Reviewed?", "Yes.", &[]).await;
    let ask = json!({ "reviewer": "Ada", "due_date": "2026-12-04" });
    work.posts(&format!("/answers/{reviewed}/request-review"), ask).await;
    let unknown = "60adfdb750b58a0c2d78bdd8";
    let before = work.raised().await.len();
    let good = json!({ "question": "Q", "answer": "A" });
    let table = [
        ("publish", json!({ "ids": [waiting, unknown] }), 404, vec![]),
        ("publish", json!({ "ids": [waiting, reviewed] }), 409, vec![]),
        ("delete", json!({ "ids": [waiting, unknown] }), 404, vec![]),
        ("delete", json!({ "ids": [waiting, waiting] }), 422, vec!["ids[1]"]),
        ("delete", json!({ "ids": [waiting, 7, "x"] }), 422, vec!["ids[1]", "ids[2]"]),
        ("delete", json!({ "ids": [] }), 422, vec!["ids"]),
        ("delete", json!({ "ids": vec![unknown; 1_001] }), 422, vec!["ids"]),
        ("publish", json!({}), 422, vec!["ids"]),
        (
            "create",
            json!({ "answers": [good, { "question": "Q" }, 7, { "question": "Q", "answer": "A", "id": 1 }] }),
            422,
            vec!["answers[1].answer", "answers[2]", "answers[3].id"],
        ),
        ("create", json!({ "answers": [] }), 422, vec!["answers"]),
        ("create", json!({ "answers": vec![good; 1_001] }), 422, vec!["answers"]),
    ];
    for (call, body, status, fields) in table {
        let answer = work.posts(&format!("/answers/bulk-{call}"), body).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (status, fields.into_iter().map(str::to_owned).collect()),
            "{}",
            answer.text
        );
    }
    let other = work.app.stranger("read,write").await;
    let theirs =
        crate::support::programs::told(other.post("/answers/bulk-delete", json!({ "ids": [waiting] }).to_string()));
    assert_eq!(theirs.await.status, 404);
    assert_eq!(work.raised().await.len(), before);
    assert_eq!(work.gets(&format!("/answers/{waiting}")).await.json()["version"], 1);
    assert_eq!(ids(&work.gets("/answers").await).len(), 2);
    work.app.stop().await;
}

#[tokio::test]
async fn past_a_thousand_there_is_one_event_for_each_thousand() {
    let work = Workspace::open().await;
    let (desk, author) = (work.desk(), work.author_at_a_page(&work.app.admin.email));
    let mut tx = work.begins().await;
    let saved = actions::create_all(&mut tx, &desk, &author, Standing::Member, pairs(1_001)).await.unwrap();
    let ids: Vec<AnswerId> = saved.into_iter().map(|answer| answer.id).collect();
    actions::publish_all(&mut tx, &desk, &author, &ids).await.unwrap();
    let change = TagsChange { add: vec!["Imported".into()], remove: Vec::new() };
    actions::tag_all(&mut tx, &desk, &author, &ids, &change).await.unwrap();
    actions::tag_all(&mut tx, &desk, &author, &ids, &change).await.unwrap();
    actions::trash_all(&mut tx, &desk, &author, &ids).await.unwrap();
    actions::delete_all(&mut tx, &desk, &author, &ids).await.unwrap();
    tx.commit().await.unwrap();
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let by = &work.app.admin.email;
    let mut expected = Vec::new();
    for (kind, data) in [
        ("ANSWER_LIB_CREATED", json!({})),
        ("ANSWER_LIB_UPDATED", json!({ "CHANGE": "PUBLISHED" })),
        ("ANSWER_LIB_UPDATED", json!({ "CHANGE": "EDITED" })),
        ("ANSWER_LIB_DELETED", json!({})),
    ] {
        for ids in [&ids[..1_000], &ids[1_000..]] {
            expected.push((kind.to_owned(), ids.to_vec(), data.clone(), by.clone()));
        }
    }
    assert!(work.raised().await == expected, "the events are not as expected");
    let written: Vec<_> = work.written_down().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(written, ["answer.created", "answer.published", "answer.edited", "answer.trashed", "answer.deleted"]);
    work.app.stop().await;
}
