//! events::store, events::record and events::fan_out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use herald::base::{Cursor, OrganizationId, SystemRng, TimeZone, Timestamp, WebhookId};
use herald::db::DbError;
use herald::events::model::Draft;
use herald::events::record::{Recorded, next_seq};
use herald::events::store::{Filter, find, list};
use herald::events::{BornDelivery, Dispatch, EventType, NewEvent, NoDispatch, Recorder, record};

use super::{LEASE, on_both, seconds};
use crate::support::house::House;

/// An engine with a number of places, which writes down what it is told.
struct Places(Mutex<Told>);

#[derive(Default)]
struct Told {
    free: usize,
    delivered: Vec<BornDelivery>,
    woken: usize,
}

impl Places {
    fn new(free: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Told { free, ..Told::default() })))
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap()
    }
}

impl Dispatch for Places {
    fn reserve(&self, _: &WebhookId) -> Option<Duration> {
        let mut told = self.told();
        let room = told.free > 0;
        told.free -= usize::from(room);
        room.then_some(LEASE)
    }
    fn release(&self, _: &WebhookId) {
        self.told().free += 1;
    }
    fn deliver(&self, born: Vec<BornDelivery>) {
        self.told().delivered.extend(born);
    }
    fn wake(&self) {
        self.told().woken += 1;
    }
}

fn draft(event_type: EventType) -> Draft {
    Draft {
        event_type,
        entity_ids: vec!["a".into(), "b\u{fffd}é".into()],
        performed_by: "ada@example.com".into(),
        performed_at: Timestamp::from_micros(1_799_999_999_123_456),
        data: Some(r#"{"CHANGED":["name"]}"#.into()),
    }
}

async fn insert(house: &House, dispatch: &Arc<dyn Dispatch>, events: &[&NewEvent]) -> Recorded {
    let mut tx = house.db.begin().await.unwrap();
    let recorded = record::insert(&mut tx, dispatch, &house.organization, events).await.unwrap();
    tx.commit().await.unwrap();
    recorded
}

#[tokio::test]
async fn an_event_is_read_back_as_it_was_recorded() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let places = Places::new(1);
        let recorder = Recorder { clock: house.clock.clone(), rng: house.rng.clone(), dispatch: places.clone() };
        clock.advance(seconds(60));
        let mut tx = house.db.begin().await.unwrap();
        let event = recorder
            .record(&mut tx, &house.organization, TimeZone::UTC, draft(EventType::ProjectEdited))
            .await
            .unwrap();
        assert!(places.told().delivered.is_empty(), "nothing is sent before the commit");
        tx.commit().await.unwrap();
        assert_eq!(places.told().delivered.len(), 1);
        assert_eq!(places.told().delivered[0].leased_until, house.now() + LEASE);

        let mut conn = house.db.read().await.unwrap();
        let read = find(&mut conn, &house.organization, &event.id).await.unwrap().unwrap();
        assert_eq!(read.id, event.id);
        assert_eq!((read.seq, read.event_type), (2, EventType::ProjectEdited), "the webhook was the first change");
        assert_eq!((read.entity_ids, read.performed_by), (event.entity_ids, event.performed_by));
        assert_eq!((read.data, read.body.as_str()), (event.data, &*event.body));
        assert_eq!((read.performed_at, read.recorded_at), (Timestamp::from_seconds(1_799_999_999), house.now()));
        assert!(read.webhooks_enabled);
        let stranger = OrganizationId::new(house.now(), &SystemRng);
        assert!(find(&mut conn, &stranger, &event.id).await.unwrap().is_none());
        let row = house.delivery(&webhook, &event.id).await;
        assert_eq!((row.state.as_str(), row.lease), ("pending", 1));
        assert_eq!((row.due_at, row.leased_until), (Some(house.now() + LEASE), Some(house.now() + LEASE)));
    })
    .await;
}

#[tokio::test]
async fn what_is_rolled_back_is_not_recorded_and_keeps_no_place() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let places = Places::new(1);
        let recorder = Recorder { clock: house.clock.clone(), rng: house.rng.clone(), dispatch: places.clone() };
        let mut tx = house.db.begin().await.unwrap();
        recorder.record(&mut tx, &house.organization, TimeZone::UTC, draft(EventType::IntakeCreated)).await.unwrap();
        assert_eq!(places.told().free, 0);
        drop(tx);
        assert_eq!(places.told().free, 1);
        // The connection is free again, and what it wrote is gone.
        drop(house.db.begin().await.unwrap());
        assert!(house.deliveries(&webhook).await.is_empty());
        assert_eq!(house.number("SELECT COUNT(*) FROM events").await, 0);
    })
    .await;
}

