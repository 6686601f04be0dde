//! Deleting a webhook, and taking that back.

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::WebhookId;
use crate::db::Tx;
use crate::delivery::model::UNDO_WITHIN;
use crate::delivery::store as deliveries;
use crate::webhooks::model::{Deletion, Webhook};
use crate::webhooks::store;

use super::{Refusal, Tools, announce, begin, load, write_down};

/// Deletes a webhook and cancels its open deliveries. Its log stays. Answers it as it was.
pub async fn delete(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<Webhook, Refusal> {
    let seq = begin(tx, actor).await?;
    let webhook = load(tx, tools, actor, id).await?;
    let now = tools.clock.now();
    store::update_deleted(tx, id, Some(Deletion { at: now, seq }), now).await?;
    let cancelled = deliveries::cancel_for_deletion(tx, id, now).await?;
    write_down(tx, tools, actor, now, "webhook.deleted", &webhook, json!({ "cancelled": cancelled })).await?;
    announce(tx, tools, id);
    Ok(webhook)
}

/// Undoes a deletion within [`UNDO_WITHIN`]: the webhook, exactly the deliveries that were cancelled, and one for each subscribed
/// event recorded meanwhile. Repeated, it changes nothing.
pub async fn restore(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<Webhook, Refusal> {
    begin(tx, actor).await?;
    let found = store::find_even_deleted(tx, &tools.vault, &actor.organization, id).await?;
    let webhook = found.ok_or(Refusal::NotFound)?;
    let Some(deletion) = webhook.deleted else { return Ok(webhook) };
    let now = tools.clock.now();
    if now.saturating_sub(deletion.at) >= UNDO_WITHIN {
        return Err(Refusal::TooLate);
    }
    let existing = store::count(tx, &actor.organization).await?;
    if usize::try_from(existing).unwrap_or(usize::MAX) >= tools.max_webhooks {
        return Err(Refusal::TooMany(tools.max_webhooks));
    }
    store::update_deleted(tx, id, None, now).await?;
    deliveries::undo_deletion(tx, &actor.organization, id, deletion.seq, now).await?;
    write_down(tx, tools, actor, now, "webhook.restored", &webhook, json!({})).await?;
    announce(tx, tools, id);
    load(tx, tools, actor, id).await
}
