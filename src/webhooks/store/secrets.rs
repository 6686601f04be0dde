//! What is sealed at rest: header values and signing secrets.

use sqlx::Row as _;

use crate::base::{OrganizationId, Rng, Secret, SecretId, Timestamp, Vault, WebhookId};
use crate::db::meta::{freshen, raise_changes};
use crate::db::{Conn, DbError};
use crate::delivery::signing::SigningSecret;
use crate::delivery::store::{header_place, secret_place};
use crate::webhooks::model::{Header, HeaderName, HeaderValue};

/// The webhook's headers with their values, in their order.
pub async fn headers(conn: &mut Conn, vault: &Vault, webhook: &WebhookId) -> Result<Vec<Header>, DbError> {
    let rows = sqlx::query(
        "SELECT h.name, h.value, w.organization_id FROM webhook_headers h JOIN webhooks w ON w.id = h.webhook_id \
         WHERE h.webhook_id = $1 ORDER BY h.position",
    )
    .bind(webhook)
    .fetch_all(conn)
    .await?;
    let wrong = |column, problem: String| DbError::inconsistent("webhook_headers", column, webhook.as_str(), problem);
    let mut headers = Vec::with_capacity(rows.len());
    for row in rows {
        let (name, sealed): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let place = header_place(&row.try_get(2)?, webhook, &name);
        let value = vault.open(&place, &sealed).map_err(|e| wrong("value", e.to_string()))?;
        headers.push(Header {
            value: HeaderValue::parse(&name, &value).map_err(|e| wrong("value", e.to_string()))?,
            name: HeaderName::parse(&name).map_err(|e| wrong("name", e.to_string()))?,
        });
    }
    Ok(headers)
}

/// Replaces the webhook's headers. The caller raises the version.
pub async fn set_headers(
    conn: &mut Conn,
    vault: &Vault,
    (organization, webhook): (&OrganizationId, &WebhookId),
    headers: &[Header],
) -> Result<(), DbError> {
    raise_changes(conn).await?;
    freshen(conn, vault).await?;
    sqlx::query("DELETE FROM webhook_headers WHERE webhook_id = $1").bind(webhook).execute(&mut *conn).await?;
    for (position, header) in (1_i64..).zip(headers) {
        let name = header.name.as_str();
        sqlx::query("INSERT INTO webhook_headers (webhook_id, position, name, value) VALUES ($1, $2, $3, $4)")
            .bind(webhook)
            .bind(position)
            .bind(name)
            .bind(vault.seal(&header_place(organization, webhook, name), header.value.secret()))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Adds the secret that signs from now on.
pub async fn insert_secret(
    conn: &mut Conn,
    vault: &Vault,
    (organization, webhook): (&OrganizationId, &WebhookId),
    secret: &SigningSecret,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), DbError> {
    raise_changes(conn).await?;
    freshen(conn, vault).await?;
    let id = SecretId::new(now, rng);
    let sealed = vault.seal(&secret_place(organization, webhook, &id), &Secret::new(secret.expose()));
    sqlx::query("INSERT INTO signing_secrets (id, webhook_id, secret, created_at) VALUES ($1, $2, $3, $4)")
        .bind(&id)
        .bind(webhook)
        .bind(sealed)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Every secret that signs at `now`, the newest first, each with when it ends.
pub async fn secrets(
    conn: &mut Conn,
    vault: &Vault,
    webhook: &WebhookId,
    now: Timestamp,
) -> Result<Vec<(SigningSecret, Option<Timestamp>)>, DbError> {
    let rows = sqlx::query(
        "SELECT s.id, s.secret, s.expires_at, w.organization_id FROM signing_secrets s JOIN webhooks w ON w.id = s.webhook_id \
         WHERE s.webhook_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2) ORDER BY s.created_at DESC, s.id DESC",
    )
    .bind(webhook)
    .bind(now)
    .fetch_all(conn)
    .await?;
    let mut secrets = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, sealed): (SecretId, String) = (row.try_get(0)?, row.try_get(1)?);
        secrets.push((open(vault, (&row.try_get(3)?, webhook), &id, &sealed)?, row.try_get(2)?));
    }
    Ok(secrets)
}

/// A secret of a webhook.
#[derive(Clone, Debug)]
pub struct OwnedSecret {
    pub webhook: WebhookId,
    pub webhook_name: String,
    pub secret: SigningSecret,
    /// When it stopped, or stops, to sign.
    pub ends_at: Option<Timestamp>,
}

/// Every secret that is kept of the organization, those of deleted webhooks and those that do not sign any more, too; the
/// newest first.
pub async fn every_secret(
    conn: &mut Conn,
    vault: &Vault,
    organization: &OrganizationId,
) -> Result<Vec<OwnedSecret>, DbError> {
    let rows = sqlx::query(
        "SELECT s.id, s.secret, s.expires_at, w.id, w.name FROM webhooks w JOIN signing_secrets s ON s.webhook_id = w.id \
         WHERE w.organization_id = $1 ORDER BY s.created_at DESC, s.id DESC",
    )
    .bind(organization)
    .fetch_all(conn)
    .await?;
    let mut secrets = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, sealed, webhook): (SecretId, String, WebhookId) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
        let secret = open(vault, (organization, &webhook), &id, &sealed)?;
        secrets.push(OwnedSecret { webhook, webhook_name: row.try_get(4)?, secret, ends_at: row.try_get(2)? });
    }
    Ok(secrets)
}

fn open(
    vault: &Vault,
    (organization, webhook): (&OrganizationId, &WebhookId),
    id: &SecretId,
    sealed: &str,
) -> Result<SigningSecret, DbError> {
    let wrong = |problem: String| DbError::inconsistent("signing_secrets", "secret", id.as_str(), problem);
    let text = vault.open(&secret_place(organization, webhook, id), sealed).map_err(|e| wrong(e.to_string()))?;
    SigningSecret::parse(text.expose()).map_err(|e| wrong(e.to_string()))
}
