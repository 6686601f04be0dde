//! The strings, planted in every field: once each in what is listed, all at once in what takes long texts, and in the answers of
//! receivers.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use herald::auth::api_keys::{self, NewKey};
use herald::auth::model::Role;
use herald::base::{Clock as _, SystemClock, SystemRng};
use herald::receiver::{Address, Key, Keys, Receiver as DemoReceiver};
use herald::webhooks::actions::{self, Tools};
use herald::webhooks::model::Draft;
use herald::workspace::answers::model::{Content, Standing};
use herald::workspace::change::{Author, Desk};
use herald::workspace::{answers, intakes, projects};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::app::{Setting, TestApp, Visitor, eventually};
use crate::support::payloads::payloads;
use crate::support::programs::{Program, told};
use crate::support::receivers::{Behaviour, Receiver};
use crate::support::recorder::Recorder;
use crate::support::routes::{Route, Thing, WEBHOOKS};
use crate::support::webhooks::{actor, tools};

/// How many things of each kind have their pages looked at; every string stands in a list.
pub const SETS: usize = 6;
pub const MANAGER: &str = "manager@herald.example";
const MEMBER: &str = "member@halden.example";

pub struct Planted {
    pub app: TestApp,
    /// Nobody may ever ask it for anything.
    pub evil: Recorder,
    pub payloads: Vec<String>,
    /// The organization's name.
    pub organization: String,
    /// Ids by kind, one for each set.
    ids: BTreeMap<&'static str, Vec<Thing>>,
    /// Those that fit into a tag.
    tags: Vec<String>,
    receivers: Vec<Receiver>,
}

/// What is done on a page before it is looked at again: given the first string of the set, and all of them.
pub const POSTS: &[(&str, &str)] = &[
    (
        "/settings/integrations/collaboration/webhooks/new",
        "const [first, all] = arguments; const put = (css, text) => { document.querySelector(css).value = text; };
         put('#name', first); put('#url', first); put('#description', all.join('\\n').slice(0, 950));
         put('[name=header_name]', first); put('[name=header_value]', first);
         document.querySelector('#webhook-form').requestSubmit();",
    ),
    (
        "/settings/integrations/collaboration/webhooks/{webhook}/edit",
        "const buttons = [...document.querySelectorAll('#webhook-form button')];
         buttons.find((button) => button.value === 'test').click();",
    ),
    (
        "/projects/new",
        "const [first, all] = arguments; document.querySelector('[name=description]').value = all.join('\\n');
         document.querySelector('[name=client]').value = first; document.querySelector('[name=due_date]').type = 'text';
         document.querySelector('[name=due_date]').value = first;
         document.querySelector('main form').requestSubmit();",
    ),
    (
        "/answers/new",
        "const [first, all] = arguments; document.querySelector('#answer').value = all.join('\\n');
         document.querySelector('#tags').value = all.join(', '); document.querySelector('main form:has(#answer)').requestSubmit();",
    ),
    (
        "/intakes/new",
        "const [first, all] = arguments; document.querySelector('[name=email]').type = 'text';
         document.querySelector('[name=email]').value = first; document.querySelector('[name=description]').value = all.join('\\n');
         document.querySelector('main form').requestSubmit();",
    ),
    (
        "/settings/api-keys/new",
        "document.querySelector('[name=name]').value = arguments[0]; document.querySelector('main form').requestSubmit();",
    ),
    (
        "/settings",
        "document.querySelector('[name=name]').value = arguments[0].repeat(9); document.querySelector('main form').requestSubmit();",
    ),
    ("/settings/integrations/collaboration/webhooks/{webhook}/delete", "document.querySelector('main form').requestSubmit();"),
];

