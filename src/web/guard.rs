//! Who may: extractors that a handler names in its signature. Without them nothing is known of who asks.
//!
//! Nobody signed in: the way to the login (`Error::Unauthorized`). Another role: 403. The user and the organization
//! are read from the database for every request, so that what `herald admin` or an admin changes holds at once.
//!
//! What else a signature asks for is read at the same time, and may fail before the guard knows. Whoever may not is told that
//! and nothing else, so the guard is then asked again ([`decide`]).

use std::future::Future;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::pin::Pin;

use actix_session::SessionExt as _;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use super::Context;
use super::error::{Error, Result, remember_shell};
use super::session::{self, Session};
use super::shell::{self, Access, Notice, Notices, Person, Section, Shell};
use super::site::Site;
use super::toast::Toast;
use crate::auth::model::{Actor, Organization, Role, Source, Theme, User};
use crate::auth::store::users;
use crate::base::OrganizationId;
use crate::db::Conn;

/// Anybody who is signed in: members of an organization and account managers.
#[derive(Clone)]
pub struct SignedIn {
    pub user: User,
    /// `None` for account managers.
    pub organization: Option<Organization>,
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    session: Session,
    is_demo: bool,
    notices: Vec<Notice>,
}

impl SignedIn {
    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        let mut shell = self.bare_shell().on(title, section);
        shell.toasts = session::take_flash(&self.session);
        shell
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        session::flash(&self.session, toast);
    }

    /// The session, to be renewed or ended.
    pub fn session(&self) -> &Session {
        &self.session
    }

    fn bare_shell(&self) -> Shell {
        let mut shell = Shell::outside("");
        shell.theme = match self.user.theme {
            Theme::System => shell::Theme::System,
            Theme::Light => shell::Theme::Light,
            Theme::Dark => shell::Theme::Dark,
        };
        shell.notices = self.notices.clone();
        shell.is_demo = self.is_demo && self.organization.is_some();
        shell.person = Some(Person {
            name: self.user.display_name().to_owned(),
            role: self.user.role.label().to_owned(),
            access: match self.user.role {
                Role::Member | Role::Moderator => Access::Member,
                Role::Admin => Access::Admin,
                Role::AccountManager => Access::AccountManager,
            },
            organization: self.organization.as_ref().map(|organization| shell::Organization {
                name: organization.name.clone(),
                edition: format!("Herald {}", organization.edition.label()),
            }),
        });
        shell
    }
}

/// The user of this session with the organization; `None` where nobody is signed in (any more).
async fn signed_in(request: &HttpRequest, session: Session) -> Result<Option<SignedIn>> {
    let Some(id) = session::user(&session) else { return Ok(None) };
    let context = context(request)?;
    let mut conn = context.db.read().await?;
    let found = users::find(&mut conn, &id).await?;
    match found {
        Some((user, organization)) if user.active => {
            let notices = notices(request, &mut conn, &user, organization.as_ref()).await?;
            drop(conn);
            let address = Site::of(request).client_ip(request);
            let signed_in = SignedIn { user, organization, address, session, is_demo: context.demo, notices };
            remember_shell(request, signed_in.bare_shell());
            Ok(Some(signed_in))
        }
        _ => {
            session::sign_out(&session);
            Ok(None)
        }
    }
}

/// What an admin is to know wherever.
async fn notices(
    request: &HttpRequest,
    conn: &mut Conn,
    user: &User,
    organization: Option<&Organization>,
) -> Result<Vec<Notice>> {
    let Some(source) = request.app_data::<web::Data<dyn Notices>>() else { return Ok(Vec::new()) };
    match organization.filter(|organization| organization.webhooks_enabled && user.role == Role::Admin) {
        Some(organization) => Ok(source.of(conn, user, organization).await?),
        None => Ok(Vec::new()),
    }
}

fn context(request: &HttpRequest) -> Result<&Context> {
    let context = request.app_data::<web::Data<Context>>();
    context.map(web::Data::get_ref).ok_or_else(|| Error::internal("the app has no web::Context"))
}

type Extracting<T, E = Error> = Pin<Box<dyn Future<Output = std::result::Result<T, E>>>>;

/// The guard of a request that has not decided yet.
struct Undecided(fn(HttpRequest) -> Extracting<(), actix_web::Error>);

