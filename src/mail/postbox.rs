//! Where the rest of Herald drops its mails.

use std::sync::Arc;

use tokio::sync::Notify;
use url::Url;

use super::model::Mail;
use super::store;
use crate::base::{MailId, Rng, Timestamp, Vault};
use crate::db::{DbError, Tx};

/// Takes mails into the queue, if this Herald sends any. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Postbox(Option<Open>);

#[derive(Clone, Debug)]
struct Open {
    vault: Vault,
    public_url: Url,
    arrived: Arc<Notify>,
}

impl Postbox {
    /// `public_url`: where links lead; `arrived` wakes the post.
    pub fn open(vault: Vault, public_url: Url, arrived: Arc<Notify>) -> Self {
        Self(Some(Open { vault, public_url, arrived }))
    }

    /// Whether mails are sent at all.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// An own path as the link in a mail. Empty where no mails are sent.
    pub fn link(&self, path: &str) -> String {
        self.0.as_ref().map(|open| link(&open.public_url, path)).unwrap_or_default()
    }

    /// Queues a mail with what it tells of. Where no mails are sent, nothing happens.
    pub async fn post(&self, tx: &mut Tx, rng: &dyn Rng, mail: &Mail, now: Timestamp) -> Result<(), DbError> {
        let Some(open) = &self.0 else { return Ok(()) };
        store::insert(tx, &open.vault, &MailId::new(now, rng), mail, now).await?;
        let arrived = open.arrived.clone();
        tx.after_commit(move || arrived.notify_one());
        Ok(())
    }
}

/// An own path at the public address.
pub fn link(public_url: &Url, path: &str) -> String {
    format!("{}{path}", public_url.as_str().trim_end_matches('/'))
}
