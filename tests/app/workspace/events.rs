//! Each action raises exactly its events, and is written down.

use reqwest::Method;
use serde_json::{Value, json};

use super::Workspace;

/// What a call must raise: type, the place of the thing in the path, and the additional keys.
struct Step {
    method: Method,
    path: String,
    body: Option<Value>,
    status: u16,
    raises: Vec<(&'static str, String, Value)>,
    writes_down: &'static [&'static str],
}

fn step(
    method: Method,
    path: &str,
    body: Option<Value>,
    status: u16,
    raises: Vec<(&'static str, String, Value)>,
    writes_down: &'static [&'static str],
) -> Step {
    Step { method, path: path.to_owned(), body, status, raises, writes_down }
}

#[tokio::test]
async fn every_action_on_a_project_raises_its_events_and_no_others() {
    let work = Workspace::open().await;
    let project = work.adds_project("Aldgate Transit").await;
    let section = work.adds(&format!("/projects/{project}/sections"), json!({ "name": "Security" })).await;
    let question = work.adds(&format!("/sections/{section}/questions"), json!({ "question": "Where?" })).await;
    let (p, s, q) = (format!("/projects/{project}"), format!("/sections/{section}"), format!("/questions/{question}"));
    let on = |kind: &'static str, data: Value| vec![(kind, project.clone(), data)];
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let steps = [
        step(
            patch.clone(),
            &p,
            Some(json!({ "client": "Aldgate", "name": "Aldgate Transit" })),
            200,
            on("PROJECT_EDITED", json!({ "CHANGED": ["client"] })),
            &["project.edited"],
        ),
        step(patch.clone(), &p, Some(json!({ "client": " Aldgate " })), 200, vec![], &[]),
        step(patch.clone(), &p, Some(json!({})), 200, vec![], &[]),
        step(
            patch.clone(),
            &p,
            Some(
                json!({ "description": "a\r\nb", "due_date": "2026-12-04", "owner": "ada@halden.example", "name": "Aldgate" }),
            ),
            200,
            on("PROJECT_EDITED", json!({ "CHANGED": ["name", "due_date", "owner", "description"] })),
            &["project.edited"],
        ),
        step(patch.clone(), &p, Some(json!({ "name": "" })), 422, vec![], &[]),
        step(get, &p, None, 200, vec![], &[]),
        step(patch.clone(), &s, Some(json!({ "name": "Security and privacy" })), 200, vec![], &["section.edited"]),
        step(patch.clone(), &q, Some(json!({ "answer": "In the EU." })), 200, vec![], &["question.edited"]),
        step(patch.clone(), &q, Some(json!({ "answer": "In the EU." })), 200, vec![], &[]),
        step(
            post.clone(),
            &format!("{s}/complete"),
            None,
            200,
            vec![("SECTION_COMPLETED", section.clone(), json!({ "PROJECT_ID": project }))],
            &["section.completed"],
        ),
        step(post.clone(), &format!("{s}/complete"), None, 200, vec![], &[]),
        step(post.clone(), &format!("{s}/reopen"), None, 200, vec![], &["section.reopened"]),
        step(post.clone(), &format!("{s}/reopen"), None, 200, vec![], &[]),
        step(
            post.clone(),
            &format!("{p}/complete"),
            None,
            200,
            on("PROJECT_COMPLETED", json!({})),
            &["project.completed"],
        ),
        step(post.clone(), &format!("{p}/complete"), None, 200, vec![], &[]),
        step(post.clone(), &format!("{p}/reopen"), None, 200, vec![], &["project.reopened"]),
        step(
            post.clone(),
            &format!("{p}/complete"),
            None,
            200,
            on("PROJECT_COMPLETED", json!({})),
            &["project.completed"],
        ),
        step(
            post.clone(),
            &format!("{p}/archive"),
            None,
            200,
            on("PROJECT_ARCHIVED", json!({})),
            &["project.archived"],
        ),
        step(post.clone(), &format!("{p}/archive"), None, 200, vec![], &[]),
        step(post.clone(), &format!("{p}/complete"), None, 409, vec![], &[]),
        step(post.clone(), &format!("{p}/reopen"), None, 409, vec![], &[]),
        step(post.clone(), &format!("{p}/unarchive"), None, 200, vec![], &["project.unarchived"]),
        step(post.clone(), &format!("{p}/unarchive"), None, 200, vec![], &[]),
        step(delete.clone(), &p, None, 204, on("PROJECT_DELETED", json!({ "PERMANENT": false })), &["project.trashed"]),
        step(delete.clone(), &p, None, 204, vec![], &[]),
        step(patch.clone(), &p, Some(json!({ "name": "Other" })), 409, vec![], &[]),
        step(post.clone(), &format!("{s}/complete"), None, 409, vec![], &[]),
        step(patch, &q, Some(json!({ "answer": "No." })), 409, vec![], &[]),
        step(post.clone(), &format!("{p}/restore"), None, 200, vec![], &["project.restored"]),
        step(post, &format!("{p}/restore"), None, 200, vec![], &[]),
        step(delete.clone(), &q, None, 204, vec![], &["question.deleted"]),
        step(delete.clone(), &s, None, 204, vec![], &["section.deleted"]),
        step(
            delete.clone(),
            &format!("{p}?permanent=true"),
            None,
            204,
            on("PROJECT_DELETED", json!({ "PERMANENT": true })),
            &["project.deleted"],
        ),
        step(delete, &format!("{p}?permanent=true"), None, 404, vec![], &[]),
    ];
    let created = work.raised().await;
    let by = work.app.admin.email.clone();
    assert_eq!(created, [("PROJECT_CREATED".to_owned(), vec![project.clone()], json!({}), by.clone())]);
    let (mut events, mut entries) = (created.len(), work.written_down().await.len());
    for Step { method, path, body, status, raises, writes_down } in steps {
        let answer = work.calls(method.clone(), &path, body.clone()).await;
        let what = format!("{method} {path} {body:?}: {}", answer.text);
        assert_eq!(answer.status, status, "{what}");
        let raised = work.raised().await.split_off(events);
        let expected: Vec<_> =
            raises.into_iter().map(|(kind, id, data)| (kind.to_owned(), vec![id], data, by.clone())).collect();
        assert_eq!(raised, expected, "{what}");
        events += raised.len();
        let written = work.written_down().await.split_off(entries);
        let actions: Vec<_> = written.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, writes_down, "{what}");
        assert!(written.iter().all(|(_, source)| *source == format!("api_key:{}", work.program.key.id)), "{written:?}");
        entries += written.len();
    }
    work.app.stop().await;
}
