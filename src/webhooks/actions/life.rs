//! Pausing a webhook, and making it active again: with a word on what is held.

use serde_json::json;

use crate::auth::model::Actor;
use crate::base::{Timestamp, WebhookId};
use crate::db::{DbError, Tx};
use crate::delivery::store as deliveries;
use crate::webhooks::model::{Held, Status, Webhook, WebhookState};
use crate::webhooks::store;

use super::{Refusal, Tools, announce, begin, load, write_down};

/// What became of the held deliveries of a webhook that became active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOutcome {
    Nothing,
    Delivering(u64),
    Cancelled(u64),
}

/// What an action on the state came to.
#[derive(Debug)]
pub struct StateChange {
    pub webhook: Webhook,
    /// It was in that state already.
    pub repeated: bool,
    pub held: HeldOutcome,
}

/// Stops sending until a person resumes it: what is pending is held, an attempt under way ends and counts.
pub async fn pause(tx: &mut Tx, tools: &Tools, actor: &Actor, id: &WebhookId) -> Result<StateChange, Refusal> {
    switch(tx, tools, actor, id, WebhookState::Active, Status::Paused, None).await
}

/// Makes a paused webhook active.
pub async fn resume(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    held: Option<Held>,
) -> Result<StateChange, Refusal> {
    switch(tx, tools, actor, id, WebhookState::Paused, Status::Active, held).await
}

/// Makes a webhook active that Herald had disabled.
pub async fn enable(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    held: Option<Held>,
) -> Result<StateChange, Refusal> {
    switch(tx, tools, actor, id, WebhookState::Disabled, Status::Active, held).await
}

async fn switch(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    from: WebhookState,
    to: Status,
    held: Option<Held>,
) -> Result<StateChange, Refusal> {
    begin(tx, actor).await?;
    let webhook = load(tx, tools, actor, id).await?;
    if webhook.state == to.state() {
        return Ok(StateChange { webhook, repeated: true, held: HeldOutcome::Nothing });
    }
    if webhook.state != from {
        return Err(Refusal::WrongState { state: webhook.state });
    }
    let held = change_state(tx, tools, actor, &webhook, to, held, tools.clock.now()).await?;
    announce(tx, tools, id);
    Ok(StateChange { webhook: load(tx, tools, actor, id).await?, repeated: false, held })
}

/// Makes `webhook` what a person chose, from whatever other state it is in.
pub(super) async fn change_state(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    webhook: &Webhook,
    to: Status,
    held: Option<Held>,
    now: Timestamp,
) -> Result<HeldOutcome, Refusal> {
    let count = match to {
        Status::Active => deliveries::count_held(tx, &webhook.id).await?,
        Status::Paused => 0,
    };
    if count > 0 && held.is_none() {
        return Err(Refusal::HeldChoice { count });
    }
    store::update_state(tx, &webhook.id, to.state(), now).await?;
    if to == Status::Active && held == Some(Held::Cancel) {
        // Nothing that waited is to be sent, whether or not a delivery is held.
        deliveries::forget_asked(tx, &webhook.id).await?;
    }
    let (action, outcome) = match (to, held.filter(|_| count > 0)) {
        (Status::Paused, _) => {
            deliveries::hold(tx, &webhook.id).await?;
            ("webhook.paused", HeldOutcome::Nothing)
        }
        (Status::Active, choice) => (became_active(webhook.state), settle(tx, &webhook.id, choice, now).await?),
    };
    let details = match outcome {
        HeldOutcome::Nothing => json!({}),
        HeldOutcome::Delivering(count) => match held {
            Some(Held::DeliverSlowly(pace)) => json!({ "held": "deliver", "count": count, "per_second": pace.count() }),
            _ => json!({ "held": "deliver", "count": count }),
        },
        HeldOutcome::Cancelled(count) => json!({ "held": "cancel", "count": count }),
    };
    write_down(tx, tools, actor, now, action, webhook, details).await?;
    Ok(outcome)
}

fn became_active(before: WebhookState) -> &'static str {
    match before {
        WebhookState::Disabled => "webhook.enabled",
        WebhookState::Paused | WebhookState::Active => "webhook.resumed",
    }
}

async fn settle(tx: &mut Tx, id: &WebhookId, choice: Option<Held>, now: Timestamp) -> Result<HeldOutcome, DbError> {
    Ok(match choice {
        None => HeldOutcome::Nothing,
        Some(Held::Deliver) => HeldOutcome::Delivering(deliveries::release_held(tx, id, now).await?),
        Some(Held::DeliverSlowly(pace)) => {
            HeldOutcome::Delivering(deliveries::release_held_slowly(tx, id, now, pace.interval()).await?)
        }
        Some(Held::Cancel) => HeldOutcome::Cancelled(deliveries::cancel_held(tx, id, now).await?),
    })
}
