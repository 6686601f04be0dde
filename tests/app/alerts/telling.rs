//! The background look on two nodes at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::{Edition, Organization, Role};
use herald::auth::store::users;
use herald::base::{ManualClock, SystemRng, TimeZone, Timestamp};
use herald::db::{Db, Options};
use herald::delivery::model::Ladder;
use herald::events::EventType;
use herald::webhooks::alerts::teller::Teller;
use tokio::sync::Notify;

use crate::support::Engine;
use crate::support::app::{eventually, person};
use crate::support::house::House;

const COUNT: i64 = 20;

#[tokio::test]
async fn two_nodes_tell_each_alert_exactly_once() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
    let house = House::open(Engine::Postgres, clock.clone()).await;
    let organization = Organization {
        id: house.organization.clone(),
        name: "Acme".into(),
        time_zone: TimeZone::UTC,
        edition: Edition::Enterprise,
        webhooks_enabled: true,
        created_at: house.now(),
    };
    let mut tx = house.db.begin().await.expect("a transaction");
    users::insert(&mut tx, &person("ada@example.com", Role::Admin, Some(&organization)), "hash").await.expect("a user");
    tx.commit().await.expect("a commit");
    let mut webhooks = BTreeSet::new();
    for _ in 0..COUNT {
        webhooks.insert(house.add_webhook_for("https://example.com/", &[EventType::IntakeCreated]).await);
    }
    for webhook in &webhooks {
        let failing = "UPDATE webhooks SET failing_since = 1800000000000000, next_alert_at = 1800000000000000, failures = 1 WHERE id = $1";
        house.run(webhook, failing).await;
    }
    clock.advance(Duration::from_secs(3600));
    let other = Db::open(house.database.url(), Options::default()).await.expect("another node");
    let nodes = [&house.db, &other].map(|db| {
        let teller = Teller {
            db: db.clone(),
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
            vault: house.vault.clone(),
            ladder: Ladder::new(Duration::from_secs(5 * 24 * 3600)),
            news: Arc::new(Notify::new()),
            public_url: "https://herald.example.com".parse().ok(),
            mails: Some(Arc::new(Notify::new())),
            operator: Some(Arc::new(Notify::new())),
        };
        tokio::spawn(teller.run())
    });
    let untold = "SELECT COUNT(*) FROM alerts WHERE told_at IS NULL";
    eventually("all is told", &mut async || {
        (house.number("SELECT COUNT(*) FROM alerts").await == COUNT && house.number(untold).await == 0).then_some(())
    })
    .await;
    for node in nodes {
        node.abort();
        let _ = node.await;
    }
    assert_eq!(house.number("SELECT COUNT(*) FROM mails").await, COUNT);
    assert_eq!(house.number("SELECT COUNT(*) FROM operator_events").await, COUNT);
    let kinds = "SELECT COUNT(*) FROM alerts WHERE kind = 'failing_for_an_hour'";
    assert_eq!(house.number(kinds).await, COUNT);
    other.close().await;
}
