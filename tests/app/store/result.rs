//! delivery::store's results: what an attempt's end makes of its delivery and its webhook, and Disable.

use std::sync::Arc;

use herald::base::{ManualClock, Timestamp, WebhookId};
use herald::delivery::model::{AttemptResult, DeliveryState, DisabledReason, Job, Trigger, Verdict};
use herald::delivery::store::{Disable, Evidence, RecordResult, hold};
use herald::events::EventType;
use sqlx::Row as _;

use super::{START, claim, on_both, record, result_of, seconds};
use crate::support::Engine;
use crate::support::app::eventually;
use crate::support::house::{DeliveryRow, House};

const LATER: Timestamp = Timestamp::from_seconds(1_800_000_300);

fn verdicts() -> [Verdict; 4] {
    [Verdict::Succeeded, Verdict::Retry { due_at: LATER }, Verdict::GaveUp, Verdict::Unchanged]
}

/// What the first five columns of `webhooks` that delivering changes hold.
#[derive(Debug, PartialEq, Eq)]
struct Health {
    state: String,
    disabled_reason: Option<String>,
    failing_since: Option<Timestamp>,
    failures: i64,
    not_before: Option<Timestamp>,
}

async fn health(house: &House, webhook: &WebhookId) -> Health {
    let mut conn = house.db.read().await.unwrap();
    let row =
        sqlx::query("SELECT state, disabled_reason, failing_since, failures, not_before FROM webhooks WHERE id = $1")
            .bind(webhook)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
    Health {
        state: row.get(0),
        disabled_reason: row.get(1),
        failing_since: row.get(2),
        failures: row.get(3),
        not_before: row.get(4),
    }
}

/// Puts the webhook's deliveries, whose attempt is under way, into `state`, as somebody's action would.
async fn put(house: &House, webhook: &WebhookId, state: DeliveryState) {
    let statement = match state {
        DeliveryState::Pending => return,
        DeliveryState::Held => {
            "UPDATE deliveries SET state = 'held', hold = 'webhook', due_at = NULL WHERE webhook_id = $1"
        }
        DeliveryState::Succeeded => {
            "UPDATE deliveries SET state = 'succeeded', finished_at = 7, due_at = NULL WHERE webhook_id = $1"
        }
        DeliveryState::Failed => {
            "UPDATE deliveries SET state = 'failed', finished_at = 7, due_at = NULL WHERE webhook_id = $1"
        }
        DeliveryState::Cancelled => {
            "UPDATE deliveries SET state = 'cancelled', reason = 'webhook_deleted', undo_state = 'pending', finished_at = 7, due_at = NULL \
             WHERE webhook_id = $1"
        }
    };
    house.run(webhook, statement).await;
}

/// The table of `result.rs`: the state after, and when it is due.
fn expected(verdict: Verdict, before: DeliveryState) -> (DeliveryState, Option<Timestamp>) {
    use DeliveryState::{Failed, Held, Pending, Succeeded};
    let lease_end = START + super::LEASE;
    match (verdict, before) {
        (Verdict::Succeeded, _) => (Succeeded, None),
        (Verdict::Retry { due_at }, Pending) => (Pending, Some(due_at)),
        (Verdict::GaveUp, Pending | Held) => (Failed, None),
        (Verdict::Unchanged, Pending) => (Pending, Some(lease_end)),
        (Verdict::Retry { .. } | Verdict::GaveUp | Verdict::Unchanged, other) => (other, None),
    }
}

