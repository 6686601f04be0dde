//! The strings, planted in every field: once each in what is listed, all at once in what takes long texts, and in the answers of
//! receivers.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use herald::auth::api_keys::{self, NewKey};
use herald::auth::model::{Organization, Role, User};
use herald::auth::store::links::{self, Link, Purpose};
use herald::auth::store::{organizations, users};
use herald::base::{Clock as _, OrganizationId, SystemClock, SystemRng};
use herald::receiver::{Address, Key, Keys, Receiver as DemoReceiver};
use herald::webhooks::actions::{self, Tools};
use herald::webhooks::model::Draft;
use herald::workspace::answers::model::{Content, Standing};
use herald::workspace::change::{Author, Desk};
use herald::workspace::{answers, intakes, projects};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::app::{Setting, TestApp, Visitor, eventually, password_hash, person};
use crate::support::mailbox::Mailbox;
use crate::support::payloads::payloads;
use crate::support::programs::{Program, told};
use crate::support::receivers::{Behaviour, Receiver};
use crate::support::recorder::Recorder;
use crate::support::routes::{Route, Thing, WEBHOOKS};
use crate::support::webhooks::{actor, tools};

/// How many things of each kind have their pages looked at; in lists stands a thing for every string.
const SETS: usize = 2;
/// Status and type of what receivers answer: each kind of text is shown in its own colours.
const ANSWERS: [(&str, &str); 4] = [
    ("500", "text/html; charset=utf-8"),
    ("200", "image/svg+xml"),
    ("302", "application/xhtml+xml"),
    ("429", "application/json"),
];
/// The most characters of a name.
const NAME: usize = 100;
pub const MANAGER: &str = "manager@herald.example";
const MEMBER: &str = "member@halden.example";
/// Where the links in mails lead.
pub const PUBLIC: &str = "http://herald.example";

pub struct Planted {
    pub app: TestApp,
    /// Nobody may ever ask it for anything.
    pub evil: Recorder,
    pub payloads: Vec<String>,
    pub mailbox: Mailbox,
    /// Names that hold all of the strings together, several in each.
    titles: Vec<String>,
    /// Ids by kind, one for each set.
    ids: BTreeMap<&'static str, Vec<Thing>>,
    /// Those that fit into a tag.
    tags: Vec<String>,
    receivers: Vec<Receiver>,
    /// Addresses with codes that can be followed once.
    links: Vec<String>,
}

/// The demo's receiver checks no signature here.
struct NoKeys;

impl Keys for NoKeys {
    fn keys(&self) -> BoxFuture<'_, Vec<Key>> {
        Box::pin(async { Vec::new() })
    }
}

impl Planted {
    pub async fn everywhere() -> Planted {
        let evil = Recorder::start().await;
        let payloads = payloads(&evil.address().to_string());
        assert!(payloads.len() >= 143, "{}", payloads.len());
        let receiver = Arc::new(DemoReceiver::new(Arc::new(SystemClock)));
        let mailbox = Mailbox::start().await;
        let setting = Setting { receiver: Some(receiver.clone()), ..Setting::default() }
            .with("HERALD_SMTP_URL", mailbox.url())
            .with("HERALD_MAIL_FROM", "Herald <herald@example.com>")
            .with("HERALD_PUBLIC_URL", PUBLIC)
            .with("HERALD_RETRY_SCHEDULE", "1h")
            .with("HERALD_MAX_WEBHOOKS", "1000");
        let app = setting.spawn().await;
        receiver.open(vec![app.base.clone()], Arc::new(NoKeys));
        app.adds_person(MEMBER, Role::Member).await;
        app.adds_person(MANAGER, Role::AccountManager).await;
        let tags = payloads.iter().filter(|text| text.chars().count() <= 50 && !text.contains(',')).cloned().collect();
        let titles = packed(&payloads);
        let mut planted = Planted {
            app,
            evil,
            mailbox,
            titles,
            payloads,
            ids: BTreeMap::new(),
            tags,
            receivers: Vec::new(),
            links: Vec::new(),
        };
        planted.plants(&receiver).await;
        planted
    }

