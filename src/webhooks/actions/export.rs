//! Taking the log away in a file is written down.

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::WebhookId;
use crate::db::Tx;
use crate::webhooks::model::Webhook;

use super::{Refusal, Tools, load, look, write_down};

/// Writes down that the webhook's deliveries are exported as `format`, those that `filter`, the query of the address, chooses.
pub async fn note_export(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    format: &str,
    filter: &str,
) -> Result<Webhook, Refusal> {
    look(tx, actor).await?;
    let webhook = load(tx, tools, actor, id).await?;
    let details = json!({ "format": format, "filter": filter });
    write_down(tx, tools, actor, tools.clock.now(), "webhook.log_exported", &webhook, details).await?;
    Ok(webhook)
}
