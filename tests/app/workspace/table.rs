//! Every action of the workspace and what it leaves behind, by the API and by the pages alike: exactly its events, and entries in
//! the audit log that say who did what, when, and from where. What raises nothing stands in the table, too: saving without a change,
//! repeating, what is refused, and what somebody else was faster with.
//!
//! Each table is gone through twice. By one door every row is a call where it has one; by the other it is a form where it has one,
//! filled in on its page as a browser does. Imports, which go on in the background, are in `transfer`; events on more than a
//! thousand things in `answers::bulk` and `pages::trash`.

mod answers;
mod intakes;
mod projects;
mod row;
mod trash;

use std::collections::HashMap;
use std::ops::RangeInclusive;

use herald::auth::model::Role;
use herald::base::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::Workspace;
use super::answer_pages::{Page, open, stranger};
use crate::support::app::{Visitor, spawn_app};
use crate::support::programs::{Program, told};
use row::{Call, Post, Row, Who};

/// Whose key the programs use.
const OWNER: &str = "integrations@halden.example";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Api,
    Pages,
}

/// Goes through a table, each time in a new organization.
async fn hold(table: fn() -> Vec<Row>) {
    for door in [Door::Api, Door::Pages] {
        let mut scene = Scene::open(door).await;
        for row in table() {
            scene.act(&row).await;
        }
        scene.work.app.stop().await;
    }
}

struct Scene {
    door: Door,
    work: Workspace,
    people: [(Who, Visitor); 4],
    reader: Program,
    stranger: Program,
    /// What the names in the rows stand for.
    ids: HashMap<String, String>,
    last_event: Option<Value>,
    entries: usize,
}

/// What an action was answered: its status, and what the answer says, for whoever reads of a failure.
struct Answered {
    status: (u16, u16),
    text: String,
    /// The thing in the answer to a call.
    object: Option<Value>,
}

/// An entry in the audit log.
struct Entry {
    action: String,
    actor: String,
    source: String,
    details: Value,
    at: Timestamp,
}

impl Scene {
    async fn open(door: Door) -> Self {
        let app = spawn_app().await;
        let owner = app.adds_person(OWNER, Role::Admin).await;
        let program = app.program_of(Some(owner.id), "read,write").await;
        let (reader, other) = (app.program("read").await, app.stranger("read,write").await);
        for role in [Role::Moderator, Role::Member] {
            app.adds_person(&email(role), role).await;
        }
        let (moderator, member) = (email(Role::Moderator), email(Role::Member));
        let (admin, moderator, member, elsewhere) =
            tokio::join!(app.admin(), app.signed_in(&moderator), app.signed_in(&member), stranger(&app));
        let people =
            [(Who::Admin, admin), (Who::Moderator, moderator), (Who::Member, member), (Who::Stranger, elsewhere)];
        let work = Workspace { app, program };
        Self { door, work, people, reader, stranger: other, ids: HashMap::new(), last_event: None, entries: 0 }
    }

