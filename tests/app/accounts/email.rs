//! Another address to sign in with.

use herald::auth::model::Role;

use super::reset::link_in;
use super::{location, texts, value};
use crate::support::app::{PASSWORD, Setting, TestApp, spawn_app};
use crate::support::mailbox::Mailbox;
use crate::support::programs::number;

async fn with_mail() -> (TestApp, Mailbox) {
    let mailbox = Mailbox::start().await;
    let setting = Setting::default()
        .with("HERALD_SMTP_URL", mailbox.url())
        .with("HERALD_MAIL_FROM", "herald@example.com")
        .with("HERALD_PUBLIC_URL", "http://herald.example.com");
    (setting.spawn().await, mailbox)
}

fn fields<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("new_email", email), ("email_password", password)]
}

#[tokio::test]
async fn without_mail_the_password_is_enough() {
    let app = spawn_app().await;
    app.adds_person("bob@halden.example", Role::Member).await;
    let admin = app.admin().await;
    for (email, password, field) in [
        ("", PASSWORD, "new_email"),
        ("ada", PASSWORD, "new_email"),
        ("ADA@halden.example", PASSWORD, "new_email"),
        ("new@halden.example", "", "email_password"),
        ("new@halden.example", "not the password", "email_password"),
        ("Bob@halden.example", PASSWORD, "new_email"),
    ] {
        let answer = admin.posts("/profile/email", &fields(email, password)).await;
        assert_eq!(answer.status(), 422, "{email} {password}");
        let html = answer.text().await.unwrap();
        assert_eq!((texts(&html, &format!("#{field}-error")).len(), value(&html, "new_email").as_str()), (1, email));
        assert!(!html.contains(PASSWORD));
    }
    let answer = admin.posts("/profile/email", &fields("Bob@halden.example", PASSWORD)).await;
    assert_eq!(
        texts(&answer.text().await.unwrap(), "#new_email-error"),
        ["This email address is already in use. Enter another one."],
        "and not by whom"
    );
    let answer = admin.posts("/profile/email", &fields(" New@halden.example ", PASSWORD)).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/profile"));
    assert_eq!(texts(&admin.reads("/profile").await, ".page__lead"), ["new@halden.example"]);
    app.signed_in("new@halden.example").await;
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.email_changed' \
                   AND actor = 'ada@halden.example' AND subject = 'new@halden.example'";
    assert_eq!(number(&app.running().db, entries).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn with_mail_the_new_address_confirms_and_the_old_one_is_told() {
    let (app, mailbox) = with_mail().await;
    let admin = app.admin().await;
    assert_eq!(admin.posts("/profile/email", &fields("new@halden.example", PASSWORD)).await.status(), 303);
    assert!(admin.reads("/profile").await.contains("Confirm your new email address"));
    let mail = mailbox.wait_for(1).await.remove(0);
    assert_eq!(mail.to, "new@halden.example");
    let link = link_in(&mail.text(), "http://herald.example.com");
    app.signed_in("ada@halden.example").await;

    // A mistyped address is somebody else's inbox, and somebody else's browser.
    let stranger = app.visitor();
    assert!(location(&stranger.gets(&link).await).starts_with("/login?next="));
    app.adds_person("bob@halden.example", Role::Member).await;
    let bob = app.signed_in("bob@halden.example").await;
    let code = link.split_once("code=").unwrap().1.to_owned();
    assert_eq!(bob.gets(&link).await.status(), 410);
    assert_eq!(bob.posts("/confirm-email", &[("code", &code)]).await.status(), 410);

    assert_eq!(value(&admin.reads(&link).await, "code"), code);
    assert_eq!(value(&admin.reads(&link).await, "code"), code, "looking changes nothing");
    assert_eq!(location(&admin.posts("/confirm-email", &[("code", &code)]).await), "/profile");
    let notice = mailbox.wait_for(2).await.remove(1);
    assert_eq!((notice.to.as_str(), notice.text().contains("new@halden.example")), ("ada@halden.example", true));
    app.signed_in("new@halden.example").await;
    assert_eq!(admin.posts("/confirm-email", &[("code", &code)]).await.status(), 410, "once");
    let answer = app.visitor().posts("/login", &[("email", "ada@halden.example"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 422);
    app.stop().await;
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_refused() {
    let (app, mailbox) = with_mail().await;
    let admin = app.admin().await;
    admin.posts("/profile/email", &fields("new@halden.example", PASSWORD)).await;
    let link = link_in(&mailbox.wait_for(1).await[0].text(), "http://herald.example.com");
    app.adds_person("new@halden.example", Role::Member).await;
    let code = link.split_once("code=").unwrap().1;
    let answer = admin.posts("/confirm-email", &[("code", code)]).await;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await.unwrap().contains("already in use"));
    app.stop().await;
}