    fn text(&self, at: usize) -> &str {
        &self.payloads[at % self.payloads.len()]
    }

    /// The names of a set's things: each has another one in each of its fields of one line.
    fn title(&self, set: usize, field: usize) -> &str {
        &self.titles[(set * 7 + field) % self.titles.len()]
    }

    /// The strings that this text holds.
    fn in_text(&self, text: &str) -> Vec<&String> {
        self.payloads.iter().filter(|payload| text.contains(payload.trim())).collect()
    }

    /// The organization's name.
    fn organization(&self) -> &str {
        self.title(5, 0)
    }

    fn own_name(&self) -> &str {
        self.title(5, 1)
    }

    fn all(&self) -> String {
        self.payloads.join("\n")
    }

    async fn plants(&mut self, receiver: &DemoReceiver) {
        let program = self.app.program("read,write,publish").await;
        let admin = self.app.admin().await;
        let named = [("name", self.organization()), ("time_zone", "UTC")];
        assert_eq!(admin.posts("/settings", &named).await.status(), 303);
        let named = [("name", self.own_name()), ("theme", "system")];
        assert_eq!(admin.posts("/profile", &named).await.status(), 303);
        self.lists().await;
        self.people(&admin).await;
        self.links().await;
        self.keep("organization", Thing::new(self.app.organization.id.to_string()));
        let member = self.app.signed_in(MEMBER).await;
        for set in 0..SETS {
            self.works(&program, &member, &admin, set).await;
        }
        let inbox =
            json!({ "name": self.text(0), "url": receiver.url(Address::Inbox), "events": ["SECTION_COMPLETED"] });
        posts(&program, "/webhooks", &inbox).await;
        self.delivers(&program).await;
        eventually("the demo's receiver has it", &mut || async { (receiver.arrived() > 0).then_some(()) }).await;
    }

    fn keep(&mut self, kind: &'static str, thing: Thing) {
        self.ids.entry(kind).or_default().push(thing);
    }

    /// One of everything that is listed by its name, for each string; by the actions that pages and API call, all in one
    /// transaction.
    async fn lists(&self) {
        let app = self.app.running();
        let desk = Desk { recorder: app.recorder.clone() };
        let author = Author { actor: actor(&self.app), zone: self.app.organization.time_zone };
        let tools = Tools { max_webhooks: 1_000, ..tools(&self.app) };
        let mut tx = app.db.begin().await.expect("a transaction");
        let mut pairs = Vec::new();
        for at in 0..self.payloads.len() {
            let [one, two, three] = [at, at + 1, at + 2].map(|at| self.text(at).trim().to_owned());
            let details = projects::model::Details {
                name: one.clone(),
                client: Some(two.clone()),
                due_date: None,
                owner: Some(three.clone()),
                description: None,
            };
            projects::actions::create(&mut tx, &desk, &author, details, None).await.expect("a project");
            let details = intakes::model::Details {
                title: one.clone(),
                requester: Some(two.clone()),
                email: None,
                client: Some(three.clone()),
                due_date: None,
                description: None,
            };
            intakes::actions::create(&mut tx, &desk, &author, details).await.expect("an intake");
            let tags = (0..6).map(|n| self.tags[(at + n) % self.tags.len()].trim().to_owned()).collect();
            pairs.push(Content { question: one.clone(), answer: two.clone(), tags, owner: Some(three) });
            // Of what nothing here raises: nobody is to be sent anything.
            let draft = Draft {
                name: one.clone(),
                description: two,
                url: "http://127.0.0.1:4999/".into(),
                events: vec!["PROJECT_EDITED".into()],
                ..Draft::default()
            };
            let new = draft.parse().expect("a good webhook");
            actions::create(&mut tx, &tools, &author.actor, new).await.expect("a webhook");
            let organization = Organization {
                id: OrganizationId::new(SystemClock.now(), &SystemRng),
                name: one.clone(),
                ..self.app.organization.clone()
            };
            organizations::insert(&mut tx, &organization).await.expect("an organization");
            let someone = person(&format!("someone-{at}@halden.example"), Role::Member, Some(&self.app.organization));
            let someone = User { name: one.clone(), ..someone };
            users::insert(&mut tx, &someone, password_hash()).await.expect("a member");
            let (user, scopes) = (Some(self.app.admin.id.clone()), "read".parse().expect("a scope"));
            let new = NewKey { user, name: one, scopes, expires_at: None };
            api_keys::create(&mut tx, SystemClock.now(), &SystemRng, &author.actor, new).await.expect("a key");
        }
        answers::actions::create_all(&mut tx, &desk, &author, Standing::Moderator, pairs).await.expect("pairs");
        tx.commit().await.expect("a commit");
    }