    /// Does what the row says, and compares all that it left behind with what it should.
    async fn act(&mut self, row: &Row) {
        // An event says to the second when it happened.
        let before = SystemClock.now().cut_to_second();
        let (who, source, answered) = match (self.door, &row.call, &row.post) {
            (Door::Api, Some(call), _) | (Door::Pages, Some(call), None) => {
                let answered = self.calls(row, call).await;
                (OWNER.to_owned(), format!("api_key:{}", self.work.program.key.id), answered)
            }
            (_, _, Some(post)) => {
                let answered = self.posts(row, post).await;
                (self.email_of(row.who), "page".to_owned(), answered)
            }
            (_, None, None) => panic!("{}: neither a call nor a form", row.what),
        };
        let what = format!("{} ({:?}): {}", row.what, self.door, answered.text);
        assert_eq!(answered.status.0, answered.status.1, "{what}");
        let during = before..=SystemClock.now();

        let entries = self.new_entries().await;
        self.name(row, &entries, answered.object.as_ref(), &what);
        let written: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), things(entry))).collect();
        let expected: Vec<_> = row.writes.iter().map(|(action, ids)| (*action, self.listed(ids))).collect();
        assert_eq!(written, expected, "{what}");
        for Entry { actor, source: from, at, .. } in &entries {
            assert_eq!((actor, from), (&who, &source), "{what}");
            assert!(during.contains(at), "{what}");
        }
        assert_eq!(self.new_events(&during).await, self.expected_events(row, &who), "{what}");
    }

    async fn calls(&self, row: &Row, call: &Call) -> Answered {
        let program = match row.who {
            Who::Reader => &self.reader,
            Who::Stranger => &self.stranger,
            Who::Admin | Who::Moderator | Who::Member => &self.work.program,
        };
        let mut request = program.request(call.method.clone(), &self.filled(call.path));
        if let Some(version) = row.seen {
            request = request.header("if-match", format!("\"{version}\""));
        }
        if !call.body.is_null() {
            request = request.header("content-type", "application/json").body(self.filled(&call.body.to_string()));
        }
        let answer = told(request).await;
        let object = serde_json::from_str(&answer.text).ok().filter(|_| answer.status < 300);
        Answered { status: (answer.status, call.status), text: answer.text, object }
    }

    async fn posts(&self, row: &Row, post: &Post) -> Answered {
        let (visitor, action) = (self.visitor(row.who), self.filled(post.action));
        let mut fields = match post.page {
            None => Vec::new(),
            Some(page) => {
                let page = open(visitor, &self.filled(page)).await;
                page.fields(&format!("form[method=post][action='{action}']"))
            }
        };
        let typed = post.typed.iter().copied().chain(row.seen.map(|version| ("version", version)));
        // What the page had filled in gives way to what is typed, of which there may be several by one name.
        fields.retain(|(name, _)| !typed.clone().any(|(typed, _)| typed == name));
        fields.extend(typed.map(|(name, value)| (name.to_owned(), self.filled(value))));
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = visitor.posts(&action, &pairs).await;
        let status = (answer.status().as_u16(), post.status);
        let text = Page::read(&answer.text().await.expect("a text")).text("main");
        Answered { status, text, object: None }
    }

    fn visitor(&self, who: Who) -> &Visitor {
        let found = self.people.iter().find(|(person, _)| *person == who);
        &found.unwrap_or_else(|| panic!("{who:?} sees no pages")).1
    }

    fn email_of(&self, who: Who) -> String {
        match who {
            Who::Moderator => email(Role::Moderator),
            Who::Member => email(Role::Member),
            Who::Admin | Who::Reader | Who::Stranger => self.work.app.admin.email.clone(),
        }
    }

    /// Keeps the ids of what was made, which the audit log and the answer to a call must agree about.
    fn name(&mut self, row: &Row, entries: &[Entry], object: Option<&Value>, what: &str) {
        let names: Vec<&str> = row.makes.split_whitespace().collect();
        let Some(kind) = names.first().map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit())) else { return };
        let made = entries.iter().find(|entry| entry.action == format!("{kind}.created"));
        let made = things(made.unwrap_or_else(|| panic!("no {kind} was made: {what}")));
        assert_eq!(made.len(), names.len(), "{what}");
        if let Some(id) = object.and_then(|object| object["id"].as_str()) {
            assert_eq!(made, [id], "{what}");
        }
        self.ids.extend(names.into_iter().map(str::to_owned).zip(made));
    }

    /// The text with the ids in the place of their names.
    fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }

    fn listed(&self, names: &str) -> Vec<String> {
        self.filled(names).split_whitespace().map(str::to_owned).collect()
    }

    fn expected_events(&self, row: &Row, who: &str) -> Vec<Value> {
        let event = |(event_type, ids, data): &(&str, &str, Value)| {
            let entity_type = match *event_type {
                "SECTION_COMPLETED" => "SECTION",
                "INTAKE_CREATED" => "INTAKE",
                of_project if of_project.starts_with("PROJECT_") => "PROJECT",
                _ => "ANSWER_LIBRARY",
            };
            let data: Value = serde_json::from_str(&self.filled(&data.to_string())).expect("JSON");
            json!({
                "event_type": event_type, "entity_type": entity_type, "entity_ids": self.listed(ids), "performed_by": who,
                "data": data,
            })
        };
        row.raises.iter().map(event).collect()
    }

    /// The events since the last time, in their order and as a receiver can look them up. They happened `during` the action.
    async fn new_events(&mut self, during: &RangeInclusive<Timestamp>) -> Vec<Value> {
        let listed = self.work.gets("/events?limit=10").await.json();
        let newest = listed["data"].as_array().expect("a list").iter();
        let mut new: Vec<Value> =
            newest.take_while(|event| Some(&event["id"]) != self.last_event.as_ref()).cloned().collect();
        new.reverse();
        self.last_event = new.last().map(|event| event["id"].clone()).or(self.last_event.take());
        for event in &mut new {
            let event = event.as_object_mut().expect("an object");
            for time in ["performed_at", "recorded_at"] {
                let time = event.remove(time).and_then(|time| Timestamp::parse_rfc3339(time.as_str()?));
                assert!(time.is_some_and(|time| during.contains(&time)), "{event:?}");
            }
            assert!(event.remove("id").is_some());
        }
        new
    }

    /// What was written down since the last time, in its order.
    async fn new_entries(&mut self) -> Vec<Entry> {
        let mut conn = self.work.app.running().db.read().await.expect("a connection");
        let query = "SELECT action, actor, source, details, at FROM audit_entries WHERE action NOT IN ('api_key.created', 'user.signed_in') \
                     ORDER BY at, id";
        let rows = sqlx::query(query).fetch_all(&mut *conn).await.expect("the audit log");
        let entry = |row: &sqlx::any::AnyRow| Entry {
            action: row.get(0),
            actor: row.get(1),
            source: row.get(2),
            details: serde_json::from_str(&row.get::<String, _>(3)).expect("JSON"),
            at: Timestamp::from_micros(row.get(4)),
        };
        let new: Vec<Entry> = rows.iter().skip(self.entries).map(entry).collect();
        self.entries = rows.len();
        new
    }
}

/// The ids that an entry is about: those in its details whose name is the thing in its action.
fn things(entry: &Entry) -> Vec<String> {
    let (kind, _) = entry.action.split_once('.').expect("a thing and what was done to it");
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    match (&entry.details[format!("{kind}_id")], &entry.details[format!("{kind}_ids")]) {
        (Value::String(id), _) => vec![id.clone()],
        (_, Value::Array(ids)) => ids.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

fn email(role: Role) -> String {
    format!("{role}@halden.example")
}
