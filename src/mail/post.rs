//! Takes mails from the queue to the mail server, one after another.

use std::sync::Arc;
use std::time::Duration;

use lettre::AsyncTransport as _;
use tokio::sync::Notify;

use super::model::{Mail, Settings, next_try};
use super::store::{self, Queued};
use crate::base::{Clock, MailId, Timestamp, Vault};
use crate::db::{Db, DbError};

/// How often it looks although nobody has said that there is something: other nodes' mails.
const EVERY: Duration = Duration::from_secs(60);

/// However slowly the mail server speaks.
const LONGEST_TRY: Duration = Duration::from_secs(60);

/// Longer than a try can last; a mail whose sender died is taken by another after that.
const LEASE: Duration = Duration::from_secs(120);

/// Who takes the mails to the mail server. Every node may have one.
pub struct Post {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub vault: Vault,
    pub settings: Settings,
    /// Told when a mail has come into the queue.
    pub arrived: Arc<Notify>,
}

impl Post {
    /// Works for as long as the program runs. Whoever drops it in the middle loses nothing: the lease ends.
    pub async fn run(self) {
        loop {
            let next = self.empty().await.unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot read the queue of mails; trying again"
                );
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
            let next = store::next_due(&mut *self.db.read().await?).await?;
            if next.is_none_or(|at| at > now) {
                return Ok(next.map_or(now + EVERY, |at| at.min(now + EVERY)));
            }
            let mut tx = self.db.begin().await?;
            let queued = store::claim(&mut tx, &self.vault, now, now + LEASE).await?;
            tx.commit().await?;
            if let Some(queued) = queued {
                self.handle(queued).await?;
            }
        }
    }

    async fn handle(&self, queued: Queued) -> Result<(), DbError> {
        let Queued { id, mail, created_at, tries } = queued;
        let outcome = match mail {
            Ok(mail) => self.send(&id, created_at, mail).await,
            Err(error) => {
                tracing::error!(mail.id = %id, %error, "a mail cannot be read; it is given up");
                let mut tx = self.db.begin().await?;
                store::delete(&mut tx, &id).await?;
                return tx.commit().await;
            }
        };
        let mut tx = self.db.begin().await?;
        match (outcome, next_try(tries, self.clock.now())) {
            (Ok(()), _) => store::delete(&mut tx, &id).await?,
            (Err(error), Some(later)) => {
                tracing::warn!(mail.id = %id, mail.tries = tries, %error, "a mail could not be sent; it is tried again");
                store::postpone(&mut tx, &id, later).await?;
            }
            (Err(error), None) => {
                tracing::error!(mail.id = %id, mail.tries = tries, %error, "a mail could not be sent; it is given up");
                store::delete(&mut tx, &id).await?;
            }
        }
        tx.commit().await
    }

    /// The error is a sentence for the log.
    async fn send(&self, id: &MailId, created_at: Timestamp, mail: Mail) -> Result<(), String> {
        let message = self.settings.message(id, created_at, mail).map_err(|error| error.to_string())?;
        let sending = self.settings.transport.send(message);
        match tokio::time::timeout(LONGEST_TRY, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the mail server took too long".into()),
        }
    }
}
