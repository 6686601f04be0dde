//! What is done about accounts after the answer, so that the answer takes as long whether or not somebody has the address:
//! links to reset passwords, and notes of sign-ins that failed. Also forgets what has ended.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::actions::{By, credentials};
use super::{letters, urls};
use crate::auth::model::Source;
use crate::auth::store::{links, sessions, users};
use crate::base::{Clock, Rng};
use crate::db::{Db, DbError};
use crate::mail::Postbox;

/// Errands that may wait. More come only from those who try out addresses from everywhere at once, and need no answer.
const MOST_WAITING: usize = 1_024;

/// How often what has ended is forgotten.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Something to be done later. The address is as it was typed, in lower case; nobody may have it.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Somebody has forgotten the password.
    ResetLink { email: String, address: Option<IpAddr> },
    /// A wrong `password` or `code`.
    FailedSignIn { email: String, address: Option<IpAddr>, step: &'static str },
}

/// Takes errands: app data. Cheap to clone.
#[derive(Clone)]
pub struct Clerk {
    errands: mpsc::Sender<Errand>,
    stop: CancellationToken,
}

impl Clerk {
    pub fn start(db: Db, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>, postbox: Postbox) -> (Self, JoinHandle<()>) {
        let (errands, waiting) = mpsc::channel(MOST_WAITING);
        let stop = CancellationToken::new();
        let desk = Desk { db, clock, rng, postbox };
        let working = tokio::spawn(desk.run(waiting, stop.clone()));
        (Self { errands, stop }, working)
    }

    /// Never waits.
    pub fn leave(&self, errand: Errand) {
        if self.errands.try_send(errand).is_err() {
            tracing::warn!("too many sign-ins and resets are tried to write each of them down");
        }
    }

    /// Does what is waiting, and ends.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

struct Desk {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    postbox: Postbox,
}

/// Why an errand could not be done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("a mail could not be written")]
    Letter(#[from] askama::Error),
}

impl Desk {
    async fn run(self, mut errands: mpsc::Receiver<Errand>, stop: CancellationToken) {
        let mut forget_at = self.clock.now();
        loop {
            let errand = tokio::select! {
                errand = errands.recv() => errand,
                () = self.clock.sleep_until(forget_at) => {
                    forget_at = self.clock.now() + EVERY;
                    self.said(self.forget().await);
                    continue;
                }
                () = stop.cancelled() => break,
            };
            let Some(errand) = errand else { return };
            self.said(self.run_errand(errand).await);
        }
        while let Ok(errand) = errands.try_recv() {
            self.said(self.run_errand(errand).await);
        }
    }

    fn said(&self, done: Result<(), Failure>) {
        if let Err(error) = done {
            tracing::error!(error = &error as &dyn std::error::Error, "an errand about an account was not done");
        }
    }

    async fn forget(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        sessions::purge(&mut tx, now).await?;
        links::purge(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    async fn run_errand(&self, errand: Errand) -> Result<(), Failure> {
        match errand {
            Errand::ResetLink { email, address } => self.send_reset_link(&email, address).await,
            Errand::FailedSignIn { email, address, step } => self.note_failure(&email, address, step).await,
        }
    }

    fn by<'a>(&'a self, email: &'a str, address: Option<IpAddr>) -> By<'a> {
        By { email, source: Source::Page, address, now: self.clock.now(), rng: self.rng.as_ref() }
    }

    async fn send_reset_link(&self, email: &str, address: Option<IpAddr>) -> Result<(), Failure> {
        let found = users::find_for_sign_in(&mut *self.db.read().await?, email).await?;
        let Some((user, _)) = found.filter(|(user, _)| user.active) else { return Ok(()) };
        let by = self.by(email, address);
        let mut tx = self.db.begin().await?;
        let code = credentials::make_reset_link(&mut tx, &by, &user).await?;
        let mail = letters::reset_password(&user.email, self.postbox.link(&urls::reset_password(&code)))?;
        self.postbox.post(&mut tx, by.rng, &mail, by.now).await?;
        Ok(tx.commit().await?)
    }

    async fn note_failure(&self, email: &str, address: Option<IpAddr>, step: &str) -> Result<(), Failure> {
        let Some((user, _)) = users::find_for_sign_in(&mut *self.db.read().await?, email).await? else { return Ok(()) };
        let mut tx = self.db.begin().await?;
        credentials::failed_to_sign_in(&mut tx, &self.by(email, address), &user, step).await?;
        Ok(tx.commit().await?)
    }
}
