//! Forgotten passwords: links in mails, from an admin, and from the command line.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::Role;
use herald::base::{Clock as _, ManualClock, SystemClock};
use serde_json::Value;

use super::{admin, location, texts, value};
use crate::support::app::{PASSWORD, Setting, TestApp, Visitor, eventually, spawn_app};
use crate::support::mailbox::Mailbox;
use crate::support::programs::number;

const NEW: &str = "another long password";

/// A Herald that sends mail.
struct Scene {
    app: TestApp,
    clock: Arc<ManualClock>,
    mailbox: Mailbox,
}

impl Scene {
    async fn set() -> Self {
        let (clock, mailbox) = (Arc::new(ManualClock::at(SystemClock.now())), Mailbox::start().await);
        let setting = Setting { clock: Some(clock.clone()), ..Setting::default() };
        let setting = setting
            .with("HERALD_SMTP_URL", mailbox.url())
            .with("HERALD_MAIL_FROM", "herald@example.com")
            .with("HERALD_PUBLIC_URL", "http://herald.example.com");
        Self { app: setting.spawn().await, clock, mailbox }
    }

    async fn asks(&self, email: &str) {
        let answer = self.app.visitor().posts("/forgot-password", &[("email", email)]).await;
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/forgot-password/sent"), "{email}");
    }

    /// The path of the link in the mail with this number.
    async fn link(&self, number: usize) -> String {
        let mail = self.mailbox.wait_for(number).await.remove(number - 1);
        link_in(&mail.text(), "http://herald.example.com")
    }
}

/// The path of the first link to `origin` in a text.
pub(super) fn link_in(text: &str, origin: &str) -> String {
    let rest = text.split_once(&format!("{origin}/")).expect("a link").1;
    let end = rest.find(|c: char| c.is_whitespace() || "\"<".contains(c)).unwrap_or(rest.len());
    format!("/{}", &rest[..end])
}

fn code_of(link: &str) -> &str {
    link.split_once("code=").expect("a code").1
}

async fn sets(visitor: &Visitor, code: &str, password: &str) -> reqwest::Response {
    let fields = [("code", code), ("new_password", password), ("repeat_password", password)];
    visitor.posts("/reset-password", &fields).await
}

#[tokio::test]
async fn a_mailed_link_sets_a_new_password_once() {
    let scene = Scene::set().await;
    let (app, visitor) = (&scene.app, scene.app.visitor());
    let signed_in = app.admin().await;
    let login = visitor.reads("/login").await;
    assert_eq!(super::attributes(&login, "a[href='/forgot-password']", "href").len(), 1);
    assert_eq!(value(&visitor.reads("/forgot-password").await, "email"), "");
    scene.asks(" ADA@halden.example ").await;
    let link = scene.link(1).await;
    let mail = scene.mailbox.mails().remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.header("subject").unwrap().as_str()),
        ("ada@halden.example", "[Herald] Set a new password")
    );
    let code = code_of(&link);
    assert_eq!(code.len(), 43);

    for _ in 0..2 {
        let html = visitor.reads(&link).await;
        assert_eq!((value(&html, "code").as_str(), value(&html, "username").as_str()), (code, "ada@halden.example"));
    }
    let answer = sets(&visitor, code, "Password1234").await;
    assert_eq!(answer.status(), 422);
    let html = answer.text().await.unwrap();
    assert_eq!((texts(&html, "#new_password-error").len(), value(&html, "code").as_str()), (1, code));
    let fields = [("code", code), ("new_password", NEW), ("repeat_password", "something else")];
    let answer = visitor.posts("/reset-password", &fields).await;
    assert_eq!(texts(&answer.text().await.unwrap(), "#repeat_password-error").len(), 1);

    let answer = sets(&visitor, code, NEW).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/login"));
    assert!(visitor.reads("/login").await.contains("Password changed"));
    assert_eq!(signed_in.gets("/events").await.status(), 303, "every session ends");
    for (password, status) in [(PASSWORD, 422), (NEW, 303)] {
        let answer = app.visitor().posts("/login", &[("email", "ada@halden.example"), ("password", password)]).await;
        assert_eq!(answer.status(), status);
    }
    assert_eq!(visitor.gets(&link).await.status(), 410);
    assert_eq!(sets(&visitor, code, "yet another long one").await.status(), 410);
    assert_eq!(scene.mailbox.wait_for(2).await[1].header("subject").unwrap(), "[Herald] Your password was changed");
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action IN ('user.reset_link_made', 'user.password_reset')";
    assert_eq!(number(&app.running().db, entries).await, 2);
    scene.app.stop().await;
}

