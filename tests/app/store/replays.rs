//! delivery::store's replays: what they take, batch by batch, and what they come to.

use std::time::Duration;

use herald::base::{ManualClock, OrganizationId, Place, ReplayId, SystemRng, Timestamp, WebhookId};
use herald::delivery::model::{
    DeliveryState, NewReplay, Replay, ReplayFilter, ReplayState, Trigger, UNDO_WITHIN, Verdict,
};
use herald::delivery::store::{
    Running, cancel_orphan, cancel_replay, count_replayable, finish_replay, insert_replay, next_batch, open_deliveries,
    running_replays, take_batch,
};
use herald::events::EventType;
use herald::webhooks::log::store::{find_replay, list_replays};

use super::{START, claim, on_both, record, result_of, seconds};
use crate::support::house::House;

const FAIL: &str = "UPDATE deliveries SET state = 'failed', due_at = NULL, finished_at = created_at, step = 9, attempts = 10 WHERE webhook_id = $1";

/// A webhook whose deliveries have all failed, a second apart.
async fn failed(house: &House, clock: &ManualClock, count: usize) -> WebhookId {
    let webhook = house.add_webhook("https://example.com/").await;
    for _ in 0..count {
        house.publish(EventType::IntakeCreated).await;
        clock.advance(seconds(1));
    }
    house.run(&webhook, FAIL).await;
    webhook
}

fn everything() -> ReplayFilter {
    let states = ReplayFilter::USUAL_STATES.to_vec();
    ReplayFilter { since: START, until: START + seconds(1_000_000), states, event_types: Vec::new() }
}

async fn count(house: &House, webhook: &WebhookId, filter: &ReplayFilter) -> i64 {
    count_replayable(&mut house.db.read().await.unwrap(), webhook, filter, house.now()).await.unwrap()
}

async fn start(house: &House, webhook: &WebhookId, filter: ReplayFilter) -> ReplayId {
    let new = NewReplay {
        id: ReplayId::new(house.now(), &SystemRng),
        organization: house.organization.clone(),
        webhook: webhook.clone(),
        total: count(house, webhook, &filter).await,
        filter,
        pace: Duration::from_millis(100),
        created_by: "ada@example.com".into(),
        created_at: house.now(),
    };
    let mut tx = house.db.begin().await.unwrap();
    insert_replay(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    new.id
}

async fn running(house: &House) -> Vec<Running> {
    running_replays(&mut house.db.read().await.unwrap()).await.unwrap()
}

/// Takes the next deliveries of a replay; whether it went on.
async fn take(house: &House, replay: &Running, limit: usize) -> bool {
    let start = replay.next_due_at.max(house.now());
    let batch = next_batch(&mut house.db.read().await.unwrap(), replay, start, limit).await.unwrap();
    let mut tx = house.db.begin().await.unwrap();
    let went_on = take_batch(&mut tx, replay, &batch).await.unwrap();
    if went_on {
        tx.commit().await.unwrap();
    }
    went_on
}

async fn find(house: &House, id: &ReplayId) -> Replay {
    let found = find_replay(&mut house.db.read().await.unwrap(), &house.organization, id).await.unwrap();
    found.expect("a replay")
}

async fn finish(house: &House, id: &ReplayId) -> bool {
    let mut tx = house.db.begin().await.unwrap();
    let done = finish_replay(&mut tx, id, house.now()).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn cancel(house: &House, id: &ReplayId) -> bool {
    let mut tx = house.db.begin().await.unwrap();
    let done = cancel_replay(&mut tx, id, house.now()).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn cancel_as_orphan(house: &House, replay: &Running) -> bool {
    let mut tx = house.db.begin().await.unwrap();
    let done = cancel_orphan(&mut tx, replay, house.now()).await.unwrap();
    tx.commit().await.unwrap();
    done
}

/// total, done, succeeded, failed.
fn figures(replay: &Replay) -> (i64, i64, i64, i64) {
    (replay.total, replay.done, replay.succeeded, replay.failed)
}

async fn states(house: &House, webhook: &WebhookId) -> Vec<String> {
    house.deliveries(webhook).await.into_iter().map(|row| row.state).collect()
}

#[tokio::test]
async fn a_replay_takes_what_its_filter_says_and_no_other() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 4).await;
        let other = house.add_webhook("https://example.com/").await;
        assert_eq!(count(house, &webhook, &everything()).await, 4);
        assert_eq!(count(house, &other, &everything()).await, 0);
        let since = START + seconds(1);
        assert_eq!(count(house, &webhook, &ReplayFilter { since, ..everything() }).await, 3, "since is included");
        let until = START + seconds(3);
        assert_eq!(count(house, &webhook, &ReplayFilter { since, until, ..everything() }).await, 2, "until is not");
        for (states, expected) in [(vec![DeliveryState::Cancelled], 0), (vec![DeliveryState::Failed], 4)] {
            assert_eq!(count(house, &webhook, &ReplayFilter { states, ..everything() }).await, expected);
        }
        let of = |event_types| ReplayFilter { event_types, ..everything() };
        assert_eq!(count(house, &webhook, &of(vec![EventType::ProjectCreated])).await, 0);
        let both = vec![EventType::ProjectCreated, EventType::IntakeCreated];
        assert_eq!(count(house, &webhook, &of(both)).await, 4);
    })
    .await;
}