    /// Members with such names, and others who are invited to such addresses.
    async fn people(&mut self, admin: &Visitor) {
        for set in 0..SETS {
            let member = person(&format!("member-{set}@halden.example"), Role::Member, Some(&self.app.organization));
            let member = User { name: self.title(set, 0).to_owned(), ..member };
            let mut tx = self.app.running().db.begin().await.expect("a transaction");
            users::insert(&mut tx, &member, password_hash()).await.expect("a member");
            tx.commit().await.expect("a commit");
            self.keep("member", Thing::new(member.id.to_string()));

            let email = address(set);
            let fields = [("email", &*email), ("role", "member"), ("how", "link")];
            let page = admin.posts("/settings/members/invite", &fields).await.text().await.expect("a text");
            let (_, link) = page.split_once("/invitations/").unwrap_or_else(|| panic!("no link: {page}"));
            let is_code = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
            let code = link.split(|letter| !is_code(letter)).next().expect("a code").to_owned();
            let mut conn = self.app.running().db.read().await.expect("a connection");
            let found =
                sqlx::query("SELECT id FROM invitations WHERE email = $1").bind(&email).fetch_one(&mut *conn).await;
            let id: String = found.expect("an invitation").get(0);
            drop(conn);
            self.keep("invitation", Thing::new(id));
            self.keep("invitation-code", Thing::new(code));
        }
        let email = address(SETS);
        let fields = [("email", &*email), ("role", "member"), ("how", "mail")];
        assert_eq!(admin.posts("/settings/members/invite", &fields).await.status(), 303);
    }

    /// A new password, and a new address.
    async fn links(&mut self) {
        let mut tx = self.app.running().db.begin().await.expect("a transaction");
        let reset = Link { user: self.app.admin.id.clone(), email: None };
        let change = Link { email: Some(address(SETS + 1)), ..reset.clone() };
        for (path, purpose, link) in
            [("/reset-password", Purpose::ResetPassword, reset), ("/confirm-email", Purpose::ChangeEmail, change)]
        {
            let code = links::insert(&mut tx, &SystemRng, purpose, &link, SystemClock.now()).await.expect("a link");
            self.links.push(format!("{path}?code={}", code.expose()));
        }
        tx.commit().await.expect("a commit");
    }

