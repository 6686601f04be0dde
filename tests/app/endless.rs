//! What receivers whose answers never end cost the program: memory above all.

use std::sync::Arc;

use herald::base::SystemClock;
use herald::db::{Db, Options};
use herald::events::EventType;
use serde_json::json;
use sqlx::Row as _;

use crate::sender::table::gzip_bomb;
use crate::support::Engine;
use crate::support::app::{client, eventually};
use crate::support::house::House;
use crate::support::process::Home;
use crate::support::receivers::{Behaviour, Receiver};
use crate::support::recorder::Recorder;

const RECEIVERS: usize = 20;
/// Each receiver gets as many at once as a lane sends at a time.
const EVENTS: usize = 10;
/// What all of them together may add to the memory of the process.
const LIMIT: usize = 50 * 1024 * 1024;

fn endless(number: usize) -> Behaviour {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    match number % 5 {
        0 => Behaviour::never_ends(format!("{OK}\r\n"), "a"),
        1 => Behaviour::never_ends(OK, format!("x: {}\r\n", "y".repeat(900))),
        2 => Behaviour::never_ends("", "HTTP/1.1 102 Processing\r\n\r\n"),
        3 => gzip_bomb(),
        _ => Behaviour::never_ends(format!("{OK}transfer-encoding: chunked\r\n\r\n"), "1\r\na\r\n"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_endless_receivers_add_less_than_50_mb() {
    let mut house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
    std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
    let home = Home {
        folder: house.database.path(""),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", house.database.url().into()),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
            ("HERALD_RETRY_SCHEDULE", "1d".into()),
        ],
    };
    let made = home.admin(&["create-organization", "--name", "Endless", "--enable-webhooks"]).await;
    let id = made["id"].as_str().expect("an id");
    let key = home.admin(&["create-api-key", "--organization", id, "--name", "load", "--scopes", "publish"]).await;
    let key = key["key"].as_str().expect("a key");
    house.organization = id.parse().expect("an id");
    let recorder = Recorder::start().await;
    house.add_webhook_for(&recorder.url("/"), &[EventType::ProjectCreated]).await;
    let mut receivers = Vec::new();
    for number in 0..RECEIVERS {
        let receiver = Receiver::start(endless(number)).await;
        house.add_webhook_for(&receiver.url(), &[EventType::IntakeCreated]).await;
        receivers.push(receiver);
    }
    house.db.close().await;

    let server = home.serve().await;
    let publish = async |event_type: &str, count: usize| {
        for number in 0..count {
            let event = json!({"event_type": event_type, "entity_ids": [number.to_string()], "performed_by": "ada@example.com"});
            let request = client().post(format!("{}/api/v1/events", server.base)).bearer_auth(key);
            let answer = request.header("content-type", "application/json").body(event.to_string()).send().await;
            assert_eq!(answer.expect("an answer").status(), 202);
        }
    };
    // What the program takes for its work in any case.
    publish("PROJECT_CREATED", EVENTS).await;
    recorder.wait_for(EVENTS).await;
    let before = memory(server.id(), "VmRSS");

    publish("INTAKE_CREATED", EVENTS).await;
    let db = Db::open(house.database.url(), Options::default()).await.expect("the database is sound");
    let expected = i64::try_from(RECEIVERS * EVENTS).expect("a small number");
    eventually("each has had its attempts", &mut async || (hostile_attempts(&db).await == expected).then_some(()))
        .await;
    let peak = memory(server.id(), "VmHWM");
    db.close().await;
    let added = peak.saturating_sub(before);
    assert!(added < LIMIT, "{} KiB more than the {} KiB before", added / 1024, before / 1024);
    assert!(receivers.iter().all(|receiver| receiver.connections() == EVENTS), "one attempt each");
    assert!(server.terminate().await.success());
}

async fn hostile_attempts(db: &Db) -> i64 {
    let mut conn = db.read().await.expect("a connection");
    let query = "SELECT COUNT(*) FROM attempts JOIN events ON events.id = attempts.event_id WHERE event_type = 'INTAKE_CREATED'";
    sqlx::query(query).fetch_one(&mut *conn).await.expect("a number").get(0)
}

/// A line of `/proc/PID/status`, in bytes: VmRSS is what a process takes now, VmHWM the most that it ever took.
fn memory(process: u32, line: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let found = status.lines().find_map(|text| text.strip_prefix(line)).expect("Linux says so");
    let kilobytes: usize = found.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number");
    kilobytes * 1024
}