#[tokio::test]
async fn batches_follow_each_other_at_the_pace_and_nobody_takes_one_twice() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 5).await;
        let id = start(house, &webhook, everything()).await;
        let first = running(house).await.remove(0);
        assert!(first.is_deliverable && first.deleted_at.is_none() && !first.is_scanned);
        assert!(take(house, &first, 2).await);
        assert!(!take(house, &first, 2).await, "another node has it");
        assert_eq!(states(house, &webhook).await, ["pending", "pending", "failed", "failed", "failed"]);
        let rows = house.deliveries(&webhook).await;
        let after = |millis| Some(house.now() + Duration::from_millis(millis));
        assert_eq!([rows[0].due_at, rows[1].due_at], [after(0), after(100)]);
        assert_eq!(figures(&find(house, &id).await), (5, 0, 0, 0));

        let second = running(house).await.remove(0);
        assert_eq!(Some(second.next_due_at), after(200), "the pace goes on where it stopped");
        assert!(take(house, &second, 4).await);
        let last = running(house).await.remove(0);
        assert!(last.is_scanned && !take(house, &last, 4).await);
        assert_eq!(house.deliveries(&webhook).await[4].due_at, after(400));
        assert!(!finish(house, &id).await, "its deliveries are open");

        // The first attempt is the replay's, what fails is tried again by the schedule, from its beginning.
        clock.advance(seconds(1));
        let jobs = claim(house, &webhook, 5).await;
        assert!(jobs.iter().all(|job| (job.trigger, job.step, job.attempts) == (Trigger::Replay, 0, 10)));
        let due_at = house.now() + seconds(5);
        record(house, result_of(house, &jobs[0], Verdict::Retry { due_at })).await;
        for job in &jobs[1..4] {
            record(house, result_of(house, job, Verdict::Succeeded)).await;
        }
        record(house, result_of(house, &jobs[4], Verdict::GaveUp)).await;
        assert_eq!(figures(&find(house, &id).await), (5, 4, 3, 1));
        assert!(open_deliveries(&mut house.db.read().await.unwrap(), &id).await.unwrap().others);
        clock.advance(seconds(5));
        let retry = claim(house, &webhook, 5).await.remove(0);
        assert_eq!((retry.trigger, retry.step, retry.attempts), (Trigger::Schedule, 1, 11));
        record(house, result_of(house, &retry, Verdict::Succeeded)).await;
        assert!(finish(house, &id).await && !finish(house, &id).await);
        let done = find(house, &id).await;
        assert_eq!((figures(&done), done.state), ((5, 5, 4, 1), ReplayState::Finished));
        assert!(running(house).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn cancelling_brings_back_what_did_not_get_through() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 3).await;
        house.run(&webhook, "UPDATE deliveries SET state = 'cancelled', reason = 'cancelled_on_resume' WHERE webhook_id = $1 AND created_at > 1800000000000000").await;
        let id = start(house, &webhook, everything()).await;
        assert!(take(house, &running(house).await[0], 2).await);
        let jobs = claim(house, &webhook, 1).await;
        assert!(cancel(house, &id).await && !cancel(house, &id).await);
        let rows = house.deliveries(&webhook).await;
        assert_eq!(states(house, &webhook).await, ["failed", "cancelled", "cancelled"]);
        let reasons: Vec<_> = rows.iter().map(|row| row.reason.as_deref()).collect();
        assert_eq!(reasons, [None, Some("replay_cancelled"), Some("cancelled_on_resume")]);
        assert!(rows.iter().all(|row| row.due_at.is_none()));
        // An attempt under way ends and counts.
        record(house, result_of(house, &jobs[0], Verdict::Succeeded)).await;
        assert_eq!(states(house, &webhook).await[0], "succeeded");
        let cancelled = find(house, &id).await;
        assert_eq!((figures(&cancelled), cancelled.state), ((3, 0, 0, 0), ReplayState::Cancelled));
        assert!(running(house).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_comes_into_another_replay_counts_in_the_first_as_what_it_was() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 2).await;
        let first = start(house, &webhook, everything()).await;
        assert!(take(house, &running(house).await[0], 9).await);
        let jobs = claim(house, &webhook, 1).await;
        record(house, result_of(house, &jobs[0], Verdict::Succeeded)).await;
        clock.advance(seconds(2));
        let states = vec![DeliveryState::Succeeded];
        let second = start(house, &webhook, ReplayFilter { states, ..everything() }).await;
        let newer = running(house).await.into_iter().find(|replay| replay.id == second).expect("it runs");
        assert!(take(house, &newer, 9).await);
        assert_eq!(figures(&find(house, &first).await), (2, 1, 1, 0));
        assert_eq!(figures(&find(house, &second).await), (1, 0, 0, 0));
        let listed = list_replays(&mut house.db.read().await.unwrap(), &webhook, &Place::Newest, 1).await.unwrap();
        assert_eq!((listed.rows[0].id.clone(), listed.has_older), (second, true));
    })
    .await;
}

