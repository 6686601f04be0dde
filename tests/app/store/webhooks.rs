//! webhooks::store: settings, what is sealed, subscriptions, and what the list says of deliveries.

use std::collections::BTreeSet;
use std::time::Duration;

use herald::base::{Cursor, OrganizationId, Secret, SystemRng, Timestamp, WebhookId};
use herald::delivery::endpoint::Endpoint;
use herald::delivery::model::{AttemptResult, DeliveryState, Verdict};
use herald::delivery::signing::SigningSecret;
use herald::events::EventType;
use herald::events::record::next_seq;
use herald::webhooks::model::{Deletion, Draft, DraftHeader, LastTest, NewWebhook, Webhook, WebhookState};
use herald::webhooks::store::{
    self, Delivered, Hour, attempts_by_hour, count_in_state, count_open, delivered, every_secret, headers,
    insert_secret, last_attempts, next_attempts, recent_events, secrets, set_headers, set_subscriptions,
};
use sqlx::Row as _;

use super::{START, claim, on_both, record, result_of, seconds};
use crate::support::house::House;

fn new_webhook(headers: &[(&str, &str)], events: &[EventType]) -> NewWebhook {
    let row = |(row, (name, value)): (usize, &(&str, &str))| DraftHeader {
        row,
        name: (*name).into(),
        value: Some(Secret::new(*value)),
    };
    let draft = Draft {
        name: "Häkchen".into(),
        description: "For\nthe CRM".into(),
        url: "https://example.com/hook?a=1".into(),
        headers: (1..).zip(headers).map(row).collect(),
        events: events.iter().map(ToString::to_string).collect(),
        ..Draft::default()
    };
    draft.parse().expect("a good webhook")
}

fn webhook(house: &House, new: &NewWebhook) -> Webhook {
    Webhook {
        id: WebhookId::new(house.now(), &SystemRng),
        organization: house.organization.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        endpoint: new.endpoint.clone(),
        state: WebhookState::Active,
        limits: new.limits,
        signing: new.signing.signing(),
        disabled_reason: None,
        version: 1,
        created_by: "ada@example.com".into(),
        created_at: house.now(),
        updated_at: house.now(),
        deleted: None,
        not_before: None,
        failing_since: None,
        failures: 0,
        last_test: None,
        header_names: new.headers.iter().map(|header| header.name.clone()).collect(),
        events: new.events.clone(),
    }
}

async fn add(house: &House, headers: &[(&str, &str)], events: &[EventType]) -> Webhook {
    let new = new_webhook(headers, events);
    let added = webhook(house, &new);
    let mut tx = house.db.begin().await.unwrap();
    let seq = next_seq(&mut tx, &house.organization, 1).await.unwrap().unwrap().0;
    store::insert(&mut tx, &house.vault, &added, seq).await.unwrap();
    set_headers(&mut tx, &house.vault, (&house.organization, &added.id), &new.headers).await.unwrap();
    set_subscriptions(&mut tx, &house.organization, &added.id, &BTreeSet::new(), &new.events, seq).await.unwrap();
    tx.commit().await.unwrap();
    added
}

async fn find(house: &House, id: &WebhookId) -> Option<Webhook> {
    store::find(&mut house.db.read().await.unwrap(), &house.vault, &house.organization, id).await.unwrap()
}

