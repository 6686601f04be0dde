//! Sessions: who is signed in with this browser, and the toasts that wait for the next page.
//!
//! actix-session carries the cookie; the store behind it is our table, so that a session can be ended from our side
//! (docs/decisions/0004-sessions-in-the-database.md).

use std::cell::Cell;
use std::sync::Arc;

use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::HttpRequest;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Key, SameSite, time::Duration};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Error;
use super::toast::{Flash, Toast};
use super::{Context, Site, agent, problem};
use crate::auth::store::sessions::{self, NewSession, State};
use crate::base::{Clock, Rng, SessionId, Timestamp, UserId};
use crate::db::{Db, DbError};

pub use actix_session::Session;

/// The user's id in the session's state.
const USER: &str = "user";
/// Who has still to show a code, in the session's state.
const OWED: &str = "owed";
/// The session's own id, how the browser calls itself, and where it was.
const ID: &str = "id";
const AGENT: &str = "agent";
const ADDRESS: &str = "address";
/// Toasts that wait for the next page.
const FLASH: &str = "flash";

/// actix-session signs its cookie. The signature protects nothing here: what the cookie holds is 256 random bits that
/// only the table knows. So its key is no secret, and survives restarts and other nodes by being the same everywhere.
const SIGNING_KEY: [u8; 64] = *b"herald signs cookies because it must; the random key protects it";

/// The middleware: below `error::pages`, above everything that asks who is signed in.
pub fn middleware(context: &Context) -> SessionMiddleware<Store> {
    let is_https = context.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    // With this prefix browsers take the cookie only over https, for this host and all of its paths.
    let name = if is_https { "__Host-herald_session" } else { "herald_session" };
    SessionMiddleware::builder(Store::new(context), Key::from(&SIGNING_KEY))
        .cookie_name(name.into())
        .cookie_secure(is_https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".into())
        .cookie_content_security(CookieContentSecurity::Signed)
        // The table says when a session ends, the cookie goes with the browser.
        .session_lifecycle(BrowserSession::default().state_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges))
        .build()
}

tokio::task_local! {
    /// What the database said to the [`Store`] while this request was answered.
    static FAILURE: Cell<Option<DbError>>;
}

/// Middleware, for `from_fn`; right around [`middleware`], which makes a 500 without words of whatever its store says. A
/// database that does not answer is told as everywhere else.
pub async fn tell(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let path = request.path().to_owned();
    let answer = FAILURE.scope(Cell::new(None), async move {
        next.call(request).await.map_err(|error| match FAILURE.with(Cell::take) {
            Some(failure) => problem::told(&path, failure.into()),
            None => error,
        })
    });
    Ok(answer.await?.map_into_boxed_body())
}

/// Keeps for [`tell`] what went wrong.
fn failed(error: DbError) -> anyhow::Error {
    let words = anyhow::Error::msg(error.to_string());
    // Without a request around it there is nobody to tell.
    let _ = FAILURE.try_with(|failure| failure.set(Some(error)));
    words
}

/// The first step of sign-in is done, the second one is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owed {
    pub user: UserId,
    /// Where sign-in goes on to.
    pub next: String,
    /// In microseconds since the epoch.
    until: i64,
}

/// How long the second step may take.
const SECOND_STEP: std::time::Duration = std::time::Duration::from_secs(10 * 60);

impl Owed {
    pub fn new(user: UserId, next: String, now: Timestamp) -> Self {
        Self { user, next, until: (now + SECOND_STEP).micros() }
    }
}

