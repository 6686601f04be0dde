//! delivery::store's leases: claim, release, what is due, and what a start frees.

use std::sync::Arc;

use herald::base::{DeliveryId, ManualClock, Timestamp, WebhookId};
use herald::db::{Db, Options};
use herald::delivery::model::Job;
use herald::delivery::store::{Claim, Extend, Release, due_webhooks, free_all_leases, start_redelivery};
use herald::events::EventType;

use super::{LEASE, START, claim, is_first, on_both, seconds};
use crate::support::Engine;
use crate::support::house::House;

async fn due(house: &House) -> Vec<(WebhookId, Timestamp)> {
    due_webhooks(&mut house.db.read().await.unwrap()).await.unwrap()
}

async fn release(house: &House, job: &Job, due_at: Option<Timestamp>) {
    house.db.submit(Release { id: job.id.clone(), lease: job.lease, due_at }).await.unwrap();
}

#[tokio::test]
async fn a_claim_takes_what_is_due_oldest_first_and_leases_it() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let other = house.add_webhook_for("https://example.com/", &[EventType::IntakeCreated]).await;
        let mut events = Vec::new();
        for _ in 0..5 {
            events.push(house.publish(EventType::IntakeCreated).await);
            clock.advance(seconds(1));
        }
        let jobs = claim(house, &webhook, 3).await;
        let taken: Vec<_> = jobs.iter().map(|job| job.id.event.clone()).collect();
        assert_eq!(taken, events[..3]);
        for job in &jobs {
            assert!(is_first(job));
            assert_eq!((job.lease, job.leased_until), (1, house.now() + LEASE));
            assert!(job.body.contains(job.id.event.as_str()));
            let row = house.delivery(&webhook, &job.id.event).await;
            assert_eq!((row.state.as_str(), row.lease, row.attempts), ("pending", 1, 0));
            assert_eq!((row.due_at, row.leased_until), (Some(job.leased_until), Some(job.leased_until)));
        }
        assert_eq!(claim(house, &webhook, 3).await.len(), 2);
        assert!(claim(house, &webhook, 3).await.is_empty(), "everything is leased");
        assert_eq!(claim(house, &other, 9).await.len(), 5, "leases of one webhook are not those of another");

        clock.advance(LEASE);
        let again = claim(house, &webhook, 9).await;
        assert_eq!(again.len(), 5, "a lease that has run out is due again");
        assert!(again.iter().all(|job| job.lease == 2 && job.attempts == 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_given_back_is_due_when_it_says_and_only_to_its_holder() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..10 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &webhook, 10).await;
        let later = house.now() + seconds(30);
        // Together, so that they are written in groups.
        futures_util::future::join_all(jobs[..9].iter().map(|job| release(house, job, Some(later)))).await;
        let stale = Job { lease: 0, ..jobs[9].clone() };
        release(house, &stale, Some(later)).await;
        let rows = house.deliveries(&webhook).await;
        assert!(rows[..9].iter().all(|row| row.due_at == Some(later) && row.leased_until.is_none()));
        assert_eq!(rows[9].leased_until, Some(house.now() + LEASE), "an older lease gives nothing back");
        assert!(claim(house, &webhook, 10).await.is_empty());
        clock.advance(seconds(30));
        assert_eq!(claim(house, &webhook, 10).await.len(), 9);
    })
    .await;
}

#[tokio::test]
async fn what_became_held_meanwhile_is_given_back_without_a_time() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let jobs = claim(house, &webhook, 1).await;
        house
            .run(
                &webhook,
                "UPDATE deliveries SET state = 'held', hold = 'webhook', due_at = NULL WHERE webhook_id = $1",
            )
            .await;
        release(house, &jobs[0], Some(house.now())).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.state.as_str(), row.due_at, row.leased_until), ("held", None, None));
    })
    .await;
}

#[tokio::test]
async fn a_redelivery_is_given_back_with_its_planned_time() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let id = DeliveryId { webhook: webhook.clone(), event: event.clone() };
        let mut tx = house.db.begin().await.unwrap();
        let started = start_redelivery(&mut tx, &house.organization, &id, house.now()).await.unwrap();
        tx.commit().await.unwrap();
        release(house, &started.unwrap().unwrap().job, None).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.due_at, row.leased_until), (Some(START), None));
    })
    .await;
}

