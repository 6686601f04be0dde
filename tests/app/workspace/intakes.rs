//! Intakes: what the calls answer, refuse and raise.

use reqwest::Method;
use serde_json::json;

use super::{Workspace, id_of, ids};
use crate::support::programs::told;

#[tokio::test]
async fn an_intake_becomes_a_project_once() {
    let work = Workspace::open().await;
    let body = json!({
        "title": "Fleet telematics tender", "requester": "Marcus Webb", "email": "Marcus@Severn.example", "client": "Severn Buses",
        "due_date": "2026-12-18", "description": "By mail.",
    });
    let answer = work.posts("/intakes", body).await;
    let id = id_of(&answer);
    let expected = json!({
        "id": id, "title": "Fleet telematics tender", "requester": "Marcus Webb", "email": "marcus@severn.example",
        "client": "Severn Buses", "due_date": "2026-12-18", "description": "By mail.", "status": "new", "project_id": null,
        "version": 1, "created_at": answer.json()["created_at"],
    });
    assert_eq!((answer.status, answer.header("etag"), answer.json()), (201, "\"1\"", expected), "{}", answer.text);
    assert_eq!(answer.header("location"), format!("/api/v1/intakes/{id}"));
    let path = format!("/intakes/{id}");
    let declined = work.patches(&path, json!({ "status": "declined", "requester": null })).await.json();
    assert_eq!((&declined["status"], &declined["requester"]), (&json!("declined"), &json!(null)));
    assert_eq!(work.patches(&path, json!({ "status": "declined" })).await.header("etag"), "\"2\"");

    let convert = work.program.request(Method::POST, &format!("{path}/convert")).header("if-match", "\"1\"");
    assert_eq!(told(convert).await.status, 412);
    let project = work.acts(&format!("{path}/convert")).await;
    assert_eq!(project.status, 201, "{}", project.text);
    let made = project.json();
    assert_eq!(made["intake_id"], json!(id));
    assert_eq!((&made["name"], &made["client"]), (&json!("Fleet telematics tender"), &json!("Severn Buses")));
    assert_eq!(project.header("location"), format!("/api/v1/projects/{}", id_of(&project)));
    let after = work.gets(&path).await.json();
    assert_eq!((&after["status"], &after["project_id"]), (&json!("accepted"), &made["id"]));
    assert_eq!(work.acts(&format!("{path}/convert")).await.status, 409);
    assert_eq!(work.patches(&path, json!({ "status": "new" })).await.status, 409);
    assert_eq!(work.patches(&path, json!({ "title": "Telematics" })).await.status, 200);
    work.app.stop().await;
}

#[tokio::test]
async fn intakes_are_listed_by_status_and_bad_ones_refused() {
    let work = Workspace::open().await;
    let first = work.adds("/intakes", json!({ "title": "One" })).await;
    let second = work.adds("/intakes", json!({ "title": "Two" })).await;
    work.patches(&format!("/intakes/{first}"), json!({ "status": "declined" })).await;
    assert_eq!(ids(&work.gets("/intakes").await), [second.clone(), first.clone()]);
    assert_eq!(ids(&work.gets("/intakes?status=new").await), [second]);
    assert_eq!(ids(&work.gets("/intakes?status=declined").await), std::slice::from_ref(&first));
    for (body, fields) in [
        (json!({}), &["title"][..]),
        (json!({ "title": "", "email": "nobody", "due_date": "soon" }), &["title", "email", "due_date"]),
        (json!({ "title": "T", "status": "accepted", "project_id": "x" }), &["status", "project_id"]),
    ] {
        let answer = work.posts("/intakes", body).await;
        assert_eq!((answer.status, answer.fields()), (422, fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>()));
    }
    let answer = work.patches(&format!("/intakes/{first}"), json!({ "status": "done" })).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["status".to_owned()]));
    let other = Workspace::open().await;
    assert_eq!(other.gets(&format!("/intakes/{first}")).await.status, 404);
    assert_eq!(other.acts(&format!("/intakes/{first}/convert")).await.status, 404);
    other.app.stop().await;
    work.app.stop().await;
}
