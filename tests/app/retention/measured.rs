//! What a purge costs those who publish meanwhile. Not among the tests: on a machine that does other things it says nothing.
//! `cargo test --release --test app measured -- --ignored --nocapture` prints it; HERALD_MEASURE_EVENTS and HERALD_MEASURE_COPY
//! (a file that is to hold the database before the purge) are for `herald check`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use herald::events::EventType;

use super::{KEEP, Place, START};
use crate::support::Engine;

const PUBLISHERS: usize = 8;

/// Events that were delivered a second after they were recorded, with one attempt each.
async fn fill(place: &Place, count: i64) {
    let ids = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)";
    let body = r#"{"EVENT_ID":"EVT-60adfdb750b58a0c2d78bdd8","EVENT_TYPE":"INTAKE_CREATED","ENTITY_ID":["5dd51ea63f3dad73ab0a344b"]}"#;
    let headers = r#"[["content-type","application/json"],["webhook-signature","v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]]"#;
    let texts = [
        format!(
            "{ids} INSERT INTO events (id, organization_id, seq, event_type, entity_ids, performed_by, performed_at, body, webhooks_enabled, \
             recorded_at) SELECT printf('EVT-%024x', i), $1, 1 + i, 'INTAKE_CREATED', '[\"1\"]', 'ada@example.com', $4, '{body}', 1, $4 + i \
             FROM n WHERE $2 = $2"
        ),
        format!(
            "{ids} INSERT INTO deliveries (webhook_id, event_id, organization_id, event_type, state, attempts, step, lease, created_at, \
             finished_at, last_status, last_outcome) SELECT $2, printf('EVT-%024x', i), $1, 'INTAKE_CREATED', 'succeeded', 1, 1, 1, $4 + i, \
             $4 + i + 1000000, 200, 'success' FROM n"
        ),
        format!(
            "{ids} INSERT INTO attempts (webhook_id, event_id, number, organization_id, trigger_kind, started_at, duration, url, outcome, \
             status_code, request_headers, response_headers, response_body, response_encoding, response_truncated) \
             SELECT $2, printf('EVT-%024x', i), 1, $1, 'schedule', $4 + i, 1000, 'http://127.0.0.1:9/', 'success', 200, '{headers}', \
             '{headers}', 'ok', 'text', 0 FROM n"
        ),
    ];
    let mut tx = place.house.db.begin().await.expect("a transaction");
    for text in texts {
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(&place.house.organization)
            .bind(&place.webhook)
            .bind(count)
            .bind(START)
            .execute(&mut *tx)
            .await
            .expect("many rows");
    }
    sqlx::query("UPDATE organizations SET seq = $1").bind(count + 1).execute(&mut *tx).await.expect("the last number");
    tx.commit().await.expect("a commit");
}

/// Publishes until told to stop; how long each call took.
async fn load(place: &Arc<Place>, over: &Arc<AtomicBool>) -> Vec<Duration> {
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let (place, over) = (place.clone(), over.clone());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let began = Instant::now();
                    place.house.publish(EventType::ProjectCreated).await;
                    took.push(began.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for publisher in publishers {
        took.extend(publisher.await.expect("no publisher panics"));
    }
    took.sort_unstable();
    took
}

fn say(what: &str, took: &[Duration]) {
    let at = |share: usize| took[(took.len() - 1) * share / 1000].as_secs_f64() * 1e3;
    println!(
        "{what}: {} calls; p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, longest {:.1} ms",
        took.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, on a machine that does nothing else"]
async fn measured_publishing_beside_a_purge() {
    let count = std::env::var("HERALD_MEASURE_EVENTS").map_or(100_000, |text| text.parse().expect("a number"));
    let place = Place::on(Engine::Sqlite).await;
    place
        .house
        .run(
            &place.webhook.clone(),
            "DELETE FROM subscriptions WHERE webhook_id = $1 AND event_type <> 'INTAKE_CREATED'",
        )
        .await;
    let began = Instant::now();
    fill(&place, count).await;
    println!("{count} events with their deliveries and attempts: {:.1} s", began.elapsed().as_secs_f64());
    if let Ok(copy) = std::env::var("HERALD_MEASURE_COPY") {
        herald::db::copy(place.house.database.url(), std::path::Path::new(&copy)).await.expect("a copy");
        let began = Instant::now();
        place.house.faults().await.expect("the books are right");
        println!("a check: {:.1} s", began.elapsed().as_secs_f64());
        return;
    }
    let place = Arc::new(place);
    for round in 1..=2 {
        let over = Arc::new(AtomicBool::new(false));
        let (alone, ()) = tokio::join!(load(&place, &over), async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            over.store(true, Ordering::SeqCst);
        });
        say(&format!("round {round}, alone"), &alone);
    }
    place.clock.set(START + KEEP + KEEP);
    let over = Arc::new(AtomicBool::new(false));
    let mut retention = herald::ops::retention::Retention::new(place.house.db.clone(), KEEP);
    let (beside, ()) = tokio::join!(load(&place, &over), async {
        let began = Instant::now();
        let removed = retention.remove(START + KEEP + KEEP).await.expect("a purge");
        println!("{removed} events removed in {:.1} s", began.elapsed().as_secs_f64());
        over.store(true, Ordering::SeqCst);
    });
    say("beside the purge", &beside);
}
