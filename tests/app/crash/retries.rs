//! Ten thousand retries wait while the program is killed, starts again and is stopped in order: each keeps its time.
//! (How they come back, each at its time, is shown with a clock that the test moves: `engine/spread.rs`.)

use herald::base::Timestamp;
use herald::db::{Db, Options};
use reqwest::Method;
use serde_json::json;
use sqlx::Row as _;

use super::{JsonBody as _, LONG, prepare, until};
use crate::support::app::client;
use crate::support::house::House;
use crate::support::recorder::{Answer, Recorder};

const RETRIES: usize = 10_000;
const BATCH: usize = 500;
/// A twentieth of all.
const MOST_IN_A_MOMENT: usize = RETRIES / 20;
/// In microseconds.
const MOMENT: i64 = 100_000;

/// When each delivery is tried again, and how many attempts it has had, in the order of the events.
async fn plan(house: &House) -> Vec<(String, Option<Timestamp>, i64)> {
    let db = Db::open(house.database.url(), Options::default()).await.expect("the database is sound");
    let mut conn = db.read().await.expect("a connection");
    let rows = sqlx::query("SELECT event_id, due_at, attempts FROM deliveries ORDER BY event_id").fetch_all(&mut *conn);
    let plan = rows.await.expect("the deliveries").iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    drop(conn);
    db.close().await;
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_retries_keep_their_times_through_a_kill_and_a_start() {
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let (house, mut home, key) = prepare(&recorder, "publish").await;
    for (name, value) in &mut home.settings {
        if *name == "HERALD_RETRY_SCHEDULE" {
            *value = "20m".into();
        }
    }
    let server = home.serve().await;
    let event = json!({ "event_type": "INTAKE_CREATED", "entity_ids": ["1"], "performed_by": "ada@example.com" });
    let batch = json!({ "events": vec![event; BATCH] });
    for _ in 0..RETRIES / BATCH {
        let call = client().request(Method::POST, format!("{}/api/v1/events/batch", server.base)).bearer_auth(&key);
        assert_eq!(call.json_body(&batch).send().await.expect("an answer").status(), 202);
    }
    until("each has failed once", || recorder.count() >= RETRIES).await;
    let db = Db::open(house.database.url(), Options::default()).await.expect("it works beside the server");
    let written = async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            look.tick().await;
            let mut conn = db.read().await.expect("a connection");
            let failed =
                "SELECT COUNT(*) FROM deliveries WHERE attempts = 1 AND state = 'pending' AND leased_until IS NULL";
            let failed: i64 = sqlx::query(failed).fetch_one(&mut *conn).await.expect("a number").get(0);
            if failed == RETRIES as i64 {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(LONG, written).await.is_ok(), "not every failure is written down:\n{}", server.log());
    db.close().await;
    server.kill().await;

    let planned = plan(&house).await;
    let mut times: Vec<i64> = planned.iter().map(|(_, due_at, _)| due_at.expect("each waits").micros()).collect();
    times.sort_unstable();
    for (place, time) in times.iter().enumerate() {
        let together = times[place..].partition_point(|other| *other < time + MOMENT);
        assert!(together <= MOST_IN_A_MOMENT, "{together} come back within 100 ms");
    }
    assert!(times[RETRIES - 1] - times[0] > 3 * 60 * 1_000_000, "over a fifth of the wait");

    let server = home.serve().await;
    assert_eq!(server.terminate().await.code(), Some(0), "SIGTERM ends it in order");
    assert_eq!(plan(&house).await, planned, "each keeps its time");
    assert_eq!(recorder.count(), RETRIES, "none comes back before its time");
    house.faults().await.expect("the books are right");
}
