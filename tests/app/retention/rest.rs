//! What else would grow for ever.

use super::{DAY, HOUR, KEEP, Place, SOON, START};
use crate::support::Engine;
use crate::support::house::House;

async fn run(house: &House, statement: &'static str) {
    let mut tx = house.db.begin().await.expect("a transaction");
    sqlx::raw_sql(statement).execute(&mut *tx).await.expect(statement);
    tx.commit().await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_goes_when_nothing_of_its_log_is_left() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        let (webhook, other) = (place.webhook.clone(), place.house.add_webhook("http://127.0.0.1:9/").await);
        let event = place.publish().await;
        place.ends(&event, &webhook).await;
        place.ends(&event, &other).await;
        let alert = "INSERT INTO alerts (webhook_id, since, kind, organization_id, at, failures, told_at) \
                     SELECT id, 1, 'failing', organization_id, 1, 1, 1 FROM webhooks WHERE id = $1";
        place.house.run(&webhook, alert).await;
        // At a number between the events', as a person's deletion has it.
        let mut tx = place.house.db.begin().await.expect("a transaction");
        let organization = &place.house.organization;
        let (seq, _) =
            herald::events::record::next_seq(&mut tx, organization, 1).await.expect("a number").expect("one");
        let delete = "UPDATE webhooks SET deleted_at = $2, deleted_seq = $3 WHERE id = $1";
        let delete = sqlx::query(delete).bind(&webhook).bind(START + HOUR).bind(seq);
        delete.execute(&mut *tx).await.expect("a deletion");
        tx.commit().await.expect("a commit");
        place.clock.set(START + DAY);
        let later = place.publish().await;
        place.ends(&later, &other).await;

        assert_eq!(place.looks(KEEP + SOON).await, 1, "{engine:?}");
        let webhooks = "SELECT COUNT(*) FROM webhooks";
        assert_eq!(place.house.number(webhooks).await, 2, "{engine:?}: it was deleted an hour later");
        place.looks(KEEP + 2 * HOUR).await;
        assert_eq!(place.house.number(webhooks).await, 1, "{engine:?}");
        for table in [
            "SELECT COUNT(*) FROM subscriptions WHERE webhook_id NOT IN (SELECT id FROM webhooks)",
            "SELECT COUNT(*) FROM signing_secrets WHERE webhook_id NOT IN (SELECT id FROM webhooks)",
            "SELECT COUNT(*) FROM alerts",
        ] {
            assert_eq!(place.house.number(table).await, 0, "{engine:?}: {table}");
        }
        assert_eq!(place.kept().await[0], 1, "{engine:?}: the event that came after it stays");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_stays_as_long_as_an_event_says_why_it_did_not_get_it() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        let unwanted = place.house.add_webhook_for("http://127.0.0.1:9/", &[]).await;
        let event = place.publish().await;
        place.clock.advance(HOUR);
        let delete = "UPDATE webhooks SET deleted_at = created_at + 10, deleted_seq = created_seq + 100 WHERE id = $1";
        place.house.run(&unwanted, delete).await;
        run(&place.house, "UPDATE organizations SET seq = seq + 200").await;
        place.looks(KEEP * 3).await;
        let webhooks = "SELECT COUNT(*) FROM webhooks";
        assert_eq!(place.house.number(webhooks).await, 2, "{engine:?}: the event still waits, and tells of it");
        place.ends(&event, &place.webhook).await;
        place.looks(KEEP * 4 + SOON).await;
        assert_eq!(place.house.number(webhooks).await, 1, "{engine:?}");
        place.house.db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_old_secrets_replays_and_what_people_were_told_go_too() {
    for engine in Engine::ALL {
        let mut place = Place::on(engine).await;
        place.house.add_secret(&place.webhook, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(START + HOUR)).await;
        let replayed = place.publish().await;
        place.ends(&replayed, &place.webhook).await;
        run(
            &place.house,
            "INSERT INTO sessions (key_hash, id, signed_in, agent, state, created_at, seen_at, expires_at) VALUES \
             ('old', '1', 0, '', '{}', 1, 1, 2), ('new', '2', 0, '', '{}', 1, 1, 9000000000000000); \
             INSERT INTO replays (id, organization_id, webhook_id, state, since, until, states, pace, next_due_at, reached_at, reached_event, \
             is_scanned, total, taken, succeeded, failed, ended, created_by, created_at, finished_at) \
             SELECT '60adfdb750b58a0c2d78bdd8', organization_id, id, 'finished', 0, 1, '[]', 1, 1, 0, '', 1, 1, 1, 1, 0, 0, 'ada', 1, 1 FROM webhooks; \
             INSERT INTO replays (id, organization_id, webhook_id, state, since, until, states, pace, next_due_at, reached_at, reached_event, \
             is_scanned, total, taken, succeeded, failed, ended, created_by, created_at) \
             SELECT '60adfdb750b58a0c2d78bdd9', organization_id, id, 'running', 0, 1, '[]', 1, 1, 0, '', 0, 5, 1, 0, 0, 0, 'ada', 1 FROM webhooks; \
             UPDATE deliveries SET replay_id = '60adfdb750b58a0c2d78bdd9', replayed_from = 'failed'; \
             INSERT INTO alerts (webhook_id, since, kind, organization_id, at, failures, event_id, told_at) \
             SELECT id, 1, 'failing', organization_id, 1, 1, 'EVT-ffffffffffffffffffffffff', 1 FROM webhooks; \
             UPDATE webhooks SET alert = 'disabled', alert_since = 7",
        )
        .await;
        let standing = "INSERT INTO alerts (webhook_id, since, kind, organization_id, at, failures, event_id, told_at) \
                        SELECT d.webhook_id, 7, 'disabled', d.organization_id, 7, 1, d.event_id, 7 FROM deliveries d";
        run(&place.house, standing).await;

        assert_eq!(place.looks(KEEP - DAY).await, 0);
        let secrets = "SELECT COUNT(*) FROM signing_secrets";
        assert_eq!(place.house.number(secrets).await, 2, "{engine:?}: the signature check knows it");
        assert_eq!(place.house.number("SELECT COUNT(*) FROM sessions").await, 1, "{engine:?}");
        assert_eq!(place.looks(KEEP + 2 * HOUR).await, 1, "{engine:?}");
        assert_eq!(place.house.number(secrets).await, 1, "{engine:?}");
        assert_eq!(place.house.number("SELECT COUNT(*) FROM replays WHERE state = 'finished'").await, 0, "{engine:?}");
        let counted = "SELECT succeeded FROM replays WHERE state = 'running'";
        assert_eq!(place.house.number(counted).await, 1, "{engine:?}: the replay that runs still counts what went");
        let told = "SELECT COUNT(*) FROM alerts WHERE kind = 'disabled' AND event_id IS NULL";
        assert_eq!(place.house.number(told).await, 1, "{engine:?}: what still holds stays, and leads nowhere any more");
        assert_eq!(place.house.number("SELECT COUNT(*) FROM alerts").await, 1, "{engine:?}");
        place.house.db.close().await;
    }
}
