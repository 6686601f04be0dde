//! The API keys page: made, shown once, revoked.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::Role;
use herald::base::{Clock as _, ManualClock, Timestamp};
use reqwest::Method;
use scraper::{Html, Selector};

use crate::publish::SMALL;
use crate::support::app::{Setting, TestApp, client, eventually, spawn_app};
use crate::support::programs::{number, told};

const LIST: &str = "/settings/api-keys";

fn select(html: &str, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    let page = Html::parse_document(html);
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

fn attribute(html: &str, selector: &str, name: &str) -> Option<String> {
    let selector = Selector::parse(selector).expect("a selector");
    Html::parse_document(html).select(&selector).next()?.attr(name).map(ToOwned::to_owned)
}

async fn publishes(app: &TestApp, key: &str) -> u16 {
    let request = client().post(app.url("/api/v1/events")).bearer_auth(key).header("content-type", "application/json");
    told(request.body(SMALL)).await.status
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_ends_when_it_is_revoked() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    assert_eq!(select(&admin.reads(LIST).await, ".empty h2"), ["No API keys"]);
    let form = admin.reads("/settings/api-keys/new").await;
    assert_eq!(attribute(&form, "main form", "action").as_deref(), Some(LIST));
    let answer = admin.posts(LIST, &[("name", " CRM <sync> "), ("scopes", "read"), ("scopes", "publish")]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()), (200, "no-store"));
    let page = answer.text().await.unwrap();
    let key = attribute(&page, "#new-key", "value").expect("the key is shown");
    assert_eq!(publishes(&app, &key).await, 202);

    let page = admin.reads(LIST).await;
    assert!(!page.contains(&key), "it is shown once");
    assert_eq!(select(&page, ".cell__title"), ["CRM <sync>"]);
    assert_eq!(select(&page, ".cell__sub"), [format!("{}••••", &key[..9])]);
    assert_eq!(select(&page, "td.first"), ["Read, publish"]);
    assert_eq!(select(&page, "td.end"), ["Ada Byron"]);
    eventually("the last use is shown", &mut || async {
        (select(&admin.reads(LIST).await, "td.wide") == ["Used just now", "Expires: Never"]).then_some(())
    })
    .await;

    let revoke = attribute(&page, "td.actions a", "href").expect("a way to revoke it");
    assert_eq!(attribute(&page, "td.actions a", "aria-label").as_deref(), Some("Revoke CRM <sync>"));
    assert_eq!(select(&admin.reads(&revoke).await, "h1"), ["Revoke CRM <sync>?"]);
    let asked = admin.request(Method::GET, &revoke).header("hx-request", "true").header("hx-request-type", "partial");
    let dialog = admin.sends(asked).await.text().await.unwrap();
    assert_eq!(select(&dialog, "dialog h2"), ["Revoke CRM <sync>?"]);
    assert!(!dialog.contains("<html"), "{dialog}");
    let answer = admin.posts(&revoke, &[]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, LIST));
    assert_eq!(publishes(&app, &key).await, 401);
    let page = admin.reads(LIST).await;
    assert_eq!(select(&page, ".empty h2"), ["No API keys"]);
    assert_eq!(select(&page, "#toasts .toast strong"), ["API key revoked"]);
    assert_eq!(admin.posts(&revoke, &[]).await.status(), 404);
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action IN ('api_key.created', 'api_key.revoked')";
    assert_eq!(number(&app.running().db, entries).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_form_with_mistakes_comes_back_as_it_was_typed() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    let answer = admin.posts(LIST, &[("name", "  "), ("scopes", "write"), ("scopes", "everything")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert_eq!(select(&page, "#name-error"), ["Enter a name."]);
    assert_eq!(select(&page, "#scopes-error").len(), 1);
    assert_eq!(attribute(&page, "input[checked]", "value").as_deref(), Some("write"));
    let answer = admin.posts(LIST, &[("name", "CRM sync")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert_eq!(attribute(&page, "#name", "value").as_deref(), Some("CRM sync"));
    assert_eq!(select(&page, "#scopes-error"), ["Choose at least one scope."]);
    assert_eq!(attribute(&page, "[autofocus]", "id").as_deref(), Some("scopes"));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM api_keys").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn only_admins_of_the_organization_see_its_keys() {
    let app = spawn_app().await;
    app.adds_person("mo@halden.example", Role::Moderator).await;
    let moderator = app.signed_in("mo@halden.example").await;
    assert_eq!(moderator.gets(LIST).await.status(), 403);
    assert_eq!(moderator.posts(LIST, &[("name", "x"), ("scopes", "read")]).await.status(), 403);
    let answer = app.visitor().gets(LIST).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (303, "/login?next=%2Fsettings%2Fapi-keys")
    );
    let admin = app.admin().await;
    for path in ["/settings/api-keys/60adfdb750b58a0c2d78bdd8/revoke", "/settings/api-keys/x/revoke"] {
        assert_eq!(admin.gets(path).await.status(), 404, "{path}");
        assert_eq!(admin.posts(path, &[]).await.status(), 404, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_ends_when_its_last_day_is_over() {
    let clock = Arc::new(ManualClock::at(Timestamp::parse_rfc3339("2026-11-23T20:40:00Z").unwrap()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let admin = app.admin().await;
    for day in ["2026-11-22", "soon", "2040-01-01"] {
        let answer = admin.posts(LIST, &[("name", "CRM"), ("scopes", "publish"), ("expires", day)]).await;
        assert_eq!(answer.status(), 422, "{day}");
        let page = answer.text().await.unwrap();
        assert!(select(&page, "#expires-error").concat().starts_with("Choose a"), "{day}");
        assert_eq!(attribute(&page, "#expires", "value").as_deref(), Some(day));
    }
    let made = async |name: &str, day: &str| {
        let fields = [("name", name), ("scopes", "publish"), ("expires", day)];
        let page = admin.posts(LIST, &fields).await.text().await.unwrap();
        attribute(&page, "#new-key", "value").expect("a key")
    };
    let (short, long) = (made("short", "2026-11-24").await, made("long", "2027-11-24").await);
    let expiries = select(&admin.reads(LIST).await, "td:nth-child(5)");
    assert!(expiries[0].contains("24 Nov 2027") || expiries[0].contains("25 Nov 2027"), "{expiries:?}");
    assert!(expiries[1].starts_with("Soon:"), "{expiries:?}");
    // The organization is in Los Angeles, where the 24th ends at eight in the morning of the 25th.
    clock.advance(Timestamp::parse_rfc3339("2026-11-25T07:59:59Z").unwrap().saturating_sub(clock.now()));
    assert_eq!(publishes(&app, &short).await, 202);
    clock.advance(Duration::from_secs(1));
    assert_eq!((publishes(&app, &short).await, publishes(&app, &long).await), (401, 202));
    let admin = app.admin().await;
    assert!(select(&admin.reads(LIST).await, "td:nth-child(5)")[1].starts_with("Expired"));
    app.stop().await;
}
