//! The answer library: what the calls answer and refuse.

mod bulk;
mod questions;
mod search;

use herald::auth::model::{Actor, Source};
use herald::db::Tx;
use herald::workspace::answers::model::{Content, Standing};
use herald::workspace::answers::{actions, store};
use herald::workspace::change::{Author, Desk};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Workspace, id_of, ids};
use crate::support::programs::told;

/// Somebody who may not publish.
const MEMBER: &str = "mo@halden.example";

impl Workspace {
    fn desk(&self) -> Desk {
        Desk { recorder: self.app.running().recorder.clone() }
    }

    /// A person of this organization, at a page.
    fn author_at_a_page(&self, email: &str) -> Author {
        let organization = &self.app.organization;
        let actor =
            Actor { organization: organization.id.clone(), email: email.into(), source: Source::Page, address: None };
        Author { actor, zone: organization.time_zone }
    }

    async fn begins(&self) -> Tx {
        self.app.running().db.begin().await.expect("a transaction")
    }

    /// Saves pairs as a member does at a page: they wait in moderation. Answers their ids.
    async fn members_save(&self, questions: &[&str]) -> Vec<String> {
        let content = |question: &&str| Content {
            question: (*question).to_owned(),
            answer: "We think so.".into(),
            ..Content::default()
        };
        let contents = questions.iter().map(content).collect();
        let mut tx = self.begins().await;
        let by = self.author_at_a_page(MEMBER);
        let saved = actions::create_all(&mut tx, &self.desk(), &by, Standing::Member, contents).await;
        tx.commit().await.expect("a commit");
        saved.expect("pairs").into_iter().map(|answer| answer.id.to_string()).collect()
    }

    async fn member_saves(&self, question: &str) -> String {
        self.members_save(&[question]).await.remove(0)
    }

    async fn adds_pair(&self, question: &str, answer: &str, tags: &[&str]) -> String {
        self.adds("/answers", json!({ "question": question, "answer": answer, "tags": tags })).await
    }
}