    /// One of everything that has a page.
    async fn works(&mut self, program: &Program, member: &Visitor, admin: &Visitor, set: usize) {
        let [one, two, three] = [0, 1, 2].map(|field| self.title(set, field).to_owned());
        let all = self.all();
        let half: String = all.chars().take(4_900).collect();
        let details = json!({ "name": one, "client": two, "owner": three, "description": all });
        let project = posts(program, "/projects", &details).await;
        let section = posts(program, &format!("/projects/{project}/sections"), &json!({ "name": one })).await;
        let question = json!({ "question": half, "answer": all });
        let question = posts(program, &format!("/sections/{section}/questions"), &question).await;
        let trashed = posts(program, "/projects", &details).await;
        deletes(program, &format!("/projects/{trashed}")).await;
        let intake =
            json!({ "title": one, "requester": two, "email": address(set), "client": three, "description": all });
        let intake = posts(program, "/intakes", &intake).await;
        let tags: Vec<_> = (0..20).map(|n| &self.tags[(set * 20 + n) % self.tags.len()]).collect();
        let pair = json!({ "question": one, "answer": all, "owner": three, "tags": tags });
        let changed = posts(program, "/answers", &pair).await;
        let change = program.request(Method::PATCH, &format!("/answers/{changed}"));
        let change = change.header("content-type", "application/json").body(json!({ "question": two }).to_string());
        assert_eq!(told(change).await.status, 200);
        let reviewed = posts(program, "/answers", &pair).await;
        let ask = json!({ "reviewer": three, "due_date": "2036-01-01" });
        posts(program, &format!("/answers/{reviewed}/request-review"), &ask).await;
        let binned = posts(program, "/answers", &pair).await;
        deletes(program, &format!("/answers/{binned}")).await;
        let waiting = [("question", one.as_str()), ("answer", all.as_str()), ("tags", tags[0].as_str())];
        assert_eq!(member.posts("/answers/new", &waiting).await.status(), 303);
        let mut file = "question,answer,tags\n".to_owned();
        for text in &self.payloads {
            file += &format!("\"{0}\",\"{0}\",\n", text.replace('"', "\"\""));
        }
        let uploaded = admin.uploads("/answers/import", "<img src=x onerror=pwned(0)>.csv", file).await;
        let import =
            uploaded.headers()["location"].to_str().expect("an address").rsplit('/').next().expect("an id").to_owned();
        for (kind, id) in [
            ("project", project),
            ("section", section),
            ("question", question),
            ("trashed-project", trashed),
            ("intake", intake),
            ("pair", changed),
            ("pair-in-review", reviewed),
            ("trashed-pair", binned),
            ("import", import),
        ] {
            self.keep(kind, Thing::new(id));
        }
        let mut conn = self.app.running().db.read().await.expect("a connection");
        let name = self.text(set * 40 + 16).trim();
        let key = sqlx::query("SELECT id FROM api_keys WHERE name = $1").bind(name).fetch_one(&mut *conn).await;
        let key: String = key.expect("a key of this name").get(0);
        drop(conn);
        self.keep("key", Thing::new(key));
    }

    /// Sends one event, full of strings, to receivers that answer with them.
    async fn delivers(&mut self, program: &Program) {
        for set in 0..ANSWERS.len() {
            let receiver = Receiver::start(Behaviour::says(self.answer(set))).await;
            let path = self.title(set, 3).replace(['#', '\\'], "");
            let description: String = self.payloads[set * 36 % 143..].join("\n").chars().take(990).collect();
            let ascii: Vec<_> = self.payloads.iter().filter(|text| text.is_ascii()).skip(set * 20).take(20).collect();
            let headers: Vec<Value> = ascii
                .iter()
                .enumerate()
                .map(|(n, text)| json!({ "name": format!("X-{n}'`pwned`'&lt"), "value": text }))
                .collect();
            let webhook = json!({
                "name": self.title(set, 0), "description": description, "headers": headers,
                "url": format!("http://127.0.0.1:{}/{path}?q={path}", receiver.port()), "events": ["SECTION_COMPLETED"],
            });
            let id = posts(program, "/webhooks", &webhook).await;
            self.receivers.push(receiver);
            self.keep("webhook", Thing::new(id));
        }
        for set in 0..SETS {
            let paused =
                json!({ "name": self.title(set, 1), "url": "http://127.0.0.1:4999/", "events": ["SECTION_COMPLETED"] });
            let id = posts(program, "/webhooks", &paused).await;
            posts(program, &format!("/webhooks/{id}/pause"), &json!({})).await;
            self.keep("paused-webhook", Thing::new(id));
        }
        let keys: serde_json::Map<String, Value> =
            self.payloads.iter().map(|text| (text.clone(), json!(text))).collect();
        let event = json!({
            "event_type": "SECTION_COMPLETED", "entity_ids": self.payloads, "performed_by": address(9),
            "data": { "TEXTS": self.payloads, "KEYS": keys },
        });
        let published = told(program.post("/events", event.to_string())).await;
        assert_eq!(published.status, 202, "{}", published.text);
        let event = published.json()["event_id"].as_str().expect("an id").to_owned();
        self.keep("event", Thing::new(event.clone()));
        self.keep("event", Thing::new(event.clone()));
        for set in 0..ANSWERS.len() {
            let webhook = self.ids["webhook"][set].id.clone();
            let delivery = format!("{webhook}-{}", event.trim_start_matches("EVT-"));
            eventually("the delivery was tried", &mut || async {
                let shown = program.gets(&format!("/deliveries/{delivery}")).await.json();
                (shown["attempts_made"] == 1).then_some(())
            })
            .await;
            let since = json!({ "since": "2020-01-01T00:00:00Z" });
            let replay = posts(program, &format!("/webhooks/{webhook}/replay"), &since).await;
            self.keep("delivery", Thing::of(&webhook, &delivery));
            self.keep("replay", Thing::of(&webhook, &replay));
        }
    }

