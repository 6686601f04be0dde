//! Every query of the log on both engines.

use std::time::Duration;

use herald::base::{Cursor, DeliveryId, EventId, Listing, OrganizationId, Place, Timestamp, WebhookId};
use herald::db::{Db, Options};
use herald::delivery::model::{DeliveryState, Hold, Trigger};
use herald::events::EventType;
use herald::webhooks::log::model::{Delivery, DeliveryFilter, EventFilter, FateOutcome, NotSent, Range, Search, Tally};
use herald::webhooks::log::store;

use crate::support::{Engine, TestDatabase};

const HOUR: Duration = Duration::from_secs(3600);

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").expect("a time")
}

fn organization(n: u8) -> OrganizationId {
    format!("{n:024x}").parse().expect("an id")
}

fn webhook(n: u8) -> WebhookId {
    format!("{:024x}", 0xa0 + u32::from(n)).parse().expect("an id")
}

fn event(n: u32) -> EventId {
    format!("EVT-{n:024x}").parse().expect("an id")
}

/// Rows as other parts of Herald write them, made by hand.
struct Books {
    db: Db,
    _database: TestDatabase,
}

/// An event about to be written; `n` gives its id, its number and its second.
struct NewEvent {
    n: u32,
    kind: EventType,
    enabled: bool,
}

/// A delivery about to be written: the columns that tests tell apart.
#[derive(Default)]
struct NewDelivery {
    state: &'static str,
    hold: Option<&'static str>,
    reason: Option<&'static str>,
    attempts: i64,
    due_at: Option<Timestamp>,
    leased_until: Option<Timestamp>,
}

impl NewDelivery {
    fn of(state: &'static str) -> Self {
        Self { state, ..Self::default() }
    }
}

impl Books {
    async fn open(engine: Engine) -> Books {
        let database = TestDatabase::fresh(engine);
        let db = Db::open(database.url(), Options::default()).await.expect("a database");
        let books = Books { db, _database: database };
        for n in 1..=2 {
            let text = format!(
                "INSERT INTO organizations (id, name, time_zone, edition, webhooks_enabled, seq, created_at) \
                 VALUES ('{}', 'Org', 'UTC', 'enterprise', 1, 0, 0)",
                organization(n)
            );
            books.run(text).await;
        }
        books
    }

