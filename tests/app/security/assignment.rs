//! Nobody sets what a form or a call does not offer: further fields change nothing on a page, and are refused by the API.

use herald::auth::model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::Furnished;
use crate::support::dump::row;
use crate::support::programs::told;

/// Names of columns, and of what frameworks make of a form.
const EXTRA: &[(&str, &str)] = &[
    ("id", "60adfdb750b58a0c2d78bdd8"),
    ("organization", "60adfdb750b58a0c2d78bdd8"),
    ("organization_id", "60adfdb750b58a0c2d78bdd8"),
    ("user_id", "60adfdb750b58a0c2d78bdd8"),
    ("role", "admin"),
    ("user[role]", "admin"),
    ("active", "0"),
    ("password_hash", "x"),
    ("email", "evil@evil.example"),
    ("owner_id", "x"),
    ("state", "disabled"),
    ("created_at", "0"),
    ("updated_at", "0"),
    ("trashed_at", "1"),
    ("deleted_at", "1"),
    ("created_by", "evil@evil.example"),
    ("performed_by", "evil@evil.example"),
    ("edition", "essentials"),
    ("webhooks_enabled", "0"),
    ("key_hash", "x"),
    ("seq", "0"),
    ("project_id", "60adfdb750b58a0c2d78bdd8"),
    ("section_id", "60adfdb750b58a0c2d78bdd8"),
    ("intake_id", "60adfdb750b58a0c2d78bdd8"),
    ("__proto__", "x"),
    ("constructor", "x"),
];

/// Forms with what a browser would send: where to, and the fields that mean something there.
fn forms(house: &Furnished) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let id = |kind: &str| house.id(kind);
    vec![
        ("/profile".into(), vec![("name", "Ada"), ("theme", "dark")]),
        (format!("/projects/{}/edit", id("project")), vec![("name", "Renamed"), ("status", "completed")]),
        (format!("/sections/{}/edit", id("section")), vec![("name", "Renamed"), ("position", "9")]),
        (format!("/intakes/{}/edit", id("intake")), vec![("title", "Renamed"), ("status", "accepted"), ("email", "")]),
    ]
}

#[tokio::test]
async fn further_fields_of_a_form_change_nothing() {
    let house = Furnished::house().await;
    let tables = ["users", "projects", "sections", "intakes"];
    let ids = [
        house.app.admin.id.to_string(),
        house.id("project").to_owned(),
        house.id("section").to_owned(),
        house.id("intake").to_owned(),
    ];
    for ((path, fields), (table, id)) in forms(&house).into_iter().zip(tables.iter().zip(&ids)) {
        let before = row(&house.app.running().db, table, id).await;
        let taken: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let extra = EXTRA.iter().filter(|(name, _)| !taken.contains(name)).copied();
        let all: Vec<_> = fields.iter().copied().chain(extra).collect();
        let answer = house.admin.posts(&path, &all).await;
        assert_eq!(answer.status(), 303, "{path}: {}", answer.text().await.unwrap());
        let after = row(&house.app.running().db, table, id).await;
        for (column, value) in &before {
            let may_change =
                ["name", "theme", "title", "version", "updated_at", "search", "folded"].contains(&column.as_str());
            assert!(may_change || after.get(column) == Some(value), "{path} changed {column}: {:?}", after.get(column));
        }
    }
    house.app.stop().await;
}

#[tokio::test]
async fn nobody_makes_an_administrator_of_himself() {
    let house = Furnished::house().await;
    house.app.adds_person("bob@halden.example", Role::Member).await;
    let bob = house.app.signed_in("bob@halden.example").await;
    let fields = [
        ("name", "Bob"),
        ("theme", "dark"),
        ("role", "admin"),
        ("role", "account_manager"),
        ("organization_id", ""),
        ("active", "1"),
    ];
    assert_eq!(bob.posts("/profile", &fields).await.status(), 303);
    assert_eq!(bob.gets("/settings").await.status(), 403);
    let created = bob
        .posts(
            "/projects/new",
            &[("name", "Mine"), ("organization_id", "60adfdb750b58a0c2d78bdd8"), ("id", "60adfdb750b58a0c2d78bdd8")],
        )
        .await;
    assert_eq!(created.status(), 303);
    assert_eq!(bob.gets("/projects/60adfdb750b58a0c2d78bdd8").await.status(), 404, "an id is not for the asking");
    house.app.stop().await;
}

