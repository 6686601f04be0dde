//! The program is killed in the middle of work in the workspace, and every change that is on the disk has its event there, every
//! event its change, and both are there for all that was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use herald::db::{Db, Options};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::Row as _;

use super::{JsonBody as _, prepare, rounds, rows, until};
use crate::support::app::client;
use crate::support::house::House;
use crate::support::process::copy_database;
use crate::support::recorder::Recorder;

const WORKERS: usize = 8;
/// What would be done in a round if the server lived.
const ACTIONS: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_the_workspace_has_its_event_however_often_the_server_is_killed() {
    let recorder = Recorder::start().await;
    let (house, home, key) = prepare(&recorder, "write").await;
    let mut answered: BTreeMap<Done, usize> = BTreeMap::new();
    for round in 0..rounds() {
        let server = home.serve().await;
        let load = Arc::new(Load::default());
        let workers: Vec<_> =
            (0..WORKERS).map(|_| tokio::spawn(Worker::new(load.clone(), &server.base, &key).works())).collect();
        let enough = ACTIONS / 5 + round % 5 * (ACTIONS / 8);
        until("the work is under way", enough, async || load.answered.load(Ordering::SeqCst)).await;
        server.kill().await;
        assert!(load.begun.load(Ordering::SeqCst) < ACTIONS, "it was killed in the middle");
        for worker in workers {
            for done in worker.await.expect("no worker panics") {
                *answered.entry(done).or_default() += 1;
            }
        }
        let books = Books::on_disk(&house).await;
        books.balance();
        books.hold(&answered);
    }
    let server = home.serve().await;
    assert_eq!(server.terminate().await.code(), Some(0), "SIGTERM ends it in order");
}

/// What was done, by its name in the audit log, and to what.
type Done = (String, String);

#[derive(Default)]
struct Load {
    begun: AtomicUsize,
    answered: AtomicUsize,
}

/// Works in the workspace until the server is gone.
struct Worker {
    load: Arc<Load>,
    base: String,
    key: String,
    client: Client,
    done: Vec<Done>,
}

impl Worker {
    fn new(load: Arc<Load>, base: &str, key: &str) -> Self {
        Self { load, base: base.to_owned(), key: key.to_owned(), client: client(), done: Vec::new() }
    }

    async fn works(mut self) -> Vec<Done> {
        while self.some_of_everything().await.is_some() {}
        self.done
    }

    async fn some_of_everything(&mut self) -> Option<()> {
        let (post, patch, delete) = (Method::POST, Method::PATCH, Method::DELETE);
        let project = self.adds("/projects", json!({ "name": "Aldgate" }), "project.created").await?;
        let at = format!("/projects/{project}");
        self.acts(&patch, &at, json!({ "client": "Transit" }), "project.edited", &project).await?;
        let section = self.adds(&format!("{at}/sections"), json!({ "name": "Security" }), "section.created").await?;
        self.acts(&post, &format!("/sections/{section}/complete"), NONE, "section.completed", &section).await?;
        self.acts(&post, &format!("/sections/{section}/reopen"), NONE, "section.reopened", &section).await?;
        self.acts(&post, &format!("{at}/complete"), NONE, "project.completed", &project).await?;

        let pairs: Vec<Value> = (1..=3).map(|n| json!({ "question": format!("{n}?"), "answer": "Yes." })).collect();
        let pairs = self.sends(&post, "/answers/bulk-create", json!({ "answers": pairs })).await?;
        let pairs: Vec<String> = pairs["data"].as_array().expect("a list").iter().map(id_of).collect();
        self.done.extend(pairs.iter().map(|id| ("answer.created".to_owned(), id.clone())));
        let pair = &pairs[0];
        self.acts(&patch, &format!("/answers/{pair}"), json!({ "tags": ["EU"] }), "answer.edited", pair).await?;
        self.sends(&post, "/answers/bulk-delete", json!({ "ids": pairs[1..] })).await?;
        self.done.extend(pairs[1..].iter().map(|id| ("answer.trashed".to_owned(), id.clone())));
        let path = format!("/answers/{}", pairs[1]);
        self.acts(&post, &format!("{path}/restore"), NONE, "answer.restored", &pairs[1]).await?;

        let intake = self.adds("/intakes", json!({ "title": "Severn" }), "intake.created").await?;
        let made = self.adds(&format!("/intakes/{intake}/convert"), NONE, "project.created").await?;
        self.acts(&post, &format!("/projects/{made}/archive"), NONE, "project.archived", &made).await?;
        self.acts(&delete, &at, NONE, "project.trashed", &project).await?;
        self.acts(&delete, &format!("{at}?permanent=true"), NONE, "project.deleted", &project).await
    }

