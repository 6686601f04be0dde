//! What the pages show while they are checked: a day in the life of an organization, and two more in which nothing
//! has happened.

mod answers;
mod imports;
mod replays;
mod sign_in;
mod people;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::{Actor, Edition, Organization, Role, Source};
use herald::auth::{api_keys, store};
use herald::base::{Clock as _, ManualClock, OrganizationId, SystemRng, Timestamp};
use herald::delivery::resolver::StaticResolver;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::app::{Setting, TestApp, client, eventually, password_hash, person};
use crate::support::demo::Demo;
use crate::support::recorder::{Answer, Recorder};

/// Midday of the organization, so that no page changes its words at a date line.
const NOON: &str = "2026-11-23T20:40:00Z";

/// How long the day is that the pages tell of.
const HOURS: usize = 22;

const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";

/// Name, path at the receiver, what it answers, chosen events, status.
type Instance = (&'static str, &'static str, u16, &'static [(&'static str, &'static str)], &'static str);

const INSTANCES: [Instance; 5] = [
    ("CRM sync", "/crm/rfp-events", 200, &[("event_group", "project"), ("events", "INTAKE_CREATED")], "active"),
    (
        "Deal desk notifier",
        "/api/incoming/herald",
        200,
        &[("event_group", "section"), ("events", "PROJECT_COMPLETED")],
        "active",
    ),
    ("Data warehouse loader", "/v1/streams/answer-library", 202, &[("event_group", "answer_library")], "active"),
    ("Staging receiver", "/webhooks", 200, &[("event_group", "all")], "paused"),
    ("Old ticket system", "/hooks", 410, &[("events", "PROJECT_ARCHIVED")], "active"),
];

/// People who look at the pages; `ada@halden.example` is the organization's admin.
pub const MEMBER: &str = "tomas@halden.example";
pub const ACCOUNT_MANAGER: &str = "grace@herald.example";
/// Admin of an organization in which nothing has happened yet.
pub const NEWCOMER: &str = "lena@fresh.example";
/// Admin of an organization of the Essentials edition without webhooks.
pub const LOCKED: &str = "ines@brightwater.example";

/// Whom sign-in asks for a code.
pub const CAREFUL: &str = "noor@halden.example";
/// Who turns that on.
pub const TURNS_IT_ON: &str = "mikkel@halden.example";

pub struct Scene {
    pub app: TestApp,
    /// A second program, which nobody has set up yet.
    fresh: TestApp,
    _demo: Demo,
    receiver: Recorder,
    clock: Arc<ManualClock>,
    /// What stands for the names in braces of [`Scene::address`].
    names: HashMap<String, String>,
}

impl Scene {
    pub async fn set() -> Scene {
        let clock = Arc::new(ManualClock::at(at(NOON) - Duration::from_secs(3600) * 22));
        let resolver = StaticResolver::default().with("hooks.halden.example", &["127.0.0.1"]);
        let setting = Setting { clock: Some(clock.clone()), resolver: Some(Arc::new(resolver)), ..Setting::default() };
        let app = setting.spawn().await;
        let fresh = Setting { without_users: true, ..Setting::default() }.spawn().await;
        let setup = fresh.url(&format!("/setup?code={}", fresh.running().setup_code.expose()));
        let mut demo = Demo::start();
        let names = HashMap::from([("setup".to_owned(), setup), ("receiver".to_owned(), demo.tells("Receiver").await)]);
        let receiver = Recorder::start().await;
        let mut scene = Scene { app, fresh, _demo: demo, receiver, clock, names };
        scene.adds_people().await;
        scene.invites_people().await;
        scene.works().await;
        scene.adds_webhooks().await;
        scene.adds_answers().await;
        scene.imports_answers().await;
        scene.lives_through_a_day().await;
        scene.replays_deliveries().await;
        scene.makes_links().await;
        scene
    }

    /// The URL of a page. `{deal-desk-notifier}` and the like in its path are webhooks' ids; also known are
    /// `{delivery}`, `{failed-delivery}`, `{event}`, `{pair}` and others of the answer library, `{organization}`, and `{setup}` and `{receiver}`, which are whole URLs.
    pub fn address(&self, path: &str) -> String {
        let path =
            self.names.iter().fold(path.to_owned(), |path, (name, text)| path.replace(&format!("{{{name}}}"), text));
        assert!(!path.contains('{'), "there is nothing of that name: {path}");
        if path.starts_with('/') { self.app.url(&path) } else { path }
    }

