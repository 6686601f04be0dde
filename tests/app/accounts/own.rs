//! The general settings of one's organization, and one's own profile.

use herald::auth::model::Role;
use reqwest::Method;

use super::{attributes, location, texts, value};
use crate::support::app::{PASSWORD, spawn_app};
use crate::support::programs::number;

#[tokio::test]
async fn an_admin_renames_the_organization_and_moves_its_time_zone() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let answer = admin.posts("/settings", &[("name", " Halden & Sons "), ("time_zone", "Asia/Kolkata")]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/settings"));
    let html = admin.reads("/settings").await;
    assert_eq!(value(&html, "name"), "Halden & Sons");
    assert_eq!(attributes(&html, "[name=time_zone] option[selected]", "value"), ["Asia/Kolkata"]);
    assert_eq!(texts(&html, "#toasts strong"), ["Changes saved"]);
    assert!(texts(&admin.reads("/settings").await, "#toasts strong").is_empty(), "a toast shows once");
    let db = &app.running().db;
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE actor = 'ada@halden.example' AND source = 'page' \
                   AND action IN ('organization.renamed', 'organization.time_zone_changed')";
    assert_eq!(number(db, entries).await, 2);
    admin.posts("/settings", &[("name", "Halden & Sons"), ("time_zone", "Asia/Kolkata")]).await;
    assert_eq!(number(db, entries).await, 2, "saving without a change writes nothing down");
    app.stop().await;
}

#[tokio::test]
async fn a_bad_setting_is_answered_with_the_form_or_for_htmx_its_piece() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let long = "x".repeat(101);
    let answer = admin.posts("/settings", &[("name", &long), ("time_zone", "UTC")]).await;
    assert_eq!(answer.status(), 422);
    let html = answer.text().await.unwrap();
    assert_eq!((value(&html, "name"), texts(&html, "#name-error").len()), (long, 1));

    let posts = |body: &'static str| {
        let request = admin.request(Method::POST, "/settings").header("sec-fetch-site", "same-origin");
        let request = request.header("hx-request", "true").header("hx-request-type", "partial");
        admin.sends(request.header("content-type", "application/x-www-form-urlencoded").body(body))
    };
    let answer = posts("name=&time_zone=UTC").await;
    assert_eq!(answer.status(), 422);
    let piece = answer.text().await.unwrap();
    assert!(piece.trim_start().starts_with("<form") && !piece.contains("<html"));
    let answer = posts("name=Halden&time_zone=UTC").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["hx-redirect"]), (200, &"/settings".parse().unwrap()));
    app.stop().await;
}

#[tokio::test]
async fn everybody_has_a_profile_with_name_and_theme() {
    let app = spawn_app().await;
    app.adds_person("manager@herald.example", Role::AccountManager).await;
    let manager = app.signed_in("manager@herald.example").await;
    assert_eq!(manager.posts("/profile", &[("name", "Mia"), ("theme", "dark")]).await.status(), 303);
    let html = manager.reads("/profile").await;
    assert_eq!(value(&html, "name"), "Mia");
    assert_eq!(attributes(&html, "html", "data-theme"), ["dark"]);
    assert_eq!(manager.posts("/profile", &[("name", "Mia"), ("theme", "pink")]).await.status(), 422);
    app.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = spawn_app().await;
    let (here, elsewhere) = (app.admin().await, app.admin().await);
    let changes = async |current: &str, new: &str, repeat: &str| {
        let fields = [("current_password", current), ("new_password", new), ("repeat_password", repeat)];
        here.posts("/profile/password", &fields).await
    };
    for (current, new, repeat, field) in [
        ("not the password", "another long one", "another long one", "current_password"),
        (PASSWORD, "short", "short", "new_password"),
        (PASSWORD, "another long one", "another long two", "repeat_password"),
    ] {
        let answer = changes(current, new, repeat).await;
        assert_eq!(answer.status(), 422);
        let html = answer.text().await.unwrap();
        assert_eq!(texts(&html, &format!("#{field}-error")).len(), 1, "{field}");
        assert!(!html.contains("another long"), "passwords are never sent back");
    }
    assert_eq!(changes(PASSWORD, "another long one", "another long one").await.status(), 303);
    assert_eq!(here.gets("/settings").await.status(), 200);
    assert_eq!(elsewhere.gets("/settings").await.status(), 303);
    for (password, status) in [(PASSWORD, 422), ("another long one", 303)] {
        let answer = app.visitor().posts("/login", &[("email", "ada@halden.example"), ("password", password)]).await;
        assert_eq!(answer.status(), status);
    }
    app.stop().await;
}