    async fn run(&self, text: String) {
        let mut tx = self.db.begin().await.expect("a transaction");
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut *tx).await.expect("a statement that works");
        tx.commit().await.expect("a commit");
    }

    async fn webhook(&self, n: u8, owner: u8, created_seq: i64, deleted_seq: Option<i64>) {
        let deleted = deleted_seq.map_or("NULL, NULL".into(), |seq| format!("1, {seq}"));
        self.run(format!(
            "INSERT INTO webhooks (id, organization_id, name, description, url, state, version, created_by, created_seq, \
             created_at, updated_at, deleted_at, deleted_seq, failures) VALUES ('{}', '{}', 'hook {n}', '', 'https://x.example', \
             'active', 1, 'a@b.example', {created_seq}, {n}, 0, {deleted}, 0)",
            webhook(n),
            organization(owner)
        ))
        .await;
    }

    async fn subscribe(&self, n: u8, kind: EventType, from: i64, until: Option<i64>) {
        let until = until.map_or("NULL".into(), |seq| seq.to_string());
        self.run(format!(
            "INSERT INTO subscriptions (webhook_id, event_type, from_seq, until_seq, organization_id) \
             VALUES ('{}', '{kind}', {from}, {until}, '{}')",
            webhook(n),
            organization(1)
        ))
        .await;
    }

    async fn event(&self, new: NewEvent) {
        let at = noon() + Duration::from_secs(u64::from(new.n));
        self.run(format!(
            "INSERT INTO events (id, organization_id, seq, event_type, entity_ids, performed_by, performed_at, body, \
             webhooks_enabled, recorded_at) VALUES ('{}', '{}', {}, '{}', '[\"entity-{}\"]', 'ada@example.com', {}, '{{}}', {}, {})",
            event(new.n),
            organization(1),
            new.n,
            new.kind,
            new.n,
            at.micros(),
            i64::from(new.enabled),
            at.micros(),
        ))
        .await;
    }

    /// Event `n` of `kind` with its delivery to the first webhook.
    async fn delivered(&self, n: u32, kind: EventType, state: &'static str) {
        self.event(NewEvent { n, kind, enabled: true }).await;
        self.delivery(1, n, kind, NewDelivery::of(state)).await;
    }

    async fn delivery(&self, hook: u8, n: u32, kind: EventType, new: NewDelivery) {
        let text = |value: Option<&str>| value.map_or("NULL".into(), |value| format!("'{value}'"));
        let time = |at: Option<Timestamp>| at.map_or("NULL".into(), |at| at.micros().to_string());
        self.run(format!(
            "INSERT INTO deliveries (webhook_id, event_id, organization_id, event_type, state, hold, reason, attempts, step, \
             due_at, lease, leased_until, created_at) VALUES ('{}', '{}', '{}', '{kind}', '{}', {}, {}, {}, 0, {}, 0, {}, {})",
            webhook(hook),
            event(n),
            organization(1),
            new.state,
            text(new.hold),
            text(new.reason),
            new.attempts,
            time(new.due_at),
            time(new.leased_until),
            (noon() + Duration::from_secs(u64::from(n))).micros(),
        ))
        .await;
    }

    async fn attempt(
        &self,
        n: u32,
        number: i64,
        started_at: Timestamp,
        millis: i64,
        outcome: &str,
        (body, encoding): (&str, &str),
    ) {
        self.run(format!(
            "INSERT INTO attempts (webhook_id, event_id, number, organization_id, trigger_kind, started_at, duration, url, outcome, \
             status_code, error, request_headers, response_headers, response_body, response_encoding, response_truncated) \
             VALUES ('{}', '{}', {number}, '{}', 'schedule', {}, {}, 'https://x.example/hook', '{outcome}', 503, 'It failed.', \
             '[[\"webhook-id\",\"EVT\"],[\"X-Own\",null]]', '[[\"server\",\"nginx\"]]', '{body}', '{encoding}', 1)",
            webhook(1),
            event(n),
            organization(1),
            started_at.micros(),
            millis * 1000,
        ))
        .await;
    }

    async fn list(&self, filter: &DeliveryFilter, place: &Place, limit: usize) -> Listing<Delivery> {
        let mut conn = self.db.read().await.expect("a connection");
        store::list_deliveries(&mut conn, &organization(1), &webhook(1), filter, place, limit).await.expect("a page")
    }

    async fn fates(&self, n: u32) -> Vec<(String, String)> {
        let mut conn = self.db.read().await.expect("a connection");
        let found =
            store::find_event(&mut conn, &organization(1), &event(n)).await.expect("an answer").expect("an event");
        let outcome = |outcome: FateOutcome| match outcome {
            FateOutcome::Delivery(delivery) => delivery.state.to_string(),
            FateOutcome::NotSent(why) => why.as_str().to_owned(),
        };
        found.fates.into_iter().map(|fate| (fate.name, outcome(fate.outcome))).collect()
    }
}

fn cursor(delivery: &Delivery) -> Cursor {
    Cursor { at: delivery.created_at, id: delivery.id.event.to_string() }
}

fn ids(listing: &Listing<Delivery>) -> Vec<String> {
    listing.rows.iter().map(|row| row.id.event.to_string()).collect()
}

fn events_of(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|n| event(n).to_string()).collect()
}