    /// Lets the last part of an address stand for `name`.
    pub(super) fn names(&mut self, name: &str, address: &str) {
        let id = address.rsplit('/').next().expect("an address has a last part");
        self.names.insert(name.into(), id.into());
    }

    pub async fn ends(self) {
        self.app.stop().await;
        self.fresh.stop().await;
    }

    async fn adds_people(&mut self) {
        self.app.adds_person(MEMBER, Role::Member).await;
        self.app.adds_person(ACCOUNT_MANAGER, Role::AccountManager).await;
        self.makes_sign_in_safe().await;
        self.names.insert("organization".into(), self.app.organization.id.to_string());
        self.adds_organization("Fresh Start Ltd", Edition::Enterprise, true, NEWCOMER).await;
        self.adds_organization("Brightwater Legal", Edition::Essentials, false, LOCKED).await;
    }

    async fn adds_organization(&self, name: &str, edition: Edition, webhooks_enabled: bool, admin: &str) {
        let now = self.clock.now();
        let organization = Organization {
            id: OrganizationId::new(now, &SystemRng),
            name: name.into(),
            edition,
            webhooks_enabled,
            ..self.app.organization.clone()
        };
        let mut tx = self.app.running().db.begin().await.expect("the database takes a transaction");
        store::organizations::insert(&mut tx, &organization).await.expect("a new organization");
        let admin = person(admin, Role::Admin, Some(&organization));
        store::users::insert(&mut tx, &admin, password_hash()).await.expect("a new user");
        tx.commit().await.expect("a commit");
    }

