//! What people start from the log.

use std::sync::Arc;

use serde_json::json;

use crate::auth::audit;
use crate::auth::model::Actor;
use crate::base::{Clock, DeliveryId, Rng};
use crate::db::{DbError, Tx};
use crate::delivery::model::{Hints, RedeliverRefusal};
use crate::delivery::store::start_redelivery;
use crate::events::record::next_seq;

/// What a redelivery needs besides the transaction.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    pub clock: &'a dyn Clock,
    pub rng: &'a dyn Rng,
    pub hints: &'a Arc<dyn Hints>,
}

/// Why nothing is sent again.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such delivery.")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] RedeliverRefusal),
    #[error("This replay has finished.")]
    ReplayFinished,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Starts one attempt, at once: it goes to the engine when `tx` is committed. Returns the attempt's number.
pub async fn redeliver(tx: &mut Tx, tools: Tools<'_>, actor: &Actor, id: &DeliveryId) -> Result<i64, Refusal> {
    // Locks the organization: nobody pauses or deletes the webhook between the look and the lease.
    next_seq(tx, &actor.organization, 1).await?.ok_or(Refusal::NotFound)?;
    let now = tools.clock.now();
    let started = start_redelivery(tx, &actor.organization, id, now).await?.ok_or(Refusal::NotFound)??;
    let number = started.job.attempts + 1;
    let details = json!({ "webhook_id": id.webhook, "event_id": id.event, "attempt": number });
    audit::append(tx, now, tools.rng, actor, "delivery.redelivered", &id.to_string(), details).await?;
    let hints = tools.hints.clone();
    tx.after_commit(move || hints.redeliver(started));
    Ok(number)
}
