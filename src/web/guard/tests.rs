use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse};

use super::*;
use crate::auth::model::Edition;
use crate::auth::store::organizations;
use crate::base::{Clock as _, ManualClock, SystemRng, TimeZone, Timestamp, UserId, Vault};
use crate::db::{Db, Options};

struct House {
    context: Context,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/t.db", folder.path().display()), Options::default()).await.unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let context = Context {
            db,
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
            vault: Vault::new(&[7; 32], Arc::new(SystemRng)),
            hasher: Arc::default(),
            public_url: None,
            account_manager_contact: "your account manager".into(),
            demo: false,
        };
        Self { context, clock, _folder: folder }
    }

    async fn user(&self, role: Role) -> User {
        let now = self.clock.now();
        let mut tx = self.context.db.begin().await.unwrap();
        let organization = Organization {
            id: OrganizationId::new(now, &SystemRng),
            name: "Halden Systems".into(),
            time_zone: TimeZone::UTC,
            edition: Edition::Enterprise,
            webhooks_enabled: true,
            created_at: now,
        };
        organizations::insert(&mut tx, &organization).await.unwrap();
        let id = UserId::new(now, &SystemRng);
        let user = User {
            organization_id: (role != Role::AccountManager).then_some(organization.id),
            email: format!("{id}@example.com"),
            id,
            name: String::new(),
            role,
            theme: Theme::Dark,
            active: true,
            created_at: now,
        };
        users::insert(&mut tx, &user, "hash").await.unwrap();
        tx.commit().await.unwrap();
        user
    }
}

macro_rules! app {
    ($house:expr) => {
        init_service(
            App::new()
                .app_data(web::Data::new($house.context.clone()))
                .service(super::super::at("/in/{id}").get(
                    async |session: Session, id: web::Path<String>, request: HttpRequest| {
                        session::sign_in(&session, &id.parse().unwrap(), &request)?;
                        Ok::<_, Error>(HttpResponse::Ok())
                    },
                ))
                .service(super::super::at("/out").get(async |visitor: SignedIn| {
                    session::sign_out(visitor.session());
                    "out"
                }))
                .service(super::super::at("/member").get(async |who: Member| {
                    who.flash(Toast::ok("Seen"));
                    who.organization.name
                }))
                .service(super::super::at("/admin").get(async |who: Admin| {
                    let shell = who.shell(Section::General, "General");
                    format!("{} {}", shell.toasts.len(), who.actor().email)
                }))
                .service(super::super::at("/manager").get(async |who: AccountManager| who.user.email))
                .service(
                    super::super::at("/number/{number}")
                        .get(async |who: Admin, number: web::Path<u8>| format!("{} {number}", who.user.email)),
                )
                .wrap(from_fn(decide))
                .wrap(session::middleware(&$house.context))
                .wrap(from_fn(super::super::error::pages)),
        )
        .await
    };
}

macro_rules! ask {
    ($app:expr, $path:expr, $cookie:expr) => {{
        let mut request = TestRequest::get().uri($path);
        if let Some(cookie) = &$cookie {
            let cookie: &Cookie = cookie;
            request = request.cookie(cookie.clone());
        }
        call_service(&$app, request.to_request()).await
    }};
}

macro_rules! sign_in {
    ($app:expr, $user:expr) => {{
        let answer = ask!($app, &format!("/in/{}", $user.id), None);
        Some(answer.response().cookies().next().unwrap().into_owned())
    }};
}

macro_rules! status {
    ($app:expr, $path:expr, $cookie:expr) => {
        ask!($app, $path, $cookie).status().as_u16()
    };
}

#[actix_web::test]
async fn every_role_opens_its_own_pages_only() {
    let house = House::new().await;
    let app = app!(house);
    for (role, expected) in [
        (Role::Member, [200, 403, 403]),
        (Role::Moderator, [200, 403, 403]),
        (Role::Admin, [200, 200, 403]),
        (Role::AccountManager, [403, 403, 200]),
    ] {
        let cookie = sign_in!(app, house.user(role).await);
        for (path, status) in ["/member", "/admin", "/manager"].into_iter().zip(expected) {
            assert_eq!(status!(app, path, cookie), status, "{role} {path}");
        }
    }
    let answer = ask!(app, "/admin?a=b", None::<Cookie>);
    assert_eq!(answer.headers().get("location").unwrap(), "/login?next=%2Fadmin%3Fa%3Db");
}

/// The address can be read as soon as it is there, the guard has to ask the database.
#[actix_web::test]
async fn whoever_may_not_is_told_nothing_else() {
    let house = House::new().await;
    let app = app!(house);
    assert_eq!(status!(app, "/number/many", None::<Cookie>), 303);
    for (role, expected) in [(Role::Moderator, 403), (Role::AccountManager, 403), (Role::Admin, 404)] {
        let cookie = sign_in!(app, house.user(role).await);
        assert_eq!(status!(app, "/number/many", cookie), expected, "{role}");
    }
}

#[actix_web::test]
async fn a_session_ends_by_sign_out_by_time_and_with_its_user() {
    let house = House::new().await;
    let app = app!(house);
    let admin = house.user(Role::Admin).await;
    let first = sign_in!(app, admin);
    assert_eq!(status!(app, "/out", first), 200);
    assert_eq!(status!(app, "/admin", first), 303, "signed out");

    let idle = sign_in!(app, admin);
    house.clock.advance(Duration::from_secs(8 * 3600));
    assert_eq!(status!(app, "/admin", idle), 303, "idle for 8 hours");

    let used = sign_in!(app, admin);
    for hour in 1..7 * 24 {
        house.clock.advance(Duration::from_secs(3600));
        assert_eq!(status!(app, "/admin", used), 200, "hour {hour}");
    }
    house.clock.advance(Duration::from_secs(3600));
    assert_eq!(status!(app, "/admin", used), 303, "after 7 days");

    let another = sign_in!(app, admin);
    let mut tx = house.context.db.begin().await.unwrap();
    users::update_password(&mut tx, &admin.id, "other", house.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(status!(app, "/admin", another), 303, "the password changed");
}

#[actix_web::test]
async fn the_cookie_is_closed_to_scripts_and_other_sites_and_toasts_show_once() {
    let mut house = House::new().await;
    let admin = house.user(Role::Admin).await;
    let app = app!(house);
    let cookie = sign_in!(app, admin).unwrap();
    assert_eq!((cookie.name(), cookie.path(), cookie.http_only()), ("herald_session", Some("/"), Some(true)));
    assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Lax));
    assert_eq!(cookie.secure(), None);
    let cookie = Some(cookie);
    assert_eq!(status!(app, "/member", cookie), 200);
    for expected in ["1", "0"] {
        let body = actix_web::test::read_body(ask!(app, "/admin", cookie)).await;
        assert_eq!(String::from_utf8_lossy(&body), format!("{expected} {}", admin.email));
    }
    house.context.public_url = "https://herald.example".parse().ok();
    let app = app!(house);
    let cookie = sign_in!(app, admin).unwrap();
    assert_eq!((cookie.name(), cookie.secure()), ("__Host-herald_session", Some(true)));
}