#[tokio::test]
async fn only_its_holder_makes_a_redeliverys_lease_longer() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let id = DeliveryId { webhook: webhook.clone(), event: event.clone() };
        let mut tx = house.db.begin().await.unwrap();
        let started = start_redelivery(&mut tx, &house.organization, &id, house.now()).await.unwrap();
        tx.commit().await.unwrap();
        let job = started.unwrap().unwrap().job;
        let until = house.now() + seconds(600);
        let extend = async |lease| house.db.submit(Extend { id: id.clone(), lease, until }).await.unwrap();
        assert!(!extend(job.lease - 1).await);
        assert_eq!(house.delivery(&webhook, &event).await.leased_until, Some(job.leased_until));
        clock.advance(seconds(60));
        assert!(extend(job.lease).await, "it has run out, and nobody has taken the delivery meanwhile");
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.leased_until, row.due_at, row.lease), (Some(until), Some(START), job.lease));
        release(house, &job, None).await;
        assert!(!extend(job.lease).await);
    })
    .await;
}

#[tokio::test]
async fn each_webhook_with_work_is_found_with_its_earliest_time() {
    on_both(async |house, clock| {
        assert!(due(house).await.is_empty());
        let mut webhooks = Vec::new();
        for _ in 0..3 {
            webhooks.push(house.add_webhook("https://example.com/").await);
        }
        let idle = house.add_webhook_for("https://example.com/", &[EventType::ProjectCreated]).await;
        house.publish(EventType::IntakeCreated).await;
        clock.advance(seconds(5));
        house.publish(EventType::IntakeCreated).await;
        house.run(&webhooks[1], "UPDATE deliveries SET state = 'held', due_at = NULL WHERE webhook_id = $1").await;
        claim(house, &webhooks[2], 1).await;
        let found = due(house).await;
        assert!(found.iter().all(|(webhook, _)| *webhook != idle));
        assert_eq!(found, [(webhooks[0].clone(), START), (webhooks[2].clone(), START + seconds(5))]);
    })
    .await;
}

#[tokio::test]
async fn a_start_frees_what_the_process_before_had_leased() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..3 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &webhook, 2).await;
        // One whose webhook was paused during its attempt, and one that a redelivery had leased while its retry was planned.
        house.run(&webhook, "UPDATE deliveries SET state = 'held', due_at = NULL WHERE webhook_id = $1 AND lease = 1 AND event_id = (SELECT MIN(event_id) FROM deliveries)").await;
        house.run(&webhook, "UPDATE deliveries SET leased_until = 1800000120000000, due_at = 1800000900000000 WHERE webhook_id = $1 AND lease = 0").await;
        clock.advance(seconds(1));
        let mut tx = house.db.begin().await.unwrap();
        assert_eq!(free_all_leases(&mut tx, house.now()).await.unwrap(), 3);
        tx.commit().await.unwrap();
        let rows = house.deliveries(&webhook).await;
        assert!(rows.iter().all(|row| row.leased_until.is_none()));
        assert_eq!(rows[0].id, jobs[0].id);
        let times: Vec<_> = rows.iter().map(|row| row.due_at).collect();
        assert_eq!(times, [None, Some(house.now()), Some(START + seconds(900))]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_claimers_never_get_the_same_delivery() {
    for engine in Engine::ALL {
        let house = House::open(engine, Arc::new(ManualClock::at(START))).await;
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..200 {
            house.publish(EventType::IntakeCreated).await;
        }
        // A node of its own has pools of its own.
        let node = Db::open(house.database.url(), Options::default()).await;
        let second = if engine == Engine::Postgres { node.unwrap() } else { house.db.clone() };
        let claims = (0..40).map(|n| {
            let claim = Claim { webhook: webhook.clone(), now: house.now(), limit: 7, lease: LEASE };
            if n % 2 == 0 { house.db.submit(claim) } else { second.submit(claim) }
        });
        let claimed = futures_util::future::join_all(claims).await;
        let mut ids: Vec<_> = claimed.into_iter().flat_map(|jobs| jobs.unwrap()).map(|job| job.id).collect();
        assert_eq!(ids.len(), 200, "{engine:?}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 200, "{engine:?}");
    }
}
