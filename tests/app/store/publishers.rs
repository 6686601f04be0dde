//! A hundred publishers at once, beside people who change things and read.

use std::collections::BTreeSet;
use std::sync::Arc;

use herald::base::SystemClock;
use herald::events::{Dispatch, EventType, NoDispatch};
use sqlx::Row as _;

use crate::support::Engine;
use crate::support::house::{House, Publish};

const PUBLISHERS: usize = 100;
const EACH: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_publishers_at_once_lose_nothing_and_find_nothing_locked() {
    for engine in Engine::ALL {
        let house = Arc::new(House::open(engine, Arc::new(SystemClock)).await);
        let webhook = house.add_webhook("https://example.com/").await;
        let publishers = (0..PUBLISHERS).map(|_| tokio::spawn(publish(house.clone())));
        let people = tokio::spawn(change_and_read(house.clone()));
        let mut published = BTreeSet::new();
        for publisher in futures_util::future::join_all(publishers).await {
            published.extend(publisher.unwrap());
        }
        people.await.unwrap();
        assert_eq!(published.len(), PUBLISHERS * EACH, "{engine:?}");

        let mut conn = house.db.read().await.unwrap();
        let rows = sqlx::query("SELECT id, seq FROM events ORDER BY seq").fetch_all(&mut *conn).await.unwrap();
        let stored: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(stored, published, "{engine:?}");
        let numbers: BTreeSet<i64> = rows.iter().map(|row| row.get(1)).collect();
        assert_eq!(numbers.len(), rows.len(), "{engine:?}: each event has a number of its own");
        drop(conn);
        assert_eq!(house.deliveries(&webhook).await.len(), PUBLISHERS * EACH, "{engine:?}");
    }
}

async fn publish(house: Arc<House>) -> Vec<String> {
    let dispatch: Arc<dyn Dispatch> = Arc::new(NoDispatch);
    let mut published = Vec::new();
    for n in 0..EACH {
        let event = house.draft(EventType::ALL[n % 10], &n.to_string());
        let id = event.id.to_string();
        house.db.submit(Publish { event, dispatch: dispatch.clone() }).await.expect("a publisher is never refused");
        published.push(id);
    }
    published
}

/// Ordinary transactions and reads meanwhile: they share the writer, and wait for no longer than a group.
async fn change_and_read(house: Arc<House>) {
    for _ in 0..EACH {
        house.add_webhook_for("https://example.com/", &[]).await;
        house.number("SELECT COUNT(*) FROM deliveries").await;
    }
}
