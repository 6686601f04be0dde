//! Each action of the library raises exactly its events, and is written down.

use herald::base::Expected;
use herald::workspace::answers::actions;
use herald::workspace::answers::model::{AnswerStatus, ContentChange, Standing};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::Workspace;
use super::MEMBER;

/// A call, its status, and what it must raise and write down: an event's type with its additional keys, and an action.
type Step = (Method, String, Option<Value>, u16, Option<(&'static str, Value)>, Option<&'static str>);

fn updated(change: &str) -> Option<(&'static str, Value)> {
    Some(("ANSWER_LIB_UPDATED", json!({ "CHANGE": change })))
}

fn deleted() -> Option<(&'static str, Value)> {
    Some(("ANSWER_LIB_DELETED", json!({})))
}

/// Does the steps on the pair `id` one after the other.
async fn each_raises_its_events(work: &Workspace, id: &str, steps: Vec<Step>) {
    let by = work.app.admin.email.clone();
    let (mut events, mut entries) = (work.raised().await.len(), work.written_down().await.len());
    for (method, path, body, status, raises, writes_down) in steps {
        let answer = work.calls(method.clone(), &path, body.clone()).await;
        let what = format!("{method} {path} {body:?}: {}", answer.text);
        assert_eq!(answer.status, status, "{what}");
        let raised = work.raised().await.split_off(events);
        let expected: Vec<_> =
            raises.into_iter().map(|(kind, data)| (kind.to_owned(), vec![id.to_owned()], data, by.clone())).collect();
        assert_eq!(raised, expected, "{what}");
        events += raised.len();
        let written = work.written_down().await.split_off(entries);
        let source = format!("api_key:{}", work.program.key.id);
        let expected: Vec<_> = writes_down.into_iter().map(|action| (action.to_owned(), source.clone())).collect();
        assert_eq!(written, expected, "{what}");
        entries += written.len();
    }
}

#[tokio::test]
async fn every_action_on_a_published_pair_raises_its_events_and_no_others() {
    let work = Workspace::open().await;
    let id = work.adds_pair("Do you encrypt?", "Yes.", &["Security"]).await;
    let created = ("ANSWER_LIB_CREATED".to_owned(), vec![id.clone()], json!({}), work.app.admin.email.clone());
    assert_eq!(work.raised().await, [created]);
    let p = format!("/answers/{id}");
    let to = |step: &str| format!("{p}{step}");
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let review = || Some(json!({ "reviewer": "mo@halden.example", "due_date": "2026-12-04" }));
    let later = || Some(json!({ "reviewer": "mo@halden.example", "due_date": "2026-12-05" }));
    let edited = Some("answer.edited");
    let steps: Vec<Step> = vec![
        (get, to(""), None, 200, None, None),
        (patch.clone(), to(""), Some(json!({})), 200, None, None),
        (patch.clone(), to(""), Some(json!({ "answer": " Yes. ", "tags": ["Security"] })), 200, None, None),
        (patch.clone(), to(""), Some(json!({ "answer": "Yes!" })), 200, updated("EDITED"), edited),
        (patch.clone(), to(""), Some(json!({ "tags": ["EU", "Security"] })), 200, updated("EDITED"), edited),
        (patch.clone(), to(""), Some(json!({ "owner": "ada@halden.example" })), 200, updated("EDITED"), edited),
        (patch.clone(), to(""), Some(json!({ "answer": "" })), 422, None, None),
        (post.clone(), to("/publish"), None, 200, None, None),
        (post.clone(), to("/publish"), Some(json!({ "answer": "No." })), 409, None, None),
        (post.clone(), to("/reject"), None, 409, None, None),
        (post.clone(), to("/review"), None, 409, None, None),
        (post.clone(), to("/request-review"), review(), 200, None, Some("answer.review_requested")),
        (post.clone(), to("/request-review"), review(), 200, None, None),
        (post.clone(), to("/request-review"), later(), 200, None, Some("answer.review_requested")),
        (post.clone(), to("/publish"), None, 409, None, None),
        (post.clone(), to("/reject"), None, 409, None, None),
        (patch.clone(), to(""), Some(json!({ "question": "Encrypted?" })), 200, updated("EDITED"), edited),
        (post.clone(), to("/review"), Some(json!({ "answer": "Yes!" })), 200, None, Some("answer.confirmed")),
        (post.clone(), to("/review"), None, 409, None, None),
        (post.clone(), to("/request-review"), review(), 200, None, Some("answer.review_requested")),
        (
            post.clone(),
            to("/review"),
            Some(json!({ "answer": "No." })),
            200,
            updated("REVIEWED"),
            Some("answer.reviewed"),
        ),
        (delete.clone(), to(""), None, 204, deleted(), Some("answer.trashed")),
        (delete.clone(), to(""), None, 204, None, None),
        (patch, to(""), Some(json!({ "answer": "Yes." })), 409, None, None),
        (post.clone(), to("/publish"), None, 409, None, None),
        (post.clone(), to("/request-review"), review(), 409, None, None),
        (post.clone(), to("/restore"), None, 200, None, Some("answer.restored")),
        (post, to("/restore"), None, 200, None, None),
        (delete.clone(), to(""), None, 204, deleted(), Some("answer.trashed")),
        (delete.clone(), to("?permanent=true"), None, 204, None, Some("answer.deleted")),
        (delete.clone(), to("?permanent=true"), None, 404, None, None),
        (delete, to(""), None, 404, None, None),
    ];
    each_raises_its_events(&work, &id, steps).await;

    let other = work.adds_pair("Do you sleep?", "Never.", &[]).await;
    let gone: Step =
        (Method::DELETE, format!("/answers/{other}?permanent=true"), None, 204, deleted(), Some("answer.deleted"));
    each_raises_its_events(&work, &other, vec![gone]).await;
    work.app.stop().await;
}

#[tokio::test]
async fn every_action_in_moderation_raises_its_events_and_no_others() {
    let work = Workspace::open().await;
    let id = work.member_saves("Do you encrypt?").await;
    let created = ("ANSWER_LIB_CREATED".to_owned(), vec![id.clone()], json!({}), MEMBER.to_owned());
    assert_eq!(work.raised().await, [created]);
    assert_eq!(work.written_down().await, [("answer.created".to_owned(), "page".to_owned())]);
    let p = format!("/answers/{id}");
    let to = |step: &str| format!("{p}{step}");
    let (post, patch) = (Method::POST, Method::PATCH);
    let note = |text: &str| Some(json!({ "note": text }));
    let review = || Some(json!({ "reviewer": "Mo", "due_date": "2026-12-04" }));
    let steps: Vec<Step> = vec![
        (patch.clone(), to(""), Some(json!({ "answer": "Yes." })), 200, updated("MODERATED"), Some("answer.moderated")),
        (
            patch.clone(),
            to(""),
            Some(json!({ "question": "Encrypted?" })),
            200,
            updated("MODERATED"),
            Some("answer.moderated"),
        ),
        (patch.clone(), to(""), Some(json!({ "tags": ["EU"] })), 200, updated("EDITED"), Some("answer.edited")),
        (patch.clone(), to(""), Some(json!({ "tags": ["EU"], "answer": "Yes." })), 200, None, None),
        (post.clone(), to("/request-review"), review(), 409, None, None),
        (post.clone(), to("/review"), None, 409, None, None),
        (post.clone(), to("/reject"), note("How?"), 200, None, Some("answer.rejected")),
        (post.clone(), to("/reject"), note("How?"), 200, None, None),
        (post.clone(), to("/reject"), None, 200, None, None),
        (post.clone(), to("/reject"), note("How and where?"), 200, None, Some("answer.rejected")),
        (patch, to(""), Some(json!({ "answer": "With AES." })), 200, updated("EDITED"), Some("answer.edited")),
        (
            post.clone(),
            to("/publish"),
            Some(json!({ "answer": "With AES-256." })),
            200,
            updated("PUBLISHED"),
            Some("answer.published"),
        ),
        (post.clone(), to("/publish"), None, 200, None, None),
    ];
    each_raises_its_events(&work, &id, steps).await;

    let other = work.member_saves("Do you sleep?").await;
    let publish: Step =
        (post, format!("/answers/{other}/publish"), None, 200, updated("PUBLISHED"), Some("answer.published"));
    each_raises_its_events(&work, &other, vec![publish]).await;
    work.app.stop().await;
}

#[tokio::test]
async fn what_a_member_writes_waits_in_moderation() {
    let work = Workspace::open().await;
    let id = work.adds_pair("Do you encrypt?", "Yes.", &[]).await;
    let (desk, member) = (work.desk(), work.author_at_a_page(MEMBER));
    let id = id.parse().unwrap();
    let edit = async |change: ContentChange| {
        let mut tx = work.begins().await;
        let edited = actions::edit(&mut tx, &desk, &member, Standing::Member, &id, &Expected::Anything, change).await;
        tx.commit().await.unwrap();
        edited.map(|changed| changed.now.status)
    };
    let text = |answer: &str| ContentChange { answer: Some(answer.into()), ..ContentChange::default() };
    let tags = ContentChange { tags: Some(vec!["EU".into()]), ..ContentChange::default() };
    assert_eq!(edit(tags.clone()).await.unwrap(), AnswerStatus::Published);
    assert_eq!(edit(text("Sure.")).await.unwrap(), AnswerStatus::InModeration);
    work.acts(&format!("/answers/{id}/reject")).await;
    assert_eq!(edit(text("Surely.")).await.unwrap(), AnswerStatus::InModeration);
    work.acts(&format!("/answers/{id}/publish")).await;
    let ask = json!({ "reviewer": "ada@halden.example", "due_date": "2026-12-04" });
    work.posts(&format!("/answers/{id}/request-review"), ask).await;
    assert!(edit(text("No.")).await.is_err(), "a member changes what is being reviewed");
    let raised: Vec<_> = work.raised().await.into_iter().map(|(_, _, data, by)| (data["CHANGE"].clone(), by)).collect();
    let (admin, member_did) = (work.app.admin.email.clone(), MEMBER.to_owned());
    let expected = [
        (json!(null), admin.clone()),
        (json!("EDITED"), member_did.clone()),
        (json!("EDITED"), member_did.clone()),
        (json!("EDITED"), member_did.clone()),
        (json!("PUBLISHED"), admin),
    ];
    assert_eq!(raised, expected);

    let review = async |author: &str, answer: Option<&str>| {
        let (author, answer) = (work.author_at_a_page(author), answer.map(str::to_owned));
        let mut tx = work.begins().await;
        let reviewed =
            actions::review(&mut tx, &desk, &author, Standing::Member, &id, &Expected::Anything, answer).await;
        if reviewed.is_ok() {
            tx.commit().await.unwrap();
        }
        reviewed.map(|changed| changed.now.status)
    };
    assert!(review(MEMBER, None).await.is_err(), "somebody else was asked");
    assert_eq!(review("ada@halden.example", Some("No.")).await.unwrap(), AnswerStatus::Published);
    assert_eq!(work.raised().await.pop().unwrap().2, json!({ "CHANGE": "REVIEWED" }));
    work.app.stop().await;
}
