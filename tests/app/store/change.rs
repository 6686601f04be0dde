//! delivery::store's changes: what people's actions do to deliveries.

use std::time::Duration;

use herald::base::{DeliveryId, EventId, OrganizationId, SystemRng, WebhookId};
use herald::db::{Conn, DbError};
use herald::delivery::model::{RedeliverRefusal, Trigger, Verdict};
use herald::delivery::store::{
    HAND_OVER, SwitchCounts, cancel_for_deletion, cancel_held, count_for_switch, count_held, hold, hold_for_switch,
    release_for_switch, release_held, release_held_slowly, start_redelivery, undo_deletion,
};
use herald::events::EventType;
use herald::events::record::next_seq;

use super::{LEASE, START, claim, is_first, on_both, record, result_of, seconds};
use crate::support::house::House;

/// Runs a change as actions do: with the organization locked, in one transaction.
async fn change<T>(house: &House, change: impl AsyncFnOnce(&mut Conn) -> Result<T, DbError>) -> T {
    let mut tx = house.db.begin().await.unwrap();
    next_seq(&mut tx, &house.organization, 1).await.unwrap().unwrap();
    let done = change(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn publish(house: &House, count: usize) -> Vec<EventId> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(house.publish(EventType::IntakeCreated).await);
    }
    events
}

async fn states(house: &House, webhook: &WebhookId) -> Vec<String> {
    house.deliveries(webhook).await.into_iter().map(|row| row.state).collect()
}

#[tokio::test]
async fn pausing_holds_what_is_pending_and_resuming_lets_it_go() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let other = house.add_webhook("https://example.com/").await;
        publish(house, 4).await;
        let jobs = claim(house, &webhook, 2).await;
        record(house, result_of(house, &jobs[0], Verdict::Succeeded)).await;
        assert_eq!(change(house, async |conn| hold(conn, &webhook).await).await, 3);
        assert_eq!(change(house, async |conn| hold(conn, &webhook).await).await, 0);
        assert_eq!(states(house, &webhook).await, ["succeeded", "held", "held", "held"]);
        let rows = house.deliveries(&webhook).await;
        assert!(rows[1..].iter().all(|row| row.due_at.is_none() && row.hold.as_deref() == Some("webhook")));
        assert_eq!(rows[1].leased_until, Some(START + LEASE), "its attempt is still under way");
        assert_eq!(count_held(&mut house.db.read().await.unwrap(), &webhook).await.unwrap(), 3);
        assert_eq!(count_held(&mut house.db.read().await.unwrap(), &other).await.unwrap(), 0);

        clock.advance(seconds(10));
        assert_eq!(change(house, async |conn| release_held(conn, &webhook, house.now()).await).await, 3);
        let rows = house.deliveries(&webhook).await;
        assert!(rows[1..].iter().all(|row| row.state == "pending" && row.hold.is_none()));
        let times: Vec<_> = rows[1..].iter().map(|row| row.due_at).collect();
        assert_eq!(times, [Some(START + LEASE), Some(house.now()), Some(house.now())]);
        assert_eq!(claim(house, &webhook, 9).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_was_held_may_come_back_a_few_a_second() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..4 {
            house.publish(EventType::IntakeCreated).await;
        }
        claim(house, &webhook, 1).await;
        change(house, async |conn| hold(conn, &webhook).await).await;
        let interval = Duration::from_millis(500);
        assert_eq!(change(house, async |conn| release_held_slowly(conn, &webhook, START, interval).await).await, 4);
        let due: Vec<_> = house.deliveries(&webhook).await.iter().map(|row| row.due_at).collect();
        let at = |millis| Some(START + Duration::from_millis(millis));
        assert_eq!(due, [Some(START + super::LEASE), at(500), at(1_000), at(1_500)], "an attempt under way ends first");
        assert!(house.deliveries(&webhook).await.iter().all(|row| row.state == "pending" && row.hold.is_none()));
    })
    .await;
}