#[tokio::test]
async fn paging_visits_each_delivery_once_while_rows_are_added() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        for n in 1..=7 {
            books.delivered(n, EventType::ProjectEdited, "succeeded").await;
        }
        let (mut place, mut seen, mut added) = (Place::Newest, Vec::new(), 8);
        loop {
            let page = books.list(&DeliveryFilter::default(), &place, 2).await;
            seen.extend(ids(&page));
            assert_eq!(page.has_newer, place != Place::Newest, "{engine:?}");
            books.delivered(added, EventType::ProjectEdited, "succeeded").await;
            added += 1;
            let Some(last) = page.rows.last().filter(|_| page.has_older) else { break };
            place = Place::OlderThan(cursor(last));
        }
        assert_eq!(seen, events_of((1..=7).rev()), "{engine:?}");
    }
}

#[tokio::test]
async fn the_way_back_to_newer_deliveries_ends_at_a_full_newest_page() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        for n in 1..=7 {
            books.delivered(n, EventType::ProjectEdited, "succeeded").await;
        }
        let all = books.list(&DeliveryFilter::default(), &Place::Newest, 10).await;
        assert!(!all.has_newer && !all.has_older);
        let newer_than = |n: usize| Place::NewerThan(cursor(&all.rows[7 - n]));
        let page = books.list(&DeliveryFilter::default(), &newer_than(2), 3).await;
        assert_eq!((ids(&page), page.has_newer, page.has_older), (events_of([5, 4, 3]), true, true), "{engine:?}");
        let page = books.list(&DeliveryFilter::default(), &newer_than(5), 3).await;
        assert_eq!((ids(&page), page.has_newer, page.has_older), (events_of([7, 6, 5]), false, true), "{engine:?}");
    }
}

#[tokio::test]
async fn deliveries_are_filtered_by_status_code_entity_and_time() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        let entities = [r#"["a","b"]"#, r#"["b"]"#, r#"["A","x\"b","c,\"b"]"#, r#"["[\"a","%","b\\"]"#];
        for (n, ids) in (1..).zip(entities) {
            books.delivered(n, EventType::ProjectEdited, if n < 3 { "failed" } else { "succeeded" }).await;
            books.run(format!("UPDATE events SET entity_ids = '{ids}' WHERE id = '{}'", event(n))).await;
        }
        books
            .run(format!("UPDATE deliveries SET last_status = 503 WHERE event_id IN ('{}', '{}')", event(2), event(4)))
            .await;
        let at = |n: u64| Some(noon() + Duration::from_secs(n));
        let none = DeliveryFilter::default();
        let of = |id: &str| DeliveryFilter { entity: Some(id.into()), ..DeliveryFilter::default() };
        for (filter, expected) in [
            (of("a"), vec![1]),
            (of("b"), vec![2, 1]),
            (of("A"), vec![3]),
            (of("%"), vec![4]),
            (of("b\\"), vec![4]),
            (of("x\"b"), vec![3]),
            (of(""), vec![]),
            (DeliveryFilter { status_code: Some(503), ..none.clone() }, vec![4, 2]),
            (DeliveryFilter { status_code: Some(503), ..of("b") }, vec![2]),
            (DeliveryFilter { state: Some(DeliveryState::Failed), ..of("b") }, vec![2, 1]),
            (DeliveryFilter { since: at(2), until: at(4), ..none }, vec![3, 2]),
        ] {
            let page = books.list(&filter, &Place::Newest, 10).await;
            assert_eq!(ids(&page), events_of(expected.clone()), "{engine:?} {filter:?}");
            let mut conn = books.db.read().await.expect("a connection");
            for search in [filter.clone().of(webhook(1)), Search { webhook: None, ..filter.of(webhook(1)) }] {
                let found =
                    store::search_deliveries(&mut conn, &organization(1), &search, None, 10).await.expect("rows");
                let found: Vec<_> = found.into_iter().map(|delivery| delivery.id.event.to_string()).collect();
                assert_eq!(found, events_of(expected.clone()), "{engine:?} {search:?}");
            }
        }
    }
}