/// Remembers that `guard` has to decide about the request, until it has.
pub(crate) fn deciding<T>(
    request: &HttpRequest,
    guard: impl Future<Output = std::result::Result<T, T::Error>> + 'static,
) -> Extracting<T, T::Error>
where
    T: FromRequest + 'static,
{
    request
        .extensions_mut()
        .insert(Undecided(|request| Box::pin(async move { T::extract(&request).await.map(drop).map_err(Into::into) })));
    let request = request.clone();
    Box::pin(async move {
        let decision = guard.await;
        request.extensions_mut().remove::<Undecided>();
        decision
    })
}

/// Middleware, for `from_fn`; inside the sessions. Where something else of a signature failed first, the guard is asked all the same.
pub async fn decide(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let answer = next.call(request).await?;
    let undecided = answer.request().extensions_mut().remove::<Undecided>();
    if let Some(Undecided(guard)) = undecided
        && let Err(denied) = guard(answer.request().clone()).await
    {
        return Ok(ServiceResponse::from_err(denied, answer.into_parts().0));
    }
    Ok(answer.map_into_boxed_body())
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asked, session) = (request.clone(), request.get_session());
        deciding(request, async move { signed_in(&asked, session).await?.ok_or(Error::Unauthorized) })
    }
}

/// Whoever asks, signed in or not: for the pages before sign-in. `None`: nobody.
pub struct Visitor(pub Option<SignedIn>, pub Session);

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (request, session) = (request.clone(), request.get_session());
        Box::pin(async move { Ok(Self(signed_in(&request, session.clone()).await?, session)) })
    }
}

/// The least role that a guard asks for.
pub trait Least {
    const ROLE: Role;
}

macro_rules! least {
    ($($name:ident)*) => {$(
        #[doc(hidden)]
        pub struct $name;
        impl Least for $name {
            const ROLE: Role = Role::$name;
        }
    )*};
}

/// The roles as types.
pub mod least {
    use super::{Least, Role};
    least! { Member Moderator Admin }
}

/// Works in the workspace.
pub type Member = Within<least::Member>;
/// Also moderates the answer library.
pub type Moderator = Within<least::Moderator>;
/// Also changes the settings, and sees events and deliveries.
pub type Admin = Within<least::Admin>;

/// Somebody of an organization whose role includes `L`.
pub struct Within<L> {
    pub user: User,
    pub organization: Organization,
    signed_in: SignedIn,
    least: PhantomData<L>,
}

impl<L> Within<L> {
    /// Where the request comes from.
    pub fn address(&self) -> Option<IpAddr> {
        self.signed_in.address
    }

    /// For events and audit entries.
    pub fn actor(&self) -> Actor {
        Actor {
            organization: self.organization.id.clone(),
            email: self.user.email.clone(),
            source: Source::Page,
            address: self.address(),
        }
    }

    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        self.signed_in.shell(section, title)
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        self.signed_in.flash(toast);
    }
}

impl<L: Least + 'static> FromRequest for Within<L> {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload);
        deciding(request, async move {
            let signed_in = signed_in.await?;
            let organization = signed_in.organization.clone().filter(|_| signed_in.user.role.includes(L::ROLE));
            let organization = organization.ok_or(Error::Forbidden)?;
            Ok(Self { user: signed_in.user.clone(), organization, signed_in, least: PhantomData })
        })
    }
}

/// Looks after organizations, and belongs to none.
pub struct AccountManager {
    pub user: User,
    signed_in: SignedIn,
}

impl AccountManager {
    /// Where the request comes from.
    pub fn address(&self) -> Option<IpAddr> {
        self.signed_in.address
    }

    /// For the audit log of the organization that is changed.
    pub fn actor(&self, organization: &OrganizationId) -> Actor {
        Actor {
            organization: organization.clone(),
            email: self.user.email.clone(),
            source: Source::Page,
            address: self.address(),
        }
    }

    /// What surrounds the page that is being answered, with the toasts that waited for it.
    pub fn shell(&self, section: impl Into<Option<Section>>, title: impl Into<String>) -> Shell {
        self.signed_in.shell(section, title)
    }

    /// Keeps a toast for the page after the redirect.
    pub fn flash(&self, toast: Toast) {
        self.signed_in.flash(toast);
    }
}

impl FromRequest for AccountManager {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::from_request(request, payload);
        deciding(request, async move {
            let signed_in = signed_in.await?;
            if !signed_in.user.role.includes(Role::AccountManager) {
                return Err(Error::Forbidden);
            }
            Ok(Self { user: signed_in.user.clone(), signed_in })
        })
    }
}

#[cfg(test)]
mod tests {
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
}
