//! What has been kept for long enough goes, with all that hangs on it, and nothing else does.

mod idempotency;
mod rest;

use std::sync::Arc;
use std::time::Duration;

use herald::base::{EventId, ManualClock, Timestamp, WebhookId};
use herald::events::EventType;
use herald::ops::retention::Retention;
use herald::ops::retention::store::Remove;

use crate::support::Engine;
use crate::support::house::House;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const KEEP: Duration = Duration::from_secs(30 * 24 * 3_600);
/// More than what lies between two looks.
const SOON: Duration = Duration::from_secs(1_800);

/// A house with one webhook, and what looks after it.
struct Place {
    house: House,
    clock: Arc<ManualClock>,
    webhook: WebhookId,
    retention: Retention,
}

impl Place {
    async fn on(engine: Engine) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let house = House::open(engine, clock.clone()).await;
        let webhook = house.add_webhook("http://127.0.0.1:9/").await;
        let retention = Retention::new(house.db.clone(), KEEP);
        Self { house, clock, webhook, retention }
    }

    async fn publish(&self) -> EventId {
        self.house.publish(EventType::IntakeCreated).await
    }

    /// The delivery of the event comes to its end now, after one attempt.
    async fn ends(&self, event: &EventId, webhook: &WebhookId) {
        let mut tx = self.house.db.begin().await.expect("a transaction");
        let attempt = "INSERT INTO attempts (webhook_id, event_id, number, organization_id, trigger_kind, started_at, duration, url, outcome, \
                       request_headers, response_headers, response_body, response_encoding, response_truncated) \
                       VALUES ($1, $2, 1, $3, 'schedule', $4, 1, 'http://127.0.0.1:9/', 'success', '[]', '[]', '', 'text', 0)";
        let now = self.house.now();
        let query = sqlx::query(attempt).bind(webhook).bind(event).bind(&self.house.organization).bind(now);
        query.execute(&mut *tx).await.expect("an attempt");
        let end = "UPDATE deliveries SET state = 'succeeded', hold = NULL, due_at = NULL, leased_until = NULL, attempts = 1, step = 1, \
                   finished_at = $3 WHERE webhook_id = $1 AND event_id = $2";
        sqlx::query(end).bind(webhook).bind(event).bind(now).execute(&mut *tx).await.expect("an end");
        tx.commit().await.expect("a commit");
    }

    /// Looks at this time after the start, and gives how many events went.
    async fn looks(&mut self, after: Duration) -> u64 {
        self.clock.set(START + after);
        let removed = self.retention.remove(self.house.now()).await.expect("a look");
        self.house.faults().await.expect("the books are right");
        removed
    }

    async fn kept(&self) -> [i64; 4] {
        [
            self.house.number("SELECT COUNT(*) FROM events").await,
            self.house.number("SELECT COUNT(*) FROM deliveries").await,
            self.house.number("SELECT COUNT(*) FROM attempts").await,
            self.house.number("SELECT COUNT(*) FROM lingering_events").await,
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_when_the_last_of_its_deliveries_ended_long_enough_ago() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        let slow = place.house.add_webhook("http://127.0.0.1:9/slow").await;
        let event = place.publish().await;
        place.clock.advance(HOUR);
        place.ends(&event, &place.webhook).await;
        assert_eq!(place.looks(2 * DAY).await, 0);
        place.clock.set(START + 3 * DAY);
        place.ends(&event, &slow).await;
        assert_eq!(place.looks(KEEP + 2 * DAY).await, 0, "{engine:?}: one of them ended three days later");
        assert_eq!(place.looks(KEEP + 3 * DAY - Duration::from_micros(1)).await, 0, "{engine:?}");
        assert_eq!(place.kept().await, [1, 2, 2, 1], "{engine:?}");
        assert_eq!(place.looks(KEEP + 3 * DAY + SOON).await, 1, "{engine:?}");
        assert_eq!(place.kept().await, [0, 0, 0, 0], "{engine:?}: nothing is left of it");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_never_removed_and_goes_as_long_after_its_end_as_all_else() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        let pending = place.publish().await;
        place.house.run(&place.webhook.clone(), "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        let hold = "UPDATE deliveries SET state = 'held', hold = 'webhook', due_at = NULL WHERE webhook_id = $1";
        place.house.run(&place.webhook.clone(), hold).await;
        let held = place.publish().await;
        for years in 1..=3 {
            assert_eq!(place.looks(365 * DAY * years).await, 0, "{engine:?}");
        }
        assert_eq!(place.kept().await, [2, 2, 0, 2], "{engine:?}");
        let long = 365 * DAY * 3 + HOUR;
        place.clock.set(START + long);
        place.ends(&held, &place.webhook).await;
        assert_eq!(place.looks(long + KEEP - HOUR).await, 0, "{engine:?}");
        assert_eq!(place.looks(long + KEEP + SOON).await, 1, "{engine:?}");
        assert_eq!(place.house.deliveries(&place.webhook).await[0].id.event, pending, "{engine:?}");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_wanted_goes_after_it_was_recorded() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        place
            .house
            .run(&place.webhook.clone(), "UPDATE subscriptions SET until_seq = from_seq + 1 WHERE webhook_id = $1")
            .await;
        let mut tx = place.house.db.begin().await.expect("a transaction");
        let organization = &place.house.organization;
        herald::events::record::next_seq(&mut tx, organization, 5).await.expect("numbers").expect("an organization");
        tx.commit().await.expect("a commit");
        place.publish().await;
        assert_eq!(place.looks(KEEP - HOUR).await, 0, "{engine:?}");
        assert_eq!(place.looks(KEEP + SOON).await, 1, "{engine:?}");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_life_between_the_look_and_the_removal_stays() {
    for engine in Engine::ALL {
        let place = Place::on(engine).await;
        let [replayed, asked, leased, old] =
            [place.publish().await, place.publish().await, place.publish().await, place.publish().await];
        for event in [&replayed, &asked, &leased, &old] {
            place.ends(event, &place.webhook).await;
        }
        let now = START + KEEP + DAY;
        let mut tx = place.house.db.begin().await.expect("a transaction");
        for (event, change) in [
            (&replayed, "UPDATE deliveries SET state = 'pending', finished_at = NULL, due_at = $2 WHERE event_id = $1"),
            (&asked, "UPDATE deliveries SET redelivery_asked_at = $2 WHERE event_id = $1"),
            (&leased, "UPDATE deliveries SET leased_until = $2 + 1 WHERE event_id = $1"),
        ] {
            sqlx::query(change).bind(event).bind(now).execute(&mut *tx).await.expect("a change");
        }
        tx.commit().await.expect("a commit");
        let events = vec![replayed.clone(), asked.clone(), leased.clone(), old];
        let removed = place.house.db.submit(Remove { events, now, until: START + DAY }).await.expect("a removal");
        assert_eq!((removed.count, removed.kept), (1, vec![replayed, asked, leased]), "{engine:?}");
        assert_eq!(place.kept().await, [3, 3, 3, 0], "{engine:?}");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_go_in_small_steps_and_two_nodes_may_do_it_at_once() {
    for engine in Engine::ALL {
        let place = Place::on(engine).await;
        let other = place.house.add_webhook("http://127.0.0.1:9/other").await;
        for _ in 0..350 {
            let event = place.publish().await;
            for webhook in [&place.webhook, &other] {
                place.ends(&event, webhook).await;
            }
        }
        let held = place.publish().await;
        let mut looks = [Retention::new(place.house.db.clone(), KEEP), Retention::new(place.house.db.clone(), KEEP)];
        let now = START + KEEP + DAY;
        place.clock.set(now);
        let [first, second] = &mut looks;
        let (first, second) = tokio::join!(first.remove(now), second.remove(now));
        assert_eq!(first.expect("a look") + second.expect("a look"), 350, "{engine:?}: each goes once");
        assert_eq!(place.kept().await, [1, 2, 0, 1], "{engine:?}");
        assert_eq!(place.house.deliveries(&other).await[0].id.event, held);
        place.house.faults().await.expect("the books are right");
        place.house.db.close().await;
    }
}
