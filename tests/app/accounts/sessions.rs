//! Where somebody is signed in, and how that ends.

use herald::auth::model::Role;
use reqwest::Method;

use super::{attributes, location, texts};
use crate::support::app::{PASSWORD, TestApp, Visitor, spawn_app};
use crate::support::programs::number;

async fn signs_in_with(app: &TestApp, agent: &str) -> Visitor {
    let visitor = app.visitor();
    let request = visitor.request(Method::POST, "/login").header("sec-fetch-site", "same-origin");
    let request = request.header("content-type", "application/x-www-form-urlencoded").header("user-agent", agent);
    let body = format!("email=ada@halden.example&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(visitor.sends(request.body(body)).await.status(), 303);
    visitor
}

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[tokio::test]
async fn everybody_sees_their_own_sessions_and_ends_them_one_by_one() {
    let app = spawn_app().await;
    let here = app.admin().await;
    let elsewhere = signs_in_with(&app, FIREFOX).await;
    app.adds_person("bob@halden.example", Role::Member).await;
    let bob = app.signed_in("bob@halden.example").await;
    let html = here.reads("/profile").await;
    let rows = texts(&html, ".sessions > li");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].contains("This one") && rows[0].contains("127.0.0.1"), "{rows:?}");
    assert!(rows[1].contains("Firefox on Windows") && rows[1].contains("signed in"), "{rows:?}");
    let end = attributes(&html, ".sessions form", "action");
    assert_eq!(end.len(), 1, "the one at hand is ended by signing out");

    assert_eq!(bob.posts(&end[0], &[]).await.status(), 404, "another person's");
    assert_eq!(elsewhere.gets("/events").await.status(), 200);
    assert_eq!(location(&here.posts(&end[0], &[]).await), "/profile");
    assert_eq!(elsewhere.gets("/events").await.status(), 303);
    assert_eq!(here.posts(&end[0], &[]).await.status(), 404, "it has ended");
    assert_eq!(here.posts("/profile/sessions/nonsense/end", &[]).await.status(), 404);
    assert_eq!(here.gets("/events").await.status(), 200);
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.sessions_ended'";
    assert_eq!(number(&app.running().db, entries).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn all_others_end_at_once() {
    let app = spawn_app().await;
    let (here, first, second) = (app.admin().await, app.admin().await, app.admin().await);
    app.adds_person("bob@halden.example", Role::Member).await;
    let bob = app.signed_in("bob@halden.example").await;
    assert_eq!(location(&here.posts("/profile/sessions/end-others", &[]).await), "/profile");
    let html = here.reads("/profile").await;
    assert_eq!(texts(&html, "#toasts strong"), ["2 sessions ended"]);
    assert_eq!(texts(&html, ".sessions > li").len(), 1);
    for (visitor, status) in [(&first, 303), (&second, 303), (&here, 200)] {
        assert_eq!(visitor.gets("/events").await.status(), status);
    }
    assert_eq!(bob.gets("/projects").await.status(), 200);
    app.stop().await;
}

#[tokio::test]
async fn the_database_holds_no_key_of_a_session() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let cookie = admin.request(Method::GET, "/").build().unwrap().headers()["cookie"].to_str().unwrap().to_owned();
    // The signature stands before the key (docs/decisions/0004-sessions-in-the-database.md).
    let key = &cookie[cookie.len() - 43..];
    let mut conn = app.running().db.read().await.unwrap();
    let rows = sqlx::query("SELECT key_hash, state FROM sessions").fetch_all(&mut *conn).await.unwrap();
    assert_eq!(rows.len(), 1);
    for column in 0..2 {
        let text: String = sqlx::Row::get(&rows[0], column);
        assert!(!text.contains(key), "{text}");
    }
    drop(conn);
    app.stop().await;
}

#[tokio::test]
async fn signing_out_is_written_down_once() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for _ in 0..2 {
        assert_eq!(location(&admin.posts("/logout", &[]).await), "/login");
    }
    let db = &app.running().db;
    let signed_in = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.signed_in'";
    let signed_out = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.signed_out'";
    assert_eq!((number(db, signed_in).await, number(db, signed_out).await), (1, 1));
    app.stop().await;
}
