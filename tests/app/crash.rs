//! The program is killed under load, again and again, and nothing that it acknowledged is lost.

mod replay;
mod retries;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use herald::base::SystemClock;
use herald::db::{Db, Options, Row};
use serde_json::{Value, json};
use sqlx::Row as _;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::support::Engine;
use crate::support::app::client;
use crate::support::house::House;
use crate::support::process::{Home, copy_database};
use crate::support::recorder::{Answer, Received, Recorder};

const PUBLISHERS: usize = 16;
/// Events acknowledged in a round before the server is killed.
const EACH_ROUND: usize = 200;
/// For as long nothing may come on before a wait is given up. How long the whole of it takes is the machine's affair.
const STILL: Duration = Duration::from_secs(60);

/// `HERALD_CRASH_ROUNDS` of the test's own environment: how often the server is killed.
fn rounds() -> usize {
    setting("HERALD_CRASH_ROUNDS", 5)
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Where the four webhooks lead.
const PATHS: [&str; 4] = ["/", "/second", "/third", "/failing"];
/// In so many rounds the last of them does nothing but fail.
const FAILING_ROUNDS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_arrives_however_often_the_server_is_killed() {
    let recorder = Recorder::start().await;
    let (mut house, home, key) = prepare(&recorder, "publish").await;
    house.db = Db::open(house.database.url(), Options::default()).await.expect("the database opens");
    for path in &PATHS[1..] {
        house.add_webhook(&recorder.url(path)).await;
    }
    house.db.close().await;
    recorder.answer("/failing", Answer::status(503));
    let load = Arc::new(Load::default());
    let (at, _) = watch::channel(None);
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|number| tokio::spawn(publish(load.clone(), at.subscribe(), key.clone(), number)))
        .collect();

    let mut arrived = Arrived::default();
    let mut settled: BTreeMap<Place, usize> = BTreeMap::new();
    let mut in_hand: BTreeMap<Place, usize> = BTreeMap::new();
    for round in 0..rounds() {
        if round == FAILING_ROUNDS {
            recorder.answer("/failing", Answer::status(200));
        }
        // Failures in between, so that retries are under way, too.
        recorder.answer_next("/", (0..20).map(|n| Answer::status(if n % 4 == 0 { 500 } else { 200 })));
        let (acknowledged, before) = (load.count(), recorder.count());
        let server = home.serve().await;
        at.send_replace(Some(server.base.clone()));
        until(&format!("load in round {round}"), 2 * EACH_ROUND, async || {
            EACH_ROUND.min(load.count() - acknowledged) + EACH_ROUND.min(recorder.count() - before)
        })
        .await;
        server.kill().await;
        at.send_replace(None);
        // What the disk knows as delivered must not be sent again, neither now nor after a later crash; what was in hand may be.
        arrived.go_on(&recorder);
        for (place, state, is_in_hand) in left_on_disk(&house).await {
            if is_in_hand {
                *in_hand.entry(place).or_default() += 1;
            } else if state == "succeeded" && !settled.contains_key(&place) {
                let times = arrived.times[&place];
                settled.insert(place, times);
            }
        }
    }

    recorder.answer("/failing", Answer::status(200));
    let server = home.serve().await;
    at.send_replace(Some(server.base.clone()));
    load.over.store(true, Ordering::SeqCst);
    let mut acknowledged = BTreeSet::new();
    for publisher in publishers {
        acknowledged.extend(publisher.await.expect("no publisher panics"));
    }
    // Beside the server, which is well and has repaired what the crash left.
    let db = Db::open(house.database.url(), Options::default()).await.expect("the database is sound");
    let deliveries = acknowledged.len() * PATHS.len();
    until("every delivery succeeds", deliveries, async || succeeded(&db).await).await;
    assert_eq!(events(&db).await, acknowledged, "each call made one event, however often it was repeated");
    let attempts = attempts(&db).await;
    db.close().await;
    let status = server.terminate().await;
    assert_eq!(status.code(), Some(0), "SIGTERM ends it in order");
    house.faults().await.expect("the books are right");

    arrived.go_on(&recorder);
    same_bytes_each_time(&recorder.requests());
    assert_eq!(arrived.times.len(), deliveries, "every acknowledged event arrived at every webhook");
    for (place, before) in settled {
        assert_eq!(arrived.times[&place], before, "{place:?} was recorded as delivered and came again");
    }
    let mut again = 0;
    for (place, times) in &arrived.times {
        let (unrecorded, kills) = (times.saturating_sub(attempts[place]), in_hand.get(place).copied().unwrap_or(0));
        assert!(
            unrecorded <= kills,
            "{place:?} came {unrecorded} times more than it was sent, in hand at {kills} kills"
        );
        again += usize::from(unrecorded > 0);
    }
    println!(
        "{} rounds: {} events, {deliveries} deliveries, {again} of them under way at a kill and sent again",
        rounds(),
        acknowledged.len()
    );
}

