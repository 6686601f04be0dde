//! What the ids in the paths are of, made through the API as programs make it.

use std::collections::BTreeMap;

use herald::auth::api_keys;
use herald::auth::model::{Actor, Organization, Role, Source};
use herald::auth::store;
use herald::base::{ApiKeyId, Clock as _, OrganizationId, SystemClock, SystemRng, UserId};
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::app::{TestApp, Visitor, eventually, password_hash, person};
use crate::support::programs::{Program, told};
use crate::support::recorder::Recorder;
use crate::support::routes::{Route, Thing, WEBHOOKS};

const NOTHING: &str = "000000000000000000000000";

/// What no organization owns.
pub fn is_of_nobody(thing: &str) -> bool {
    matches!(thing, "file" | "organization" | "invitation-code")
}

/// One of everything, and a way to make another.
pub struct Things {
    program: Program,
    admin: Visitor,
    receiver: Recorder,
    made: BTreeMap<&'static str, Thing>,
}

const KINDS: [&str; 26] = [
    "organization",
    "project",
    "completed-project",
    "archived-project",
    "trashed-project",
    "section",
    "completed-section",
    "question",
    "pair",
    "pair-in-moderation",
    "pair-in-review",
    "trashed-pair",
    "intake",
    "import",
    "key",
    "member",
    "deactivated-member",
    "invitation",
    "invitation-code",
    "session",
    "event",
    "webhook",
    "paused-webhook",
    "deleted-webhook",
    "delivery",
    "replay",
];

impl Things {
    pub async fn make(app: &TestApp) -> Things {
        let receiver = Recorder::start().await;
        let (program, admin) = (app.program("read,write,publish").await, app.admin().await);
        let mut things = Things { program, admin, receiver, made: BTreeMap::new() };
        for kind in KINDS {
            let made = things.fresh(app, kind).await;
            things.made.insert(kind, made);
        }
        things
    }

    /// The one that every actor may ask for.
    pub fn get(&self, kind: &str) -> &Thing {
        self.made.get(kind).unwrap_or_else(|| panic!("nothing is called {kind}"))
    }

    /// The address with the id that every actor may ask for.
    pub fn path(&self, route: &Route, kind: &str) -> String {
        match kind {
            "" => route.path.clone(),
            "file" => herald::web::assets::url("app.css"),
            kind => route.about(self.get(kind)),
        }
    }

    /// A webhook of somebody else's organization.
    pub async fn webhook_of(&self, admin: &Visitor) -> String {
        let fields = [("name", "Theirs"), ("url", &*self.receiver.url("/")), ("events", "INTAKE_CREATED")];
        assert_eq!(admin.posts(&format!("{WEBHOOKS}/new"), &fields).await.status(), 303);
        let list = admin.reads(WEBHOOKS).await;
        let beginning = format!("{WEBHOOKS}/");
        let mut ids = list.split(&beginning).skip(1).filter_map(|link| link.get(..24));
        let is_id = |id: &&str| id.bytes().all(|byte| byte.is_ascii_hexdigit());
        ids.find(is_id).expect("a link to it").to_owned()
    }

    /// One that nobody has touched.
    pub async fn fresh(&self, app: &TestApp, kind: &str) -> Thing {
        match kind {
            "delivery" => self.delivery(app).await,
            "replay" => self.replay(app).await,
            _ => Thing::new(self.id(app, kind).await),
        }
    }

