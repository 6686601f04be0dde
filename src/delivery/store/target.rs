//! Where and how a webhook's deliveries are sent, read from the settings' tables.

use sqlx::Row as _;

use crate::base::{OrganizationId, Secret, SecretId, Timestamp, Vault, WebhookId};
use crate::db::{Conn, DbError, Flag, Row};
use crate::delivery::endpoint::Endpoint;
use crate::delivery::model::{InvalidConcurrency, InvalidPerSecond, Limits};
use crate::delivery::scrub::Scrubber;
use crate::delivery::signing::SigningSecret;

/// A webhook as a lane sees it.
#[derive(Clone, Debug)]
pub struct Target {
    pub organization: OrganizationId,
    pub endpoint: Endpoint,
    /// Active, not deleted, and webhooks are turned on.
    pub deliverable: bool,
    pub not_before: Option<Timestamp>,
    pub limits: Limits,
    pub headers: Vec<(String, Secret)>,
    pub secrets: Vec<SigningSecret>,
    /// When the first of the secrets ends; the target must be loaded again then.
    pub secrets_until: Option<Timestamp>,
    /// Takes these secrets out of what is answered.
    pub scrubber: Scrubber,
}

/// The place (associated data) under which the value of a webhook's header is sealed.
pub fn header_place(organization: &OrganizationId, webhook: &WebhookId, name: &str) -> String {
    format!("{organization}/webhook_headers/{webhook}/{}", name.to_ascii_lowercase())
}

/// The place of a signing secret.
pub fn secret_place(organization: &OrganizationId, webhook: &WebhookId, id: &SecretId) -> String {
    format!("{organization}/signing_secrets/{webhook}/{id}")
}

/// The place of what stands behind the `?` of a webhook's URL.
pub fn query_place(organization: &OrganizationId, webhook: &WebhookId) -> String {
    format!("{organization}/webhooks/{webhook}/url_query")
}

/// A webhook's URL, from its columns `url` and `url_query`, which are kept apart because the query may hold a key.
pub fn endpoint(
    vault: &Vault,
    organization: &OrganizationId,
    webhook: &WebhookId,
    url: String,
    query: Option<String>,
) -> Result<Endpoint, DbError> {
    let wrong = |column, problem: String| DbError::inconsistent("webhooks", column, webhook.as_str(), problem);
    let whole = match query {
        Some(sealed) => {
            let query = vault.open(&query_place(organization, webhook), &sealed);
            format!("{url}?{}", query.map_err(|e| wrong("url_query", e.to_string()))?.expose())
        }
        None => url,
    };
    Endpoint::parse(&whole).map_err(|e| wrong("url", e.to_string()))
}

/// The limits of a webhook, from the two columns that begin at `first`.
pub fn limits(row: &Row, first: usize, webhook: &WebhookId) -> Result<Limits, DbError> {
    let number = |index| -> Result<Option<String>, DbError> {
        Ok(row.try_get::<Option<i64>, _>(index)?.map(|number| number.to_string()))
    };
    let wrong = |column, problem: String| DbError::inconsistent("webhooks", column, webhook.as_str(), problem);
    let concurrency = number(first)?.map(|text| text.parse()).transpose();
    let per_second = number(first + 1)?.map(|text| text.parse()).transpose();
    Ok(Limits {
        concurrency: concurrency.map_err(|e: InvalidConcurrency| wrong("max_concurrency", e.to_string()))?,
        per_second: per_second.map_err(|e: InvalidPerSecond| wrong("max_per_second", e.to_string()))?,
    })
}

pub async fn load_target(
    conn: &mut Conn,
    vault: &Vault,
    webhook: &WebhookId,
    now: Timestamp,
) -> Result<Option<Target>, DbError> {
    let row = sqlx::query(
        "SELECT w.organization_id, w.url, w.state, w.deleted_at, w.not_before, o.webhooks_enabled, w.max_concurrency, w.max_per_second, w.url_query FROM webhooks w \
         JOIN organizations o ON o.id = w.organization_id WHERE w.id = $1",
    )
    .bind(webhook)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (url, state): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let deliverable =
        state == "active" && row.try_get::<Option<Timestamp>, _>(3)?.is_none() && row.try_get::<Flag, _>(5)?.0;
    let organization: OrganizationId = row.try_get(0)?;
    let mut target = Target {
        endpoint: endpoint(vault, &organization, webhook, url, row.try_get(8)?)?,
        organization,
        deliverable,
        not_before: row.try_get(4)?,
        limits: limits(&row, 6, webhook)?,
        headers: Vec::new(),
        secrets: Vec::new(),
        secrets_until: None,
        scrubber: Scrubber::default(),
    };
    let headers = sqlx::query("SELECT name, value FROM webhook_headers WHERE webhook_id = $1 ORDER BY position")
        .bind(webhook)
        .fetch_all(&mut *conn)
        .await?;
    for row in headers {
        let (name, sealed): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let value = vault
            .open(&header_place(&target.organization, webhook, &name), &sealed)
            .map_err(|e| DbError::inconsistent("webhook_headers", "value", webhook.as_str(), e))?;
        target.headers.push((name, value));
    }
    let secrets = sqlx::query(
        "SELECT id, secret, expires_at FROM signing_secrets WHERE webhook_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC, id DESC",
    )
    .bind(webhook)
    .bind(now)
    .fetch_all(conn)
    .await?;
    for row in secrets {
        let (id, sealed): (SecretId, String) = (row.try_get(0)?, row.try_get(1)?);
        let inconsistent = |problem: String| DbError::inconsistent("signing_secrets", "secret", id.as_str(), problem);
        let place = secret_place(&target.organization, webhook, &id);
        let text = vault.open(&place, &sealed).map_err(|e| inconsistent(e.to_string()))?;
        target.secrets.push(SigningSecret::parse(text.expose()).map_err(|e| inconsistent(e.to_string()))?);
        let until: Option<Timestamp> = row.try_get(2)?;
        target.secrets_until = [target.secrets_until, until].into_iter().flatten().min();
    }
    target.scrubber = Scrubber::new(&target.headers, &target.secrets, &target.endpoint);
    Ok(Some(target))
}
