//! Inviting somebody, and coming in.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::Role;
use herald::base::{ManualClock, Timestamp};
use reqwest::Method;

use super::super::{attributes, location, texts};
use super::{INVITE, LIST, adds_strangers, edit_url, invites, path_of};
use crate::support::app::{Setting, TestApp, spawn_app};
use crate::support::mailbox::Mailbox;
use crate::support::programs::number;

const PASSWORD: &str = "four words in a row";

#[tokio::test]
async fn whoever_is_invited_chooses_a_name_and_a_password_and_is_in() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    assert_eq!(texts(&admin.reads(INVITE).await, "h1"), ["Invite member"]);
    let link = invites(&admin, " Lena@Halden.example ", "moderator").await;
    let list = admin.reads(LIST).await;
    assert!(!list.contains(&link), "the link is shown once");
    assert_eq!(texts(&list, "tbody .badge"), ["Invited"]);

    let lena = app.visitor();
    let page = lena.gets(&link).await;
    let page = page.text().await.unwrap();
    assert_eq!(texts(&page, "h1"), ["Join Halden Systems"]);
    assert_eq!(attributes(&page, "#email", "value"), ["lena@halden.example"]);
    let action = attributes(&page, "main form", "action").concat();
    // Where browsers tell no Sec-Fetch-Site, the origin is enough.
    let post = lena.request(Method::POST, &action).header("origin", &app.base);
    let form = "name=Lena+Kowalska&password=four+words+in+a+row&role=admin&email=ada%40halden.example";
    let answer = lena.sends(post.header("content-type", "application/x-www-form-urlencoded").body(form)).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/projects"));
    let inside = lena.reads("/projects").await;
    assert_eq!(texts(&inside, "#toasts .toast strong"), ["Welcome to Halden Systems"]);
    assert!(texts(&inside, ".sidebar__foot .switcher__text").concat().contains("Lena KowalskaModerator"));
    assert_eq!(lena.gets("/settings").await.status(), 403, "what the form says of the role counts for nothing");

    let again = app.visitor();
    assert_eq!(again.gets(&link).await.status(), 410);
    assert_eq!(again.posts(&link, &[("name", "Eve"), ("password", PASSWORD)]).await.status(), 410);
    let fields = [("email", "lena@halden.example"), ("password", PASSWORD)];
    assert_eq!(again.posts("/login", &fields).await.status(), 303);
    let code = link.rsplit('/').next().unwrap();
    assert!(code.len() >= 43 && !dump(&app).await.contains(code), "the database does not know the code");
    app.stop().await;
}

/// All that the log and the table of invitations say.
async fn dump(app: &TestApp) -> String {
    use sqlx::Row as _;
    let mut conn = app.running().db.read().await.unwrap();
    let rows = sqlx::query("SELECT action, subject, details FROM audit_entries").fetch_all(&mut *conn).await.unwrap();
    let texts = rows.iter().map(|row| (0..3).map(|place| row.get::<String, _>(place)).collect::<Vec<_>>().join(" "));
    let texts = texts.collect::<Vec<_>>().join("\n");
    assert!(texts.contains("invitation.sent lena@halden.example") && texts.contains("invitation.accepted"), "{texts}");
    texts
}

#[tokio::test]
async fn an_invitation_goes_by_mail_where_mail_is_sent() {
    let mailbox = Mailbox::start().await;
    let setting = Setting::default()
        .with("HERALD_SMTP_URL", mailbox.url())
        .with("HERALD_MAIL_FROM", "Herald <herald@example.com>")
        .with("HERALD_PUBLIC_URL", "http://herald.example.com");
    let app = setting.spawn().await;
    let admin = app.admin().await;
    let answer = admin.posts(INVITE, &[("email", "lena@halden.example"), ("role", "admin"), ("how", "mail")]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, LIST));
    let toast = texts(&admin.reads(LIST).await, "#toasts .toast strong");
    assert_eq!(toast, ["Invitation sent"]);
    let mail = mailbox.wait_for(1).await.remove(0);
    assert_eq!(mail.to, "lena@halden.example");
    assert_eq!(mail.header("subject").as_deref(), Some("[Herald] Join Halden Systems"));
    let text = mail.text();
    assert!(text.contains("Ada Byron invites you to Halden Systems as an admin"), "{text}");
    let link = text.split_whitespace().find(|word| word.starts_with("http://herald.example.com/invitations/"));
    let link = path_of(link.expect("a link"));
    assert_eq!(app.visitor().gets(&link).await.status(), 200);

    // Another mail has another link, and the first one opens nothing any more.
    let invitation = edit_url(&admin, "lena@halden.example").await;
    let answer = admin.posts(&format!("{invitation}/send"), &[("how", "mail")]).await;
    assert_eq!(answer.status(), 303);
    mailbox.wait_for(2).await;
    assert_eq!(app.visitor().gets(&link).await.status(), 410);
    app.stop().await;
}

