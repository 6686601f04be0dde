//! The outbox: an event is written with its deliveries, in the transaction of the change that raised it. Both or neither.

use std::sync::Arc;

use sqlx::Row as _;

use crate::base::{Clock, OrganizationId, Rng, TimeZone};
use crate::db::{Conn, DbError, Flag, Tx};

use super::fan_out::{Dispatch, FanOut, fan_out};
use super::model::{Draft, NewEvent};
use super::store;

/// Everything that recording needs besides the transaction. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub dispatch: Arc<dyn Dispatch>,
}

/// What became of a group of events of one organization.
pub enum Recorded {
    /// On its way: announce it after the commit.
    Done(FanOut),
    /// Recorded without deliveries, because webhooks are turned off.
    WithoutDeliveries,
}

impl Recorder {
    /// Records an event in `tx`, whose commit hands its deliveries to the engine.
    pub async fn record(
        &self,
        tx: &mut Tx,
        organization: &OrganizationId,
        zone: TimeZone,
        draft: Draft,
    ) -> Result<NewEvent, DbError> {
        let event = NewEvent::prepare(organization.clone(), zone, draft, self.clock.now(), self.rng.as_ref());
        if let Recorded::Done(fan_out) = insert(tx, &self.dispatch, organization, &[&event]).await? {
            tx.after_commit(move || fan_out.announce());
        }
        Ok(event)
    }
}

/// The number of the next event or change of the organization, and whether its webhooks are enabled. The row stays
/// locked until the transaction ends, which makes the numbers' order the order of the commits. `None`: no such organization.
pub async fn next_seq(
    conn: &mut Conn,
    organization: &OrganizationId,
    count: usize,
) -> Result<Option<(i64, bool)>, DbError> {
    let row = sqlx::query("UPDATE organizations SET seq = seq + $2 WHERE id = $1 RETURNING seq, webhooks_enabled")
        .bind(organization)
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get::<Flag, _>(1)?.0))).transpose()
}

/// Where published events stand: in the order of the organization, and among the changes to what servers remember.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The number of the last of them.
    pub last: i64,
    pub enabled: bool,
    /// The change counter ([`crate::db::meta`]), read after the call.
    pub changes: i64,
}

/// Like [`next_seq`]; tells the change counter as well, so that nobody need ask for it apart.
pub async fn next_place(
    conn: &mut Conn,
    organization: &OrganizationId,
    count: usize,
) -> Result<Option<Place>, DbError> {
    let row = sqlx::query(
        "UPDATE organizations SET seq = seq + $2 WHERE id = $1 \
         RETURNING seq, webhooks_enabled, (SELECT value FROM change_counter WHERE id = 1)",
    )
    .bind(organization)
    .bind(i64::try_from(count).unwrap_or(i64::MAX))
    .fetch_optional(conn)
    .await?;
    let place = |row: crate::db::Row| {
        Ok(Place { last: row.try_get(0)?, enabled: row.try_get::<Flag, _>(1)?.0, changes: row.try_get(2)? })
    };
    row.map(place).transpose()
}

/// Records `events`, all of `organization`, with their deliveries.
pub async fn insert(
    conn: &mut Conn,
    dispatch: &Arc<dyn Dispatch>,
    organization: &OrganizationId,
    events: &[&NewEvent],
) -> Result<Recorded, DbError> {
    let (last, enabled) = next_seq(conn, organization, events.len()).await?.ok_or_else(|| {
        DbError::inconsistent("events", "organization_id", organization.as_str(), "no such organization")
    })?;
    if !enabled {
        store::insert(conn, organization, events, first_of(last, events.len()), false).await?;
        return Ok(Recorded::WithoutDeliveries);
    }
    Ok(Recorded::Done(insert_numbered(conn, dispatch, organization, events, last).await?))
}

/// Records `events` with their deliveries at the numbers up to `last`, which `next_seq` has given for at least as many,
/// saying that webhooks are enabled.
pub async fn insert_numbered(
    conn: &mut Conn,
    dispatch: &Arc<dyn Dispatch>,
    organization: &OrganizationId,
    events: &[&NewEvent],
    last: i64,
) -> Result<FanOut, DbError> {
    store::insert(conn, organization, events, first_of(last, events.len()), true).await?;
    fan_out(conn, dispatch, organization, events).await
}

fn first_of(last: i64, count: usize) -> i64 {
    last - i64::try_from(count).unwrap_or(0) + 1
}
