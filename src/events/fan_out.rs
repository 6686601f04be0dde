//! From an event to its deliveries: one for each webhook that is subscribed at that moment.
//!
//! The organization's row is locked by the caller (its `seq` was raised in this transaction), and every change to
//! subscriptions raises it too, so what is read here is what holds at the event's place in the order. This
//! module makes delivery rows; from then on the `delivery` module owns them (docs/decisions/0009).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;

use crate::base::{DeliveryId, OrganizationId, Timestamp, WebhookId};
use crate::db::{Conn, DbError, Dialect, sql};

use super::catalog::EventType;
use super::model::NewEvent;

/// A delivery that was made by this process and goes to its lane from memory, without being polled for.
#[derive(Clone, Debug)]
pub struct BornDelivery {
    pub id: DeliveryId,
    pub body: Arc<str>,
    pub leased_until: Timestamp,
}

/// The way from here to the engine, which is told of new deliveries after the commit.
pub trait Dispatch: Send + Sync + 'static {
    /// Keeps a place in the webhook's lane, and says for how long its delivery is leased; `None` when the lane is full, and the
    /// delivery is left for the poll.
    fn reserve(&self, webhook: &WebhookId) -> Option<Duration>;
    /// Gives back a place kept by `reserve` whose delivery did not come to be.
    fn release(&self, webhook: &WebhookId);
    /// Hands over deliveries that are on disk, leased to this process with lease number 1.
    fn deliver(&self, born: Vec<BornDelivery>);
    /// Something may have become due that was left for the poll.
    fn wake(&self);
}

/// For processes without an engine (`herald admin`): everything is left for the server's poll.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDispatch;

impl Dispatch for NoDispatch {
    fn reserve(&self, _: &WebhookId) -> Option<Duration> {
        None
    }
    fn release(&self, _: &WebhookId) {}
    fn deliver(&self, _: Vec<BornDelivery>) {}
    fn wake(&self) {}
}

/// What fan-out made, to be handed to the engine after the commit; dropped before that, the kept places are freed.
pub struct FanOut {
    dispatch: Arc<dyn Dispatch>,
    born: Vec<BornDelivery>,
    left_for_the_poll: bool,
    /// Deliveries made for each event, in the order of the events.
    pub made: Vec<usize>,
}

impl FanOut {
    pub fn announce(mut self) {
        let born = std::mem::take(&mut self.born);
        if !born.is_empty() {
            self.dispatch.deliver(born);
        }
        if self.left_for_the_poll {
            self.dispatch.wake();
        }
    }
}

impl Drop for FanOut {
    fn drop(&mut self) {
        for born in &self.born {
            self.dispatch.release(&born.id.webhook);
        }
    }
}

struct Subscriber {
    webhook: WebhookId,
    active: bool,
    not_before: Option<Timestamp>,
}

struct NewDelivery<'a> {
    event: &'a NewEvent,
    webhook: WebhookId,
    /// Why it is held, where it is.
    hold: Option<&'static str>,
    due_at: Option<Timestamp>,
    leased_until: Option<Timestamp>,
}

/// Makes the deliveries of `events` (of one organization, whose switch is on), in their order.
pub async fn fan_out(
    conn: &mut Conn,
    dispatch: &Arc<dyn Dispatch>,
    organization: &OrganizationId,
    events: &[&NewEvent],
) -> Result<FanOut, DbError> {
    let subscribers = subscribers(conn, organization).await?;
    let mut result = FanOut {
        dispatch: dispatch.clone(),
        born: Vec::new(),
        left_for_the_poll: false,
        made: Vec::with_capacity(events.len()),
    };
    let mut rows = Vec::new();
    for event in events {
        let of_type = subscribers.get(&event.event_type).map_or(&[][..], Vec::as_slice);
        result.made.push(of_type.len());
        for subscriber in of_type {
            let row = plan(event, subscriber, dispatch.as_ref());
            if let Some(leased_until) = row.leased_until {
                let id = DeliveryId { webhook: row.webhook.clone(), event: event.id.clone() };
                result.born.push(BornDelivery { id, body: event.body.clone(), leased_until });
            } else if row.due_at.is_some() {
                result.left_for_the_poll = true;
            }
            rows.push(row);
        }
    }
    for (piece, places) in sql::pieces(&rows) {
        insert(conn, organization, piece, places).await?;
    }
    Ok(result)
}