    /// Adds a thing, and gives its id.
    async fn adds(&mut self, path: &str, body: Value, done: &str) -> Option<String> {
        let id = id_of(&self.sends(&Method::POST, path, body).await?);
        self.done.push((done.to_owned(), id.clone()));
        Some(id)
    }

    async fn acts(&mut self, method: &Method, path: &str, body: Value, done: &str, id: &str) -> Option<()> {
        self.sends(method, path, body).await?;
        self.done.push((done.to_owned(), id.to_owned()));
        Some(())
    }

    /// What the server answered; `None` once it is gone, and when all is done.
    async fn sends(&self, method: &Method, path: &str, body: Value) -> Option<Value> {
        if self.load.begun.fetch_add(1, Ordering::SeqCst) >= ACTIONS {
            return None;
        }
        let request = self.client.request(method.clone(), format!("{}/api/v1{path}", self.base)).bearer_auth(&self.key);
        let answer = if body.is_null() { request } else { request.json_body(&body) }.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        self.load.answered.fetch_add(1, Ordering::SeqCst);
        Some(if text.is_empty() { NONE } else { serde_json::from_str(&text).expect("JSON") })
    }
}

const NONE: Value = Value::Null;

fn id_of(object: &Value) -> String {
    super::text(object, "id")
}

/// What the database, as the crash left it, says of changes and of events.
struct Books {
    /// The audit log: what was done, and its details.
    entries: Vec<(String, Value)>,
    /// Type, ids and additional keys, as text that can be sorted.
    events: Vec<String>,
    deliveries: i64,
    /// The versions of the things that are there, by the kind that the audit log calls them.
    versions: Vec<(&'static str, BTreeMap<String, i64>)>,
}

impl Books {
    /// Asks a copy, so that the next start finds the original untouched.
    async fn on_disk(house: &House) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = copy_database(&house.database.path("herald.db"), folder.path());
        let db =
            Db::open(&format!("sqlite://{}", copy.display()), Options::default()).await.expect("the copy is sound");
        let entries = rows(&db, "SELECT action, details FROM audit_entries ORDER BY at, id", |row| {
            (row.get(0), serde_json::from_str(&row.get::<String, _>(1)).expect("JSON"))
        });
        let events = rows(&db, "SELECT event_type, entity_ids, data FROM events", |row| {
            let ids: Vec<String> = serde_json::from_str(&row.get::<String, _>(1)).expect("ids");
            let data: Option<String> = row.get(2);
            event(row.get(0), &ids, &data.map_or(NONE, |data| serde_json::from_str(&data).expect("JSON")))
        });
        let deliveries = rows(&db, "SELECT COUNT(*) FROM deliveries", |row| row.get::<i64, _>(0));
        let (entries, events, deliveries) = (entries.await, events.await, deliveries.await[0]);
        let mut versions = Vec::new();
        for (kind, query) in [
            ("project", "SELECT id, version FROM projects"),
            ("section", "SELECT id, version FROM sections"),
            ("answer", "SELECT id, version FROM answers"),
            ("intake", "SELECT id, version FROM intakes"),
        ] {
            versions.push((kind, rows(&db, query, |row| (row.get(0), row.get(1))).await.into_iter().collect()));
        }
        db.close().await;
        Self { entries, events, deliveries, versions }
    }

