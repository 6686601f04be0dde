//! Another signing secret in the place of one that receivers know: both sign for a while, so that nothing is refused while they
//! change it.

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::{Timestamp, WebhookId};
use crate::db::Tx;
use crate::delivery::signing::{Signing, SigningSecret};
use crate::webhooks::model::{Overlap, Webhook, successor};
use crate::webhooks::store;

use super::{Refusal, Tools, announce, begin, load, write_down};

/// The most secrets that sign at a time: each adds to a header that every receiver has to take.
pub const MAX_SECRETS: usize = 10;

/// A webhook, and what it signs with from now on.
#[derive(Debug)]
pub struct Rotated {
    pub webhook: Webhook,
    /// The newest first, each with when it ends.
    pub secrets: Vec<(SigningSecret, Option<Timestamp>)>,
}

/// Makes another secret. The one before signs beside it for `overlap`; older ones keep their ends. Without an overlap none of
/// them signs any more, as it must be when a secret became known to others.
pub async fn rotate_secret(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    overlap: Overlap,
) -> Result<Rotated, Refusal> {
    begin(tx, actor).await?;
    let before = load(tx, tools, actor, id).await?;
    let now = tools.clock.now();
    let secret = SigningSecret::generate_for(before.signing, tools.rng.as_ref());
    replace(tx, tools, &before, &secret, overlap, now).await?;
    store::note_secrets_changed(tx, id, now).await?;
    let details = json!({ "overlap_seconds": overlap.seconds() });
    write_down(tx, tools, actor, now, "webhook.secret_rotated", &before, details).await?;
    announce(tx, tools, id);
    let secrets = store::secrets(tx, &tools.vault, id, now).await?;
    Ok(Rotated { webhook: load(tx, tools, actor, id).await?, secrets })
}

/// Lets the webhook sign in the other way: the secret, or key pair, that follows its present one, which signs beside it for a day.
pub(super) async fn change_signing(
    tx: &mut Tx,
    tools: &Tools,
    webhook: &Webhook,
    signing: Signing,
    now: Timestamp,
) -> Result<(), Refusal> {
    let secrets = store::secrets(tx, &tools.vault, &webhook.id, now).await?;
    let next = match secrets.first() {
        Some((current, _)) => successor(&tools.vault, current, signing),
        None => SigningSecret::generate_for(signing, tools.rng.as_ref()),
    };
    replace(tx, tools, webhook, &next, Overlap::default(), now).await
}

/// Puts `secret` in the place of the one that signs now, which goes on for `overlap`.
async fn replace(
    tx: &mut Tx,
    tools: &Tools,
    Webhook { id, organization, .. }: &Webhook,
    secret: &SigningSecret,
    overlap: Overlap,
    now: Timestamp,
) -> Result<(), Refusal> {
    match overlap.length() {
        None => {
            store::end_current_secret(tx, id, now).await?;
            store::forget_old_secrets(tx, id).await?;
        }
        Some(length) => {
            store::forget_secrets(tx, id, now).await?;
            // The one that is current becomes another old one, and the new one signs too.
            if store::old_secrets(tx, id, now).await?.len() + 2 > MAX_SECRETS {
                return Err(Refusal::TooManySecrets(MAX_SECRETS));
            }
            store::end_current_secret(tx, id, now + length).await?;
        }
    }
    let made_at = store::time_of_new_secret(tx, id, now).await?;
    store::insert_secret(tx, &tools.vault, (organization, id), secret, made_at, tools.rng.as_ref()).await?;
    Ok(())
}

/// What came of ending an overlap.
#[derive(Debug)]
pub struct Ended {
    pub webhook: Webhook,
    /// Old secrets that signed until now.
    pub count: usize,
}

/// Ends every old secret at once. Where none signs any more, it changes nothing.
pub async fn end_rotation(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<Ended, Refusal> {
    begin(tx, actor).await?;
    let webhook = load(tx, tools, actor, id).await?;
    let now = tools.clock.now();
    let count = store::old_secrets(tx, id, now).await?.len();
    if count == 0 {
        return Ok(Ended { webhook, count });
    }
    store::forget_old_secrets(tx, id).await?;
    store::note_secrets_changed(tx, id, now).await?;
    write_down(tx, tools, actor, now, "webhook.rotation_ended", &webhook, json!({ "secrets": count })).await?;
    announce(tx, tools, id);
    Ok(Ended { webhook: load(tx, tools, actor, id).await?, count })
}
