//! What people do with webhooks, for pages, API and command line alike: load, apply the rule, save, write the audit entry, all in
//! the caller's transaction.
//!
//! Every action that changes something takes the organization's next number first, which locks its row: no event is recorded
//! meanwhile, so each one is clearly before or after the change. The engine is told after the commit.

mod deletion;
mod differences;
mod edit;
mod export;
mod life;
mod reveal;
mod rotation;
mod testing;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::auth::audit;
use crate::auth::model::Actor;
use crate::auth::store::organizations;
use crate::base::{Clock, Rng, Timestamp, Vault, WebhookId};
use crate::db::{DbError, Tx};
use crate::delivery::model::Hints;
use crate::delivery::sender::Sender;
use crate::events::record::next_seq;

use super::model::{Webhook, WebhookState};
use super::store;

pub use deletion::{delete, restore};
pub use edit::{Created, Updated, check_address, create, update};
pub use export::note_export;
pub use life::{HeldOutcome, StateChange, enable, pause, resume};
pub use reveal::{Revealed, reveal};
pub use rotation::{Ended, MAX_SECRETS, Rotated, end_rotation, rotate_secret};
pub use testing::{Target, TestReport, finish_test, send_test, target_of};

/// What actions need besides the transaction. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    pub hints: Arc<dyn Hints>,
    /// For tests: without a pool, since it is used from the threads of the pages.
    pub sender: Sender,
    /// HERALD_MAX_WEBHOOKS, for each organization.
    pub max_webhooks: usize,
}

/// Why an action is not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such webhook.")]
    NotFound,
    #[error("Webhooks are not enabled for this organization.")]
    NotEnabled,
    #[error("This organization already has {0} webhooks, which is the most it may have. Delete one first.")]
    TooMany(usize),
    /// The webhook would become active, and nobody said what is to become of what it holds.
    #[error("{count} messages are held. Choose whether to deliver or to cancel them.")]
    HeldChoice { count: i64 },
    #[error("{0} secrets sign already, which is the most that may. End the old ones first.")]
    TooManySecrets(usize),
    #[error("This webhook is {state}: {}", advice(*.state))]
    WrongState { state: WebhookState },
    #[error("The 10 minutes in which this could be undone are over.")]
    TooLate,
    /// Somebody changed the webhook between the reading and the writing.
    #[error("Someone else changed this webhook. Reload to see their version.")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

fn advice(state: WebhookState) -> &'static str {
    match state {
        WebhookState::Active => "there is nothing to do.",
        WebhookState::Paused => "resume it instead.",
        WebhookState::Disabled => "enable it instead.",
    }
}

/// Takes the number of this change, which also puts it in order with events and other changes.
async fn begin(tx: &mut Tx, actor: &Actor) -> Result<i64, Refusal> {
    match next_seq(tx, &actor.organization, 1).await? {
        Some((seq, true)) => Ok(seq),
        Some((_, false)) => Err(Refusal::NotEnabled),
        None => Err(Refusal::NotFound),
    }
}

/// For what is read and written down, and changes nothing: takes no number, and keeps no event waiting.
async fn look(tx: &mut Tx, actor: &Actor) -> Result<(), Refusal> {
    match organizations::find(tx, &actor.organization).await? {
        Some(organization) if organization.webhooks_enabled => Ok(()),
        Some(_) => Err(Refusal::NotEnabled),
        None => Err(Refusal::NotFound),
    }
}

async fn load(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<Webhook, Refusal> {
    store::find(tx, &tools.vault, &actor.organization, id).await?.ok_or(Refusal::NotFound)
}

async fn write_down(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    now: Timestamp,
    action: &str,
    webhook: &Webhook,
    details: Value,
) -> Result<(), DbError> {
    let mut all = Map::from_iter([("webhook_id".to_owned(), json!(webhook.id))]);
    if let Value::Object(details) = details {
        all.extend(details);
    }
    audit::append(tx, now, tools.rng.as_ref(), actor, action, webhook.name.as_str(), Value::Object(all)).await
}

/// Tells the engine after the commit.
fn announce(tx: &mut Tx, tools: &Tools, id: &WebhookId) {
    let (hints, id) = (tools.hints.clone(), id.clone());
    tx.after_commit(move || {
        hints.webhook_changed(&id);
        hints.wake();
    });
}
