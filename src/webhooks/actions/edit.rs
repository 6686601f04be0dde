//! Adding a webhook, and changing one.

use std::collections::BTreeSet;

use crate::auth::model::Actor;
use crate::base::{Timestamp, WebhookId};
use crate::db::Tx;
use crate::delivery::endpoint::{Endpoint, Unresolved};
use crate::delivery::signing::SigningSecret;
use crate::webhooks::model::{Field, Invalid, NewWebhook, Webhook, WebhookChange};
use crate::webhooks::store;

use super::differences::{Differences, description};
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
    write_down(tx, tools, actor, now, "webhook.created", &webhook, description(&webhook)).await?;
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
        write_down(tx, tools, actor, now, "webhook.updated", &before, changed.details()).await?;
    }
    let held = match status.filter(|status| status.state() != before.state) {
        Some(status) => change_state(tx, tools, actor, &before, status, held, now).await?,
        None => HeldOutcome::Nothing,
    };
    announce(tx, tools, id);
    Ok(Updated { webhook: load(tx, tools, actor, id).await?, held })
}

/// Writes what differs, and says what that was.
async fn save_settings(
    tx: &mut Tx,
    tools: &Tools,
    before: &Webhook,
    change: WebhookChange,
    seq: i64,
    now: Timestamp,
) -> Result<Differences, Refusal> {
    let after = Webhook {
        name: change.name.unwrap_or_else(|| before.name.clone()),
        description: change.description.unwrap_or_else(|| before.description.clone()),
        endpoint: change.endpoint.unwrap_or_else(|| before.endpoint.clone()),
        limits: change.limits.of(before.limits),
        signing: change.signing.unwrap_or(before.signing),
        events: change.events.unwrap_or_else(|| before.events.clone()),
        ..before.clone()
    };
    let mut differences = Differences::between(before, &after);
    if let Some(headers) = change.headers {
        let stored = store::headers(tx, &tools.vault, &before.id).await?;
        differences.add_headers(&stored, &headers);
        store::set_headers(tx, &tools.vault, (&before.organization, &before.id), &headers).await?;
    }
    if after.events != before.events {
        store::set_subscriptions(tx, &before.organization, &before.id, &before.events, &after.events, seq).await?;
    }
    if after.signing != before.signing {
        change_signing(tx, tools, before, after.signing, now).await?;
    }
    if !differences.is_empty() {
        store::update_settings(tx, &tools.vault, &after, before, now).await?;
    }
    Ok(differences)
}