#[tokio::test]
async fn an_invitation_ends_after_seven_days_when_it_is_renewed_and_when_it_is_taken_back() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let first = invites(&app.admin().await, "lena@halden.example", "member").await;
    clock.advance(7 * day - Duration::from_secs(1));
    assert_eq!(app.visitor().gets(&first).await.status(), 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(app.visitor().gets(&first).await.status(), 410);
    let admin = app.admin().await;
    assert_eq!(texts(&admin.reads(LIST).await, "tbody .badge"), ["Invitation expired"]);

    let invitation = edit_url(&admin, "lena@halden.example").await;
    assert_eq!(texts(&admin.reads(&invitation).await, "h1"), ["lena@halden.example"]);
    let answer = admin.posts(&format!("{invitation}/send"), &[("how", "link")]).await;
    let second = path_of(&attributes(&answer.text().await.unwrap(), "#invitation-link", "value").concat());
    assert_eq!(app.visitor().gets(&first).await.status(), 410);
    assert_eq!(app.visitor().gets(&second).await.status(), 200);
    let refused = admin.posts(&format!("{invitation}/send"), &[("how", "mail")]).await;
    assert_eq!(refused.status(), 409, "no mail is sent here");

    let revoke = format!("{invitation}/revoke");
    assert_eq!(texts(&admin.reads(&revoke).await, "h1"), ["Revoke the invitation of lena@halden.example?"]);
    let asked = admin.request(Method::GET, &revoke).header("hx-request", "true").header("hx-request-type", "partial");
    let dialog = admin.sends(asked).await.text().await.unwrap();
    assert_eq!(texts(&dialog, "dialog h2"), ["Revoke the invitation of lena@halden.example?"]);
    assert_eq!(admin.posts(&revoke, &[]).await.status(), 303);
    assert_eq!(app.visitor().gets(&second).await.status(), 410);
    assert_eq!(admin.posts(&revoke, &[]).await.status(), 404);
    assert_eq!(admin.gets(&invitation).await.status(), 404);

    // An expired one does not stand in the way of a new one.
    let third = invites(&admin, "lena@halden.example", "member").await;
    clock.advance(8 * day);
    let fourth = invites(&app.admin().await, "lena@halden.example", "admin").await;
    assert_ne!(third, fourth);
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM invitations").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn bad_invitations_come_back_as_they_were_typed() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("mo@halden.example", Role::Member).await;
    invites(&admin, "lena@halden.example", "member").await;
    for (email, role, field, says) in [
        ("lena", "member", "email", "Enter an email address such as ada@example.com."),
        ("", "member", "email", "Enter an email address."),
        ("x@y.example", "account_manager", "role", "Choose one of the roles."),
        ("x@y.example", "king", "role", "Choose one of the roles."),
        ("MO@halden.example", "member", "email", "mo@halden.example is a member already."),
        ("lena@halden.example", "admin", "email", "lena@halden.example is invited already."),
    ] {
        let answer = admin.posts(INVITE, &[("email", email), ("role", role), ("how", "link")]).await;
        assert_eq!(answer.status(), 422, "{email} {role}");
        let page = answer.text().await.unwrap();
        assert!(texts(&page, &format!("#{field}-error")).concat().starts_with(says), "{email} {role}");
        assert_eq!(attributes(&page, "#email", "value"), [email]);
    }
    let answer = admin.posts(INVITE, &[("email", "x@y.example"), ("role", "member"), ("how", "mail")]).await;
    assert_eq!(answer.status(), 422);
    assert!(texts(&answer.text().await.unwrap(), "#how-error").concat().contains("sends no mail"));
    assert_eq!(number(&app.running().db, "SELECT COUNT(*) FROM invitations").await, 1);

    let link = invites(&admin, "x@y.example", "member").await;
    let answer = app.visitor().posts(&link, &[("name", " "), ("password", "short")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert_eq!(texts(&page, "#name-error"), ["Enter a name."]);
    assert_eq!(texts(&page, "#password-error"), ["Enter a password of at least 12 characters."]);
    assert!(!page.contains("short\""), "a password is not sent back");
    assert_eq!(app.visitor().gets("/invitations/nonsense").await.status(), 410);
    app.stop().await;
}

#[tokio::test]
async fn an_address_of_another_organization_is_told_to_whoever_has_the_link_alone() {
    let app = spawn_app().await;
    adds_strangers(&app, "ines@brightwater.example").await;
    let admin = app.admin().await;
    let link = invites(&admin, "ines@brightwater.example", "member").await;
    let answer = app.visitor().posts(&link, &[("name", "Ines"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status(), 409);
    let page = answer.text().await.unwrap();
    assert!(texts(&page, ".alert--bad").concat().contains("in another organization"));
    assert_eq!(attributes(&page, "#name", "value"), ["Ines"]);
    assert_eq!(app.visitor().gets(&link).await.status(), 200, "the invitation is not used up");
    app.stop().await;
}
