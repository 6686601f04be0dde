//! Starting a replay, and cancelling it.

use serde_json::json;

use crate::auth::audit;
use crate::auth::model::Actor;
use crate::base::{Place, ReplayId, WebhookId};
use crate::db::{Conn, Tx};
use crate::delivery::model::{DeliveryState, NewReplay, RedeliverRefusal, Replay, ReplayFilter, ReplayState};
use crate::delivery::store::{cancel_replay, count_replayable, insert_replay};
use crate::events::record::next_seq;
use crate::webhooks::model::{PerSecond, WebhookState};
use crate::webhooks::store as webhooks;

use super::actions::{Refusal, Tools};
use super::store;

/// What is to be replayed, and how fast.
#[derive(Clone, Debug)]
pub struct Plan {
    pub filter: ReplayFilter,
    pub pace: PerSecond,
    /// As [`count`] said just before.
    pub total: i64,
}

/// How many deliveries a replay would take that began now.
pub async fn count(
    conn: &mut Conn,
    tools: Tools<'_>,
    actor: &Actor,
    webhook: &WebhookId,
    filter: &ReplayFilter,
) -> Result<i64, Refusal> {
    let counts = count_by_state(conn, tools, actor, webhook, filter).await?;
    Ok(counts.iter().map(|(_, count)| count).sum())
}

/// The same for each state that is wanted.
pub async fn count_by_state(
    conn: &mut Conn,
    tools: Tools<'_>,
    actor: &Actor,
    webhook: &WebhookId,
    filter: &ReplayFilter,
) -> Result<Vec<(DeliveryState, i64)>, Refusal> {
    webhooks::find_state(conn, &actor.organization, webhook).await?.ok_or(Refusal::NotFound)?;
    let now = tools.clock.now();
    let mut counts = Vec::with_capacity(filter.states.len());
    for state in &filter.states {
        let of_state = ReplayFilter { states: vec![*state], ..filter.clone() };
        counts.push((*state, count_replayable(conn, webhook, &of_state, now).await?));
    }
    Ok(counts)
}

/// Replays that are looked at for one that was asked for twice.
const RECENT: usize = 10;

/// As [`start`], but of a question that was answered twice, by a second press of the button, only the first answer counts: the
/// replay that it started is returned. The filter's end is the time of the question, so that no two questions are alike.
pub async fn start_once(
    tx: &mut Tx,
    tools: Tools<'_>,
    actor: &Actor,
    webhook: &WebhookId,
    plan: Plan,
) -> Result<Replay, Refusal> {
    // Locks the organization: of two answers at once, the second one sees the first.
    next_seq(tx, &actor.organization, 1).await?.ok_or(Refusal::NotFound)?;
    webhooks::find_state(tx, &actor.organization, webhook).await?.ok_or(Refusal::NotFound)?;
    let recent = store::list_replays(tx, webhook, &Place::Newest, RECENT).await?;
    match recent.rows.into_iter().find(|replay| replay.filter == plan.filter) {
        Some(same) => Ok(same),
        None => start(tx, tools, actor, webhook, plan).await,
    }
}

/// Starts a replay; the engine goes on with it when `tx` is committed.
pub async fn start(
    tx: &mut Tx,
    tools: Tools<'_>,
    actor: &Actor,
    webhook: &WebhookId,
    plan: Plan,
) -> Result<Replay, Refusal> {
    let (_, is_enabled) = next_seq(tx, &actor.organization, 1).await?.ok_or(Refusal::NotFound)?;
    let found = webhooks::find_name(tx, &actor.organization, webhook).await?;
    let (name, state) =
        found.filter(|(.., is_deleted)| !is_deleted).map(|(name, state, _)| (name, state)).ok_or(Refusal::NotFound)?;
    if !is_enabled {
        return Err(RedeliverRefusal::TurnedOff.into());
    }
    if state != WebhookState::Active {
        return Err(RedeliverRefusal::NotActive.into());
    }
    let now = tools.clock.now();
    let new = NewReplay {
        id: ReplayId::new(now, tools.rng),
        organization: actor.organization.clone(),
        webhook: webhook.clone(),
        filter: plan.filter,
        pace: plan.pace.interval(),
        total: plan.total,
        created_by: actor.email.clone(),
        created_at: now,
    };
    insert_replay(tx, &new).await?;
    let states: Vec<_> = new.filter.states.iter().map(|state| state.as_str()).collect();
    let types: Vec<_> = new.filter.event_types.iter().map(|kind| kind.as_str()).collect();
    let details = json!({
        "webhook_id": webhook, "replay_id": new.id, "since": new.filter.since.rfc3339(), "until": new.filter.until.rfc3339(),
        "states": states, "event_types": types, "per_second": plan.pace.count(), "total": plan.total,
    });
    audit::append(tx, now, tools.rng, actor, "webhook.replay_started", &name, details).await?;
    let hints = tools.hints.clone();
    tx.after_commit(move || hints.replay());
    find(tx, actor, &new.id).await
}

/// Cancels a replay that runs; what it has made pending and did not get through goes back to what it was. Repeating it changes
/// nothing.
pub async fn cancel(tx: &mut Tx, tools: Tools<'_>, actor: &Actor, id: &ReplayId) -> Result<Replay, Refusal> {
    next_seq(tx, &actor.organization, 1).await?.ok_or(Refusal::NotFound)?;
    let replay = find(tx, actor, id).await?;
    match replay.state {
        ReplayState::Cancelled => return Ok(replay),
        ReplayState::Finished => return Err(Refusal::ReplayFinished),
        ReplayState::Running => {}
    }
    let now = tools.clock.now();
    if !cancel_replay(tx, id, now).await? {
        return Err(Refusal::ReplayFinished);
    }
    let details = json!({ "webhook_id": replay.webhook, "replay_id": id });
    audit::append(tx, now, tools.rng, actor, "webhook.replay_cancelled", id.as_str(), details).await?;
    find(tx, actor, id).await
}

async fn find(conn: &mut Conn, actor: &Actor, id: &ReplayId) -> Result<Replay, Refusal> {
    store::find_replay(conn, &actor.organization, id).await?.ok_or(Refusal::NotFound)
}