fn plan<'a>(event: &'a NewEvent, subscriber: &Subscriber, dispatch: &dyn Dispatch) -> NewDelivery<'a> {
    let now = event.recorded_at;
    let base =
        NewDelivery { event, webhook: subscriber.webhook.clone(), hold: None, due_at: Some(now), leased_until: None };
    if !subscriber.active {
        return NewDelivery { hold: Some("webhook"), due_at: None, ..base };
    }
    if let Some(later) = subscriber.not_before.filter(|at| *at > now) {
        return NewDelivery { due_at: Some(later), ..base };
    }
    if let Some(lease) = dispatch.reserve(&subscriber.webhook) {
        let lease_ends = now + lease;
        return NewDelivery { due_at: Some(lease_ends), leased_until: Some(lease_ends), ..base };
    }
    base
}

async fn subscribers(
    conn: &mut Conn,
    organization: &OrganizationId,
) -> Result<HashMap<EventType, Vec<Subscriber>>, DbError> {
    let rows = sqlx::query(
        "SELECT s.event_type, w.id, w.state, w.not_before FROM subscriptions s JOIN webhooks w ON w.id = s.webhook_id \
         WHERE s.organization_id = $1 AND s.until_seq IS NULL AND w.deleted_at IS NULL ORDER BY w.created_at, w.id",
    )
    .bind(organization)
    .fetch_all(conn)
    .await?;
    let mut subscribers: HashMap<EventType, Vec<Subscriber>> = HashMap::new();
    for row in rows {
        let webhook: WebhookId = row.try_get(1)?;
        let name: String = row.try_get(0)?;
        let event_type =
            name.parse().map_err(|e| DbError::inconsistent("subscriptions", "event_type", webhook.as_str(), e))?;
        let state: String = row.try_get(2)?;
        let subscriber = Subscriber { webhook, active: state == "active", not_before: row.try_get(3)? };
        subscribers.entry(event_type).or_default().push(subscriber);
    }
    Ok(subscribers)
}

const INSERT: sql::Insert<'_> = sql::Insert {
    table: "deliveries",
    columns: &[
        ("webhook_id", "webhook_id"),
        ("event_id", "event_id"),
        ("organization_id", sql::SHARED),
        ("event_type", "event_type"),
        ("state", "CASE WHEN hold IS NULL THEN 'pending' ELSE 'held' END"),
        ("hold", "hold"),
        ("due_at", "due_at"),
        ("lease", "CASE WHEN leased_until IS NULL THEN 0 ELSE 1 END"),
        ("leased_until", "leased_until"),
        ("created_at", "created_at"),
        ("attempts", "0"),
        ("step", "0"),
    ],
    own: &[
        ("webhook_id", "TEXT"),
        ("event_id", "TEXT"),
        ("event_type", "TEXT"),
        ("hold", "TEXT"),
        ("due_at", "BIGINT"),
        ("leased_until", "BIGINT"),
        ("created_at", "BIGINT"),
    ],
};

async fn insert(
    conn: &mut Conn,
    organization: &OrganizationId,
    rows: &[NewDelivery<'_>],
    places: usize,
) -> Result<(), DbError> {
    let dialect = Dialect::of(conn);
    let text = sql::shaped(dialect, "deliveries.insert", places, |places| INSERT.text(dialect, places));
    let mut query = sqlx::query(text);
    for row in rows {
        query = query
            .bind(&row.webhook)
            .bind(&row.event.id)
            .bind(row.event.event_type.as_str())
            .bind(row.hold)
            .bind(row.due_at)
            .bind(row.leased_until)
            .bind(row.event.recorded_at);
    }
    INSERT.pad(query, places - rows.len()).bind(organization).execute(conn).await?;
    Ok(())
}