#[tokio::test]
async fn links_end_after_an_hour_and_when_there_is_a_newer_one() {
    let scene = Scene::set().await;
    let visitor = scene.app.visitor();
    scene.asks("ada@halden.example").await;
    let first = scene.link(1).await;
    scene.asks("ada@halden.example").await;
    let second = scene.link(2).await;
    assert_eq!(visitor.gets(&first).await.status(), 410);
    assert_eq!(visitor.gets(&second).await.status(), 200);
    scene.clock.advance(Duration::from_secs(3600));
    let answer = visitor.gets(&second).await;
    assert_eq!(answer.status(), 410);
    assert_eq!(texts(&answer.text().await.unwrap(), "h1"), ["This link has ended"]);
    assert_eq!(sets(&visitor, code_of(&second), NEW).await.status(), 410);
    for nonsense in ["/reset-password", "/reset-password?code=", "/reset-password?code=%00", "/reset-password?code=x"] {
        assert_eq!(visitor.gets(nonsense).await.status(), 410, "{nonsense}");
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let scene = Scene::set().await;
    let app = &scene.app;
    let gone = app.adds_person("gone@halden.example", Role::Member).await;
    let mut tx = app.running().db.begin().await.unwrap();
    sqlx::query("UPDATE users SET active = 0 WHERE id = $1").bind(&gone.id).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    for email in ["nobody@halden.example", "gone@halden.example", "ada@halden.example"] {
        scene.asks(email).await;
    }
    scene.link(1).await;
    // The clerk works in order, so the others would have been mailed before.
    assert_eq!(scene.mailbox.mails().len(), 1);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM account_links").await, 1);

    let visitor = app.visitor();
    let answer = visitor.posts("/forgot-password", &[("email", "no address")]).await;
    assert_eq!(answer.status(), 422);
    let html = answer.text().await.unwrap();
    assert_eq!((value(&html, "email").as_str(), texts(&html, "#email-error").len()), ("no address", 1));
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let answer = visitor.posts("/forgot-password", &[("email", "x@halden.example")]).await;
        statuses.push((answer.status().as_u16(), answer.headers().contains_key("retry-after")));
    }
    assert_eq!(statuses.first(), Some(&(303, false)));
    assert_eq!(statuses.last(), Some(&(429, true)), "unknown addresses are counted like known ones");
    scene.app.stop().await;
}