    /// What the receiver of this set answers to everything.
    fn answer(&self, set: usize) -> Vec<u8> {
        let (status, kind) = ANSWERS[set];
        let mut head = format!("HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\n", self.title(set, 0));
        let count = self.payloads.len();
        for (n, text) in self.payloads.iter().cycle().skip(count * (set % 2) / 2).take(count / 2 + 1).enumerate() {
            head += &format!("x-{n}: {text}\r\n");
        }
        head +=
            &format!("location: javascript:pwned({set})\r\nrefresh: 0;url=http://{}/refresh\r\n", self.evil.address());
        let body = if kind.ends_with("json") { json!({ "texts": self.payloads }).to_string() } else { self.all() };
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// How many addresses there are of a route.
    pub fn sets(&self, thing: &str) -> usize {
        match thing {
            "" | "organization" => 1,
            "delivery" => ANSWERS.len(),
            _ => SETS,
        }
    }

    /// The address about this set's thing.
    pub fn path(&self, route: &Route, thing: &str, set: usize) -> String {
        if thing.is_empty() {
            return route.path.clone();
        }
        let things = self.ids.get(thing).unwrap_or_else(|| panic!("no {thing} was planted for {route:?}"));
        route.about(&things[set])
    }

    /// The address with the first thing of the kind that it names in braces.
    pub fn about(&self, path: &str) -> String {
        match path.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
            Some((kind, _)) => path.replace(&format!("{{{kind}}}"), &self.ids[kind][0].id),
            None => path.to_owned(),
        }
    }

    /// What mails tell: the names of the organization, of who invites, and of webhooks that fail.
    pub fn in_mails(&self) -> Vec<&String> {
        let titles = [self.organization(), self.own_name(), self.title(0, 0), self.title(2, 0), self.title(3, 0)];
        titles.into_iter().flat_map(|title| self.in_text(title)).collect()
    }

    /// The strings that must be there to be read.
    pub fn expected(&self, path: &str, thing: &str, set: usize) -> Vec<&String> {
        let title = |fields: &[usize]| -> Vec<&String> {
            fields.iter().flat_map(|&field| self.in_text(self.title(set, field))).collect()
        };
        let all = || self.payloads.iter().collect::<Vec<_>>();
        match (thing, path) {
            (
                "",
                "/projects"
                | "/intakes"
                | "/answers"
                | "/settings/api-keys"
                | "/settings/members"
                | "/settings/audit-log"
                | "/organizations",
            ) => all(),
            ("", WEBHOOKS) => all(),
            ("", "/settings") | ("organization", _) => self.in_text(self.organization()),
            ("", "/profile") => self.in_text(self.own_name()),
            ("project", "/projects/{id}" | "/projects/{id}/edit") => all(),
            ("question", "/questions/{id}") => all(),
            ("pair" | "trashed-pair", "/answers/{id}") => all(),
            ("pair-in-review" | "intake" | "event", _) => all(),
            // What is JSON is shown as it came.
            ("delivery", _) => self.payloads.iter().filter(|text| !text.contains(['"', '\\'])).collect(),
            ("webhook" | "paused-webhook", path) if path.contains("rotate-secret/end") => Vec::new(),
            ("paused-webhook", _) => title(&[1]),
            ("member" | "section" | "webhook" | "trashed-project" | "trashed-pair", _) => title(&[0]),
            _ => Vec::new(),
        }
    }