    /// As many changes as events, for each thing, and a delivery for each event; and each thing was changed as often as the audit
    /// log says.
    fn balance(&self) {
        let mut raised: Vec<String> =
            self.entries.iter().filter_map(|(action, details)| raised_by(action, details)).collect();
        let mut events = self.events.clone();
        raised.sort();
        events.sort();
        assert_eq!(raised, events);
        assert_eq!(usize::try_from(self.deliveries), Ok(events.len()));
        let gone: BTreeSet<String> =
            self.about("project").filter(|(action, ..)| action == "project.deleted").map(|(_, id, _)| id).collect();
        for (kind, versions) in &self.versions {
            let mut changes: BTreeMap<String, i64> = BTreeMap::new();
            for (_, id, details) in self.about(kind) {
                // A section goes with its project.
                let is_gone = details["project_id"].as_str().is_some_and(|project| gone.contains(project));
                if !is_gone {
                    *changes.entry(id).or_default() += 1;
                }
            }
            assert_eq!(*versions, changes, "each {kind} and how often it was changed");
        }
    }

    /// All that was answered is there.
    fn hold(&self, answered: &BTreeMap<Done, usize>) {
        let mut kept: BTreeMap<Done, usize> = BTreeMap::new();
        for (kind, _) in &self.versions {
            for (action, id, _) in self.about(kind) {
                *kept.entry((action, id)).or_default() += 1;
            }
        }
        let lost: Vec<_> = answered.iter().filter(|(done, times)| kept.get(done).unwrap_or(&0) < *times).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    /// The entries about things of a kind: what was done, to which, and the details.
    fn about(&self, kind: &str) -> impl Iterator<Item = (String, String, &Value)> {
        let kind = kind.to_owned();
        let of_kind = self.entries.iter().filter(move |(action, _)| action.split('.').next() == Some(kind.as_str()));
        of_kind.flat_map(|(action, details)| {
            things(action, details).into_iter().map(move |id| (action.clone(), id, details))
        })
    }
}

/// The ids that an entry in the audit log is about.
fn things(action: &str, details: &Value) -> Vec<String> {
    let kind = action.split('.').next().expect("a thing and what was done to it");
    match (&details[format!("{kind}_id")], &details[format!("{kind}_ids")]) {
        (Value::String(id), _) => vec![id.clone()],
        (_, Value::Array(ids)) => ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The event that a change must have raised.
fn raised_by(action: &str, details: &Value) -> Option<String> {
    let (event_type, data) = match action {
        "project.created" if details["intake_id"].is_null() => ("PROJECT_CREATED", NONE),
        "project.created" => ("PROJECT_CREATED", json!({ "INTAKE_ID": details["intake_id"] })),
        "project.edited" => ("PROJECT_EDITED", json!({ "CHANGED": details["changed"] })),
        "project.completed" => ("PROJECT_COMPLETED", NONE),
        "project.archived" => ("PROJECT_ARCHIVED", NONE),
        "project.trashed" => ("PROJECT_DELETED", json!({ "PERMANENT": false })),
        "project.deleted" => ("PROJECT_DELETED", json!({ "PERMANENT": true })),
        "section.completed" => ("SECTION_COMPLETED", json!({ "PROJECT_ID": details["project_id"] })),
        "answer.created" => ("ANSWER_LIB_CREATED", NONE),
        "answer.edited" => ("ANSWER_LIB_UPDATED", json!({ "CHANGE": "EDITED" })),
        "answer.trashed" => ("ANSWER_LIB_DELETED", NONE),
        "intake.created" => ("INTAKE_CREATED", NONE),
        _ => return None,
    };
    Some(event(event_type, &things(action, details), &data))
}

fn event(event_type: &str, ids: &[String], data: &Value) -> String {
    format!("{event_type} {} {data}", ids.join(" "))
}