#[tokio::test]
async fn the_api_refuses_fields_that_it_does_not_know() {
    let house = Furnished::house().await;
    let id = |kind: &str| house.id(kind);
    let webhook = id("webhook");
    let event = json!({"event_type": "PROJECT_CREATED", "entity_ids": ["a"], "performed_by": "ada@halden.example"});
    let calls: Vec<(Method, String, Value)> = vec![
        (Method::POST, "/events".into(), event.clone()),
        (Method::POST, "/events/batch".into(), json!({"events": [event]})),
        (
            Method::POST,
            "/webhooks".into(),
            json!({"name": "N", "url": "https://example.com/", "events": ["PROJECT_CREATED"]}),
        ),
        (Method::PATCH, format!("/webhooks/{webhook}"), json!({"name": "N"})),
        (Method::POST, format!("/webhooks/{webhook}/test"), json!({})),
        (Method::POST, "/webhooks/test".into(), json!({"url": "https://192.0.2.1/"})),
        (Method::POST, format!("/webhooks/{webhook}/pause"), json!({})),
        (Method::POST, format!("/webhooks/{webhook}/resume"), json!({})),
        (Method::POST, format!("/webhooks/{webhook}/enable"), json!({})),
        (Method::POST, format!("/webhooks/{webhook}/restore"), json!({})),
        (Method::POST, format!("/webhooks/{webhook}/rotate-secret"), json!({"overlap_seconds": 60})),
        (
            Method::POST,
            format!("/webhooks/{webhook}/replay"),
            json!({"since": "2020-01-01T00:00:00Z", "dry_run": true}),
        ),
        (Method::POST, "/projects".into(), json!({"name": "N"})),
        (Method::PATCH, format!("/projects/{}", id("project")), json!({"name": "N"})),
        (Method::POST, format!("/projects/{}/complete", id("project")), json!({})),
        (Method::POST, format!("/projects/{}/sections", id("project")), json!({"name": "N"})),
        (Method::PATCH, format!("/sections/{}", id("section")), json!({"name": "N"})),
        (Method::POST, format!("/sections/{}/questions", id("section")), json!({"question": "Q?"})),
        (Method::PATCH, format!("/questions/{}", id("question")), json!({"question": "Q?"})),
        (Method::POST, "/answers".into(), json!({"question": "Q?", "answer": "A."})),
        (Method::PATCH, format!("/answers/{}", id("pair")), json!({"question": "Q?"})),
        (Method::POST, "/answers/bulk-create".into(), json!({"answers": [{"question": "Q?", "answer": "A."}]})),
        (Method::POST, "/answers/bulk-publish".into(), json!({"ids": [id("pair")]})),
        (Method::POST, "/answers/bulk-delete".into(), json!({"ids": [id("pair")]})),
        (Method::POST, "/intakes".into(), json!({"title": "N"})),
        (Method::PATCH, format!("/intakes/{}", id("intake")), json!({"title": "N"})),
        (Method::POST, format!("/intakes/{}/convert", id("intake")), json!({})),
    ];
    let before = house.contents().await;
    for (method, path, body) in calls {
        for name in [
            "id",
            "organization_id",
            "role",
            "created_at",
            "version",
            "performed_as",
            "Name",
            "name ",
            "__proto__",
            "$where",
        ] {
            let mut wrong = body.clone();
            wrong.as_object_mut().unwrap().insert(name.into(), json!("x"));
            let request = house.program.request(method.clone(), &path).header("content-type", "application/json");
            let answer = told(request.body(wrong.to_string())).await;
            assert_eq!(answer.status, 422, "{method} {path} with {name}: {}", answer.text);
            assert!(answer.fields().contains(&name.to_owned()), "{method} {path} with {name}: {}", answer.text);
        }
    }
    assert_eq!(house.contents().await, before, "nothing was written");
    house.app.stop().await;
}
