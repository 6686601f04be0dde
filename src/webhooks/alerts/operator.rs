//! The same alerts for whoever runs this Herald: events to HERALD_OPERATOR_WEBHOOK_URL, signed as callbacks are.
//!
//! They are kept in the database until the operator's receiver has answered 2xx, and sent again by the retry schedule. The
//! secret is made from the key file, so that every node has the same and none is stored: `herald admin operator-secret` prints it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Notify;
use url::Url;

use super::model::Alert;
use super::store::{self, OperatorEvent, Untold};
use crate::base::{Clock, Rng, Timestamp, Vault};
use crate::db::{Db, DbError};
use crate::delivery::endpoint::Endpoint;
use crate::delivery::model::Schedule;
use crate::delivery::sender::{Attempt, Request, Sender};
use crate::delivery::signing::SigningSecret;

/// How often it looks although nobody has said that there is something: other nodes' events.
const EVERY: Duration = Duration::from_secs(60);

/// Beyond the longest attempt.
const MARGIN: Duration = Duration::from_secs(30);

/// What the operator's events are signed with.
pub fn secret(vault: &Vault) -> SigningSecret {
    SigningSecret::of_bytes(&vault.derive("the operator's webhook"))
}

/// `webhook-id` of an alert's event: the same for all its tries, on every node.
pub fn id_of(alert: &Alert) -> String {
    format!("ALT-{}-{}-{}", alert.webhook, alert.since.micros(), alert.kind)
}

/// The body, rendered once: type, time and data, as Standard Webhooks proposes.
pub fn body_of(untold: &Untold, public_url: Option<&Url>) -> String {
    let alert = &untold.alert;
    let link = public_url.map(|url| format!("{}{}", url.as_str().trim_end_matches('/'), alert.path()));
    let body = json!({
        "type": format!("webhook.{}", alert.kind),
        "timestamp": alert.at.rfc3339(),
        "data": {
            "organization_id": alert.organization,
            "organization_name": untold.organization_name,
            "webhook_id": alert.webhook,
            "webhook_name": alert.name,
            "destination": alert.origin,
            "failing_since": alert.since.rfc3339(),
            "failures": alert.failures,
            "error": alert.error,
            "delivery_id": alert.delivery.as_ref().map(ToString::to_string),
            "url": link,
        },
    });
    body.to_string()
}

/// Sends the operator's events, one after another. Every node may have one.
pub struct OperatorPost {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    /// Without a pool: it is not used from the engine's threads.
    pub sender: Sender,
    pub endpoint: Endpoint,
    pub secret: SigningSecret,
    pub schedule: Schedule,
    /// HERALD_REQUEST_TIMEOUT.
    pub request_timeout: Duration,
    /// Told when an event has come into the queue.
    pub arrived: Arc<Notify>,
}

impl OperatorPost {
    /// Works for as long as the program runs. Whoever drops it in the middle loses nothing: the lease ends.
    pub async fn run(self) {
        loop {
            let next = self.empty().await.unwrap_or_else(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "cannot read the queue of events for the operator; trying again");
                self.clock.now() + EVERY
            });
            tokio::select! {
                () = self.arrived.notified() => {}
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    /// Sends all that is due, and says when to look again.
    async fn empty(&self) -> Result<Timestamp, DbError> {
        loop {
            let now = self.clock.now();
            let next = store::next_operator_event(&mut *self.db.read().await?).await?;
            if next.is_none_or(|at| at > now) {
                return Ok(next.map_or(now + EVERY, |at| at.min(now + EVERY)));
            }
            let mut tx = self.db.begin().await?;
            let event = store::claim_operator_event(&mut tx, now, now + self.request_timeout + MARGIN).await?;
            tx.commit().await?;
            if let Some(event) = event {
                self.handle(event).await?;
            }
        }
    }

    async fn handle(&self, event: OperatorEvent) -> Result<(), DbError> {
        let attempt = self.send(&event).await;
        let later = if attempt.outcome.is_success() { None } else { self.later(&event, &attempt) };
        let mut tx = self.db.begin().await?;
        store::settle_operator_event(&mut tx, &event.id, later).await?;
        tx.commit().await
    }

    async fn send(&self, event: &OperatorEvent) -> Attempt {
        let request = Request {
            endpoint: &self.endpoint,
            id: &event.id,
            body: &Bytes::copy_from_slice(event.body.as_bytes()),
            secrets: std::slice::from_ref(&self.secret),
            headers: &[],
            now: self.clock.now(),
        };
        self.sender.send(&request).await
    }

    /// When an event is sent again that did not arrive.
    fn later(&self, event: &OperatorEvent, attempt: &Attempt) -> Option<Timestamp> {
        let step = usize::try_from(event.tries - 1).unwrap_or(usize::MAX);
        let later = self.schedule.next(step, self.clock.now(), attempt.retry_after, self.rng.unit());
        let error = attempt.error.as_deref().unwrap_or_default();
        match later {
            Some(_) => tracing::warn!(event.id, error, "an event for the operator did not arrive; it is sent again"),
            None => tracing::error!(event.id, error, "an event for the operator did not arrive; it is given up"),
        }
        later
    }
}