#[tokio::test]
async fn without_mail_the_page_says_whom_to_ask() {
    let app = spawn_app().await;
    let html = app.visitor().reads("/forgot-password").await;
    assert!(html.contains("Ask an admin") && texts(&html, "form").is_empty());
    let answer = app.visitor().posts("/forgot-password", &[("email", "ada@halden.example")]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM account_links").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn an_admin_makes_a_link_for_a_member_of_the_organization() {
    let app = spawn_app().await;
    let bob = app.adds_person("bob@halden.example", Role::Member).await;
    let stranger = app.adds_person("mia@herald.example", Role::AccountManager).await;
    let admin = app.admin().await;
    let path = |id: &str| format!("/settings/members/{id}/reset-link");
    let answer = admin.posts(&path(bob.id.as_str()), &[]).await;
    assert_eq!(answer.status(), 200);
    let link = link_in(&super::attributes(&answer.text().await.unwrap(), "#reset-link", "value")[0], &app.base);
    let visitor = app.visitor();
    assert_eq!(value(&visitor.reads(&link).await, "username"), "bob@halden.example");
    assert_eq!(sets(&visitor, code_of(&link), NEW).await.status(), 303);
    let answer = app.visitor().posts("/login", &[("email", "bob@halden.example"), ("password", NEW)]).await;
    assert_eq!(answer.status(), 303);

    assert_eq!(
        admin.posts(&path(app.admin.id.as_str()), &[]).await.status(),
        409,
        "one's own password is in the profile"
    );
    for id in [stranger.id.as_str(), "60adfdb750b58a0c2d78bdd8", "nonsense"] {
        assert_eq!(admin.posts(&path(id), &[]).await.status(), 404, "{id}");
    }
    for email in ["bob@halden.example", "mia@herald.example"] {
        let other = app.visitor();
        let password = if email.starts_with("bob") { NEW } else { PASSWORD };
        other.posts("/login", &[("email", email), ("password", password)]).await;
        assert_eq!(other.posts(&path(app.admin.id.as_str()), &[]).await.status(), 403, "{email}");
    }
    app.stop().await;
}

#[tokio::test]
async fn whoever_runs_herald_makes_a_link_too() {
    let app = spawn_app().await;
    let made: Value = admin::made(&app, &["reset-password", "--email", "Ada@halden.example"], "");
    assert_eq!(made["email"], "ada@halden.example");
    let url = made["url"].as_str().unwrap();
    let visitor = app.visitor();
    assert_eq!(sets(&visitor, code_of(url), NEW).await.status(), 303);
    for arguments in [["reset-password", "--email", "nobody@halden.example"], ["reset-second-factor", "--email", "ada"]]
    {
        let output = admin::admin(&app, &arguments, "");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("--email"));
    }
    let made = admin::made(&app, &["reset-second-factor", "--email", "ada@halden.example"], "");
    assert_eq!(made["was_on"], false);
    app.stop().await;
}

#[tokio::test]
async fn an_admin_ends_the_second_factor_of_a_member_who_lost_the_phone() {
    let app = spawn_app().await;
    let bob = app.adds_person("bob@halden.example", Role::Member).await;
    let his = app.signed_in("bob@halden.example").await;
    his.posts("/profile/second-factor/begin", &[("password", PASSWORD)]).await;
    let html = his.reads("/profile/second-factor").await;
    let key = herald::base::Secret::new(texts(&html, "#totp-key")[0].replace(' ', ""));
    let code = herald::auth::totp::code_at(&key, SystemClock.now()).unwrap();
    assert_eq!(his.posts("/profile/second-factor/confirm", &[("code", code.expose())]).await.status(), 200);

    let admin = app.admin().await;
    let path = |id: &str| format!("/settings/members/{id}/reset-second-factor");
    assert_eq!(his.posts(&path(bob.id.as_str()), &[]).await.status(), 403);
    assert_eq!(admin.posts(&path(app.admin.id.as_str()), &[]).await.status(), 409);
    assert_eq!(admin.posts(&path("60adfdb750b58a0c2d78bdd8"), &[]).await.status(), 404);
    assert_eq!(location(&admin.posts(&path(bob.id.as_str()), &[]).await), "/settings/members");
    assert_eq!(his.gets("/projects").await.status(), 303, "his sessions end");
    app.signed_in("bob@halden.example").await;
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.second_factor_reset' \
                   AND actor = 'ada@halden.example' AND subject = 'bob@halden.example'";
    assert_eq!(number(&app.running().db, entries).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn failed_sign_ins_are_written_down_for_those_who_exist() {
    let app = spawn_app().await;
    for email in ["nobody@halden.example", "ada@halden.example"] {
        app.visitor().posts("/login", &[("email", email), ("password", "wrong")]).await;
    }
    let db = &app.running().db;
    let failed = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.sign_in_failed'";
    eventually("the failure is written down", &mut async || (number(db, failed).await > 0).then_some(())).await;
    assert_eq!(number(db, failed).await, 1);
    app.stop().await;
}