#[tokio::test]
async fn fan_out_makes_one_delivery_for_each_subscriber_in_its_state() {
    on_both(async |house, _| {
        let active = house.add_webhook("https://example.com/1").await;
        let paused = house.add_webhook("https://example.com/2").await;
        let resting = house.add_webhook("https://example.com/3").await;
        let rested = house.add_webhook("https://example.com/4").await;
        let other = house.add_webhook_for("https://example.com/5", &[EventType::ProjectCreated]).await;
        let ended = house.add_webhook("https://example.com/6").await;
        let deleted = house.add_webhook("https://example.com/7").await;
        house.run(&paused, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        house.run(&resting, "UPDATE webhooks SET not_before = 1800000060000000 WHERE id = $1").await;
        house.run(&rested, "UPDATE webhooks SET not_before = 1799999999000000 WHERE id = $1").await;
        house.run(&ended, "UPDATE subscriptions SET until_seq = 9 WHERE webhook_id = $1").await;
        house.run(&deleted, "UPDATE webhooks SET deleted_at = 1800000000000000 WHERE id = $1").await;
        let places = Places::new(1);
        let dispatch: Arc<dyn Dispatch> = places.clone();
        let event = house.draft(EventType::IntakeCreated, "1");
        let Recorded::Done(fan_out) = insert(house, &dispatch, &[&event]).await else { panic!("it is turned on") };
        assert_eq!(fan_out.made, [4]);
        fan_out.announce();
        {
            let told = places.told();
            assert_eq!((told.delivered.len(), told.woken, told.free), (1, 1, 0));
            assert_eq!(told.delivered[0].id.webhook, active);
        }

        let row = house.delivery(&paused, &event.id).await;
        assert_eq!((row.state.as_str(), row.hold.as_deref(), row.due_at), ("held", Some("webhook"), None));
        let row = house.delivery(&resting, &event.id).await;
        assert_eq!((row.state.as_str(), row.due_at, row.lease), ("pending", Some(house.now() + seconds(60)), 0));
        let row = house.delivery(&rested, &event.id).await;
        assert_eq!((row.due_at, row.leased_until), (Some(house.now()), None), "there was one place only");
        for webhook in [&other, &ended, &deleted] {
            assert!(house.deliveries(webhook).await.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn without_the_switch_events_are_recorded_without_deliveries() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let dispatch: Arc<dyn Dispatch> = Arc::new(NoDispatch);
        house.run(&webhook, "UPDATE organizations SET webhooks_enabled = 0 WHERE id <> $1").await;
        let event = house.draft(EventType::IntakeCreated, "1");
        assert!(matches!(insert(house, &dispatch, &[&event]).await, Recorded::WithoutDeliveries));
        assert!(house.deliveries(&webhook).await.is_empty());
        let mut conn = house.db.read().await.unwrap();
        let read = find(&mut conn, &house.organization, &event.id).await.unwrap().unwrap();
        assert!(!read.webhooks_enabled);
    })
    .await;
}

#[tokio::test]
async fn an_event_of_nobody_is_refused() {
    on_both(async |house, _| {
        let stranger = OrganizationId::new(house.now(), &SystemRng);
        let dispatch: Arc<dyn Dispatch> = Arc::new(NoDispatch);
        let event = house.draft(EventType::IntakeCreated, "1");
        let mut tx = house.db.begin().await.unwrap();
        assert!(next_seq(&mut tx, &stranger, 1).await.unwrap().is_none());
        let refused = record::insert(&mut tx, &dispatch, &stranger, &[&event]).await;
        assert!(matches!(refused.err(), Some(DbError::Inconsistent { table: "events", .. })));
    })
    .await;
}

#[tokio::test]
async fn a_number_is_given_to_every_event_of_a_large_group() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let dispatch: Arc<dyn Dispatch> = Arc::new(NoDispatch);
        let events: Vec<_> = (0..150).map(|n| house.draft(EventType::IntakeCreated, &n.to_string())).collect();
        let refs: Vec<_> = events.iter().collect();
        let Recorded::Done(fan_out) = insert(house, &dispatch, &refs).await else { panic!("it is turned on") };
        assert_eq!(fan_out.made, vec![1; 150]);
        let mut conn = house.db.read().await.unwrap();
        for (n, event) in events.iter().enumerate() {
            let read = find(&mut conn, &house.organization, &event.id).await.unwrap().unwrap();
            assert_eq!(read.seq, 2 + i64::try_from(n).unwrap());
        }
        assert_eq!(house.deliveries(&webhook).await.len(), 150);
    })
    .await;
}

#[tokio::test]
async fn lists_of_events_are_filtered_and_paged_newest_first() {
    on_both(async |house, clock| {
        let mut ids = Vec::new();
        for n in 0..6 {
            if n % 2 == 0 {
                clock.advance(seconds(10));
            }
            let kind = if n % 3 == 0 { EventType::ProjectCreated } else { EventType::ProjectEdited };
            ids.push(house.publish(kind).await);
        }
        let mut conn = house.db.read().await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(&mut conn, &house.organization, &Filter::default(), after.as_ref(), 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(Cursor { at: last.recorded_at, id: last.id.to_string() });
            seen.extend(page.into_iter().map(|event| event.id));
        }
        let newest_first: Vec<_> = ids.iter().rev().cloned().collect();
        assert_eq!(seen, newest_first);

        let since = super::START + seconds(20);
        let count = async |conn: &mut herald::db::Conn, filter: Filter| {
            list(conn, &house.organization, &filter, None, 100).await.unwrap().len()
        };
        let event_type = Some(EventType::ProjectCreated);
        assert_eq!(count(&mut conn, Filter { event_type, ..Filter::default() }).await, 2);
        assert_eq!(count(&mut conn, Filter { since: Some(since), ..Filter::default() }).await, 4);
        assert_eq!(count(&mut conn, Filter { until: Some(since), ..Filter::default() }).await, 2);
        let one = Filter { event_type, since: Some(since), until: Some(since + seconds(10)) };
        assert_eq!(count(&mut conn, one).await, 1);
        let stranger = OrganizationId::new(house.now(), &SystemRng);
        assert!(list(&mut conn, &stranger, &Filter::default(), None, 9).await.unwrap().is_empty());
    })
    .await;
}
