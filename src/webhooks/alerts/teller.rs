//! The one background look: which webhooks have reached another rung of the ladder, and who is to be told of what.
//!
//! It looks when delivering says that there is news, when a rung is due, and else twice a minute. Every node may do so: each
//! step is one transaction that finds nothing to do when another node was faster.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use url::Url;

use super::store::{self, Untold};
use super::{letters, operator};
use crate::base::{Clock, MailId, Rng, Timestamp, Vault};
use crate::db::{Db, DbError};
use crate::delivery::model::Ladder;
use crate::delivery::store as deliveries;
use crate::mail;

const EVERY: Duration = Duration::from_secs(30);

/// Alerts that are told in one round; the next follows at once.
const ROUND: i64 = 50;

/// Tells alerts for as long as the program runs.
pub struct Teller {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    pub ladder: Ladder,
    /// Told by the engine when there may be something to tell.
    pub news: Arc<Notify>,
    /// HERALD_PUBLIC_URL.
    pub public_url: Option<Url>,
    /// Is told that mails have come into the queue; `None`: no mails are sent.
    pub mails: Option<Arc<Notify>>,
    /// The same for events to the operator.
    pub operator: Option<Arc<Notify>>,
}

impl Teller {
    /// Whoever drops it in the middle loses nothing, since each step is a transaction.
    pub async fn run(self) {
        loop {
            let now = self.clock.now();
            let next = self.look(now).await.unwrap_or_else(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot look for alerts; trying again");
                None
            });
            let next = next.map_or(now + EVERY, |at| at.min(now + EVERY));
            tokio::select! {
                () = self.news.notified() => {}
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    /// Tells what there is to tell at `now`; when the next rung is due.
    async fn look(&self, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
        let (due, mut next) = deliveries::due_alerts(&mut *self.db.read().await?, now).await?;
        if !due.is_empty() {
            for webhook in &due {
                let mut tx = self.db.begin().await?;
                deliveries::climb(&mut tx, webhook, &self.ladder, now).await?;
                tx.commit().await?;
            }
            next = deliveries::due_alerts(&mut *self.db.read().await?, now).await?.1;
        }
        loop {
            let untold = store::untold(&mut *self.db.read().await?, ROUND).await?;
            for untold in &untold {
                self.tell(untold, now).await?;
            }
            if untold.len() < usize::try_from(ROUND).unwrap_or(usize::MAX) {
                return Ok(next);
            }
        }
    }

    /// Queues the mails and the operator's event of an alert, unless another node has.
    async fn tell(&self, untold: &Untold, now: Timestamp) -> Result<(), DbError> {
        let alert = &untold.alert;
        let letters = self.letters(untold).await?;
        let event = self
            .operator
            .as_ref()
            .filter(|_| untold.matters)
            .map(|_| (operator::id_of(alert), operator::body_of(untold, self.public_url.as_ref())));
        let mut tx = self.db.begin().await?;
        if !store::take(&mut tx, alert, now).await? {
            return Ok(());
        }
        for letter in &letters {
            mail::store::insert(&mut tx, &self.vault, &MailId::new(now, self.rng.as_ref()), letter, now).await?;
        }
        if let Some((id, body)) = &event {
            store::insert_operator_event(&mut tx, id, body, now).await?;
        }
        tx.commit().await?;
        for arrived in [&self.mails, &self.operator].into_iter().flatten() {
            arrived.notify_one();
        }
        Ok(())
    }

    /// Written before the transaction begins.
    async fn letters(&self, untold: &Untold) -> Result<Vec<mail::Mail>, DbError> {
        let (Some(public_url), true) = (&self.public_url, self.mails.is_some() && untold.matters) else {
            return Ok(Vec::new());
        };
        let alert = &untold.alert;
        let recipients = store::recipients(&mut *self.db.read().await?, &alert.organization, alert.kind).await?;
        let write = |to: &String| {
            let letter = letters::write(untold, &self.ladder, public_url, to);
            letter.inspect_err(|error| tracing::error!(%error, "a mail could not be written")).ok()
        };
        Ok(recipients.iter().filter_map(write).collect())
    }
}