#[tokio::test]
async fn every_verdict_moves_every_state_as_the_table_says() {
    on_both(async |house, _| {
        for before in DeliveryState::ALL.iter().copied() {
            for verdict in verdicts() {
                let case = format!("{verdict:?} of a {before} delivery");
                let webhook = house.add_webhook("https://example.com/").await;
                let event = house.publish(EventType::IntakeCreated).await;
                let job = claim(house, &webhook, 1).await.remove(0);
                put(house, &webhook, before).await;
                record(house, result_of(house, &job, verdict)).await;

                let row = house.delivery(&webhook, &event).await;
                let (state, due_at) = expected(verdict, before);
                assert_eq!((row.state.as_str(), row.due_at), (state.as_str(), due_at), "{case}");
                assert_eq!((row.leased_until, row.attempts), (None, 1), "{case}");
                let used = matches!(verdict, Verdict::Retry { .. } | Verdict::GaveUp);
                assert_eq!(row.step, i64::from(used), "{case}");
                let status = if verdict == Verdict::Succeeded { 200 } else { 500 };
                assert_eq!(row.last_status, Some(status), "{case}");
                let ended = verdict == Verdict::Succeeded
                    || (verdict == Verdict::GaveUp && matches!(before, DeliveryState::Pending | DeliveryState::Held));
                let finished_at = match before {
                    _ if ended => Some(house.now() + seconds(1)),
                    DeliveryState::Pending | DeliveryState::Held => None,
                    _ => Some(Timestamp::from_micros(7)),
                };
                assert_eq!(row.finished_at, finished_at, "{case}");
                assert_eq!(row.hold.is_some(), state == DeliveryState::Held, "{case}");
                let cancelled = state == DeliveryState::Cancelled;
                assert_eq!(row.reason.is_some(), cancelled, "{case}");
                assert_eq!(row.undo_state.is_some(), cancelled, "{case}");
                assert_eq!(house.attempts(&webhook).await.len(), 1, "{case}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_late_result_is_an_attempt_that_moves_nothing() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let late = claim(house, &webhook, 1).await.remove(0);
        clock.advance(super::LEASE);
        let second = claim(house, &webhook, 1).await.remove(0);
        let before = house.delivery(&webhook, &event).await;
        record(house, result_of(house, &late, Verdict::GaveUp)).await;
        let after = DeliveryRow { attempts: 1, ..before };
        assert_eq!(house.delivery(&webhook, &event).await, after);
        assert_eq!(house.attempts(&webhook).await.len(), 1);
        record(house, result_of(house, &second, Verdict::Succeeded)).await;
        assert_eq!(house.delivery(&webhook, &event).await.state, "succeeded");
        let attempts = house.attempts(&webhook).await;
        let outcomes: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.outcome.as_str())).collect();
        assert_eq!(outcomes, [(1, "status"), (2, "success")], "both requests were made, and both are in the log");
        assert_eq!(house.delivery(&webhook, &event).await.attempts, 2);
    })
    .await;
}

#[tokio::test]
async fn attempts_are_kept_as_they_were_made() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        house.publish(EventType::IntakeCreated).await;
        let job = claim(house, &webhook, 1).await.remove(0);
        record(house, AttemptResult { trigger: Trigger::Redeliver, ..result_of(house, &job, Verdict::Unchanged) }).await;
        let mut conn = house.db.read().await.unwrap();
        let row = sqlx::query(
            "SELECT number, trigger_kind, started_at, duration, url, outcome, status_code, error, request_headers, response_headers, \
             response_body, response_encoding, response_truncated, organization_id FROM attempts",
        )
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        assert_eq!((row.get::<i64, _>(0), row.get::<String, _>(1).as_str()), (1, "redeliver"));
        assert_eq!((row.get::<Timestamp, _>(2), row.get::<i64, _>(3)), (START, 1_000_000));
        assert_eq!(row.get::<String, _>(4), "https://example.com/");
        assert_eq!((row.get::<String, _>(5).as_str(), row.get::<Option<i64>, _>(6)), ("status", Some(500)));
        assert_eq!(row.get::<Option<String>, _>(7).as_deref(), Some("Your server answered 500."));
        assert_eq!(row.get::<String, _>(8), r#"[["host","example.com"]]"#);
        assert_eq!(row.get::<String, _>(9), "[]");
        assert_eq!((row.get::<String, _>(10).as_str(), row.get::<String, _>(11).as_str()), ("/wA=", "base64"));
        assert_eq!(row.get::<i64, _>(12), 1);
        assert_eq!(row.get::<herald::base::OrganizationId, _>(13), house.organization);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_without_an_answer_has_no_status() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        let event = house.publish(EventType::IntakeCreated).await;
        let job = claim(house, &webhook, 1).await.remove(0);
        let mut result = result_of(house, &job, Verdict::Retry { due_at: LATER });
        (result.attempt.status_code, result.attempt.outcome) = (None, "timeout");
        record(house, result).await;
        let row = house.delivery(&webhook, &event).await;
        assert_eq!((row.last_status, row.last_outcome.as_deref()), (None, Some("timeout")));
    })
    .await;
}

#[tokio::test]
async fn results_that_come_together_are_written_each_for_itself() {
    on_both(async |house, _| {
        let (first, second) =
            (house.add_webhook("https://example.com/1").await, house.add_webhook("https://example.com/2").await);
        for _ in 0..75 {
            house.publish(EventType::IntakeCreated).await;
        }
        let mut results = Vec::new();
        for webhook in [&first, &second] {
            for (n, job) in claim(house, webhook, 75).await.iter().enumerate() {
                results.push(RecordResult(result_of(house, job, verdicts()[n % 4]).into()));
            }
        }
        let recorded = futures_util::future::join_all(results.into_iter().map(|result| house.db.submit(result))).await;
        assert!(recorded.into_iter().all(|result| result.is_ok()));
        for webhook in [&first, &second] {
            let rows = house.deliveries(webhook).await;
            for (n, row) in rows.iter().enumerate() {
                assert_eq!(row.state, ["succeeded", "pending", "failed", "pending"][n % 4]);
                assert_eq!(row.last_status, Some(if n % 4 == 0 { 200 } else { 500 }));
            }
            assert_eq!(house.attempts(webhook).await.len(), 75);
        }
    })
    .await;
}