#[tokio::test]
async fn resuming_may_also_cancel_what_was_held() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        publish(house, 2).await;
        change(house, async |conn| hold(conn, &webhook).await).await;
        assert_eq!(change(house, async |conn| cancel_held(conn, &webhook, house.now()).await).await, 2);
        for row in house.deliveries(&webhook).await {
            assert_eq!((row.state.as_str(), row.reason.as_deref()), ("cancelled", Some("cancelled_on_resume")));
            assert_eq!((row.hold, row.due_at, row.finished_at), (None, None, Some(START)));
        }
        assert_eq!(change(house, async |conn| cancel_held(conn, &webhook, house.now()).await).await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_switch_lets_go_what_it_held_and_nothing_else() {
    on_both(async |house, clock| {
        let active = house.add_webhook("https://example.com/1").await;
        let paused_before = house.add_webhook("https://example.com/2").await;
        let paused_meanwhile = house.add_webhook("https://example.com/3").await;
        let stranger = OrganizationId::new(house.now(), &SystemRng);
        publish(house, 2).await;
        change(house, async |conn| hold(conn, &paused_before).await).await;
        house.run(&paused_before, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        assert_eq!(change(house, async |conn| hold_for_switch(conn, &stranger).await).await, 0);
        let counted = change(house, async |conn| count_for_switch(conn, &house.organization).await).await;
        assert_eq!(counted, SwitchCounts { pending: 4, held: 0 });
        assert_eq!(change(house, async |conn| hold_for_switch(conn, &house.organization).await).await, 4);
        let counted = change(house, async |conn| count_for_switch(conn, &house.organization).await).await;
        assert_eq!(counted, SwitchCounts { pending: 0, held: 4 });
        let counted = change(house, async |conn| count_for_switch(conn, &stranger).await).await;
        assert_eq!(counted, SwitchCounts::default());
        for row in house.deliveries(&active).await {
            assert_eq!((row.state.as_str(), row.hold.as_deref(), row.due_at), ("held", Some("switch"), None));
        }
        house.run(&paused_meanwhile, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;

        clock.advance(seconds(5));
        let released =
            change(house, async |conn| release_for_switch(conn, &house.organization, house.now()).await).await;
        assert_eq!(released, 2);
        for row in house.deliveries(&active).await {
            assert_eq!((row.state.as_str(), row.hold, row.due_at), ("pending", None, Some(house.now())));
        }
        for webhook in [&paused_before, &paused_meanwhile] {
            for row in house.deliveries(webhook).await {
                assert_eq!((row.state.as_str(), row.hold.as_deref(), row.due_at), ("held", Some("webhook"), None));
            }
        }
    })
    .await;
}

/// A webhook with a delivery in each state, in the order pending, held, succeeded, failed, cancelled.
async fn one_of_each(house: &House) -> WebhookId {
    let webhook = house.add_webhook("https://example.com/").await;
    publish(house, 2).await;
    change(house, async |conn| hold(conn, &webhook).await).await;
    change(house, async |conn| cancel_held(conn, &webhook, house.now()).await).await;
    publish(house, 3).await;
    let jobs = claim(house, &webhook, 2).await;
    record(house, result_of(house, &jobs[0], Verdict::Succeeded)).await;
    record(house, result_of(house, &jobs[1], Verdict::GaveUp)).await;
    change(house, async |conn| hold(conn, &webhook).await).await;
    publish(house, 1).await;
    assert_eq!(states(house, &webhook).await, ["cancelled", "cancelled", "succeeded", "failed", "held", "pending"]);
    webhook
}

async fn delete(house: &House, webhook: &WebhookId) -> i64 {
    let mut tx = house.db.begin().await.unwrap();
    let seq = next_seq(&mut tx, &house.organization, 1).await.unwrap().unwrap().0;
    cancel_for_deletion(&mut tx, webhook, house.now()).await.unwrap();
    tx.commit().await.unwrap();
    house.run(webhook, "UPDATE webhooks SET deleted_at = 1800000000000000 WHERE id = $1").await;
    seq
}

#[tokio::test]
async fn undoing_a_deletion_brings_back_exactly_what_it_cancelled() {
    on_both(async |house, clock| {
        let webhook = one_of_each(house).await;
        house.run(&webhook, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        change(house, async |conn| hold(conn, &webhook).await).await;
        let before = house.deliveries(&webhook).await;
        let seq = delete(house, &webhook).await;
        let rows = house.deliveries(&webhook).await;
        assert!(rows[4..].iter().all(|row| row.reason.as_deref() == Some("webhook_deleted") && row.due_at.is_none()));
        assert_eq!(rows[..4], before[..4]);
        clock.advance(seconds(60));
        house.run(&webhook, "UPDATE webhooks SET deleted_at = NULL WHERE id = $1").await;
        let open =
            change(house, async |conn| undo_deletion(conn, &house.organization, &webhook, seq, house.now()).await);
        assert_eq!(open.await, 2);
        assert_eq!(house.deliveries(&webhook).await, before);
    })
    .await;
}

#[tokio::test]
async fn undoing_a_deletion_makes_up_for_the_events_meanwhile() {
    on_both(async |house, clock| {
        let turned_off = "UPDATE organizations SET webhooks_enabled = 0 WHERE id <> $1";
        let turned_on = "UPDATE organizations SET webhooks_enabled = 1 WHERE id <> $1";
        for (meanwhile, hold) in [
            (turned_on, None),
            (turned_off, Some("switch")),
            ("UPDATE webhooks SET state = 'paused' WHERE id = $1", Some("webhook")),
        ] {
            let webhook = house.add_webhook_for("https://example.com/", &[EventType::IntakeCreated]).await;
            let before = house.publish(EventType::IntakeCreated).await;
            let seq = delete(house, &webhook).await;
            let wanted = house.publish(EventType::IntakeCreated).await;
            let unwanted = house.publish(EventType::ProjectCreated).await;
            house.run(&webhook, turned_off).await;
            house.publish(EventType::IntakeCreated).await;
            house.run(&webhook, turned_on).await;
            house.run(&webhook, meanwhile).await;
            clock.advance(seconds(60));
            house.run(&webhook, "UPDATE webhooks SET deleted_at = NULL WHERE id = $1").await;
            let open =
                change(house, async |conn| undo_deletion(conn, &house.organization, &webhook, seq, house.now()).await);
            assert_eq!(open.await, 2);
            let rows = house.deliveries(&webhook).await;
            let ids: Vec<_> = rows.iter().map(|row| row.id.event.clone()).collect();
            assert_eq!(ids, [before, wanted], "not {unwanted}, and none for what came while webhooks were off");
            for row in rows {
                let (state, due_at) = if hold.is_some() { ("held", None) } else { ("pending", Some(house.now())) };
                assert_eq!((row.state.as_str(), row.hold.as_deref(), row.due_at), (state, hold, due_at));
                assert_eq!((row.reason, row.undo_state, row.finished_at), (None, None, None));
            }
            house.run(&webhook, "UPDATE subscriptions SET until_seq = 0 WHERE webhook_id = $1").await;
            house.run(&webhook, turned_on).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_outlives_the_deletion_is_not_made_twice() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        claim(house, &webhook, 1).await;
        let seq = delete(house, &webhook).await;
        clock.advance(seconds(1));
        house.run(&webhook, "UPDATE webhooks SET deleted_at = NULL WHERE id = $1").await;
        change(house, async |conn| undo_deletion(conn, &house.organization, &webhook, seq, house.now()).await).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.state.as_str(), row.due_at), ("pending", Some(START + LEASE)));
    })
    .await;
}

async fn redeliver(
    house: &House,
    organization: &OrganizationId,
    id: &DeliveryId,
) -> Option<Result<herald::delivery::model::Redelivery, RedeliverRefusal>> {
    change(house, async |conn| start_redelivery(conn, organization, id, house.now()).await).await
}

async fn refusal(house: &House, id: &DeliveryId) -> RedeliverRefusal {
    redeliver(house, &house.organization, id).await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_redelivery_takes_the_lease_and_leaves_state_and_plan() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let job = claim(house, &webhook, 1).await.remove(0);
        assert!(is_first(&job));
        assert_eq!(refusal(house, &job.id).await, RedeliverRefusal::UnderWay);
        let planned = START + seconds(900);
        record(house, result_of(house, &job, Verdict::Retry { due_at: planned })).await;
        clock.advance(seconds(5));

        let redelivery = redeliver(house, &house.organization, &job.id).await.unwrap().unwrap().job;
        assert_eq!((redelivery.lease, redelivery.attempts, redelivery.step), (2, 1, 1));
        assert_eq!((redelivery.trigger, redelivery.leased_until), (Trigger::Redeliver, house.now() + HAND_OVER));
        assert_eq!(redelivery.body, job.body);
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.state.as_str(), row.due_at, row.lease), ("pending", Some(planned), 2));
        assert_eq!(refusal(house, &job.id).await, RedeliverRefusal::UnderWay);
        record(house, result_of(house, &redelivery, Verdict::Unchanged)).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.state.as_str(), row.due_at, row.attempts, row.step), ("pending", Some(planned), 2, 1));
        let again = redeliver(house, &house.organization, &job.id).await.unwrap().unwrap().job;
        record(house, result_of(house, &again, Verdict::Succeeded)).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.state.as_str(), row.due_at, row.attempts), ("succeeded", None, 3));
        assert!(redeliver(house, &house.organization, &job.id).await.unwrap().is_ok(), "in whatever state it is");
    })
    .await;
}

