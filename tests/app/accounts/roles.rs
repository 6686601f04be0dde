//! Who may open what, and that no other site can post for them.

use herald::auth::model::Role;
use reqwest::Method;

use crate::support::app::spawn_app;

/// What members, moderators, admins and account managers get, in this order.
const MAY: &[(&str, [u16; 4])] = &[
    ("/", [303, 303, 303, 303]),
    ("/profile", [200, 200, 200, 200]),
    ("/profile/second-factor", [200, 200, 200, 200]),
    ("/confirm-email", [410, 410, 410, 410]),
    ("/projects", [200, 200, 200, 403]),
    ("/projects/new", [200, 200, 200, 403]),
    ("/projects/60adfdb750b58a0c2d78bdd8", [404, 404, 404, 403]),
    ("/sections/60adfdb750b58a0c2d78bdd8", [404, 404, 404, 403]),
    ("/questions/60adfdb750b58a0c2d78bdd8", [404, 404, 404, 403]),
    ("/intakes", [200, 200, 200, 403]),
    ("/intakes/new", [200, 200, 200, 403]),
    ("/intakes/60adfdb750b58a0c2d78bdd8", [404, 404, 404, 403]),
    ("/trash", [200, 200, 200, 403]),
    ("/trash/empty", [403, 403, 200, 403]),
    ("/trash/projects/60adfdb750b58a0c2d78bdd8/delete", [403, 403, 404, 403]),
    ("/settings", [403, 403, 200, 403]),
    ("/settings/api-keys", [403, 403, 200, 403]),
    ("/settings/members", [403, 403, 200, 403]),
    ("/settings/members/roles", [403, 403, 200, 403]),
    ("/settings/members/invite", [403, 403, 200, 403]),
    ("/settings/members/60adfdb750b58a0c2d78bdd8", [403, 403, 404, 403]),
    ("/settings/members/60adfdb750b58a0c2d78bdd8/deactivate", [403, 403, 404, 403]),
    ("/settings/members/invitations/60adfdb750b58a0c2d78bdd8", [403, 403, 404, 403]),
    ("/settings/members/invitations/60adfdb750b58a0c2d78bdd8/revoke", [403, 403, 404, 403]),
    ("/settings/audit-log", [403, 403, 200, 403]),
    ("/settings/integrations/collaboration", [403, 403, 200, 403]),
    ("/settings/integrations/collaboration/webhooks", [403, 403, 200, 403]),
    ("/events", [403, 403, 200, 403]),
    ("/organizations", [403, 403, 403, 200]),
    ("/organizations/new", [403, 403, 403, 200]),
    ("/organizations/60adfdb750b58a0c2d78bdd8", [403, 403, 403, 404]),
    ("/organizations/nonsense", [403, 403, 403, 404]),
];

#[tokio::test]
async fn every_role_opens_what_is_its_own() {
    let app = spawn_app().await;
    let stranger = app.visitor();
    for (path, _) in MAY {
        assert_eq!(stranger.gets(path).await.status(), 303, "{path} without a session");
    }
    for (place, role) in [Role::Member, Role::Moderator, Role::Admin, Role::AccountManager].into_iter().enumerate() {
        let email = format!("{role}@halden.example");
        app.adds_person(&email, role).await;
        let visitor = app.signed_in(&email).await;
        for (path, expected) in MAY {
            assert_eq!(visitor.gets(path).await.status().as_u16(), expected[place], "{role} {path}");
        }
    }
    app.stop().await;
}

const POSTS: &[&str] = &[
    "/login",
    "/logout",
    "/setup",
    "/settings",
    "/profile",
    "/profile/password",
    "/profile/email",
    "/profile/second-factor/begin",
    "/profile/second-factor/cancel",
    "/profile/second-factor/confirm",
    "/profile/second-factor/recovery-codes",
    "/profile/second-factor/remove",
    "/profile/sessions/end-others",
    "/profile/sessions/60adfdb750b58a0c2d78bdd8/end",
    "/confirm-email",
    "/login/code",
    "/forgot-password",
    "/reset-password",
    "/settings/members/60adfdb750b58a0c2d78bdd8/reset-link",
    "/settings/members/60adfdb750b58a0c2d78bdd8/reset-second-factor",
    "/invitations/nonsense",
    "/settings/members/invite",
    "/settings/members/60adfdb750b58a0c2d78bdd8",
    "/settings/members/60adfdb750b58a0c2d78bdd8/deactivate",
    "/settings/members/60adfdb750b58a0c2d78bdd8/reactivate",
    "/settings/members/invitations/60adfdb750b58a0c2d78bdd8/send",
    "/settings/members/invitations/60adfdb750b58a0c2d78bdd8/revoke",
    "/projects/new",
    "/projects/60adfdb750b58a0c2d78bdd8/trash",
    "/sections/60adfdb750b58a0c2d78bdd8/complete",
    "/questions/60adfdb750b58a0c2d78bdd8",
    "/intakes/60adfdb750b58a0c2d78bdd8/convert",
    "/trash/empty",
    "/organizations",
    "/organizations/60adfdb750b58a0c2d78bdd8",
    "/organizations/60adfdb750b58a0c2d78bdd8/admins",
];

#[tokio::test]
async fn no_other_site_can_post() {
    let app = spawn_app().await;
    let admin = app.admin().await;
    for path in POSTS {
        let post = || {
            let form = admin.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
            form.body("name=Evil")
        };
        for refused in [
            post(),
            post().header("sec-fetch-site", "cross-site"),
            post().header("sec-fetch-site", "same-site").header("origin", &app.base),
            post().header("origin", "https://evil.example"),
            post().header("origin", "null"),
        ] {
            let answer = admin.sends(refused).await;
            assert_eq!(answer.status(), 403, "{path}");
            assert!(answer.text().await.unwrap().contains("This came from another site"), "{path}");
        }
    }
    let allowed = admin.request(Method::POST, "/profile").header("origin", &app.base);
    let allowed = allowed.header("content-type", "application/x-www-form-urlencoded").body("name=Ada&theme=dark");
    assert_eq!(admin.sends(allowed).await.status(), 303);
    app.stop().await;
}