    /// Pages that those see who are not signed in.
    pub fn outside(&self) -> Vec<String> {
        let query: String = url::form_urlencoded::byte_serialize(self.payloads.join(" ").as_bytes()).collect();
        let paths = ["/login?next=", "/login?next=/", "/reset-password?code=", "/setup?code=", "/nowhere?x="];
        let mut paths: Vec<_> = paths.iter().map(|path| format!("{path}{query}")).collect();
        paths.extend(self.links.iter().filter(|link| link.starts_with("/reset")).cloned());
        paths.extend(self.ids["invitation-code"].iter().map(|code| format!("/invitations/{}", code.id)));
        paths.push("/forgot-password".into());
        paths.push("/login".into());
        paths
    }

    /// Pages that depend on more than their path.
    pub fn more(&self) -> Vec<(String, Vec<&String>)> {
        // The demo's receiver shows JSON as it came.
        let is_plain = |text: &&String| !text.contains(['"', '\\']);
        let webhook = &self.ids["webhook"][0].id;
        let mut pages = vec![
            ("/receiver".to_owned(), self.payloads.iter().filter(is_plain).collect()),
            (format!("{WEBHOOKS}/{webhook}?view=table"), self.in_text(self.title(0, 0))),
            (format!("{WEBHOOKS}/new?from={webhook}"), self.in_text(self.title(0, 0))),
            (format!("{WEBHOOKS}/guide?webhook={webhook}"), self.in_text(self.title(0, 0))),
        ];
        pages.extend(self.ids["delivery"].iter().map(|delivery| {
            let path = format!("{WEBHOOKS}/guide/check?delivery={}&attempt=1", delivery.id);
            (path, self.payloads.iter().filter(is_plain).collect())
        }));
        pages.extend(self.links.iter().map(|link| (link.clone(), Vec::new())));
        for text in [self.text(67), &self.payloads.join(" ")] {
            let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let segment = query.replace('+', "%20");
            for path in [format!("/{segment}"), format!("/projects/{segment}"), format!("/events?cursor={query}")] {
                pages.push((path, Vec::new()));
            }
            // What is searched for stands in the field that it was typed into.
            for path in ["/projects", "/answers"] {
                pages.push((format!("{path}?q={query}"), self.in_text(text)));
            }
        }
        pages
    }
}

/// The strings, as many in each name as fit, each but once.
fn packed(payloads: &[String]) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for payload in payloads.iter().map(|payload| payload.trim()) {
        match titles.last_mut().filter(|title| title.chars().count() + 1 + payload.chars().count() <= NAME) {
            Some(title) => *title = format!("{title} {payload}"),
            None => titles.push(payload.to_owned()),
        }
    }
    titles
}

/// An address that can be written to.
fn address(number: usize) -> String {
    format!("'autofocus`onfocus=pwned`x=${{{number}}}'@evil.example")
}

async fn posts(program: &Program, path: &str, body: &Value) -> String {
    let answer = told(program.post(path, body.to_string())).await;
    assert!(matches!(answer.status, 200..=202), "{path} {body}: {}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn deletes(program: &Program, path: &str) {
    assert_eq!(told(program.request(Method::DELETE, path)).await.status, 204, "{path}");
}
