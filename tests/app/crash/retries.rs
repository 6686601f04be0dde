//! Thousands of retries wait while the program is killed, starts again, and is stopped in order: each keeps its time. Some fall due
//! while it is down, the others soon after it has started once more, and they come back spread out. `bin/test-crash` does it with
//! ten thousand. (That each comes at its very time is shown with a clock that the test moves: `engine/spread.rs`.)

use std::collections::BTreeMap;

use herald::base::{Clock as _, SystemClock, Timestamp};
use herald::db::{Db, Options};
use reqwest::Method;
use serde_json::json;
use sqlx::Row as _;

use super::{JsonBody as _, prepare, rows, setting, succeeded, times_of, until};
use crate::support::app::client;
use crate::support::house::House;
use crate::support::recorder::{Answer, Recorder};

/// Events of one call.
const BATCH: usize = 500;
/// The wait until the first retry, and what chance adds to it at most, in microseconds.
const WAIT: &str = "20m";
const CHANCE: i64 = 4 * 60 * 1_000_000;
/// Within how many microseconds they come back instead: nobody waits for the twenty minutes.
const WITHIN: i64 = 16 * 1_000_000;
/// Of fewer, only some fall due while the program is down: the pace at which those come back is made for so many.
const MANY: usize = 10_000;
/// No tenth of a second holds more than a twentieth of all. In microseconds.
const MOMENT: i64 = 100_000;
const SHARE: usize = 20;

/// When each delivery is tried again, and how many attempts it has had, by its event.
type Plan = BTreeMap<String, (Option<Timestamp>, i64)>;

async fn plan(house: &House) -> Plan {
    let db = Db::open(house.database.url(), Options::default()).await.expect("the database is sound");
    let text = "SELECT event_id, due_at, attempts FROM deliveries";
    let plan = rows(&db, text, |row| (row.get(0), (row.get(1), row.get(2)))).await;
    db.close().await;
    plan.into_iter().collect()
}

/// As if most of the wait had passed: from the first retry on, time goes faster, and now is the time of that one of them which
/// comes after so many others.
async fn wait_is_nearly_over(house: &House, plan: &Plan, overdue: usize) {
    let mut times: Vec<Timestamp> = plan.values().map(|(due_at, _)| due_at.expect("each waits")).collect();
    times.sort_unstable();
    let db = Db::open(house.database.url(), Options::default()).await.expect("the database is sound");
    let mut tx = db.begin().await.expect("a transaction");
    sqlx::query("UPDATE deliveries SET due_at = $1 + (due_at - $2) / $3")
        .bind(SystemClock.now())
        .bind(times[overdue])
        .bind(CHANCE / WITHIN)
        .execute(&mut *tx)
        .await
        .expect("other times");
    tx.commit().await.expect("a commit");
    db.close().await;
}

/// How many there are at most within a [`MOMENT`].
fn most_in_a_moment(mut times: Vec<Timestamp>) -> usize {
    times.sort_unstable();
    let within = |place: usize| times[place..].partition_point(|other| other.micros() < times[place].micros() + MOMENT);
    (0..times.len()).map(within).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_keep_their_times_through_a_kill_and_come_back_spread_out() {
    let retries = setting("HERALD_CRASH_RETRIES", 2_000);
    let recorder = Recorder::start().await;
    recorder.answer("/", Answer::status(500));
    let (house, mut home, key) = prepare(&recorder, "publish").await;
    for (name, value) in &mut home.settings {
        if *name == "HERALD_RETRY_SCHEDULE" {
            *value = WAIT.into();
        }
    }
    let server = home.serve().await;
    let event = json!({ "event_type": "INTAKE_CREATED", "entity_ids": ["1"], "performed_by": "ada@example.com" });
    let batch = json!({ "events": vec![event; BATCH] });
    for _ in 0..retries / BATCH {
        let call = client().request(Method::POST, format!("{}/api/v1/events/batch", server.base)).bearer_auth(&key);
        assert_eq!(call.json_body(&batch).send().await.expect("an answer").status(), 202);
    }
    let db = Db::open(house.database.url(), Options::default()).await.expect("it works beside the server");
    until("each has failed once, and that is written down", retries, async || {
        let failed =
            "SELECT COUNT(*) FROM deliveries WHERE attempts = 1 AND state = 'pending' AND leased_until IS NULL";
        let failed = rows(&db, failed, |row| row.get::<i64, _>(0)).await;
        usize::try_from(failed[0]).expect("a count")
    })
    .await;
    db.close().await;
    server.kill().await;

    let planned = plan(&house).await;
    let times: Vec<Timestamp> = planned.values().map(|(due_at, _)| due_at.expect("each waits")).collect();
    let (first, last) = (*times.iter().min().expect("some"), *times.iter().max().expect("some"));
    assert!(last.micros() - first.micros() > CHANCE * 9 / 10, "over a fifth of the wait");
    let together = most_in_a_moment(times);
    assert!(together <= retries / SHARE, "{together} are to come back within 100 ms");

    let server = home.serve().await;
    assert_eq!(server.terminate().await.code(), Some(0), "SIGTERM ends it in order");
    assert_eq!(plan(&house).await, planned, "each keeps its time");
    assert_eq!(recorder.count(), retries, "none comes back before its time");

    recorder.answer("/", Answer::status(200));
    wait_is_nearly_over(&house, &planned, retries / if retries >= MANY { 3 } else { 50 }).await;
    let planned = plan(&house).await;
    let server = home.serve().await;
    let started = SystemClock.now();
    until("all come back", 2 * retries, async || recorder.count()).await;
    let db = Db::open(house.database.url(), Options::default()).await.expect("it works beside the server");
    until("all have succeeded", retries, async || succeeded(&db).await).await;
    db.close().await;
    assert_eq!(server.terminate().await.code(), Some(0), "SIGTERM ends it in order");
    house.faults().await.expect("the books are right");

    let back = recorder.requests_from(retries);
    let times = times_of(&back);
    assert!(times.len() == retries && times.values().all(|count| *count == 1), "each comes back once");
    let event = |place: usize| back[place].header("webhook-id").expect("every callback has an id");
    let due = |place: usize| planned[event(place)].0.expect("each waits");
    let mut late: Vec<_> = (0..retries).map(|place| back[place].at.micros() - due(place).micros()).collect();
    assert!(late.iter().all(|late| *late >= 0), "none comes back before its time");
    let together = most_in_a_moment(back.iter().map(|request| request.at).collect());
    let overdue = (0..retries).filter(|place| due(*place) < started).count();
    late.sort_unstable();
    println!(
        "{retries} retries, {overdue} overdue at the start: at most {together} within 100 ms; late by {} ms at the median, by {} ms at most",
        late[retries / 2] / 1_000,
        late[retries - 1] / 1_000
    );
    assert!(together <= retries / SHARE, "{together} come back within 100 ms");
}
