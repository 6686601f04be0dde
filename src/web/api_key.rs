//! Who may call the API: `ApiKey<Read>`, `ApiKey<Write>` and `ApiKey<Publish>` in a handler's signature.
//!
//! What is known of the key, its user and the organization is checked for every call, so that what is revoked or changed,
//! by another process too, holds at once.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use super::Context;
use super::problem::{Problem, Result};
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
        let hash = bearer(request).and_then(api_keys::hash);
        let context = request.app_data::<web::Data<Context>>().cloned();
        let callers = request.app_data::<web::Data<Callers>>().cloned();
        Box::pin(async move {
            let hash = hash.ok_or(Problem::Unauthorized)?;
            let context = context.ok_or_else(|| Problem::internal("the app has no web::Context"))?;
            let callers = callers.ok_or_else(|| Problem::internal("the app has no Callers"))?;
            let caller = callers.find(&hash).await?.ok_or(Problem::Unauthorized)?;
            note_use(&context, &caller);
            if !caller.scopes.contains(S::SCOPE) {
                return Err(Problem::MissingScope(S::SCOPE.as_str()));
            }
            let actor = caller.actor();
            Ok(Self { id: caller.key.clone(), organization: caller.organization.clone(), actor, scope: PhantomData })
        })
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
