//! Each way in which the books can be wrong, made by hand and taken back again.

use std::collections::BTreeSet;

use herald::base::{Clock as _, SystemClock};
use herald::db::Snapshot;
use herald::ops::check::{Fault, check};

use super::Lived;
use crate::support::Engine;
use crate::support::books::look_through;

/// What is done to the books, and what must be found then.
const PLANTED: &[(Fault, &str)] = &[
    (Fault::NumberTwice, "UPDATE events SET seq = (SELECT MIN(seq) FROM events)"),
    (
        Fault::NumberTwice,
        "UPDATE events SET seq = (SELECT MIN(from_seq) FROM subscriptions) WHERE id = (SELECT MIN(id) FROM events)",
    ),
    (Fault::NumberAhead, "UPDATE events SET seq = seq + 1000000"),
    (Fault::UnknownEventType, "UPDATE events SET event_type = 'NOTHING'"),
    (Fault::MissingDelivery, "DELETE FROM deliveries WHERE state = 'held'"),
    (Fault::UnexpectedDelivery, "UPDATE subscriptions SET until_seq = from_seq"),
    (Fault::DeliveryWithoutEvent, "DELETE FROM events WHERE id = (SELECT MIN(event_id) FROM deliveries)"),
    (
        Fault::DeliveryWithoutWebhook,
        "INSERT INTO deliveries (webhook_id, event_id, organization_id, event_type, state, reason, attempts, step, lease, created_at, \
         finished_at) SELECT 'ffffffffffffffffffffffff', id, organization_id, event_type, 'cancelled', 'none', 0, 0, 0, 1, 1 FROM events LIMIT 1",
    ),
    (Fault::DeliveryOfAnother, "UPDATE deliveries SET event_type = 'INTAKE_CREATED'"),
    (Fault::UnknownState, "UPDATE deliveries SET state = 'lost' WHERE state = 'succeeded'"),
    (Fault::PendingWithoutTime, "UPDATE deliveries SET due_at = NULL WHERE state = 'pending'"),
    (Fault::PendingUnsendable, "UPDATE webhooks SET state = 'disabled'"),
    (Fault::PendingUnsendable, "UPDATE organizations SET webhooks_enabled = 0"),
    (Fault::HeldWithoutReason, "UPDATE deliveries SET hold = NULL WHERE state = 'held'"),
    (Fault::HeldForNothing, "UPDATE webhooks SET state = 'active'"),
    (Fault::HeldWithTime, "UPDATE deliveries SET due_at = 1 WHERE state = 'held'"),
    (Fault::OpenAndFinished, "UPDATE deliveries SET finished_at = 1 WHERE state = 'pending'"),
    (Fault::EndedWithoutTime, "UPDATE deliveries SET finished_at = NULL WHERE state = 'succeeded'"),
    (Fault::EndedAndDue, "UPDATE deliveries SET due_at = 1 WHERE state = 'succeeded'"),
    (
        Fault::CancelledWithoutReason,
        "UPDATE deliveries SET reason = NULL, state = 'cancelled' WHERE state = 'succeeded'",
    ),
    (Fault::UndoOutOfPlace, "UPDATE deliveries SET undo_state = 'pending' WHERE state = 'succeeded'"),
    (Fault::AttemptsDiffer, "DELETE FROM attempts"),
    (Fault::AttemptsGap, "UPDATE attempts SET number = number + 100"),
    (Fault::AbsurdLease, "UPDATE deliveries SET leased_until = 9000000000000000"),
    (
        Fault::AttemptWithoutDelivery,
        "UPDATE attempts SET webhook_id = 'ffffffffffffffffffffffff' WHERE webhook_id = (SELECT MIN(webhook_id) FROM attempts)",
    ),
    (Fault::SubscriptionBackwards, "UPDATE subscriptions SET until_seq = from_seq - 1"),
    (
        Fault::SubscriptionTwice,
        "INSERT INTO subscriptions (webhook_id, event_type, from_seq, organization_id) \
         SELECT webhook_id, event_type, from_seq + 1, organization_id FROM subscriptions",
    ),
    (Fault::WebhookWithoutSecret, "UPDATE signing_secrets SET expires_at = 1"),
    (Fault::KeyWithoutEvent, "UPDATE idempotency_keys SET event_id = 'EVT-ffffffffffffffffffffffff'"),
    (Fault::KeyAnswerDiffers, "UPDATE idempotency_keys SET answer = '[]'"),
    (Fault::ReplayDiffers, "UPDATE replays SET succeeded = succeeded - 1"),
    (Fault::Unsealable, "UPDATE webhook_headers SET value = 'v1.other.AAAA'"),
    (Fault::Unsealable, "UPDATE signing_secrets SET secret = (SELECT MAX(secret) FROM signing_secrets)"),
    (
        Fault::Unsealable,
        "INSERT INTO second_factors (user_id, secret, created_at, last_step, recovery_salt) \
         SELECT MIN(id), 'v1.other.AAAA', 1, 0, '' FROM users",
    ),
    (
        Fault::Unsealable,
        "INSERT INTO mails (id, recipient, subject, body_text, body_html, created_at, tries, due_at) \
         VALUES ('ffffffffffffffffffffffff', 'ada@halden.example', 'x', 'v1.other.AAAA', 'v1.other.AAAA', 1, 0, 1)",
    ),
    (Fault::TagsDiffer, "UPDATE answer_tags SET status = 'rejected'"),
    (Fault::TagsDiffer, "DELETE FROM answer_tags"),
    (
        Fault::RemovalUnknown,
        "INSERT INTO lingering_events (event_id, since) VALUES ('EVT-ffffffffffffffffffffffff', 1)",
    ),
];