async fn attempt(house: &House, job: &Job, verdict: Verdict, trigger: Trigger) {
    record(house, AttemptResult { trigger, ..result_of(house, job, verdict) }).await;
}

#[tokio::test]
async fn failures_begin_a_spell_that_a_success_of_any_kind_ends() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..6 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &webhook, 6).await;
        let retry = Verdict::Retry { due_at: LATER };
        attempt(house, &jobs[0], Verdict::Unchanged, Trigger::Redeliver).await;
        assert_eq!(health(house, &webhook).await.failing_since, None, "a failed redelivery is not counted");
        attempt(house, &jobs[1], retry, Trigger::Schedule).await;
        clock.advance(seconds(60));
        attempt(house, &jobs[2], Verdict::GaveUp, Trigger::Schedule).await;
        let ill = health(house, &webhook).await;
        assert_eq!((ill.failing_since, ill.failures), (Some(START + seconds(1)), 2));
        attempt(house, &jobs[3], Verdict::Succeeded, Trigger::Redeliver).await;
        let well = health(house, &webhook).await;
        assert_eq!((well.failing_since, well.failures), (None, 0));
        attempt(house, &jobs[4], retry, Trigger::Schedule).await;
        assert_eq!(health(house, &webhook).await.failing_since, Some(house.now() + seconds(1)));
    })
    .await;
}

#[tokio::test]
async fn what_the_receiver_asked_for_is_kept_and_only_made_longer() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        for _ in 0..3 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &webhook, 3).await;
        for (job, asked) in jobs.iter().zip([Some(60), Some(30), None]) {
            let not_before = asked.map(|wait| START + seconds(wait));
            let retry = Verdict::Retry { due_at: LATER };
            record(house, AttemptResult { not_before, ..result_of(house, job, retry) }).await;
        }
        assert_eq!(health(house, &webhook).await.not_before, Some(START + seconds(60)));
    })
    .await;
}

#[tokio::test]
async fn disabling_holds_what_is_pending_once() {
    on_both(async |house, _| {
        for (reason, word) in [(DisabledReason::Gone, "gone"), (DisabledReason::Failing, "failing")] {
            let webhook = house.add_webhook("https://example.com/").await;
            let event = house.publish(EventType::IntakeCreated).await;
            let disable = Disable {
                organization: house.organization.clone(),
                webhook: webhook.clone(),
                reason,
                spell: None,
                evidence: Evidence { event: event.clone(), error: None },
                now: house.now(),
            };
            let counter = "SELECT value FROM change_counter WHERE id = 1";
            let before = house.number(counter).await;
            assert!(house.db.submit(disable.clone()).await.unwrap());
            assert!(house.number(counter).await > before, "other nodes are told");
            assert!(!house.db.submit(disable).await.unwrap(), "it is not active any more");
            let disabled = health(house, &webhook).await;
            assert_eq!((disabled.state.as_str(), disabled.disabled_reason.as_deref()), ("disabled", Some(word)));
            let row = house.delivery(&webhook, &event).await;
            assert_eq!((row.state.as_str(), row.hold.as_deref(), row.due_at), ("held", Some("webhook"), None));
        }
    })
    .await;
}

/// On SQLite there is one writer, and nobody to wait for in a circle.
#[tokio::test]
async fn a_pause_and_the_result_of_a_failure_do_not_wait_for_each_other() {
    let house = Arc::new(House::open(Engine::Postgres, Arc::new(ManualClock::at(START))).await);
    let webhook = house.add_webhook("https://example.com/").await;
    let event = house.publish(EventType::IntakeCreated).await;
    let job = claim(&house, &webhook, 1).await.remove(0);
    let mut pausing = house.db.begin().await.unwrap();
    sqlx::query("UPDATE webhooks SET state = 'paused' WHERE id = $1")
        .bind(&webhook)
        .execute(&mut *pausing)
        .await
        .unwrap();
    let result = result_of(&house, &job, Verdict::Retry { due_at: LATER });
    let recording = tokio::spawn({
        let house = house.clone();
        async move { house.db.submit(RecordResult(result.into())).await }
    });
    eventually("the result waits for the pause", &mut async || {
        let waiting =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        (house.number(waiting).await == 1).then_some(())
    })
    .await;
    hold(&mut pausing, &webhook).await.unwrap();
    pausing.commit().await.unwrap();
    recording.await.unwrap().unwrap();
    let row = house.delivery(&webhook, &event).await;
    assert_eq!((row.state.as_str(), row.attempts), ("held", 1));
    assert_eq!(health(&house, &webhook).await.failures, 1);
}