/// A database with an organization, an admin, a webhook and a key of these scopes, made before the server's first start.
pub(crate) async fn prepare(recorder: &Recorder, scopes: &str) -> (House, Home, String) {
    let mut house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
    std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
    let home = Home {
        folder: house.database.path(""),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", house.database.url().into()),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
            ("HERALD_RETRY_SCHEDULE", schedule()),
        ],
    };
    let organization = home.admin(&["create-organization", "--name", "Crash", "--enable-webhooks"]).await;
    let id = text(&organization, "id");
    home.admin(&["create-user", "--organization", &id, "--email", "ada@example.com", "--role", "admin"]).await;
    let key = home.admin(&["create-api-key", "--organization", &id, "--name", "load", "--scopes", scopes]).await;
    house.organization = id.parse().expect("an id");
    house.add_webhook(&recorder.url("/")).await;
    // From here on the file belongs to the server alone, whose crash must leave it to nobody else to repair.
    house.db.close().await;
    (house, home, text(&key, "key"))
}

pub(crate) fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_else(|| panic!("{key} in {object}")).to_owned()
}

/// Retries for longer than rounds take, however slow the machine.
fn schedule() -> String {
    format!("200ms,200ms,500ms,500ms{}", ",1s".repeat(3_600))
}

#[derive(Default)]
struct Load {
    acknowledged: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    fn count(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// Publishes until the load is over, repeating each call until it is answered. Gives the acknowledged events.
async fn publish(load: Arc<Load>, mut at: watch::Receiver<Option<String>>, key: String, number: usize) -> Vec<String> {
    let client = client();
    let mut acknowledged = Vec::new();
    for call in 0.. {
        if load.over.load(Ordering::SeqCst) {
            break;
        }
        let body = json!({"event_type": "INTAKE_CREATED", "entity_ids": [format!("{number}-{call}")], "performed_by": "ada@example.com"});
        let id = loop {
            let base = at.wait_for(Option::is_some).await.expect("the test outlives its publishers").clone();
            let request = client
                .post(format!("{}/api/v1/events", base.expect("a server is there")))
                .bearer_auth(&key)
                .header("idempotency-key", format!("{number}-{call}"))
                .json_body(&body);
            if let Some(id) = acknowledged_event(request).await {
                break id;
            }
            tokio::task::yield_now().await;
        };
        load.acknowledged.fetch_add(1, Ordering::SeqCst);
        acknowledged.push(id);
    }
    acknowledged
}

pub(crate) trait JsonBody {
    fn json_body(self, body: &Value) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

/// The event that the server says is on its disk; `None` where it said nothing, or asked to come again.
pub(crate) async fn acknowledged_event(request: reqwest::RequestBuilder) -> Option<String> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let told = answer.text().await.ok()?;
    assert!(matches!(status, 202 | 503), "{status}: {told}");
    let answer: Value = serde_json::from_str(&told).expect("JSON");
    answer["event_id"].as_str().map(str::to_owned)
}

/// Looks again and again until `progress` has come to `goal`; fails once it has stood still for [`STILL`].
pub(crate) async fn until(what: &str, goal: usize, mut progress: impl AsyncFnMut() -> usize) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut furthest, mut moved) = (0, Instant::now());
    loop {
        look.tick().await;
        let come = progress().await;
        if come >= goal {
            return;
        }
        if come > furthest {
            (furthest, moved) = (come, Instant::now());
        }
        assert!(moved.elapsed() < STILL, "never happened: {what}; it stands at {come} of {goal}");
    }
}

