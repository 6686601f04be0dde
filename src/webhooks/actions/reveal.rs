//! Showing what is otherwise never shown, and writing down who looked.

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::{Timestamp, WebhookId};
use crate::db::Tx;
use crate::delivery::signing::SigningSecret;
use crate::webhooks::model::{Header, Webhook};
use crate::webhooks::store;

use super::{Refusal, Tools, load, look, write_down};

/// A webhook's secrets in clear.
#[derive(Debug)]
pub struct Revealed {
    pub webhook: Webhook,
    /// The newest first; more than one while a secret is rotated. Each with when it ends.
    pub secrets: Vec<(SigningSecret, Option<Timestamp>)>,
    pub headers: Vec<Header>,
}

/// Reads signing secrets and header values, in a transaction because it is written down.
pub async fn reveal(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<Revealed, Refusal> {
    look(tx, actor).await?;
    let webhook = load(tx, tools, actor, id).await?;
    let now = tools.clock.now();
    let secrets = store::secrets(tx, &tools.vault, id, now).await?;
    let headers = store::headers(tx, &tools.vault, id).await?;
    write_down(tx, tools, actor, now, "webhook.secrets_revealed", &webhook, json!({})).await?;
    Ok(Revealed { webhook, secrets, headers })
}
