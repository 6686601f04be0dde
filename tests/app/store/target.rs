//! delivery::store::load_target: a webhook as a lane sees it.

use std::sync::Arc;

use herald::base::{Secret, SystemRng, Vault, WebhookId};
use herald::db::DbError;
use herald::delivery::store::{Target, header_place, load_target};

use super::{START, on_both, seconds};
use crate::support::house::{House, SECRET};

const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

async fn load(house: &House, webhook: &WebhookId) -> Result<Option<Target>, DbError> {
    load_target(&mut house.db.read().await.unwrap(), &house.vault, webhook, house.now()).await
}

async fn target(house: &House, webhook: &WebhookId) -> Target {
    load(house, webhook).await.unwrap().unwrap()
}

async fn add_header(house: &House, webhook: &WebhookId, position: i64, name: &str, sealed: &str) {
    let mut tx = house.db.begin().await.unwrap();
    sqlx::query("INSERT INTO webhook_headers (webhook_id, position, name, value) VALUES ($1, $2, $3, $4)")
        .bind(webhook)
        .bind(position)
        .bind(name)
        .bind(sealed)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_target_has_its_headers_in_order_and_the_secrets_that_still_sign() {
    on_both(async |house, clock| {
        let webhook = house.add_webhook("https://example.com/hook?a=1").await;
        for (position, name) in [(2, "X-Second"), (1, "X-First")] {
            let sealed =
                house.vault.seal(&header_place(&house.organization, &webhook, name), &Secret::new(name.to_uppercase()));
            add_header(house, &webhook, position, name, &sealed).await;
        }
        house.add_secret(&webhook, OLD, Some(START + seconds(60))).await;
        house.run(&webhook, "UPDATE webhooks SET not_before = 1800000007000000 WHERE id = $1").await;

        let loaded = target(house, &webhook).await;
        assert!(loaded.deliverable);
        assert_eq!(
            (loaded.organization, loaded.endpoint.as_str()),
            (house.organization.clone(), "https://example.com/hook?a=1")
        );
        assert_eq!((loaded.not_before, loaded.secrets_until), (Some(START + seconds(7)), Some(START + seconds(60))));
        let headers: Vec<_> = loaded.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(headers, [("X-First", "X-FIRST"), ("X-Second", "X-SECOND")]);
        let secrets: Vec<_> = loaded.secrets.iter().map(|secret| secret.expose()).collect();
        assert_eq!(secrets, [OLD, SECRET], "newest first");
        clock.advance(seconds(60));
        let loaded = target(house, &webhook).await;
        let secrets: Vec<_> = loaded.secrets.iter().map(|secret| secret.expose()).collect();
        assert_eq!((secrets, loaded.secrets_until), (vec![SECRET], None));
    })
    .await;
}

#[tokio::test]
async fn only_an_active_webhook_of_an_enabled_organization_is_deliverable() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        for (statement, undo) in [
            (
                "UPDATE webhooks SET state = 'paused' WHERE id = $1",
                "UPDATE webhooks SET state = 'active' WHERE id = $1",
            ),
            (
                "UPDATE webhooks SET state = 'disabled' WHERE id = $1",
                "UPDATE webhooks SET state = 'active' WHERE id = $1",
            ),
            ("UPDATE webhooks SET deleted_at = 1 WHERE id = $1", "UPDATE webhooks SET deleted_at = NULL WHERE id = $1"),
            (
                "UPDATE organizations SET webhooks_enabled = 0 WHERE id <> $1",
                "UPDATE organizations SET webhooks_enabled = 1 WHERE id <> $1",
            ),
        ] {
            assert!(target(house, &webhook).await.deliverable);
            house.run(&webhook, statement).await;
            assert!(!target(house, &webhook).await.deliverable, "{statement}");
            house.run(&webhook, undo).await;
        }
        assert!(load(house, &WebhookId::new(house.now(), &SystemRng)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_does_not_open_is_named() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        add_header(house, &webhook, 1, "X-Bad", "v1.other.AAAA").await;
        let error = load(house, &webhook).await.unwrap_err();
        assert!(
            matches!(&error, DbError::Inconsistent { table: "webhook_headers", row, .. } if *row == webhook.as_str())
        );
        house.run(&webhook, "DELETE FROM webhook_headers WHERE webhook_id = $1").await;
        let other = Vault::new(&[8; 32], Arc::new(SystemRng));
        let mut conn = house.db.read().await.unwrap();
        let error = load_target(&mut conn, &other, &webhook, house.now()).await.unwrap_err();
        assert!(matches!(error, DbError::Inconsistent { table: "signing_secrets", .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_url_that_is_none_is_named_and_not_told() {
    on_both(async |house, _| {
        let webhook = house.add_webhook("https://example.com/").await;
        house.run(&webhook, "UPDATE webhooks SET url = 'ftp://example.com/?token=5ec4e7' WHERE id = $1").await;
        let error = load(house, &webhook).await.unwrap_err();
        assert!(
            matches!(&error, DbError::Inconsistent { table: "webhooks", row, .. } if *row == webhook.as_str()),
            "{error}"
        );
        assert!(!error.to_string().contains("5ec4e7"), "{error}");
    })
    .await;
}