/// The same for what is there or is not.
pub(crate) async fn until_true(what: &str, mut condition: impl FnMut() -> bool) {
    until(what, 1, async || usize::from(condition())).await;
}

/// How often each event arrived.
pub(crate) fn times_of(requests: &[Received]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in requests {
        *times.entry(request.header("webhook-id").expect("every callback has an id").to_owned()).or_default() += 1;
    }
    times
}

/// A webhook's path and an event.
type Place = (String, String);

/// How often each event arrived at each path, as far as it has been counted.
#[derive(Default)]
struct Arrived {
    counted: usize,
    times: BTreeMap<Place, usize>,
}

impl Arrived {
    fn go_on(&mut self, recorder: &Recorder) {
        for request in recorder.requests_from(self.counted) {
            let event = request.header("webhook-id").expect("every callback has an id");
            *self.times.entry((request.path().to_owned(), event.to_owned())).or_default() += 1;
            self.counted += 1;
        }
    }
}

pub(crate) fn same_bytes_each_time(requests: &[Received]) {
    let mut bodies: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for request in requests {
        let id = request.header("webhook-id").expect("every callback has an id");
        assert_eq!(request.json()["EVENT_ID"], id);
        assert_eq!(*bodies.entry(id).or_insert(&request.body), request.body, "{id} came with other bytes");
    }
}

/// What the database, as the crash left it, says of every delivery: its state, and whether a process had it in hand. Asked of a
/// copy, so that the next start finds the original untouched.
async fn left_on_disk(house: &House) -> Vec<(Place, String, bool)> {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = copy_database(&house.database.path("herald.db"), folder.path());
    let db = Db::open(&format!("sqlite://{}", copy.display()), Options::default()).await.expect("the copy is sound");
    let text =
        "SELECT w.url, d.event_id, d.state, d.leased_until FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id";
    let left = rows(&db, text, |row| (place(row), row.get(2), row.get::<Option<i64>, _>(3).is_some())).await;
    db.close().await;
    left
}

fn place(row: &Row) -> Place {
    (url::Url::parse(&row.get::<String, _>(0)).expect("a URL").path().to_owned(), row.get(1))
}

async fn succeeded(db: &Db) -> usize {
    let count = rows(db, "SELECT COUNT(*) FROM deliveries WHERE state = 'succeeded'", |row| row.get::<i64, _>(0)).await;
    usize::try_from(count[0]).expect("a count")
}

/// How many attempts of each delivery are recorded.
async fn attempts(db: &Db) -> BTreeMap<Place, usize> {
    let text = "SELECT w.url, d.event_id, (SELECT COUNT(*) FROM attempts a WHERE a.webhook_id = d.webhook_id AND a.event_id = d.event_id) \
                FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id";
    let count = |row: &Row| usize::try_from(row.get::<i64, _>(2)).expect("a count");
    rows(db, text, |row| (place(row), count(row))).await.into_iter().collect()
}

async fn events(db: &Db) -> BTreeSet<String> {
    rows(db, "SELECT id FROM events", |row| row.get(0)).await.into_iter().collect()
}

/// What a query finds, each row read by `read`.
async fn rows<T>(db: &Db, query: &'static str, read: impl Fn(&Row) -> T) -> Vec<T> {
    let mut conn = db.read().await.expect("a connection");
    let rows = sqlx::query(query).fetch_all(&mut *conn).await.expect("rows");
    rows.iter().map(read).collect()
}