    async fn id(&self, app: &TestApp, kind: &str) -> String {
        match kind {
            "organization" => app.organization.id.to_string(),
            "project" => self.posts("/projects", json!({ "name": "Aldgate Transit" })).await,
            "completed-project" => self.next(app, "project", "/projects/{}/complete").await,
            "archived-project" => self.next(app, "project", "/projects/{}/archive").await,
            "trashed-project" => self.without(app, "project", "/projects/{}").await,
            "section" => self.of(app, "project", "/projects/{}/sections", json!({ "name": "Security" })).await,
            "completed-section" => self.next(app, "section", "/sections/{}/complete").await,
            "question" => self.of(app, "section", "/sections/{}/questions", json!({ "question": "Do you?" })).await,
            "pair" => self.posts("/answers", json!({ "question": "Do you?", "answer": "Yes." })).await,
            "pair-in-moderation" => app.pair_in_moderation().await.to_string(),
            "pair-in-review" => {
                let ask = json!({ "reviewer": app.admin.email, "due_date": "2036-01-01" });
                self.of(app, "pair", "/answers/{}/request-review", ask).await
            }
            "trashed-pair" => self.without(app, "pair", "/answers/{}").await,
            "intake" => self.posts("/intakes", json!({ "title": "Security questionnaire" })).await,
            "import" => {
                let answer =
                    self.admin.uploads("/answers/import", "library.csv", "question,answer\nDo you?,Yes.\n").await;
                let place = answer.headers()["location"].to_str().expect("an address");
                place.rsplit('/').next().expect("an id").to_owned()
            }
            "key" => app.program("read").await.key.id.to_string(),
            "member" => {
                let email = format!("{}@halden.example", UserId::new(SystemClock.now(), &SystemRng));
                app.adds_person(&email, Role::Member).await.id.to_string()
            }
            "deactivated-member" => {
                let id = Box::pin(self.id(app, "member")).await;
                removes(app, &id.parse().expect("an id")).await;
                id
            }
            "invitation" => self.invitation(app).await.0,
            "invitation-code" => self.invitation(app).await.1,
            "session" => session_of_admin(app).await,
            "event" => {
                let event =
                    json!({ "event_type": "INTAKE_CREATED", "entity_ids": ["a"], "performed_by": "a@b.example" });
                let answer = told(self.program.post("/events", event.to_string())).await;
                answer.json()["event_id"].as_str().expect("an id").to_owned()
            }
            "webhook" => app.adds_webhook(&self.receiver.url("/"), &["PROJECT_EDITED"]).await.to_string(),
            "paused-webhook" => self.next(app, "webhook", "/webhooks/{}/pause").await,
            "deleted-webhook" => self.without(app, "webhook", "/webhooks/{}").await,
            other => panic!("nothing is called {other}"),
        }
    }

    /// Of somebody new, by a link: its id and its code.
    async fn invitation(&self, app: &TestApp) -> (String, String) {
        let email = format!("{}@elsewhere.example", UserId::new(SystemClock.now(), &SystemRng));
        let fields = [("email", email.as_str()), ("role", "member"), ("how", "link")];
        let answer = self.admin.posts("/settings/members/invite", &fields).await;
        let page = answer.text().await.expect("a text");
        let (_, link) = page.split_once("/invitations/").expect("a link");
        let is_code = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        let code = link.split(|letter| !is_code(letter)).next().expect("a code").to_owned();
        let mut conn = app.running().db.read().await.expect("a connection");
        let row = sqlx::query("SELECT id FROM invitations WHERE email = $1").bind(&email).fetch_one(&mut *conn).await;
        (row.expect("an invitation").get(0), code)
    }

    /// One that has arrived.
    async fn delivery(&self, app: &TestApp) -> Thing {
        let webhook = app.adds_webhook(&self.receiver.url("/"), &["ANSWER_LIB_DELETED"]).await;
        let event = json!({ "event_type": "ANSWER_LIB_DELETED", "entity_ids": ["a"], "performed_by": "a@b.example" });
        let answer = told(self.program.post("/events", event.to_string())).await;
        let event = answer.json()["event_id"].as_str().expect("an id").to_owned();
        let id = format!("{webhook}-{}", event.trim_start_matches("EVT-"));
        self.becomes(&format!("/deliveries/{id}"), "succeeded").await;
        Thing::of(webhook.as_str(), &id)
    }

