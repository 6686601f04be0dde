//! A running Herald for one test: real server on port 0, real database of its own, and visitors who keep cookies.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use herald::app::{App, Surroundings};
use herald::auth::model::{Edition, Organization, Role, Theme, User};
use herald::auth::{passwords::Hasher, store};
use herald::base::{Clock as _, ManualClock, OrganizationId, Secret, SystemClock, SystemRng, UserId};
use herald::config::{Config, SettingsArgs};
use herald::delivery::resolver::{Resolver, SystemResolver};
use herald::receiver::Receiver;
use herald::web::connection::Patience;
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};

use super::{Engine, TestDatabase};

/// Every person that tests make has this password.
pub const PASSWORD: &str = "a good long password";

/// How long anything may take before the test says that it never happens.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct TestApp {
    pub app: Option<App>,
    pub database: TestDatabase,
    pub base: String,
    pub organization: Organization,
    pub admin: User,
}

/// Starts one with webhooks enabled, on the engine that this run is about.
pub async fn spawn_app() -> TestApp {
    Setting::default().spawn().await
}

/// How a test's app differs from the usual one.
#[derive(Default)]
pub struct Setting {
    /// More settings, by their environment names.
    pub environment: Vec<(&'static str, String)>,
    /// A clock that the test moves; without one, time passes by itself.
    pub clock: Option<Arc<ManualClock>>,
    /// Where names lead; without one, the system's resolver says so.
    pub resolver: Option<Arc<dyn Resolver>>,
    pub webhooks_disabled: bool,
    pub edition: Option<Edition>,
    pub engine: Option<Engine>,
    /// Nobody is there yet: `/setup` is open.
    pub without_users: bool,
    /// How long connections may take over what, where that is not what it is for everybody.
    pub patience: Option<Patience>,
    /// The built-in receiver, with which this is a demo.
    pub receiver: Option<Arc<Receiver>>,
}

impl Setting {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub async fn spawn(self) -> TestApp {
        let database = TestDatabase::fresh(self.engine.unwrap_or_else(Engine::chosen));
        let surroundings = || Surroundings {
            clock: self.clock.clone().map_or_else(|| Arc::new(SystemClock) as _, |clock| clock as _),
            resolver: self.resolver.clone().unwrap_or_else(|| Arc::new(SystemResolver)),
            patience: self.patience.unwrap_or_default(),
            demo: self.receiver.clone(),
            ..Surroundings::default()
        };
        let mut environment: HashMap<&str, String> = HashMap::from([
            ("HERALD_LISTEN", "127.0.0.1:0".to_owned()),
            ("HERALD_DATABASE_URL", database.url().to_owned()),
            ("HERALD_SECRET_KEY_FILE", database.path("herald.key").display().to_string()),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
        ]);
        environment.extend(self.environment.clone());
        let variables = environment.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let config = Config::read(&SettingsArgs::default(), variables).expect("the test's settings are good");
        let app = App::start(&config, surroundings()).await.expect("the app starts");
        let now = SystemClock.now();
        let organization = Organization {
            id: OrganizationId::new(now, &SystemRng),
            name: "Halden Systems".into(),
            time_zone: "America/Los_Angeles".parse().expect("a zone of the database"),
            edition: self.edition.unwrap_or(Edition::Enterprise),
            webhooks_enabled: !self.webhooks_disabled,
            created_at: now,
        };
        let admin = person("ada@halden.example", Role::Admin, Some(&organization));
        if !self.without_users {
            let mut tx = app.db.begin().await.expect("the database takes a transaction");
            store::organizations::insert(&mut tx, &organization).await.expect("a new organization");
            store::users::insert(&mut tx, &admin, password_hash()).await.expect("a new user");
            tx.commit().await.expect("a commit");
        }
        let base = format!("http://{}", app.address);
        TestApp { app: Some(app), database, base, organization, admin }
    }
}

/// A user who is not in the database yet.
pub fn person(email: &str, role: Role, organization: Option<&Organization>) -> User {
    let now = SystemClock.now();
    User {
        id: UserId::new(now, &SystemRng),
        organization_id: organization.map(|organization| organization.id.clone()),
        email: email.into(),
        name: name_of(email),
        role,
        theme: Theme::System,
        active: true,
        created_at: now,
    }
}

/// People can be told apart in pages and pictures.
fn name_of(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let name = match local {
        "ada" => "Ada Byron",
        "lena" => "Lena Kowalska",
        "marcus.webb" => "Marcus Webb",
        "mikkel" => "Mikkel Sandberg",
        "noor" => "Noor Haddad",
        "sam" => "Sam Okafor",
        "tomas" => "Tomas Lindqvist",
        other => other,
    };
    name.to_owned()
}

/// Hashed once for all tests: a hash is made to be slow.
pub fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hashing = async { Hasher::default().hash(Secret::new(PASSWORD), &SystemRng).await.expect("a hash") };
        let in_a_runtime = || tokio::runtime::Runtime::new().expect("a runtime").block_on(hashing);
        std::thread::scope(|scope| scope.spawn(in_a_runtime).join().expect("hashing does not panic"))
    })
}