#[tokio::test]
async fn deliveries_are_filtered_by_state_type_and_event() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        for (n, kind, state) in [
            (1, EventType::ProjectEdited, "succeeded"),
            (2, EventType::ProjectEdited, "failed"),
            (3, EventType::IntakeCreated, "failed"),
            (4, EventType::IntakeCreated, "pending"),
        ] {
            books.delivered(n, kind, state).await;
        }
        let all = DeliveryFilter::default();
        let failed = DeliveryFilter { state: Some(DeliveryState::Failed), ..all.clone() };
        let intakes = DeliveryFilter { event_type: Some(EventType::IntakeCreated), ..all.clone() };
        let both = DeliveryFilter { event_type: Some(EventType::IntakeCreated), ..failed.clone() };
        let one = DeliveryFilter { event: Some(event(2)), ..all.clone() };
        for (filter, expected) in
            [(all, vec![4, 3, 2, 1]), (failed, vec![3, 2]), (intakes, vec![4, 3]), (both, vec![3]), (one, vec![2])]
        {
            let page = books.list(&filter, &Place::Newest, 10).await;
            assert_eq!(ids(&page), events_of(expected), "{engine:?} {filter:?}");
        }
    }
}

#[tokio::test]
async fn a_delivery_is_read_with_all_that_is_known_and_only_by_its_organization() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        books.event(NewEvent { n: 1, kind: EventType::ProjectEdited, enabled: true }).await;
        let planned = NewDelivery { attempts: 2, due_at: Some(noon() + HOUR), ..NewDelivery::of("pending") };
        books.delivery(1, 1, EventType::ProjectEdited, planned).await;
        let id = DeliveryId { webhook: webhook(1), event: event(1) };
        let mut conn = books.db.read().await.expect("a connection");
        let found =
            store::find_delivery(&mut conn, &organization(1), &id).await.expect("an answer").expect("a delivery");
        assert_eq!(
            (found.state, found.attempts_made, &found.entity_ids),
            (DeliveryState::Pending, 2, &vec!["entity-1".to_owned()])
        );
        assert_eq!(found.next_attempt_at(noon()), Some(noon() + HOUR));
        assert_eq!(store::find_delivery(&mut conn, &organization(2), &id).await.expect("an answer"), None);

        books.event(NewEvent { n: 2, kind: EventType::ProjectEdited, enabled: true }).await;
        let leased = NewDelivery {
            due_at: Some(noon() + HOUR),
            leased_until: Some(noon() + HOUR),
            ..NewDelivery::of("pending")
        };
        books.delivery(1, 2, EventType::ProjectEdited, leased).await;
        books.event(NewEvent { n: 3, kind: EventType::ProjectEdited, enabled: true }).await;
        let held = NewDelivery { hold: Some("switch"), ..NewDelivery::of("held") };
        books.delivery(1, 3, EventType::ProjectEdited, held).await;
        let page = books.list(&DeliveryFilter::default(), &Place::Newest, 10).await;
        let [held, leased, _] = page.rows.as_slice() else { panic!("three deliveries") };
        assert_eq!((held.hold, held.next_attempt_at(noon())), (Some(Hold::Switch), None));
        assert_eq!((leased.is_under_way(noon()), leased.next_attempt_at(noon())), (true, Some(noon())));
        // A lease that ran out means that its holder is gone: the delivery is due again.
        assert_eq!(
            (leased.is_under_way(noon() + HOUR * 2), leased.next_attempt_at(noon() + HOUR * 2)),
            (false, Some(noon() + HOUR))
        );
    }
}