/// What PostgreSQL lets nobody do.
const PLANTED_ON_SQLITE: &[(Fault, &str)] = &[
    (
        Fault::BrokenReference,
        "UPDATE subscriptions SET webhook_id = 'ffffffffffffffffffffffff' WHERE event_type = 'PROJECT_CREATED' \
        AND webhook_id = (SELECT MIN(webhook_id) FROM subscriptions)",
    ),
    (Fault::TagWithoutAnswer, "UPDATE answer_tags SET answer_id = 'ffffffffffffffffffffffff' WHERE tag = 'old'"),
    (Fault::NotInFullText, "DELETE FROM answers_text WHERE rowid = (SELECT MAX(number) FROM answers)"),
    (Fault::NotInFullText, "UPDATE answers SET question = 'Zebras'"),
    (Fault::NotInFullText, "UPDATE answers SET status = 'rejected'"),
    (
        Fault::FullTextWithoutAnswer,
        "INSERT INTO answers_text (rowid, scope, question, answer, tags) VALUES (99999, 'x', 'x', 'x', 'x')",
    ),
    (Fault::Unreadable, "UPDATE events SET seq = 'seven'"),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_made_wrong_is_found_and_named() {
    for engine in Engine::ALL {
        let lived = Lived::on(engine).await;
        let vault = herald::app::inspect(&lived.config()).await.expect("a database").1.expect("its key");
        let clean = look_through(lived.database().url(), Some(&vault), SystemClock.now()).await;
        assert!(clean.is_clean(), "{engine:?}: {clean}");
        let more: &[(Fault, &'static str)] = if engine == Engine::Sqlite { PLANTED_ON_SQLITE } else { &[] };
        for (fault, statement) in PLANTED.iter().chain(more) {
            // Never committed.
            let mut tx = lived.db.begin().await.expect("a transaction");
            if engine == Engine::Sqlite {
                sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *tx).await.expect("it can wait");
            }
            let changed =
                sqlx::query(*statement).execute(&mut *tx).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert!(changed.rows_affected() > 0, "{engine:?}: {statement} changes something");
            let report = check(&mut tx, Some(&vault), SystemClock.now()).await;
            let found: BTreeSet<Fault> = report.faults().into_iter().map(|(fault, _)| fault).collect();
            assert!(found.contains(fault), "{engine:?}: {statement}: {fault:?} is not among {found:?}");
            assert!(report.to_string().contains(fault.sentence()), "{report}");
        }
        lived.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_is_found() {
    let lived = Lived::on(Engine::Sqlite).await;
    let mut tx = lived.db.begin().await.expect("a transaction");
    let root = "SELECT rootpage FROM sqlite_master WHERE name = 'events_organization'";
    let page: i64 = sqlx::Row::get(&sqlx::query(root).fetch_one(&mut *tx).await.expect("an index"), 0);
    drop(tx);
    lived.db.close().await;
    let path = lived.database().path("herald.db");
    let mut bytes = std::fs::read(&path).expect("the file");
    let place = usize::try_from(page - 1).expect("a page") * 4096;
    bytes[place + 8..place + 4096].fill(0xa5);
    std::fs::write(&path, bytes).expect("the file");

    let mut snapshot = Snapshot::open(lived.database().url()).await.expect("the rest can be read");
    let report = check(&mut snapshot, None, SystemClock.now()).await;
    snapshot.close().await;
    let found: Vec<Fault> = report.faults().into_iter().map(|(fault, _)| fault).collect();
    assert!(found.contains(&Fault::Damaged), "{report}");
}