#[tokio::test]
async fn a_replay_waits_while_its_webhook_is_not_active_and_knows_when_it_is_gone() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 1).await;
        start(house, &webhook, everything()).await;
        let ready = running(house).await.remove(0);
        house.run(&webhook, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        assert!(!running(house).await[0].is_deliverable);
        assert!(!take(house, &ready, 9).await, "it was paused between the look and the taking");
        assert_eq!(states(house, &webhook).await, ["failed"]);
        house.run(&webhook, "UPDATE webhooks SET deleted_at = 1 WHERE id = $1").await;
        let gone = running(house).await.remove(0);
        let is_orphaned = |seconds| gone.is_orphaned(Timestamp::from_seconds(seconds));
        assert!(!gone.is_deliverable && !is_orphaned(600) && is_orphaned(601));
    })
    .await;
}

#[tokio::test]
async fn a_deletion_that_was_undone_in_time_ends_no_replay() {
    on_both(async |house, clock| {
        let webhook = failed(house, clock, 1).await;
        let id = start(house, &webhook, everything()).await;
        house.run(&webhook, "UPDATE webhooks SET deleted_at = 1 WHERE id = $1").await;
        let orphan = running(house).await.remove(0);
        house.run(&webhook, "UPDATE webhooks SET deleted_at = NULL WHERE id = $1").await;
        assert!(!cancel_as_orphan(house, &orphan).await, "it was undone between the look and the cancelling");
        assert_eq!(find(house, &id).await.state, ReplayState::Running);
        let now = "UPDATE webhooks SET deleted_at = (SELECT created_at FROM replays) WHERE id = $1";
        house.run(&webhook, now).await;
        assert!(!cancel_as_orphan(house, &orphan).await, "it can be undone");
        clock.advance(UNDO_WITHIN);
        assert!(cancel_as_orphan(house, &orphan).await);
        assert_eq!(find(house, &id).await.state, ReplayState::Cancelled);
    })
    .await;
}

#[tokio::test]
async fn a_replay_of_nothing_is_finished_at_once() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let id = start(house, &webhook, everything()).await;
        let found = find(house, &id).await;
        assert_eq!(
            (found.state, figures(&found), found.finished_at),
            (ReplayState::Finished, (0, 0, 0, 0), Some(START))
        );
        let other = OrganizationId::new(START, &SystemRng);
        let hidden = find_replay(&mut house.db.read().await.unwrap(), &other, &id).await.unwrap();
        assert_eq!(hidden, None);
    })
    .await;
}