#[tokio::test]
async fn attempts_are_listed_newest_first_and_shown_with_what_came_back() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        books.delivered(1, EventType::ProjectEdited, "failed").await;
        books.attempt(1, 1, noon(), 10, "status", ("<html>", "text")).await;
        books.attempt(1, 2, noon(), 20, "status", ("YQD/Yg==", "base64")).await;
        let id = DeliveryId { webhook: webhook(1), event: event(1) };
        let mut conn = books.db.read().await.expect("a connection");
        let lines = store::attempt_lines(&mut conn, &organization(1), &id, 10).await.expect("lines");
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((lines[0].trigger, lines[0].status_code), (Trigger::Schedule, Some(503)));
        let attempt =
            store::attempt(&mut conn, &organization(1), &id, 2).await.expect("an answer").expect("an attempt");
        assert_eq!((attempt.response_body.as_str(), attempt.response_size_bytes), ("a\u{fffd}\u{fffd}b", 4));
        assert_eq!(attempt.request_headers[1], ("X-Own".to_owned(), None));
        assert_eq!(attempt.response_headers, [("server".to_owned(), "nginx".to_owned())]);
        assert!(attempt.response_truncated);
        assert_eq!(attempt.line.duration, Duration::from_millis(20));
        assert_eq!(store::attempt(&mut conn, &organization(1), &id, 3).await.expect("an answer"), None);
        assert_eq!(store::attempt(&mut conn, &organization(2), &id, 1).await.expect("an answer"), None);
    }
}

#[tokio::test]
async fn events_are_listed_with_what_became_of_them() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        for n in 1..=3 {
            books.webhook(n, 1, 0, None).await;
        }
        books.delivered(1, EventType::ProjectEdited, "succeeded").await;
        books.delivery(2, 1, EventType::ProjectEdited, NewDelivery { attempts: 1, ..NewDelivery::of("pending") }).await;
        books.delivery(3, 1, EventType::ProjectEdited, NewDelivery::of("pending")).await;
        books.event(NewEvent { n: 2, kind: EventType::IntakeCreated, enabled: false }).await;
        let mut conn = books.db.read().await.expect("a connection");
        let list = async |conn: &mut _, filter: EventFilter, place: Place| {
            store::list_events(conn, &organization(1), &filter, &place, 1).await.expect("a page")
        };
        let newest = list(&mut conn, EventFilter::default(), Place::Newest).await;
        assert_eq!((&newest.rows[0].id, newest.rows[0].webhooks_enabled, newest.has_older), (&event(2), false, true));
        let key = Cursor { at: newest.rows[0].recorded_at, id: newest.rows[0].id.to_string() };
        let older = list(&mut conn, EventFilter::default(), Place::OlderThan(key)).await;
        assert_eq!(older.rows[0].id, event(1));
        assert_eq!(
            older.rows[0].tally,
            Tally { succeeded: 1, retrying: 1, waiting: 1, ..Tally::default() },
            "{engine:?}"
        );
        let at = |n: u64| Some(noon() + Duration::from_secs(n));
        for (filter, expected) in [
            (EventFilter { event_type: Some(EventType::ProjectEdited), ..EventFilter::default() }, Some(1)),
            (EventFilter { since: at(2), ..EventFilter::default() }, Some(2)),
            (EventFilter { until: at(2), ..EventFilter::default() }, Some(1)),
            (EventFilter { event: Some(event(1)), ..EventFilter::default() }, Some(1)),
            (EventFilter { since: at(3), ..EventFilter::default() }, None),
        ] {
            let page = list(&mut conn, filter.clone(), Place::Newest).await;
            assert_eq!(page.rows.first().map(|row| row.id.clone()), expected.map(event), "{engine:?} {filter:?}");
        }
        let others = store::list_events(&mut conn, &organization(2), &EventFilter::default(), &Place::Newest, 9).await;
        assert_eq!(others.expect("a page").rows, []);
    }
}