/// A sign-in that is refused, with what was typed.
pub const SIGN_IN: &str = "const [first] = arguments; document.querySelector('[name=email]').type = 'text';
    document.querySelector('[name=email]').value = first; document.querySelector('[name=password]').value = first;
    document.querySelector('form').requestSubmit();";

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
        let setting = Setting { receiver: Some(receiver.clone()), ..Setting::default() }
            .with("HERALD_RETRY_SCHEDULE", "1h")
            .with("HERALD_MAX_WEBHOOKS", "1000");
        let app = setting.spawn().await;
        receiver.open(vec![app.base.clone()], Arc::new(NoKeys));
        app.adds_person(MEMBER, Role::Member).await;
        app.adds_person(MANAGER, Role::AccountManager).await;
        let tags = payloads.iter().filter(|text| text.chars().count() <= 50 && !text.contains(',')).cloned().collect();
        let organization = payloads[16].clone();
        let mut planted =
            Planted { app, evil, payloads, organization, ids: BTreeMap::new(), tags, receivers: Vec::new() };
        planted.plants(&receiver).await;
        planted
    }

    /// Where the strings of a set begin.
    pub fn of_set(&self, set: usize) -> usize {
        set * 23 % self.payloads.len()
    }

    fn text(&self, at: usize) -> &str {
        &self.payloads[at % self.payloads.len()]
    }

    fn all(&self) -> String {
        self.payloads.join("\n")
    }

    async fn plants(&mut self, receiver: &DemoReceiver) {
        let program = self.app.program("read,write,publish").await;
        let admin = self.app.admin().await;
        let named = [("name", self.organization.as_str()), ("time_zone", "UTC")];
        assert_eq!(admin.posts("/settings", &named).await.status(), 303);
        let named = [("name", self.text(17)), ("theme", "system")];
        assert_eq!(admin.posts("/profile", &named).await.status(), 303);
        self.lists().await;
        self.people(&admin).await;
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
                events: vec!["PROJECT_ARCHIVED".into()],
                ..Draft::default()
            };
            let new = draft.parse().expect("a good webhook");
            actions::create(&mut tx, &tools, &author.actor, new).await.expect("a webhook");
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
            let member = self.app.adds_person(&format!("member-{set}@halden.example"), Role::Member).await.id;
            let mut tx = self.app.running().db.begin().await.expect("a transaction");
            let name = self.text(self.of_set(set)).trim().to_owned();
            let named = sqlx::query("UPDATE users SET name = $1 WHERE id = $2")
                .bind(name)
                .bind(&member)
                .execute(&mut *tx)
                .await;
            assert_eq!(named.expect("a name").rows_affected(), 1);
            tx.commit().await.expect("a commit");
            self.keep("member", Thing::new(member.to_string()));

            let email = format!("'autofocus`onfocus=pwned`x=${{{set}}}'@evil.example");
            let answer = admin
                .posts("/settings/members/invite", &[("email", &*email), ("role", "member"), ("how", "link")])
                .await;
            let page = answer.text().await.expect("a text");
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
    }

    /// One of everything that has a page.
    async fn works(&mut self, program: &Program, member: &Visitor, admin: &Visitor, set: usize) {
        let at = self.of_set(set);
        let (one, two, three, all) =
            (self.text(at).to_owned(), self.text(at + 1).to_owned(), self.text(at + 2).to_owned(), self.all());
        let half: String = all.chars().take(4_900).collect();
        let details = json!({ "name": one, "client": two, "owner": three, "description": all });
        let project = posts(program, "/projects", &details).await;
        let section = posts(program, &format!("/projects/{project}/sections"), &json!({ "name": one })).await;
        let question = json!({ "question": half, "answer": all });
        let question = posts(program, &format!("/sections/{section}/questions"), &question).await;
        let trashed = posts(program, "/projects", &details).await;
        deletes(program, &format!("/projects/{trashed}")).await;
        let intake = json!({ "title": one, "requester": two, "client": three, "description": all });
        let intake = posts(program, "/intakes", &intake).await;
        let tags: Vec<_> = (0..20).map(|n| &self.tags[(at + n) % self.tags.len()]).collect();
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
        let waiting = [("question", one.as_str()), ("answer", all.as_str()), ("tags", two.as_str())];
        let waiting = if two.contains(',') || two.chars().count() > 50 { &waiting[..2] } else { &waiting };
        assert_eq!(member.posts("/answers/new", waiting).await.status(), 303);
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
        let key = sqlx::query("SELECT id FROM api_keys WHERE name = $1").bind(one.trim()).fetch_one(&mut *conn).await;
        let key: String = key.expect("a key of this name").get(0);
        drop(conn);
        self.keep("key", Thing::new(key));
    }

    /// Sends one event, full of strings, to receivers that answer with them.
    async fn delivers(&mut self, program: &Program) {
        for set in 0..SETS {
            let receiver = Receiver::start(Behaviour::says(self.answer(set))).await;
            let path: String = self.text(self.of_set(set)).replace(['#', '\\'], "");
            let (port, name) = (receiver.port(), self.text(self.of_set(set)));
            let chunk: String = self.payloads[self.of_set(set)..].join("\n").chars().take(990).collect();
            let ascii: Vec<_> = self.payloads.iter().filter(|text| text.is_ascii()).skip(set * 20).take(20).collect();
            let headers: Vec<Value> =
                ascii.iter().enumerate().map(|(n, text)| json!({ "name": format!("X-{n}"), "value": text })).collect();
            let webhook = json!({
                "name": name, "description": chunk, "url": format!("http://127.0.0.1:{port}/{path}?q={path}"),
                "events": ["SECTION_COMPLETED"], "headers": headers,
            });
            let id = posts(program, "/webhooks", &webhook).await;
            self.receivers.push(receiver);
            self.keep("webhook", Thing::new(id));
        }
        for set in 0..SETS {
            let paused = json!({ "name": self.text(self.of_set(set)), "url": "http://127.0.0.1:4999/", "events": ["SECTION_COMPLETED"] });
            let id = posts(program, "/webhooks", &paused).await;
            posts(program, &format!("/webhooks/{id}/pause"), &json!({})).await;
            self.keep("paused-webhook", Thing::new(id));
        }
        let keys: serde_json::Map<String, Value> =
            self.payloads.iter().map(|text| (text.clone(), json!(text))).collect();
        let event = json!({
            "event_type": "SECTION_COMPLETED", "entity_ids": self.payloads, "performed_by": "'autofocus`onfocus=pwned`x=${1}'@evil.example",
            "data": { "TEXTS": self.payloads, "KEYS": keys },
        });
        let published = told(program.post("/events", event.to_string())).await;
        assert_eq!(published.status, 202, "{}", published.text);
        let event = published.json()["event_id"].as_str().expect("an id").to_owned();
        for set in 0..SETS {
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
            self.keep("event", Thing::new(event.clone()));
        }
    }

    /// What the receiver of this set answers to everything.
    fn answer(&self, set: usize) -> Vec<u8> {
        let (status, kind) =
            [("500", "text/html; charset=utf-8"), ("200", "image/svg+xml"), ("302", "application/xhtml+xml")][set % 3];
        let mut head = format!("HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\n", self.text(self.of_set(set)));
        let count = self.payloads.len();
        for (n, text) in self.payloads.iter().cycle().skip(count * (set % 2) / 2).take(count / 2 + 1).enumerate() {
            head += &format!("x-{n}: {text}\r\n");
        }
        head +=
            &format!("location: javascript:pwned({set})\r\nrefresh: 0;url=http://{}/refresh\r\n", self.evil.address());
        let body = self.all();
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// The address about this set's thing.
    pub fn path(&self, route: &Route, thing: &str, set: usize) -> String {
        if thing.is_empty() {
            return route.path.clone();
        }
        let things = self.ids.get(thing).unwrap_or_else(|| panic!("no {thing} was planted for {route:?}"));
        route.about(&things[set])
    }

    /// The address of a page that is about the first webhook, or about nothing.
    pub fn webhook_path(&self, path: &str) -> String {
        path.replace("{webhook}", &self.ids["webhook"][0].id)
    }

    /// The strings that must be there to be read.
    pub fn expected(&self, path: &str, thing: &str, set: usize) -> Vec<&String> {
        let at = self.of_set(set);
        let of_set =
            |count: usize| (at..at + count).map(|at| &self.payloads[at % self.payloads.len()]).collect::<Vec<_>>();
        match (thing, path) {
            ("", "/projects" | "/intakes" | "/answers" | "/settings/api-keys") | ("", WEBHOOKS) => {
                self.payloads.iter().collect()
            }
            ("", "/settings") => vec![&self.organization],
            ("", "/profile") => vec![&self.payloads[17]],
            ("", "/settings/members") => (0..SETS).map(|set| &self.payloads[self.of_set(set)]).collect(),
            ("member", _) => of_set(1),
            ("project", "/projects/{id}" | "/projects/{id}/edit") => self.payloads.iter().chain(of_set(3)).collect(),
            ("section", _) => of_set(1),
            ("question", "/questions/{id}") => self.payloads.iter().collect(),
            ("pair" | "trashed-pair", "/answers/{id}") => self.payloads.iter().collect(),
            ("pair-in-review", _) => self.payloads.iter().collect(),
            ("intake", _) => self.payloads.iter().chain(of_set(3)).collect(),
            ("trashed-project" | "trashed-pair", _) => of_set(1),
            ("event" | "delivery", _) => self.payloads.iter().collect(),
            ("webhook" | "paused-webhook", path) if !path.contains("/deliveries") => of_set(1),
            _ => Vec::new(),
        }
    }

    /// Pages that those see who are not signed in.
    pub fn outside(&self) -> Vec<String> {
        let query: String = url::form_urlencoded::byte_serialize(self.payloads.join(" ").as_bytes()).collect();
        let paths = ["/login?next=", "/login?next=/", "/reset-password?code=", "/setup?code=", "/nowhere?x="];
        paths.map(|path| format!("{path}{query}")).into()
    }

    /// Pages that depend on more than their path.
    pub fn more(&self) -> Vec<(String, Vec<&String>)> {
        // The demo's receiver shows JSON as it came.
        let is_plain = |text: &&String| !text.contains(['"', '\\']);
        let mut pages = vec![("/receiver".to_owned(), self.payloads.iter().filter(is_plain).collect())];
        let webhook = &self.ids["webhook"][0].id;
        let all = self.payloads.join(" ");
        for text in [self.text(0), self.text(self.of_set(1)), self.text(self.of_set(2)), &all] {
            let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let segment = query.replace('+', "%20");
            for path in [
                format!("/{segment}"),
                format!("/projects/{segment}"),
                format!("/projects?q={query}&sort={query}&status={query}"),
                format!("/events?cursor={query}&event_type={query}"),
                format!("/answers?tag={query}&status={query}"),
                format!("{WEBHOOKS}/{webhook}?state={query}&range={query}&view={query}"),
                format!("{WEBHOOKS}/{webhook}?view=table"),
                format!("{WEBHOOKS}/guide/check?event={query}&webhook={query}"),
                format!("/settings?next={query}"),
            ] {
                pages.push((path, Vec::new()));
            }
            // What is searched for stands in the field that it was typed into.
            let expected: Vec<&String> =
                self.payloads.iter().filter(|one| text == all || text == one.as_str()).collect();
            for path in ["/projects", "/answers"] {
                pages.push((format!("{path}?q={query}"), expected.clone()));
            }
        }
        pages
    }
}

async fn posts(program: &Program, path: &str, body: &Value) -> String {
    let answer = told(program.post(path, body.to_string())).await;
    assert!(matches!(answer.status, 200..=202), "{path} {body}: {}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn deletes(program: &Program, path: &str) {
    assert_eq!(told(program.request(Method::DELETE, path)).await.status, 204, "{path}");
}