impl TestApp {
    pub fn running(&self) -> &App {
        self.app.as_ref().expect("the app is running")
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Adds a person to the organization (or, for an account manager, to none).
    pub async fn adds_person(&self, email: &str, role: Role) -> User {
        let organization = (role != Role::AccountManager).then_some(&self.organization);
        let user = person(email, role, organization);
        let mut tx = self.running().db.begin().await.expect("the database takes a transaction");
        store::users::insert(&mut tx, &user, password_hash()).await.expect("a new user");
        tx.commit().await.expect("a commit");
        user
    }

    /// Lets the database file grow by so many pages from what it is now; SQLite then says what it says of a full disk. A connection
    /// whose disk was full is replaced by another, which knows no limit.
    pub async fn leaves_room_for(&self, pages: i64) {
        let mut tx = self.running().db.begin().await.expect("a transaction");
        let size: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *tx).await.expect("a number");
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", size + pages));
        sqlx::query(limit).fetch_one(&mut *tx).await.expect("a limit");
        tx.commit().await.expect("a commit");
    }

    /// Somebody with a browser of his own, not signed in.
    pub fn visitor(&self) -> Visitor {
        Visitor::at(&self.base)
    }

    /// The organization's administrator, signed in.
    pub async fn admin(&self) -> Visitor {
        self.signed_in(&self.admin.email).await
    }

    pub async fn signed_in(&self, email: &str) -> Visitor {
        let visitor = self.visitor();
        let answer = visitor.posts("/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), 303, "{email} can sign in");
        visitor
    }

    /// Waits until `condition` holds, looking again each time the test's patience allows.
    pub async fn eventually<F, T>(&self, what: &str, mut condition: impl FnMut() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        eventually(what, &mut condition).await
    }

    pub async fn stop(mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }
}

/// Looks again and again until `condition` gives something; fails the test after [`PATIENCE`].
pub async fn eventually<F, T>(what: &str, condition: &mut impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let looking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(10));
        loop {
            pause.tick().await;
            if let Some(found) = condition().await {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never happened: {what}"))
}

/// An HTTP client for tests, which follows no redirects.
pub fn client() -> Client {
    #[expect(clippy::disallowed_methods, reason = "tests are the outside world")]
    Client::builder().redirect(Policy::none()).no_proxy().build().expect("a client")
}

/// A browser's behaviour as far as a test needs it: cookies, and the headers that say where a request comes from.
pub struct Visitor {
    base: String,
    client: Client,
    cookies: Mutex<HashMap<String, String>>,
}

impl Visitor {
    /// Somebody who visits the server at `base` (`http://…` without a path).
    pub fn at(base: &str) -> Self {
        Self { base: base.to_owned(), client: client(), cookies: Mutex::default() }
    }

    /// A request with this visitor's cookies, to change before it is sent with [`Visitor::sends`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let cookies = self.cookies.lock().expect("no test panics with this lock");
        let jar: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if jar.is_empty() { request } else { request.header("cookie", jar.join("; ")) }
    }

    pub async fn sends(&self, request: RequestBuilder) -> Response {
        let answer = request.send().await.expect("an answer");
        let mut cookies = self.cookies.lock().expect("no test panics with this lock");
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("cookies are ASCII");
            let (name, rest) = cookie.split_once('=').expect("a name and a value");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.into(), value.into())
            };
        }
        drop(cookies);
        answer
    }

    pub async fn gets(&self, path: &str) -> Response {
        self.sends(self.request(Method::GET, path)).await
    }

    /// The page's HTML; the answer must be 200.
    pub async fn reads(&self, path: &str) -> String {
        let answer = self.gets(path).await;
        assert_eq!(answer.status(), 200, "GET {path}");
        answer.text().await.expect("a text")
    }

    /// Posts a form as a browser does from our own pages. Names may repeat.
    pub async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.sends(request).await
    }

    /// Posts a file in the field `file` as a browser does.
    pub async fn uploads(&self, path: &str, name: &str, file: impl AsRef<[u8]>) -> Response {
        let mut body = format!(
            "--XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(file.as_ref());
        body.extend_from_slice(b"\r\n--XYZ--\r\n");
        let request = self
            .request(Method::POST, path)
            .header("content-type", "multipart/form-data; boundary=XYZ")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.sends(request).await
    }
}