#[tokio::test]
async fn a_pair_is_answered_with_all_its_keys() {
    let work = Workspace::open().await;
    let answer = work.posts("/answers", json!({ "question": " Do you encrypt? ", "answer": "Yes.\r\nAES-256." })).await;
    assert_eq!((answer.status, answer.header("etag")), (201, "\"1\""), "{}", answer.text);
    let (pair, id) = (answer.json(), id_of(&answer));
    assert_eq!(answer.header("location"), format!("/api/v1/answers/{id}"));
    let expected = json!({
        "id": id, "question": "Do you encrypt?", "answer": "Yes.\nAES-256.", "tags": [], "owner": null, "status": "published",
        "review": null, "note": null, "trashed_at": null, "version": 1,
        "created_at": pair["created_at"], "updated_at": pair["created_at"],
    });
    assert_eq!(pair, expected);
    let path = format!("/answers/{id}");
    let read = work.gets(&path).await;
    assert_eq!((read.json(), read.header("etag")), (pair, "\"1\""));
    let change = json!({ "tags": ["EU", " Security ", "eu"], "owner": "ada@halden.example" });
    let changed = work.patches(&path, change).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.text);
    assert_eq!(changed.json()["tags"], json!(["EU", "Security"]));
    let emptied = work.patches(&path, json!({ "tags": null, "owner": null })).await.json();
    assert_eq!((&emptied["tags"], &emptied["owner"]), (&json!([]), &json!(null)));
    work.app.stop().await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_its_field() {
    let work = Workspace::open().await;
    let pair = |more: Value| {
        let mut body = json!({ "question": "Q", "answer": "A" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let many: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    let table: [(Value, &[&str]); 11] = [
        (json!({}), &["question", "answer"]),
        (json!({ "question": " ", "answer": "" }), &["question", "answer"]),
        (json!({ "question": "Q", "answer": null }), &["answer"]),
        (pair(json!({ "question": "x".repeat(5_001) })), &["question"]),
        (pair(json!({ "answer": "x".repeat(50_001) })), &["answer"]),
        (pair(json!({ "answer": "\u{7}" })), &["answer"]),
        (pair(json!({ "tags": "EU" })), &["tags"]),
        (pair(json!({ "tags": ["EU", 7, "a,b", "", "x\ny"] })), &["tags[1]", "tags[2]", "tags[3]", "tags[4]"]),
        (pair(json!({ "tags": many })), &["tags"]),
        (pair(json!({ "owner": "a\nb" })), &["owner"]),
        (pair(json!({ "status": "published", "review": null })), &["status", "review"]),
    ];
    for (body, fields) in table {
        let answer = work.posts("/answers", body.clone()).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.iter().map(|f| (*f).to_owned()).collect()), "{body}");
    }
    let path = format!("/answers/{}", work.adds_pair("Q", "A", &[]).await);
    let steps: [(&str, Value, &[&str]); 7] = [
        ("/request-review", json!({}), &["reviewer", "due_date"]),
        ("/request-review", json!({ "reviewer": " ", "due_date": "soon" }), &["reviewer", "due_date"]),
        ("/review", json!({ "answer": " ", "question": "Q" }), &["answer", "question"]),
        ("/reject", json!({ "note": "x".repeat(2_001), "why": "" }), &["note", "why"]),
        ("/publish", json!({ "question": null }), &["question"]),
        ("/restore", json!({ "now": true }), &["now"]),
        ("", json!({ "question": "", "id": "x" }), &["question", "id"]),
    ];
    for (step, body, fields) in steps {
        let method = if step.is_empty() { Method::PATCH } else { Method::POST };
        let answer = work.calls(method, &format!("{path}{step}"), Some(body.clone())).await;
        let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!((answer.status, answer.fields()), (422, fields), "{step} {body}");
    }
    for (query, field) in [
        ("status=done", "status"),
        ("trashed=yes", "trashed"),
        ("x=1", "x"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ] {
        let answer = work.gets(&format!("/answers?{query}")).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{query}");
    }
    work.adds_project("Another list").await;
    work.adds_project("With two things").await;
    let cursor = work.gets("/projects?limit=1").await.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(work.gets(&format!("/answers?cursor={cursor}")).await.fields(), ["cursor"]);
    let other = work.app.stranger("read,write").await;
    for (method, step) in
        [(Method::GET, ""), (Method::DELETE, ""), (Method::POST, "/publish"), (Method::POST, "/restore")]
    {
        assert_eq!(told(other.request(method, &format!("{path}{step}"))).await.status, 404, "{step}");
    }
    work.app.stop().await;
}

#[tokio::test]
async fn two_people_who_edit_the_same_pair_lose_nothing() {
    let work = Workspace::open().await;
    let id = work.adds_pair("Do you encrypt?", "Yes.", &[]).await;
    let path = format!("/answers/{id}");
    let change = |seen: &str, body: Value| {
        let request = work.program.request(Method::PATCH, &path).header("if-match", seen.to_owned());
        told(request.header("content-type", "application/json").body(body.to_string()))
    };
    let seen = work.gets(&path).await.header("etag").to_owned();
    let (one, two) = tokio::join!(
        change(&seen, json!({ "answer": "Yes, with AES-256." })),
        change(&seen, json!({ "answer": "Yes, always." }))
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text, two.text);
    let first = if one.status == 200 { "Yes, with AES-256." } else { "Yes, always." };
    let now = work.gets(&path).await;
    assert_eq!((now.json()["answer"].as_str(), now.header("etag")), (Some(first), "\"2\""));

    let again = change(now.header("etag"), json!({ "answer": "Yes, always, with AES-256." })).await;
    assert_eq!((again.status, again.header("etag")), (200, "\"3\""));
    for (step, method) in
        [("/publish", Method::POST), ("/review", Method::POST), ("/restore", Method::POST), ("", Method::DELETE)]
    {
        let request = work.program.request(method, &format!("{path}{step}")).header("if-match", "\"2\"");
        assert_eq!(told(request).await.status, 412, "{step}");
    }
    let mut conn = work.app.running().db.read().await.unwrap();
    let steps = store::history(&mut conn, &id.parse().unwrap(), i64::MAX, 10).await.unwrap();
    let before: Vec<_> = steps.into_iter().map(|step| step.before.map(|texts| texts.answer)).collect();
    assert_eq!(before, [Some(first.to_owned()), Some("Yes.".to_owned()), None]);
    drop(conn);
    work.app.stop().await;
}

#[tokio::test]
async fn moderation_and_review_have_their_states() {
    let work = Workspace::open().await;
    let path = format!("/answers/{}", work.member_saves("Do you encrypt?").await);
    assert_eq!(work.gets(&path).await.json()["status"], "in_moderation");
    let rejected = work.posts(&format!("{path}/reject"), json!({ "note": "Name the standard." })).await.json();
    assert_eq!((&rejected["status"], &rejected["note"]), (&json!("rejected"), &json!("Name the standard.")));
    let published = work.posts(&format!("{path}/publish"), json!({ "answer": "Yes, with AES-256." })).await.json();
    assert_eq!((&published["status"], &published["note"]), (&json!("published"), &json!(null)));
    assert_eq!(published["answer"], "Yes, with AES-256.");
    let ask = json!({ "reviewer": "Ada@Halden.example", "due_date": "2026-12-04" });
    let asked = work.posts(&format!("{path}/request-review"), ask).await.json();
    assert_eq!(asked["review"], json!({ "reviewer": "ada@halden.example", "due_date": "2026-12-04" }));
    assert_eq!(asked["status"], "in_review");
    for (reviewer, count) in [("Ada@halden.example", 1), ("mo@halden.example", 0)] {
        assert_eq!(ids(&work.gets(&format!("/answers?reviewer={reviewer}")).await).len(), count, "{reviewer}");
    }
    let done = work.posts(&format!("{path}/review"), json!({ "answer": null })).await.json();
    assert_eq!((&done["status"], &done["review"]), (&json!("published"), &json!(null)));
    work.app.stop().await;
}
