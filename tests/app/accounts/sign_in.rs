//! Signing in and out, and how often it may be tried.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::Role;
use herald::base::{Clock as _, ManualClock, SystemClock};
use reqwest::Method;

use super::{attributes, location, texts, value};
use crate::support::app::{PASSWORD, Setting, spawn_app};

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let app = spawn_app().await;
    let visitor = app.visitor();
    let answer = visitor.gets("/settings?a=1&b=2").await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/login?next=%2Fsettings%3Fa%3D1%26b%3D2"));
    let form = visitor.reads(location(&answer)).await;
    assert_eq!(value(&form, "next"), "/settings?a=1&b=2");
    assert_eq!(attributes(&form, "form", "action"), ["/login"]);

    let fields = [("email", " ADA@Halden.example "), ("password", PASSWORD), ("next", "/settings?a=1&b=2")];
    let answer = visitor.posts("/login", &fields).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/settings?a=1&b=2"));
    assert_eq!(location(&visitor.gets("/login?next=/events").await), "/events", "already signed in");
    assert_eq!(visitor.gets("/settings").await.status(), 200);

    let stolen = visitor.request(Method::GET, "/settings").build().unwrap().headers()["cookie"].clone();
    assert_eq!(location(&visitor.posts("/logout", &[]).await), "/login");
    assert_eq!(visitor.gets("/settings").await.status(), 303);
    let answer = visitor.sends(app.visitor().request(Method::GET, "/settings").header("cookie", stolen)).await;
    assert_eq!(answer.status(), 303, "the session itself has ended, not only the cookie");
    assert_eq!(visitor.gets("/logout").await.status(), 405);
    app.stop().await;
}

#[tokio::test]
async fn signing_in_begins_a_new_session_whatever_the_browser_carried() {
    let app = spawn_app().await;
    let visitor = app.admin().await;
    let cookie = |visitor: &crate::support::app::Visitor| {
        visitor.request(Method::GET, "/").build().unwrap().headers()["cookie"].clone()
    };
    let before = cookie(&visitor);
    visitor.posts("/login", &[("email", "ada@halden.example"), ("password", PASSWORD)]).await;
    assert_ne!(cookie(&visitor), before);
    let answer = app.visitor().request(Method::GET, "/settings").header("cookie", before).send().await.unwrap();
    assert_eq!(answer.status(), 303, "the old key opens nothing");
    app.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_sound_the_same() {
    let app = spawn_app().await;
    let mut pages = Vec::new();
    for email in ["ada@halden.example", "nobody@halden.example"] {
        let answer =
            app.visitor().posts("/login", &[("email", email), ("password", "wrong"), ("next", "/events")]).await;
        assert_eq!(answer.status(), 422);
        assert!(answer.headers().get("set-cookie").is_none());
        let html = answer.text().await.unwrap();
        assert_eq!(texts(&html, "[role=alert] strong")[0], "Email or password is wrong.");
        assert_eq!((value(&html, "email").as_str(), value(&html, "next").as_str()), (email, "/events"));
        assert_eq!(value(&html, "password"), "");
        pages.push(html.replace(email, ""));
    }
    assert_eq!(pages[0], pages[1]);
    app.stop().await;
}

#[tokio::test]
async fn sign_in_leads_to_own_pages_only() {
    let app = spawn_app().await;
    app.adds_person("member@halden.example", Role::Member).await;
    app.adds_person("manager@herald.example", Role::AccountManager).await;
    let home = "/projects";
    for (email, next, expected) in [
        ("ada@halden.example", "/events", "/events"),
        ("ada@halden.example", "", home),
        ("ada@halden.example", "/", home),
        ("ada@halden.example", "//evil.example", home),
        ("ada@halden.example", "/\\evil.example", home),
        ("ada@halden.example", "https://evil.example/", home),
        ("ada@halden.example", "javascript:alert(1)", home),
        ("ada@halden.example", "/\t/evil.example", home),
        ("ada@halden.example", "/x\r\nx-evil: 1", home),
        ("member@halden.example", "", home),
        ("manager@herald.example", "", "/organizations"),
        ("manager@herald.example", "/events", "/organizations"),
    ] {
        let fields = [("email", email), ("password", PASSWORD), ("next", next)];
        let answer = app.visitor().posts("/login", &fields).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, expected), "{next:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn ten_wrong_tries_in_a_minute_are_enough() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let tries = async |email: &str, password: &str| {
        app.visitor().posts("/login", &[("email", email), ("password", password)]).await
    };
    for _ in 0..12 {
        assert_eq!(tries("ada@halden.example", PASSWORD).await.status(), 303, "right tries do not count");
    }
    for _ in 0..10 {
        assert_eq!(tries("ada@halden.example", "wrong").await.status(), 422);
    }
    for email in ["ada@halden.example", "somebody.else@halden.example"] {
        let answer = tries(email, PASSWORD).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"6".parse().unwrap()));
        let html = answer.text().await.unwrap();
        assert_eq!(texts(&html, "[role=alert] strong")[0], "Too many tries. Try again in 6 seconds.");
        assert_eq!(value(&html, "email"), email);
    }
    clock.advance(Duration::from_secs(6));
    assert_eq!(tries("ada@halden.example", PASSWORD).await.status(), 303);
    app.stop().await;
}

#[tokio::test]
async fn htmx_is_told_the_way_to_the_login() {
    let app = spawn_app().await;
    let visitor = app.visitor();
    let request = visitor
        .request(Method::GET, "/settings")
        .header("hx-request", "true")
        .header("hx-request-type", "partial")
        .header("hx-current-url", app.url("/events?cursor=x"));
    let answer = visitor.sends(request).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["hx-redirect"], "/login?next=%2Fevents%3Fcursor%3Dx");
    app.stop().await;
}