#[tokio::test]
async fn an_event_says_webhook_by_webhook_what_became_of_it_and_why() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        // Around event 10: 1 has it, 2 wants others, 3 came later, 4 was deleted before, 5 was deleted after, 6 is new and gone,
        // 7 belongs to somebody else.
        for (n, owner, created, deleted) in [
            (1, 1, 1, None),
            (2, 1, 2, None),
            (3, 1, 11, None),
            (4, 1, 3, Some(9)),
            (5, 1, 4, Some(12)),
            (6, 1, 11, Some(12)),
            (7, 2, 1, None),
        ] {
            books.webhook(n, owner, created, deleted).await;
        }
        books.subscribe(2, EventType::ProjectEdited, 2, Some(10)).await;
        books.delivered(10, EventType::ProjectEdited, "failed").await;
        let cancelled = NewDelivery { reason: Some("webhook_deleted"), ..NewDelivery::of("cancelled") };
        books.delivery(5, 10, EventType::ProjectEdited, cancelled).await;
        let mut fates = books.fates(10).await;
        fates.sort();
        let expected = [
            ("hook 1", "failed"),
            ("hook 2", NotSent::NotSubscribed.as_str()),
            ("hook 3", NotSent::CreatedLater.as_str()),
            ("hook 4", NotSent::WebhookDeleted.as_str()),
            ("hook 5", "cancelled"),
        ];
        assert_eq!(fates, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())), "{engine:?}");

        books.event(NewEvent { n: 20, kind: EventType::ProjectEdited, enabled: false }).await;
        let fates = books.fates(20).await;
        assert!(!fates.is_empty() && fates.iter().all(|(_, outcome)| outcome == "webhooks_not_enabled"), "{engine:?}");
    }
}

#[tokio::test]
async fn figures_count_what_lies_in_their_time() {
    for engine in Engine::ALL {
        let books = Books::open(engine).await;
        books.webhook(1, 1, 0, None).await;
        for n in 1..=4 {
            books.delivered(n, EventType::ProjectEdited, if n == 1 { "failed" } else { "succeeded" }).await;
        }
        for (n, attempts, due) in [(5, 1, 2), (6, 3, 1), (7, 0, 1)] {
            books.event(NewEvent { n, kind: EventType::ProjectEdited, enabled: true }).await;
            let due_at = Some(noon() + HOUR * 24 + HOUR * due);
            books
                .delivery(
                    1,
                    n,
                    EventType::ProjectEdited,
                    NewDelivery { attempts, due_at, ..NewDelivery::of("pending") },
                )
                .await;
        }
        books.attempt(1, 1, noon() + HOUR, 1_000, "status", ("", "text")).await;
        books.attempt(1, 2, noon() + HOUR + Duration::from_secs(60), 10, "success", ("", "text")).await;
        books.attempt(2, 1, noon() + HOUR * 2, 20, "success", ("", "text")).await;
        let mut conn = books.db.read().await.expect("a connection");

        let now = noon() + HOUR * 24;
        let day = store::figures(&mut conn, &webhook(1), Range::Day, now).await.expect("figures");
        assert_eq!((day.tally.succeeded, day.tally.failed, day.tally.waiting), (3, 1, 3), "{engine:?}");
        assert_eq!(day.before, Tally::default());
        let times = day.times.expect("response times");
        assert_eq!((times.median.as_millis(), times.p95.as_millis()), (20, 1_000));
        assert_eq!((day.retries.waiting, day.retries.next_at), (2, Some(now + HOUR)), "{engine:?}");

        let later = now + HOUR * 24;
        let next_day = store::figures(&mut conn, &webhook(1), Range::Day, later).await.expect("figures");
        assert_eq!((next_day.tally.total(), next_day.before.total(), next_day.times), (0, 7, None), "{engine:?}");

        let slots = store::slots(&mut conn, &webhook(1), noon()).await.expect("slots");
        let seen: Vec<_> = slots.iter().map(|slot| (slot.start, slot.succeeded, slot.failed)).collect();
        assert_eq!(seen, [(noon() + HOUR, 1, 1), (noon() + HOUR * 2, 1, 0)], "{engine:?}");
        assert_eq!(store::slots(&mut conn, &webhook(1), noon() + HOUR * 3).await.expect("slots"), []);
    }
}
