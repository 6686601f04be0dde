//! Projects: what the calls answer and refuse.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Workspace, id_of, ids};
use crate::support::programs::told;

#[tokio::test]
async fn a_project_is_answered_with_all_its_keys() {
    let work = Workspace::open().await;
    let answer = work.posts("/projects", json!({ "name": " Aldgate Transit " })).await;
    assert_eq!((answer.status, answer.header("etag")), (201, "\"1\""), "{}", answer.text);
    let project = answer.json();
    let id = id_of(&answer);
    assert_eq!(answer.header("location"), format!("/api/v1/projects/{id}"));
    let expected = json!({
        "id": id, "name": "Aldgate Transit", "client": null, "due_date": null, "owner": null, "description": null,
        "status": "active", "trashed_at": null, "intake_id": null, "version": 1,
        "created_at": project["created_at"], "updated_at": project["created_at"],
    });
    assert_eq!(project, expected);
    let body = json!({ "name": "N", "client": "C", "due_date": "2026-12-04", "owner": "ada@halden.example", "description": "a\n\tb" });
    let full = work.posts("/projects", body.clone()).await.json();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(full[name], *value, "{name}");
    }
    let read = work.gets(&format!("/projects/{id}")).await;
    assert_eq!((read.json(), read.header("etag")), (project, "\"1\""));
    let emptied = json!({ "client": null, "due_date": "", "owner": null, "description": null });
    let emptied = work.patches(&format!("/projects/{}", full["id"].as_str().unwrap()), emptied).await;
    assert_eq!(emptied.header("etag"), "\"2\"");
    assert!(["client", "due_date", "owner", "description"].iter().all(|key| emptied.json()[key].is_null()));
    work.app.stop().await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_its_field() {
    let work = Workspace::open().await;
    let id = work.adds_project("Aldgate Transit").await;
    let good = json!({ "name": "N" });
    let table: [(Value, &[&str]); 10] = [
        (json!({}), &["name"]),
        (json!({ "name": "" }), &["name"]),
        (json!({ "name": " " }), &["name"]),
        (json!({ "name": "x".repeat(201) }), &["name"]),
        (json!({ "name": "a\nb", "client": 7, "owner": [] }), &["name", "client", "owner"]),
        (json!({ "name": "N", "due_date": "4 Dec" }), &["due_date"]),
        (json!({ "name": "N", "due_date": "2026-02-30" }), &["due_date"]),
        (json!({ "name": "N", "due_date": "+026-02-01" }), &["due_date"]),
        (json!({ "name": "N", "description": "\u{0}" }), &["description"]),
        (json!({ "name": "N", "status": "completed", "id": "x" }), &["status", "id"]),
    ];
    for (body, fields) in table {
        let answer = work.posts("/projects", body.clone()).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.iter().map(|f| (*f).to_owned()).collect()), "{body}");
    }
    let answer = work.patches(&format!("/projects/{id}"), json!({ "name": null })).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["name".to_owned()]));
    let answer = work.posts(&format!("/projects/{id}/complete"), json!({ "now": true })).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["now".to_owned()]));
    for (path, field) in
        [("/projects?status=done", "status"), ("/projects?trashed=yes", "trashed"), ("/projects?x=1", "x")]
    {
        let answer = work.gets(path).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{path}");
    }
    assert_eq!(work.calls(Method::PATCH, &format!("/projects/{id}"), None).await.status, 415);
    assert_eq!(work.posts("/projects", good).await.status, 201);
    work.app.stop().await;
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let work = Workspace::open().await;
    let path = format!("/projects/{}", work.adds_project("Aldgate Transit").await);
    let change = |seen: &'static str, name: &'static str| {
        let request = work.program.request(Method::PATCH, &path).header("if-match", seen);
        told(request.header("content-type", "application/json").body(json!({ "name": name }).to_string()))
    };
    assert_eq!(change("\"1\"", "First").await.status, 200);
    let stale = change("\"1\"", "Second").await;
    assert_eq!((stale.status, stale.json()["type"].as_str()), (412, Some("/api/docs#problem-stale")));
    assert_eq!(work.gets(&path).await.json()["name"], "First");
    assert_eq!(change("*", "Third").await.status, 200);
    let delete = work.program.request(Method::DELETE, &path).header("if-match", "\"2\"");
    assert_eq!(told(delete).await.status, 412);
    work.app.stop().await;
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let work = Workspace::open().await;
    let mut all = Vec::new();
    for name in ["Aldgate Transit", "Carraway 100%", "Norde_DDQ", "Pell & Osgood"] {
        all.push(work.adds("/projects", json!({ "name": name, "client": format!("{name} ÄG") })).await);
    }
    work.acts(&format!("/projects/{}/complete", all[1])).await;
    work.acts(&format!("/projects/{}/archive", all[2])).await;
    work.deletes(&format!("/projects/{}", all[3])).await;
    let pick = |places: &[usize]| places.iter().map(|place| all[*place].clone()).collect::<Vec<_>>();
    for (query, expected) in [
        ("", &[2, 1, 0][..]),
        ("?status=active", &[0]),
        ("?status=completed", &[1]),
        ("?status=archived", &[2]),
        ("?trashed=true", &[3]),
        ("?q=aldgate", &[0]),
        ("?q=%C3%A4g", &[2, 1, 0]),
        ("?q=100%25", &[1]),
        ("?q=_", &[2]),
        ("?q=nothing", &[]),
    ] {
        assert_eq!(ids(&work.gets(&format!("/projects{query}")).await), pick(expected), "{query}");
    }
    let first = work.gets("/projects?limit=2").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = work.gets(&format!("/projects?limit=2&cursor={cursor}")).await;
    assert_eq!((ids(&first), ids(&rest)), (pick(&[2, 1]), pick(&[0])));
    assert_eq!(rest.json()["next_cursor"], Value::Null);
    work.app.stop().await;
}

#[tokio::test]
async fn only_keys_of_the_organization_with_the_scope_reach_a_project() {
    let work = Workspace::open().await;
    let id = work.adds_project("Aldgate Transit").await;
    let other = Workspace::open().await;
    let path = format!("/projects/{id}");
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/complete")),
        (Method::GET, format!("{path}/sections")),
    ] {
        let body = (method == Method::PATCH).then(|| json!({ "name": "Mine" }));
        let theirs = other.calls(method.clone(), &path, body).await;
        assert_eq!(theirs.status, 404, "{method} {path}");
    }
    let reader = work.app.program("read,publish").await;
    assert_eq!(told(reader.request(Method::GET, &path)).await.status, 200);
    assert_eq!(told(reader.request(Method::DELETE, &path)).await.status, 403);
    let publisher = work.app.program("publish,write").await;
    assert_eq!(told(publisher.request(Method::GET, &path)).await.status, 403);
    other.app.stop().await;
    work.app.stop().await;
}