    /// One that had nothing to do.
    async fn replay(&self, app: &TestApp) -> Thing {
        let webhook = self.id(app, "webhook").await;
        let id = self.posts(&format!("/webhooks/{webhook}/replay"), json!({ "since": "2020-01-01T00:00:00Z" })).await;
        self.becomes(&format!("/replays/{id}"), "finished").await;
        Thing::of(&webhook, &id)
    }

    async fn becomes(&self, path: &str, state: &str) {
        eventually(&format!("{path} is {state}"), &mut || async {
            (self.program.gets(path).await.json()["state"] == state).then_some(())
        })
        .await;
    }

    /// Makes something at this address.
    async fn posts(&self, path: &str, body: Value) -> String {
        let answer = told(self.program.post(path, body.to_string())).await;
        assert!(matches!(answer.status, 200..=202), "{path}: {}", answer.text);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Makes something of something else.
    async fn of(&self, app: &TestApp, kind: &str, path: &str, body: Value) -> String {
        let id = Box::pin(self.id(app, kind)).await;
        self.posts(&path.replace("{}", &id), body).await
    }

    /// Makes something and takes it a step further.
    async fn next(&self, app: &TestApp, kind: &str, path: &str) -> String {
        self.of(app, kind, path, json!({})).await
    }

    /// Makes something and takes it away.
    async fn without(&self, app: &TestApp, kind: &str, path: &str) -> String {
        let id = Box::pin(self.id(app, kind)).await;
        let gone = told(self.program.request(reqwest::Method::DELETE, &path.replace("{}", &id))).await;
        assert_eq!(gone.status, 204, "{path}: {}", gone.text);
        id
    }
}

/// The same as nobody has it.
pub fn nothing_like(thing: &Thing) -> Thing {
    let id = match thing.id.split_once('-') {
        Some(("EVT", _)) => format!("EVT-{NOTHING}"),
        Some(_) => format!("{NOTHING}-{NOTHING}"),
        None => NOTHING.to_owned(),
    };
    Thing { id, webhook: thing.webhook.as_ref().map(|_| NOTHING.to_owned()) }
}

/// The admin of another organization, which has its webhooks enabled.
pub async fn stranger(app: &TestApp) -> Visitor {
    let organization = Organization {
        id: OrganizationId::new(SystemClock.now(), &SystemRng),
        name: "Brightwater Legal".into(),
        ..app.organization.clone()
    };
    let admin = person("ines@brightwater.example", Role::Admin, Some(&organization));
    let mut tx = app.running().db.begin().await.expect("a transaction");
    store::organizations::insert(&mut tx, &organization).await.expect("a new organization");
    store::users::insert(&mut tx, &admin, password_hash()).await.expect("a new user");
    tx.commit().await.expect("a commit");
    app.signed_in(&admin.email).await
}

/// One of the admin's sessions that nobody uses.
async fn session_of_admin(app: &TestApp) -> String {
    app.admin().await;
    let mut conn = app.running().db.read().await.expect("a connection");
    let newest = "SELECT id FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, seen_at DESC LIMIT 1";
    let row = sqlx::query(newest).bind(&app.admin.id).fetch_one(&mut *conn).await.expect("a session");
    row.get(0)
}

/// As when a member is taken out of the organization.
pub async fn removes(app: &TestApp, user: &UserId) {
    let mut tx = app.running().db.begin().await.expect("a transaction");
    sqlx::query("UPDATE users SET active = 0 WHERE id = $1").bind(user).execute(&mut *tx).await.expect("a change");
    herald::db::meta::raise_changes(&mut tx).await.expect("a change");
    tx.commit().await.expect("a commit");
}

pub async fn revokes(app: &TestApp, key: &ApiKeyId) {
    let (organization, email) = (app.organization.id.clone(), app.admin.email.clone());
    let actor = Actor { organization, email, source: Source::CommandLine, address: None };
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let revoked = api_keys::revoke(&mut tx, SystemClock.now(), &SystemRng, &actor, key).await.expect("a change");
    assert!(revoked.is_some());
    tx.commit().await.expect("a commit");
}
