//! Who may call the API: `ApiKey<Read>`, `ApiKey<Write>` and `ApiKey<Publish>` in a handler's signature.
//!
//! What is known of the key, its user and the organization is checked for every call, so that what is revoked or changed,
//! by another process too, holds at once. [`PublishKey`] leaves the check to the transaction that the call ends in.

use std::future::Future;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use super::Context;
use super::problem::{Problem, Result};
use super::site::Site;
use crate::auth::api_keys::{self, Caller, Scope};
use crate::auth::callers::Callers;
use crate::auth::model::{Actor, Organization};
use crate::auth::store::api_keys::NoteUse;
use crate::base::ApiKeyId;

/// The scope that a guard asks for.
pub trait Needs {
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident)*) => {$(
        #[doc = concat!("Marks a call that needs the scope `", stringify!($name), "`.")]
        pub struct $name;
        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}
scopes! { Read Write Publish }

/// A caller whose key is valid and has the scope `S`.
pub struct ApiKey<S> {
    pub id: ApiKeyId,
    pub organization: Organization,
    actor: Actor,
    scope: PhantomData<S>,
}

impl<S> ApiKey<S> {
    /// For events and audit entries.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// 403 while the organization's webhooks are turned off: for publishing, `/webhooks`, `/deliveries` and `/replays`.
    pub fn require_webhooks(&self) -> Result<()> {
        if self.organization.webhooks_enabled { Ok(()) } else { Err(Problem::WebhooksNotEnabled) }
    }
}

impl<S: Needs + 'static> FromRequest for ApiKey<S> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move { asked?.confirm().await })
    }
}

impl<S: Needs> ApiKey<S> {
    fn of(caller: &Caller, address: Option<IpAddr>) -> Result<Self> {
        if !caller.scopes.contains(S::SCOPE) {
            return Err(Problem::MissingScope(S::SCOPE.as_str()));
        }
        let (organization, actor) = (caller.organization.clone(), caller.actor(address));
        Ok(Self { id: caller.key.clone(), organization, actor, scope: PhantomData })
    }
}

/// A caller who may publish as far as is remembered: good for a call that ends in a transaction which compares
/// [`PublishKey::as_of`] with the change counter. Every other end of the call asks [`PublishKey::confirmed`] or
/// [`PublishKey::refusal`] (docs/decisions/0027-publishing-asks-the-database-once.md).
pub struct PublishKey {
    key: ApiKey<Publish>,
    /// `None`: it was looked up after the call began.
    unconfirmed: Option<(i64, Asked)>,
}

impl std::ops::Deref for PublishKey {
    type Target = ApiKey<Publish>;
    fn deref(&self) -> &ApiKey<Publish> {
        &self.key
    }
}

impl PublishKey {
    /// Where the change counter must stand still for this to hold. `None`: nothing is left to be found out.
    pub fn as_of(&self) -> Option<i64> {
        self.unconfirmed.as_ref().map(|(as_of, _)| *as_of)
    }

    /// The same, looked up after the call began.
    pub async fn confirmed(self) -> Result<Self> {
        match self.unconfirmed {
            Some((_, asked)) => Ok(Self { key: asked.confirm().await?, unconfirmed: None }),
            None => Ok(self),
        }
    }

    /// What a call is refused with for `problem`: a key that does not count any more is told nothing else.
    pub async fn refusal(self, problem: Problem) -> Problem {
        self.confirmed().await.err().unwrap_or(problem)
    }
}

impl FromRequest for PublishKey {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            match asked.recall() {
                Some((key, as_of)) => Ok(Self { key, unconfirmed: Some((as_of, asked)) }),
                None => Ok(Self { key: asked.confirm().await?, unconfirmed: None }),
            }
        })
    }
}

/// A key that asks for something.
struct Asked {
    hash: String,
    /// Where it comes from.
    address: Option<IpAddr>,
    context: web::Data<Context>,
    callers: web::Data<Callers>,
}

impl Asked {
    fn of(request: &HttpRequest) -> Result<Self> {
        let hash = bearer(request).and_then(api_keys::hash).ok_or(Problem::Unauthorized)?;
        let context = request.app_data::<web::Data<Context>>().cloned();
        let callers = request.app_data::<web::Data<Callers>>().cloned();
        Ok(Self {
            hash,
            address: Site::of(request).client_ip(request),
            context: context.ok_or_else(|| Problem::internal("the app has no web::Context"))?,
            callers: callers.ok_or_else(|| Problem::internal("the app has no Callers"))?,
        })
    }

    /// What is remembered, if it allows the call and its use needs no note.
    fn recall<S: Needs>(&self) -> Option<(ApiKey<S>, i64)> {
        let (caller, as_of) = self.callers.recall(&self.hash, self.context.clock.now())?;
        let needs_note = caller.last_use.is_due(self.context.clock.now());
        if needs_note { None } else { Some((ApiKey::of(&caller, self.address).ok()?, as_of)) }
    }

    async fn confirm<S: Needs>(&self) -> Result<ApiKey<S>> {
        let caller: Arc<Caller> =
            self.callers.find(&self.hash, self.context.clock.now()).await?.ok_or(Problem::Unauthorized)?;
        note_use(&self.context, &caller);
        ApiKey::of(&caller, self.address)
    }
}

/// The key that a request carries, if it carries one.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let (scheme, key) = values.next()?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && values.next().is_none()).then(|| key.trim())
}

/// Writes down that the key was used, beside the call and in a group with other writes.
fn note_use(context: &Context, caller: &Caller) {
    let now = context.clock.now();
    if !caller.last_use.take_note(now) {
        return;
    }
    let (db, note) = (context.db.clone(), NoteUse { key: caller.key.clone(), at: now });
    actix_web::rt::spawn(async move {
        if let Err(error) = db.submit(note).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last use of an API key was not written down");
        }
    });
}