#[tokio::test]
async fn webhooks_are_read_back_as_they_were_added() {
    on_both(async |house, clock| {
        let first =
            add(house, &[("X-B", "2"), ("X-A", "1")], &[EventType::ProjectCreated, EventType::IntakeCreated]).await;
        clock.advance(seconds(1));
        let second = add(house, &[], &[EventType::ProjectDeleted]).await;
        assert_eq!(find(house, &first.id).await, Some(first.clone()));
        let mut conn = house.db.read().await.unwrap();
        assert_eq!(
            store::list(&mut conn, &house.vault, &house.organization).await.unwrap(),
            [first.clone(), second.clone()]
        );
        let after = Cursor { at: second.created_at, id: second.id.to_string() };
        for (after, limit, expected) in [
            (None, 2, vec![second.clone(), first.clone()]),
            (None, 1, vec![second.clone()]),
            (Some(&after), 2, vec![first.clone()]),
        ] {
            let page = store::list_newest(&mut conn, &house.vault, &house.organization, after, limit).await.unwrap();
            assert_eq!(page, expected, "{after:?} {limit}");
        }
        assert_eq!(store::count(&mut conn, &house.organization).await.unwrap(), 2);
        let stranger = OrganizationId::new(START, &SystemRng);
        assert_eq!(store::find(&mut conn, &house.vault, &stranger, &first.id).await.unwrap(), None);
        assert_eq!(store::find_even_deleted(&mut conn, &house.vault, &stranger, &first.id).await.unwrap(), None);
        assert_eq!(store::list(&mut conn, &house.vault, &stranger).await.unwrap(), []);
        assert_eq!(store::list_newest(&mut conn, &house.vault, &stranger, None, 9).await.unwrap(), []);
        assert_eq!(store::count(&mut conn, &stranger).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_change_raises_the_version_and_another_address_is_asked_at_once() {
    on_both(async |house, clock| {
        let mut hook = add(house, &[], &[EventType::ProjectCreated]).await;
        house.run(&hook.id, "UPDATE webhooks SET not_before = 9 WHERE id = $1").await;
        let not_before = "SELECT COUNT(*) FROM webhooks WHERE not_before IS NOT NULL";
        clock.advance(seconds(1));
        for (url, kept) in [("https://example.com/hook?a=1", 1), ("https://example.com/other", 0)] {
            let before = hook.clone();
            hook.endpoint = Endpoint::parse(url).unwrap();
            hook.name = new_webhook(&[], &[EventType::ProjectCreated]).name;
            let mut tx = house.db.begin().await.unwrap();
            store::update_settings(&mut tx, &house.vault, &hook, &before, house.now()).await.unwrap();
            tx.commit().await.unwrap();
            (hook.version, hook.updated_at) = (hook.version + 1, house.now());
            hook.not_before = (kept == 1).then_some(Timestamp::from_micros(9));
            assert_eq!(find(house, &hook.id).await, Some(hook.clone()));
            assert_eq!(house.number(not_before).await, kept);
        }
    })
    .await;
}

#[tokio::test]
async fn becoming_active_starts_anew() {
    on_both(async |house, clock| {
        let hook = add(house, &[], &[EventType::ProjectCreated]).await;
        house
            .run(&hook.id, "UPDATE webhooks SET state = 'disabled', disabled_reason = 'gone', failing_since = 5, failures = 3, not_before = 9 WHERE id = $1")
            .await;
        let disabled = find(house, &hook.id).await.unwrap();
        assert_eq!((disabled.state, disabled.disabled_reason.as_deref()), (WebhookState::Disabled, Some("gone")));
        assert_eq!(disabled.failures, 3);
        clock.advance(seconds(1));
        for state in [WebhookState::Paused, WebhookState::Active] {
            let mut tx = house.db.begin().await.unwrap();
            store::update_state(&mut tx, &hook.id, state, house.now()).await.unwrap();
            tx.commit().await.unwrap();
            let found = find(house, &hook.id).await.unwrap();
            assert_eq!((found.state, found.disabled_reason, found.updated_at), (state, None, house.now()));
            let active = state == WebhookState::Active;
            assert_eq!((found.failures, found.failing_since.is_none()), (if active { 0 } else { 3 }, active));
        }
        assert_eq!(house.number("SELECT COUNT(*) FROM webhooks WHERE not_before IS NOT NULL").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_webhook_is_there_for_its_log_and_its_undo_only() {
    on_both(async |house, _| {
        let hook = add(house, &[("X-A", "1")], &[EventType::ProjectCreated]).await;
        let deletion = Deletion { at: START, seq: 7 };
        for deleted in [Some(deletion), None] {
            let mut tx = house.db.begin().await.unwrap();
            store::update_deleted(&mut tx, &hook.id, deleted, house.now()).await.unwrap();
            tx.commit().await.unwrap();
            let mut conn = house.db.read().await.unwrap();
            let found = store::find_even_deleted(&mut conn, &house.vault, &house.organization, &hook.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((found.deleted, &found.header_names), (deleted, &hook.header_names));
            let visible = usize::from(deleted.is_none());
            assert_eq!(store::list(&mut conn, &house.vault, &house.organization).await.unwrap().len(), visible);
            assert_eq!(store::count(&mut conn, &house.organization).await.unwrap(), visible as i64);
            assert_eq!(find(house, &hook.id).await.is_some(), deleted.is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn the_latest_test_is_remembered_and_changes_nothing_else() {
    on_both(async |house, _| {
        let hook = add(house, &[], &[EventType::ProjectCreated]).await;
        let good = LastTest { at: START + seconds(5), success: true, status_code: Some(204) };
        let older = LastTest { at: START + seconds(1), success: false, status_code: None };
        let unanswered = LastTest { at: START + seconds(9), success: false, status_code: None };
        for (test, expected) in [(good, good), (older, good), (unanswered, unanswered)] {
            let mut tx = house.db.begin().await.unwrap();
            store::record_test(&mut tx, &hook.id, test).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(find(house, &hook.id).await, Some(Webhook { last_test: Some(expected), ..hook.clone() }));
        }
    })
    .await;
}

#[tokio::test]
async fn header_values_and_secrets_are_sealed_and_opened() {
    on_both(async |house, clock| {
        let hook = add(house, &[("X-Token", "s3cret \u{7e}\t!"), ("x-b", "2")], &[EventType::ProjectCreated]).await;
        let mut tx = house.db.begin().await.unwrap();
        let read = headers(&mut tx, &house.vault, &hook.id).await.unwrap();
        let values: Vec<_> = read.iter().map(|header| (header.name.as_str(), header.value.secret().expose())).collect();
        assert_eq!(values, [("X-Token", "s3cret ~\t!"), ("x-b", "2")]);
        set_headers(&mut tx, &house.vault, (&house.organization, &hook.id), &read[1..]).await.unwrap();
        assert_eq!(headers(&mut tx, &house.vault, &hook.id).await.unwrap(), read[1..]);

        let made: Vec<_> = (0..2).map(|_| SigningSecret::generate(&SystemRng)).collect();
        for secret in &made {
            clock.advance(seconds(1));
            insert_secret(&mut tx, &house.vault, (&house.organization, &hook.id), secret, house.now(), &SystemRng)
                .await
                .unwrap();
        }
        let signing = secrets(&mut tx, &house.vault, &hook.id, house.now()).await.unwrap();
        assert_eq!(signing, [(made[1].clone(), None), (made[0].clone(), None)]);
        sqlx::query("UPDATE signing_secrets SET expires_at = $1 WHERE created_at < $1")
            .bind(house.now())
            .execute(&mut *tx)
            .await
            .unwrap();
        let signing = secrets(&mut tx, &house.vault, &hook.id, house.now()).await.unwrap();
        assert_eq!(signing, [(made[1].clone(), None)], "the older one has ended");
        let every = every_secret(&mut tx, &house.vault, &house.organization).await.unwrap();
        let every: Vec<_> = every.into_iter().filter(|kept| kept.webhook == hook.id).collect();
        let kept: Vec<_> =
            every.iter().map(|kept| (&*kept.webhook_name, &kept.secret, kept.ends_at.is_some())).collect();
        assert_eq!(kept, [("Häkchen", &made[1], false), ("Häkchen", &made[0], true)]);
        let row = sqlx::query("SELECT value FROM webhook_headers").fetch_one(&mut *tx).await.unwrap();
        assert!(row.get::<String, _>(0).starts_with("v1."), "sealed");
    })
    .await;
}

#[tokio::test]
async fn a_subscription_is_never_changed_but_to_say_when_it_ended() {
    on_both(async |house, _| {
        let hook = add(house, &[], &[EventType::ProjectCreated, EventType::ProjectEdited]).await;
        let mut current = hook.events.clone();
        for (wanted, seq) in [
            ([EventType::ProjectEdited, EventType::IntakeCreated], 5),
            ([EventType::ProjectEdited, EventType::ProjectCreated], 8),
        ] {
            let wanted = BTreeSet::from(wanted);
            let mut tx = house.db.begin().await.unwrap();
            set_subscriptions(&mut tx, &house.organization, &hook.id, &current, &wanted, seq).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(find(house, &hook.id).await.unwrap().events, wanted);
            current = wanted;
        }
        let mut conn = house.db.read().await.unwrap();
        let rows =
            sqlx::query("SELECT event_type, from_seq, until_seq FROM subscriptions ORDER BY event_type, from_seq")
                .fetch_all(&mut *conn)
                .await
                .unwrap();
        let rows: Vec<(String, i64, Option<i64>)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let expected = [
            ("INTAKE_CREATED", 5, Some(8)),
            ("PROJECT_CREATED", 1, Some(5)),
            ("PROJECT_CREATED", 8, None),
            ("PROJECT_EDITED", 1, None),
        ];
        assert_eq!(rows, expected.map(|(kind, from, until)| (kind.to_owned(), from, until)));
    })
    .await;
}

#[tokio::test]
async fn the_list_says_how_deliveries_went() {
    on_both(async |house, clock| {
        let hook = house.add_webhook("https://example.com/").await;
        let quiet = house.add_webhook_for("https://example.com/", &[]).await;
        for _ in 0..4 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &hook, 4).await;
        record(house, result_of(house, &jobs[0], Verdict::Succeeded)).await;
        clock.advance(Duration::from_secs(3600));
        record(house, result_of(house, &jobs[1], Verdict::GaveUp)).await;
        clock.advance(seconds(1));
        let retry = Verdict::Retry { due_at: house.now() };
        let mut last = result_of(house, &jobs[2], retry);
        last.attempt.status_code = None;
        record(house, AttemptResult { number: 1, ..last }).await;

        let mut conn = house.db.read().await.unwrap();
        let hours = attempts_by_hour(&mut conn, &house.organization, house.now()).await.unwrap();
        assert!(!hours.contains_key(&quiet));
        let busy: Vec<_> = hours[&hook].iter().enumerate().filter(|(_, hour)| **hour != Hour::default()).collect();
        assert_eq!(busy, [(22, &Hour { succeeded: 1, failed: 0 }), (23, &Hour { succeeded: 0, failed: 2 })]);
        let figures = delivered(&mut conn, &house.organization, house.now()).await.unwrap();
        assert_eq!((figures.len(), figures[&hook]), (1, Delivered { succeeded: 1, all: 4 }));
        let attempts = last_attempts(&mut conn, &house.organization).await.unwrap();
        assert_eq!((attempts.len(), attempts[&hook].started_at), (1, house.now()));
        assert_eq!((attempts[&hook].succeeded, attempts[&hook].status_code), (false, None));
        assert_eq!(attempts[&hook].duration, seconds(1));
        assert_eq!(count_open(&mut conn, &hook).await.unwrap(), 2);
        assert_eq!(count_open(&mut conn, &quiet).await.unwrap(), 0);
        let later = house.now() + Duration::from_secs(26 * 3600);
        assert!(attempts_by_hour(&mut conn, &house.organization, later).await.unwrap().is_empty());
        assert!(delivered(&mut conn, &house.organization, later).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_list_says_when_an_active_webhook_goes_on() {
    on_both(async |house, _| {
        let hook = house.add_webhook("https://example.com/").await;
        house.add_webhook_for("https://example.com/", &[]).await;
        for _ in 0..2 {
            house.publish(EventType::IntakeCreated).await;
        }
        let jobs = claim(house, &hook, 2).await;
        let next = async || {
            let mut conn = house.db.read().await.unwrap();
            next_attempts(&mut conn, &house.organization, house.now()).await.unwrap()
        };
        assert!(next().await.is_empty(), "both are under way");
        let due_at = house.now() + seconds(300);
        record(house, result_of(house, &jobs[0], Verdict::Retry { due_at })).await;
        assert_eq!(next().await.into_iter().collect::<Vec<_>>(), [(hook.clone(), due_at)]);
        house.run(&hook, "UPDATE webhooks SET state = 'paused' WHERE id = $1").await;
        assert!(next().await.is_empty(), "a person has to resume it");
    })
    .await;
}

#[tokio::test]
async fn a_preview_reads_the_last_events_and_counts_no_further_than_it_must() {
    on_both(async |house, clock| {
        let hook = house.add_webhook("https://example.com/").await;
        let mut events = Vec::new();
        for kind in [EventType::IntakeCreated, EventType::ProjectCreated, EventType::SectionCompleted] {
            events.push((house.publish(kind).await, kind, house.now()));
            clock.advance(seconds(1));
        }
        let mut conn = house.db.read().await.unwrap();
        let recent = recent_events(&mut conn, &house.organization, 2).await.unwrap();
        let seen: Vec<_> = recent.into_iter().map(|event| (event.id, event.event_type, event.recorded_at)).collect();
        assert_eq!(seen, [events[2].clone(), events[1].clone()]);
        let other = OrganizationId::new(house.now(), &SystemRng);
        assert!(recent_events(&mut conn, &other, 2).await.unwrap().is_empty());
        for (state, most, count) in
            [(DeliveryState::Pending, 10, 3), (DeliveryState::Pending, 2, 2), (DeliveryState::Held, 10, 0)]
        {
            assert_eq!(count_in_state(&mut conn, &hook, state, most).await.unwrap(), count, "{state}");
        }
    })
    .await;
}