#[tokio::test]
async fn a_redelivery_is_refused_with_its_reason() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let id = DeliveryId { webhook: webhook.clone(), event };
        let stranger = OrganizationId::new(house.now(), &SystemRng);
        assert!(redeliver(house, &stranger, &id).await.is_none());
        let nothing = DeliveryId { event: EventId::new(house.now(), &SystemRng), ..id.clone() };
        assert!(redeliver(house, &house.organization, &nothing).await.is_none());
        for (statement, undo, expected) in [
            (
                "UPDATE webhooks SET state = 'paused' WHERE id = $1",
                "UPDATE webhooks SET state = 'active' WHERE id = $1",
                RedeliverRefusal::NotActive,
            ),
            (
                "UPDATE webhooks SET state = 'disabled' WHERE id = $1",
                "UPDATE webhooks SET state = 'active' WHERE id = $1",
                RedeliverRefusal::NotActive,
            ),
            (
                "UPDATE organizations SET webhooks_enabled = 0 WHERE id <> $1",
                "UPDATE organizations SET webhooks_enabled = 1 WHERE id <> $1",
                RedeliverRefusal::TurnedOff,
            ),
            (
                "UPDATE webhooks SET deleted_at = 1 WHERE id = $1",
                "UPDATE webhooks SET deleted_at = NULL WHERE id = $1",
                RedeliverRefusal::Deleted,
            ),
        ] {
            house.run(&webhook, statement).await;
            assert_eq!(refusal(house, &id).await, expected);
            house.run(&webhook, undo).await;
        }
        assert!(redeliver(house, &house.organization, &id).await.unwrap().is_ok());
    })
    .await;
}

#[tokio::test]
async fn of_two_redeliveries_at_once_one_is_refused() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let id = DeliveryId { webhook, event };
        let tries = (0..4).map(|_| redeliver(house, &house.organization, &id));
        let answers = futures_util::future::join_all(tries).await;
        let taken = answers.iter().filter(|answer| matches!(answer, Some(Ok(_)))).count();
        let refused = answers.iter().filter(|answer| matches!(answer, Some(Err(RedeliverRefusal::UnderWay)))).count();
        assert_eq!((taken, refused), (1, 3));
    })
    .await;
}