/// Our table as actix-session sees it.
#[derive(Clone)]
pub struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Store {
    fn new(context: &Context) -> Self {
        Self { db: context.db.clone(), clock: context.clock.clone(), rng: context.rng.clone() }
    }

    async fn find(&self, key: &str) -> Result<Option<State>, DbError> {
        let now = self.clock.now();
        let Some(session) = sessions::find(&mut *self.db.read().await?, key, now).await? else { return Ok(None) };
        if now.saturating_sub(session.seen_at) >= sessions::TOUCH_EVERY {
            // A page can be read all the same, also when the disk is full.
            if let Err(error) = self.touch(key, session.created_at, now).await {
                tracing::warn!(%error, "that a session is in use could not be written down");
            }
        }
        Ok(Some(session.state))
    }

    async fn touch(&self, key: &str, created_at: Timestamp, now: Timestamp) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        sessions::touch(&mut tx, key, created_at, now).await?;
        tx.commit().await
    }

    async fn insert(&self, mut state: State) -> Result<SessionKey, DbError> {
        let key = sessions::new_key(self.rng.as_ref());
        let now = self.clock.now();
        let id = SessionId::new(now, self.rng.as_ref());
        let user: Option<UserId> = read(&state, USER);
        let owed: Option<Owed> = read(&state, OWED);
        let new = NewSession {
            is_signed_in: user.is_some(),
            user: user.or(owed.map(|owed| owed.user)),
            agent: read(&state, AGENT).unwrap_or_default(),
            address: read(&state, ADDRESS),
            id,
        };
        // So that the session knows which of the list it is.
        state.insert(ID.into(), Value::from(new.id.as_str()).to_string());
        let mut tx = self.db.begin().await?;
        sessions::insert(&mut tx, &key, &new, &state, now).await?;
        tx.commit().await?;
        Ok(SessionKey::try_from(key).expect("43 characters are within the limit of 4,064"))
    }

    async fn replace(&self, key: &str, state: &State) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        sessions::update_state(&mut tx, key, state).await?;
        tx.commit().await
    }

    async fn remove(&self, key: &str) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        sessions::delete(&mut tx, key).await?;
        tx.commit().await
    }
}

impl SessionStore for Store {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        self.find(key.as_ref()).await.map_err(|error| LoadError::Other(failed(error)))
    }

    // The table has its own rules for how long a session lasts.
    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        self.insert(state).await.map_err(|error| SaveError::Other(failed(error)))
    }

    // Signing in and out make another key or none: what changes under the same one are toasts. One that cannot be kept, or
    // forgotten, is no reason to fail what was done.
    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        if let Err(error) = self.replace(key.as_ref(), &state).await {
            tracing::warn!(%error, "the toasts of a session could not be written down");
        }
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.remove(key.as_ref()).await.map_err(failed)
    }
}

/// A value of the state, as actix-session wrote it.
fn read<T: DeserializeOwned>(state: &State, name: &str) -> Option<T> {
    state.get(name).and_then(|value| serde_json::from_str(value).ok())
}

/// Signs `user` in with a new key, whatever the browser carried before.
pub fn sign_in(session: &Session, user: &UserId, request: &HttpRequest) -> Result<(), Error> {
    begin(session, request)?;
    keep(session, USER, user)
}

/// Remembers that `owed.user` has shown the right password, and signs nobody in.
pub fn owe_second_step(session: &Session, owed: Owed, request: &HttpRequest) -> Result<(), Error> {
    begin(session, request)?;
    keep(session, OWED, owed)
}

/// Who owes the second step of sign-in here, if it is not too late for it.
pub fn owed(session: &Session, now: Timestamp) -> Option<Owed> {
    let owed: Owed = session.get(OWED).ok().flatten()?;
    (now.micros() < owed.until).then_some(owed)
}

/// A new key and an empty state, with what the owner will know the browser by.
fn begin(session: &Session, request: &HttpRequest) -> Result<(), Error> {
    session.clear();
    session.renew();
    keep(session, AGENT, agent::of(request))?;
    match Site::of(request).client_ip(request) {
        Some(address) => keep(session, ADDRESS, address.to_canonical()),
        None => Ok(()),
    }
}

fn keep(session: &Session, name: &str, value: impl Serialize) -> Result<(), Error> {
    session.insert(name, value).map_err(|error| Error::internal(error.to_string()))
}

/// Which of its owner's sessions this is.
pub fn id(session: &Session) -> Option<SessionId> {
    session.get(ID).ok().flatten()
}

/// Gives the session a new key, with everything that it remembers: after the old one was ended by a new password.
pub fn renew(session: &Session) {
    session.renew();
}

/// Ends the session.
pub fn sign_out(session: &Session) {
    session.purge();
}

/// Who is signed in with this session.
pub fn user(session: &Session) -> Option<UserId> {
    session.get(USER).ok().flatten()
}

/// Keeps a toast for the next page.
pub fn flash(session: &Session, toast: Toast) {
    let mut waiting: Flash = session.get(FLASH).ok().flatten().unwrap_or_default();
    waiting.push(toast);
    // A toast that cannot be kept is no reason to fail what it tells of.
    let _ = session.insert(FLASH, waiting);
}

/// The toasts that wait; they are shown once.
pub fn take_flash(session: &Session) -> Flash {
    // Looking first: taking counts as a change, and a change is written to the disk.
    if !session.contains_key(FLASH) {
        return Flash::new();
    }
    session.remove_as(FLASH).and_then(Result::ok).unwrap_or_default()
}
