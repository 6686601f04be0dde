//! The setup of a fresh server.

use super::{attributes, location, texts, value};
use crate::support::app::{Setting, TestApp};
use crate::support::programs::number;

const PASSWORD: &str = "correct horse battery";

async fn fresh() -> TestApp {
    Setting { without_users: true, ..Setting::default() }.spawn().await
}

fn fields(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("code", code),
        ("organization_name", " Brightwater Legal "),
        ("time_zone", "Europe/Berlin"),
        ("email", "Grace@Brightwater.example"),
        ("password", PASSWORD),
        ("enable_webhooks", "true"),
    ]
}

#[tokio::test]
async fn the_setup_makes_an_organization_with_its_admin_and_signs_in_once() {
    let app = fresh().await;
    let code = app.running().setup_code.expose().to_owned();
    let visitor = app.visitor();

    let form = visitor.reads(&format!("/setup?code={code}")).await;
    assert_eq!(value(&form, "code"), code);
    assert_eq!(attributes(&form, "[name=enable_webhooks]", "checked").len(), 1, "checked at first");
    assert!(attributes(&form, "[name=time_zone] option", "value").contains(&"Asia/Kathmandu".to_owned()));

    let answer = visitor.posts("/setup", &fields(&code)).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/projects"));
    let settings = visitor.reads("/settings").await;
    assert_eq!(value(&settings, "name"), "Brightwater Legal");
    assert_eq!(attributes(&settings, "[name=time_zone] option[selected]", "value"), ["Europe/Berlin"]);
    let db = &app.running().db;
    let made = "SELECT COUNT(*) FROM organizations WHERE edition = 'enterprise' AND webhooks_enabled = 1";
    assert_eq!(number(db, made).await, 1);

    let other = app.visitor();
    for answer in [other.gets(&format!("/setup?code={code}")).await, other.posts("/setup", &fields(&code)).await] {
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/login"), "the setup is over");
    }
    let answer = other.posts("/login", &[("email", "grace@brightwater.example"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 303);
    app.stop().await;
}

#[tokio::test]
async fn without_the_code_the_setup_is_closed_and_says_where_to_find_it() {
    let app = fresh().await;
    let visitor = app.visitor();
    for answer in [
        visitor.gets("/setup").await,
        visitor.gets("/setup?code=wrong").await,
        visitor.posts("/setup", &fields("wrong")).await,
        visitor.posts("/setup", &[]).await,
    ] {
        assert_eq!(answer.status(), 403);
        assert!(answer.text().await.unwrap().contains("when it started"));
    }
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM users").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_what_was_typed_stays() {
    let app = fresh().await;
    let code = app.running().setup_code.expose().to_owned();
    let typed = [
        ("code", code.as_str()),
        ("organization_name", "<b>\"Quoted\" & Co</b>"),
        ("time_zone", "Mars/Olympus"),
        ("email", "grace@"),
        ("password", "short"),
    ];
    let answer = app.visitor().posts("/setup", &typed).await;
    assert_eq!(answer.status(), 422);
    let html = answer.text().await.unwrap();
    assert_eq!(value(&html, "organization_name"), "<b>\"Quoted\" & Co</b>");
    assert_eq!(value(&html, "email"), "grace@");
    assert_eq!(value(&html, "password"), "", "a password is never sent back");
    assert!(attributes(&html, "[name=enable_webhooks]", "checked").is_empty());
    for field in ["time_zone", "email", "password"] {
        assert_eq!(attributes(&html, &format!("#{field}"), "aria-invalid"), ["true"], "{field}");
        assert_eq!(texts(&html, &format!("#{field}-error")).len(), 1, "{field}");
    }
    assert_eq!(attributes(&html, "[autofocus]", "id"), ["time_zone"]);
    assert_eq!(texts(&html, "[role=alert] strong")[0], "Check 3 fields before you submit");
    app.stop().await;
}

#[tokio::test]
async fn two_setups_at_once_make_one_organization() {
    let app = fresh().await;
    let code = app.running().setup_code.expose().to_owned();
    let visitors: Vec<_> = (0..4).map(|_| app.visitor()).collect();
    let fields = fields(&code);
    let posts = visitors.iter().map(|visitor| visitor.posts("/setup", &fields));
    let answers = futures_util::future::join_all(posts).await;
    let made = answers.iter().filter(|answer| location(answer) == "/projects").count();
    assert_eq!(made, 1);
    assert!(answers.iter().all(|answer| answer.status() == 303));
    let db = &app.running().db;
    assert_eq!(number(db, "SELECT COUNT(*) FROM organizations").await, 1);
    assert_eq!(number(db, "SELECT COUNT(*) FROM users").await, 1);
    app.stop().await;
}
