//! Adding a webhook, and changing one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::{Timestamp, WebhookId};
use crate::db::Tx;
use crate::delivery::endpoint::{Endpoint, Unresolved};
use crate::delivery::signing::SigningSecret;
use crate::webhooks::model::{Field, Header, Invalid, NewWebhook, Webhook, WebhookChange};
use crate::webhooks::store;

use super::life::{HeldOutcome, change_state};
use super::rotation::change_signing;
use super::{Refusal, Tools, announce, begin, load, write_down};

/// A new webhook, and the secret that its callbacks are signed with.
#[derive(Debug)]
pub struct Created {
    pub webhook: Webhook,
    pub signing_secret: SigningSecret,
}

/// Whether deliveries may go there, as far as that can be told while saving. Outside of any transaction: it may ask name servers.
pub async fn check_address(tools: &Tools, endpoint: &Endpoint) -> Result<Option<Unresolved>, Invalid> {
    let checked = tools.sender.check_for_saving(endpoint).await;
    checked.map_err(|refusal| Invalid::one(Field::Url, refusal.for_admins()))
}

/// Adds a webhook to the actor's organization. Its address must have been checked ([`check_address`]).
pub async fn create(tx: &mut Tx, tools: &Tools, actor: &Actor, new: NewWebhook) -> Result<Created, Refusal> {
    let seq = begin(tx, actor).await?;
    let existing = store::count(tx, &actor.organization).await?;
    if usize::try_from(existing).unwrap_or(usize::MAX) >= tools.max_webhooks {
        return Err(Refusal::TooMany(tools.max_webhooks));
    }
    let now = tools.clock.now();
    let signing_secret = new.signing.secret(&tools.vault, tools.rng.as_ref());
    let webhook = Webhook {
        id: WebhookId::new(now, tools.rng.as_ref()),
        organization: actor.organization.clone(),
        name: new.name,
        description: new.description,
        endpoint: new.endpoint,
        state: new.status.state(),
        limits: new.limits,
        signing: signing_secret.signing(),
        disabled_reason: None,
        version: 1,
        created_by: actor.email.clone(),
        created_at: now,
        updated_at: now,
        deleted: None,
        not_before: None,
        failing_since: None,
        failures: 0,
        last_test: None,
        header_names: new.headers.iter().map(|header| header.name.clone()).collect(),
        events: new.events,
    };
    store::insert(tx, &tools.vault, &webhook, seq).await?;
    store::set_headers(tx, &tools.vault, (&webhook.organization, &webhook.id), &new.headers).await?;
    let nothing = BTreeSet::new();
    store::set_subscriptions(tx, &webhook.organization, &webhook.id, &nothing, &webhook.events, seq).await?;
    store::insert_secret(
        tx,
        &tools.vault,
        (&webhook.organization, &webhook.id),
        &signing_secret,
        now,
        tools.rng.as_ref(),
    )
    .await?;
    let (url, signing) = (webhook.endpoint.to_string(), webhook.signing.as_str());
    let details = json!({ "url": url, "state": webhook.state.as_str(), "signing": signing });
    write_down(tx, tools, actor, now, "webhook.created", &webhook, details).await?;
    announce(tx, tools, &webhook.id);
    Ok(Created { webhook, signing_secret })
}

/// A webhook after a change, and what became of what it held.
#[derive(Debug)]
pub struct Updated {
    pub webhook: Webhook,
    pub held: HeldOutcome,
}

/// Changes a webhook as it was read at `version`: header values that are kept were read then, too, so that they go to no other
/// address than the one they were typed for. A change of the state follows the rules of pause, resume and enable.
pub async fn update(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    version: i64,
    change: WebhookChange,
) -> Result<Updated, Refusal> {
    let seq = begin(tx, actor).await?;
    let before = load(tx, tools, actor, id).await?;
    if before.version != version {
        return Err(Refusal::Stale);
    }
    let now = tools.clock.now();
    let (status, held) = (change.status, change.held);
    let changed = save_settings(tx, tools, &before, change, seq, now).await?;
    if !changed.is_empty() {
        write_down(tx, tools, actor, now, "webhook.updated", &before, json!({ "changed": changed })).await?;
    }
    let held = match status.filter(|status| status.state() != before.state) {
        Some(status) => change_state(tx, tools, actor, &before, status, held, now).await?,
        None => HeldOutcome::Nothing,
    };
    announce(tx, tools, id);
    Ok(Updated { webhook: load(tx, tools, actor, id).await?, held })
}

/// Writes what differs, and says which fields that were.
async fn save_settings(
    tx: &mut Tx,
    tools: &Tools,
    before: &Webhook,
    change: WebhookChange,
    seq: i64,
    now: Timestamp,
) -> Result<Vec<&'static str>, Refusal> {
    let mut changed = Vec::new();
    let mut after = before.clone();
    let mut set = |field, differs: bool| {
        if differs {
            changed.push(field);
        }
    };
    if let Some(name) = change.name {
        set("name", name != after.name);
        after.name = name;
    }
    if let Some(description) = change.description {
        set("description", description != after.description);
        after.description = description;
    }
    if let Some(endpoint) = change.endpoint {
        set("url", endpoint != after.endpoint);
        after.endpoint = endpoint;
    }
    after.limits = change.limits.of(before.limits);
    set("max_concurrency", after.limits.concurrency != before.limits.concurrency);
    set("max_per_second", after.limits.per_second != before.limits.per_second);
    if let Some(headers) = change.headers {
        let stored = store::headers(tx, &tools.vault, &before.id).await?;
        let differs = headers != stored || !same_spelling(&headers, &stored);
        set("headers", differs);
        store::set_headers(tx, &tools.vault, (&before.organization, &before.id), &headers).await?;
    }
    if let Some(events) = change.events {
        set("events", events != before.events);
        store::set_subscriptions(tx, &before.organization, &before.id, &before.events, &events, seq).await?;
    }
    if let Some(signing) = change.signing.filter(|signing| *signing != before.signing) {
        changed.push("signing");
        after.signing = signing;
        change_signing(tx, tools, before, signing, now).await?;
    }
    if !changed.is_empty() {
        store::update_settings(tx, &tools.vault, &after, before, now).await?;
    }
    Ok(changed)
}

/// Names are the same whatever their case, but they are sent as they were typed.
fn same_spelling(headers: &[Header], others: &[Header]) -> bool {
    headers.iter().map(|header| header.name.as_str()).eq(others.iter().map(|header| header.name.as_str()))
}
