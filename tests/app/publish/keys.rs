//! Who may publish.

use herald::auth::api_keys;
use herald::auth::model::{Actor, Role, Source};
use herald::base::SystemRng;
use herald::db::meta::raise_changes;

use super::SMALL;
use crate::support::app::{Setting, TestApp, client, eventually, spawn_app};
use crate::support::programs::{number, told};

async fn change(app: &TestApp, sql: &'static str) {
    let mut tx = app.running().db.begin().await.expect("the database takes a transaction");
    sqlx::query(sql).execute(&mut *tx).await.expect("a change");
    raise_changes(&mut tx).await.expect("a change is announced");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn without_a_valid_key_it_is_401() {
    let app = spawn_app().await;
    let program = app.program("read,write,publish").await;
    let almost = format!("{}x", &program.secret[..program.secret.len() - 1]);
    let basic = format!("Basic {}", program.secret);
    for authorization in
        [None, Some(""), Some("Bearer"), Some("Bearer x"), Some(basic.as_str()), Some(&format!("Bearer {almost}"))]
    {
        let mut request =
            client().post(app.url("/api/v1/events")).header("content-type", "application/json").body(SMALL);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = told(request).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{authorization:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let lower = client().post(app.url("/api/v1/events")).header("authorization", format!("bearer {}", program.secret));
    assert_eq!(told(lower.header("content-type", "application/json").body(SMALL)).await.status, 202);
    app.stop().await;
}

#[tokio::test]
async fn only_the_scope_publish_publishes() {
    let app = spawn_app().await;
    for (scopes, status) in
        [("read", 403), ("write", 403), ("read,write", 403), ("publish", 202), ("read,publish", 202)]
    {
        let answer = app.program(scopes).await.publishes(SMALL).await;
        assert_eq!(answer.status, status, "{scopes}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_its_owner_leaves() {
    let app = spawn_app().await;
    let (mine, nobodys) = (app.program("publish").await, app.program_of(None, "publish").await);
    let bob = app.adds_person("bob@halden.example", Role::Admin).await;
    let bobs = app.program_of(Some(bob.id), "publish").await;
    for program in [&mine, &nobodys, &bobs] {
        assert_eq!(program.publishes(SMALL).await.status, 202);
    }
    change(&app, "UPDATE users SET active = 0 WHERE email = 'bob@halden.example'").await;
    let actor = Actor {
        organization: app.organization.id.clone(),
        email: "ada@halden.example".into(),
        source: Source::Page,
        address: None,
    };
    let now = app.running().context.clock.now();
    let mut tx = app.running().db.begin().await.expect("the database takes a transaction");
    let revoked = api_keys::revoke(&mut tx, now, &SystemRng, &actor, &mine.key.id).await.expect("an answer");
    assert!(revoked.is_some());
    tx.commit().await.expect("a commit");
    assert_eq!(mine.publishes(SMALL).await.status, 401);
    assert_eq!(bobs.publishes(SMALL).await.status, 401);
    assert_eq!(nobodys.publishes(SMALL).await.status, 202);
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_published_while_webhooks_are_turned_off() {
    let app = Setting { webhooks_disabled: true, ..Setting::default() }.spawn().await;
    let program = app.program("publish").await;
    let answer = program.publishes(SMALL).await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (403, Some("/api/docs#problem-webhooks-not-enabled")));
    change(&app, "UPDATE organizations SET webhooks_enabled = 1").await;
    assert_eq!(program.publishes(SMALL).await.status, 202);
    app.stop().await;
}

#[tokio::test]
async fn the_last_use_is_written_down() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    // A refused call is a use as well.
    assert_eq!(program.publishes("{}").await.status, 422);
    let db = &app.running().db;
    eventually("the last use", &mut || async {
        (number(db, "SELECT COUNT(*) FROM api_keys WHERE last_used_at IS NOT NULL").await == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_revoked_key_is_told_nothing_of_what_else_is_wrong() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    assert_eq!(program.publishes(SMALL).await.status, 202);
    change(&app, "UPDATE api_keys SET revoked_at = 1").await;
    for body in [SMALL, "{}", "no JSON", r#"{"events":[]}"#] {
        assert_eq!(program.publishes(body).await.status, 401, "{body}");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_changed_since_the_last_call_holds_for_the_next_one() {
    let app = spawn_app().await;
    let program = app.program("publish").await;
    assert_eq!(program.publishes(SMALL).await.status, 202);
    change(&app, "UPDATE organizations SET time_zone = 'Asia/Kathmandu'").await;
    assert_eq!(program.publishes(SMALL).await.status, 202);
    let count = |query| number(&app.running().db, query);
    assert_eq!(count("SELECT COUNT(*) FROM events").await, 2, "each call made one");
    assert_eq!(count("SELECT COUNT(*) FROM events WHERE body LIKE '% +0545\"%'").await, 1, "the clocks there");
    app.stop().await;
}