    async fn adds_webhooks(&mut self) {
        let admin = self.app.admin().await;
        for (name, path, status, events, state) in INSTANCES {
            self.receiver.answer(
                path,
                Answer::status(status).header("content-type", "application/json").body(r#"{"received":true}"#),
            );
            let url = format!("http://hooks.halden.example:{}{path}", self.receiver.address().port());
            let own = [
                ("name", name),
                ("description", "Keeps the other system in step with what happens here."),
                ("url", &url),
                ("status", state),
                ("header_name", "Authorization"),
                ("header_value", "Bearer 0123456789"),
            ];
            let fields: Vec<_> = own.into_iter().chain(events.iter().copied()).collect();
            let answer = admin.posts(&format!("{WEBHOOKS}/new"), &fields).await;
            assert_eq!(answer.status(), 303, "{name} is added: {}", answer.text().await.unwrap_or_default());
        }
        let list = admin.reads(WEBHOOKS).await;
        for (name, ..) in INSTANCES {
            let id = id_of(&list, name);
            self.names.insert(name.to_lowercase().replace(' ', "-"), id);
        }
    }

    /// Publishes through most of a day; in its last hours the deal desk does not answer well any more.
    async fn lives_through_a_day(&mut self) {
        let key = self.makes_a_key().await;
        for hour in 0..HOURS {
            if hour == HOURS - 5 {
                // For half an hour at a time, which is over at each full hour but the last.
                let answer =
                    Answer::status(503).header("retry-after", "1800").header("content-type", "application/json");
                self.receiver.answer("/api/incoming/herald", answer.body(r#"{"error":"down for maintenance"}"#));
            }
            for event in happenings(hour) {
                self.publishes(&key, &event).await;
            }
            self.settles().await;
            self.clock.advance(Duration::from_secs(3600));
            self.settles().await;
        }
        self.finds_its_deliveries().await;
    }

    async fn makes_a_key(&self) -> String {
        let admin = &self.app.admin;
        let actor = Actor {
            organization: self.app.organization.id.clone(),
            email: admin.email.clone(),
            source: Source::Page,
            address: None,
        };
        let new = |name: &str, scopes: &str| api_keys::NewKey {
            user: Some(admin.id.clone()),
            name: name.into(),
            scopes: scopes.parse().expect("scopes"),
            expires_at: (name == "Reporting").then(|| self.clock.now() + Duration::from_secs(3 * 24 * 3600)),
        };
        let mut tx = self.app.running().db.begin().await.expect("the database takes a transaction");
        let now = self.clock.now();
        api_keys::create(&mut tx, now, &SystemRng, &actor, new("Reporting", "read")).await.expect("a new key");
        let made = api_keys::create(&mut tx, now, &SystemRng, &actor, new("Proposal system", "read,publish")).await;
        tx.commit().await.expect("a commit");
        made.expect("a new key").1.expose().to_owned()
    }

    async fn publishes(&self, key: &str, event: &Value) {
        let request = client().post(self.app.url("/api/v1/events")).bearer_auth(key);
        let request = request.header("content-type", "application/json").body(event.to_string());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 202, "{event}: {}", answer.text().await.unwrap_or_default());
    }

    /// The disk is full for a moment: an event finds no room.
    pub async fn fills_the_disk(&self) {
        let key = self.makes_a_key().await;
        let event = json!({"event_type": "PROJECT_EDITED", "entity_ids": ["1"], "performed_by": "ada@halden.example", "data": {"X": "x".repeat(200_000)}});
        let told = async || {
            self.app.leaves_room_for(0).await;
            let request = client().post(self.app.url("/api/v1/events")).bearer_auth(&key);
            let request = request.header("content-type", "application/json").body(event.to_string());
            (request.send().await.expect("an answer").status() == 507).then_some(())
        };
        eventually("there is no room", &mut || told()).await;
        self.app.leaves_room_for(100_000).await;
    }

    /// Waits until no attempt is under way and none is due.
    async fn settles(&self) {
        let count = || async {
            let mut conn = self.app.running().db.read().await.expect("a connection");
            let sql = "SELECT COUNT(*) FROM deliveries WHERE due_at <= $1 OR leased_until > $1";
            let row = sqlx::query(sql).bind(self.clock.now()).fetch_one(&mut *conn).await.expect("a count");
            row.get::<i64, _>(0)
        };
        eventually("all that is due is sent", &mut || async { (count().await == 0).then_some(()) }).await;
    }

    /// Learns the ids of a delivery that arrived, of one that is being retried, and of an event.
    async fn finds_its_deliveries(&mut self) {
        let db = &self.app.running().db;
        let wanted = [
            ("delivery", "crm-sync", "succeeded"),
            ("held-delivery", "staging-receiver", "held"),
            ("failed-delivery", "deal-desk-notifier", "pending"),
        ];
        for (name, webhook, state) in wanted {
            let mut conn = db.read().await.expect("a connection");
            let sql =
                "SELECT event_id FROM deliveries WHERE webhook_id = $1 AND state = $2 ORDER BY created_at LIMIT 1";
            let row = sqlx::query(sql).bind(&self.names[webhook]).bind(state).fetch_one(&mut *conn).await.expect(name);
            let event = row.get::<String, _>(0);
            let delivery = format!("{}-{}", self.names[webhook], event.trim_start_matches("EVT-"));
            self.names.insert(name.into(), delivery);
            if name == "failed-delivery" {
                self.names.insert("event".into(), event);
            }
        }
    }
}

/// What happens in one hour of the day: enough to draw, and something of every kind.
fn happenings(hour: usize) -> Vec<Value> {
    const COUNTS: [usize; 6] = [3, 1, 4, 2, 5, 2];
    const KINDS: [&str; 7] = [
        "PROJECT_EDITED",
        "SECTION_COMPLETED",
        "ANSWER_LIB_UPDATED",
        "PROJECT_COMPLETED",
        "INTAKE_CREATED",
        "ANSWER_LIB_CREATED",
        "PROJECT_CREATED",
    ];
    let count = COUNTS[hour % COUNTS.len()];
    let kinds = (0..count).map(|nth| KINDS[(hour * 3 + nth * 2) % KINDS.len()]);
    let last = (hour == HOURS - 1).then_some("PROJECT_ARCHIVED");
    let people = ["priya.raman@halden.example", "tomas@halden.example", "ada@halden.example"];
    let event = |(nth, kind): (usize, &str)| {
        let ids: Vec<_> =
            (0..=(hour + nth) % 2).map(|id| format!("5dd51ea63f3dad73ab{:06x}", hour * 64 + nth * 8 + id)).collect();
        json!({"event_type": kind, "entity_ids": ids, "performed_by": people[(hour + nth) % people.len()]})
    };
    kinds.chain(last).enumerate().map(event).collect()
}

/// The id of the webhook called `name`, from the list's link to its form.
fn id_of(list: &str, name: &str) -> String {
    let page = Html::parse_document(list);
    let link = Selector::parse(&format!("[aria-label='Edit {name}']")).expect("a selector");
    let address =
        page.select(&link).next().and_then(|link| link.attr("href")).unwrap_or_else(|| panic!("no row of {name}"));
    address.trim_start_matches(WEBHOOKS).split('/').nth(1).expect("an id").to_owned()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a time")
}
