//! Roles, and an end to somebody's access.

use herald::auth::model::Role;
use reqwest::Method;

use super::super::{attributes, location, texts};
use super::{INVITE, LIST, adds_strangers, edit_url, invites};
use crate::support::app::{TestApp, Visitor, client, spawn_app};
use crate::support::programs::number;

const KEYS: &str = "/settings/api-keys";

async fn makes_a_key(admin: &Visitor) -> String {
    let answer = admin.posts(KEYS, &[("name", "CRM sync"), ("scopes", "read")]).await;
    attributes(&answer.text().await.unwrap(), "#new-key", "value").concat()
}

async fn calls(app: &TestApp, key: &str) -> u16 {
    client().get(app.url("/api/v1/events")).bearer_auth(key).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_role_holds_from_the_next_request_on() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("mo@halden.example", Role::Member).await;
    let mo = app.signed_in("mo@halden.example").await;
    assert_eq!(mo.gets("/settings").await.status(), 403);
    let url = edit_url(&admin, "mo@halden.example").await;
    let answer = admin.posts(&url, &[("role", "admin")]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, LIST));
    assert_eq!(texts(&admin.reads(LIST).await, "#toasts .toast strong"), ["Role changed"]);
    assert_eq!(mo.gets("/settings").await.status(), 200);

    // The keys of an admin who is none any more are ended where that is asked for.
    let key = makes_a_key(&mo).await;
    assert_eq!(calls(&app, &key).await, 200);
    assert_eq!(attributes(&admin.reads(&url).await, "[name=revoke_keys]", "checked").len(), 1);
    assert_eq!(admin.posts(&url, &[("role", "moderator")]).await.status(), 303);
    assert_eq!((mo.gets("/settings").await.status().as_u16(), calls(&app, &key).await), (403, 200));
    assert_eq!(admin.posts(&url, &[("role", "admin")]).await.status(), 303);
    assert_eq!(admin.posts(&url, &[("role", "member"), ("revoke_keys", "true")]).await.status(), 303);
    assert_eq!(calls(&app, &key).await, 401);

    let answer = admin.posts(&url, &[("role", "account_manager")]).await;
    assert_eq!(answer.status(), 422);
    assert_eq!(texts(&answer.text().await.unwrap(), "#role-error"), ["Choose one of the roles."]);
    let written = "SELECT COUNT(*) FROM audit_entries WHERE action = 'user.role_changed' AND address = '127.0.0.1'";
    assert_eq!(number(&app.running().db, written).await, 4);
    app.stop().await;
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("mo@halden.example", Role::Moderator).await;
    let own = edit_url(&admin, "ada@halden.example").await;
    let answer = admin.posts(&own, &[("role", "member")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert!(texts(&page, "#role-error").concat().contains("Make somebody else an admin first"));
    assert_eq!(attributes(&page, "#role option[selected]", "value"), ["member"], "the choice is not lost");
    let answer = admin.posts(&format!("{own}/deactivate"), &[]).await;
    assert_eq!(answer.status(), 409);
    assert!(texts(&answer.text().await.unwrap(), ".alert--bad").concat().contains("needs an active admin"));

    // An admin who is deactivated is none to stay behind.
    app.adds_person("sam@halden.example", Role::Admin).await;
    let sam = edit_url(&admin, "sam@halden.example").await;
    assert_eq!(admin.posts(&format!("{sam}/deactivate"), &[]).await.status(), 303);
    assert_eq!(admin.posts(&own, &[("role", "member")]).await.status(), 422);
    assert_eq!(admin.posts(&format!("{sam}/reactivate"), &[]).await.status(), 303);
    let answer = admin.posts(&own, &[("role", "member")]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/"));
    assert_eq!(admin.gets(LIST).await.status(), 403);
    app.stop().await;
}

#[tokio::test]
async fn whoever_is_deactivated_is_out_at_once_and_may_come_back() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    app.adds_person("sam@halden.example", Role::Admin).await;
    let sam = app.signed_in("sam@halden.example").await;
    let key = makes_a_key(&sam).await;
    assert_eq!((sam.gets("/settings").await.status().as_u16(), calls(&app, &key).await), (200, 200));
    let url = edit_url(&admin, "sam@halden.example").await;
    let ask = format!("{url}/deactivate");
    assert_eq!(texts(&admin.reads(&ask).await, "h1"), ["Deactivate Sam Okafor?"]);
    let asked = admin.request(Method::GET, &ask).header("hx-request", "true").header("hx-request-type", "partial");
    let dialog = admin.sends(asked).await.text().await.unwrap();
    assert!(texts(&dialog, "dialog li").contains(&"Their API key stops working.".to_owned()), "{dialog}");
    assert_eq!(admin.posts(&ask, &[]).await.status(), 303);
    assert_eq!(location(&sam.gets("/settings").await), "/login?next=%2Fsettings");
    assert_eq!(calls(&app, &key).await, 401);
    let fields = [("email", "sam@halden.example"), ("password", crate::support::app::PASSWORD)];
    assert_eq!(app.visitor().posts("/login", &fields).await.status(), 422);
    assert_eq!(texts(&admin.reads(LIST).await, "tbody .badge"), ["Deactivated"]);
    let again = admin.posts(INVITE, &[("email", "sam@halden.example"), ("role", "admin")]).await;
    assert!(texts(&again.text().await.unwrap(), "#email-error").concat().contains("Reactivate them instead"));
    assert_eq!(admin.posts(&ask, &[]).await.status(), 303, "repeated, it changes nothing");

    assert_eq!(admin.posts(&format!("{url}/reactivate"), &[]).await.status(), 303);
    assert_eq!(sam.gets("/settings").await.status(), 303, "the session does not come back");
    assert_eq!(app.signed_in("sam@halden.example").await.gets("/settings").await.status(), 200);
    assert_eq!(calls(&app, &key).await, 200);
    let written = "SELECT COUNT(*) FROM audit_entries WHERE action IN ('user.deactivated', 'user.reactivated')";
    assert_eq!(number(&app.running().db, written).await, 2);

    // One may leave by oneself.
    let own = edit_url(&admin, "ada@halden.example").await;
    let answer = admin.posts(&format!("{own}/deactivate"), &[]).await;
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/login"));
    assert_eq!(admin.gets("/projects").await.status(), 303);
    app.stop().await;
}

#[tokio::test]
async fn admins_of_another_organization_find_nobody() {
    let app = spawn_app().await;
    adds_strangers(&app, "ines@brightwater.example").await;
    let admin = app.admin().await;
    app.adds_person("mo@halden.example", Role::Member).await;
    invites(&admin, "lena@halden.example", "member").await;
    let member = edit_url(&admin, "mo@halden.example").await;
    let invitation = edit_url(&admin, "lena@halden.example").await;
    let ines = app.signed_in("ines@brightwater.example").await;
    assert!(!ines.reads(LIST).await.contains("halden.example"));
    let nobody = format!("{LIST}/60adfdb750b58a0c2d78bdd8");
    for (place, path) in [&member, &nobody, &format!("{LIST}/x")].into_iter().enumerate() {
        assert_eq!(ines.gets(path).await.status(), 404, "{place}");
        assert_eq!(ines.posts(path, &[("role", "admin")]).await.status(), 404, "{place}");
        for step in ["deactivate", "reactivate"] {
            assert_eq!(ines.posts(&format!("{path}/{step}"), &[]).await.status(), 404, "{place} {step}");
        }
    }
    let nothing = format!("{LIST}/invitations/60adfdb750b58a0c2d78bdd8");
    for path in [&invitation, &nothing, &format!("{LIST}/invitations/x")] {
        assert_eq!(ines.gets(path).await.status(), 404);
        assert_eq!(ines.posts(&format!("{path}/send"), &[("how", "link")]).await.status(), 404);
        assert_eq!(ines.posts(&format!("{path}/revoke"), &[]).await.status(), 404);
    }
    let mo = app.signed_in("mo@halden.example").await;
    for path in [LIST, INVITE, "/settings/members/roles", &member, &invitation] {
        assert_eq!(mo.gets(path).await.status(), 403, "{path}");
    }
    assert_eq!(mo.posts(INVITE, &[("email", "x@y.example"), ("role", "admin")]).await.status(), 403);
    assert_eq!(mo.posts(&member, &[("role", "admin")]).await.status(), 403, "nobody raises themselves");
    app.stop().await;
}
