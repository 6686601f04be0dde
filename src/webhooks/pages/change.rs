//! What posts about one webhook have in common: who, which, and one action in a transaction of its own.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest};

use crate::auth::model::Actor;
use crate::base::WebhookId;
use crate::db::Tx;
use crate::web::{Context, Hx};
use crate::webhooks::actions::{Refusal, Tools};

use super::WebhooksAdmin;

/// A post to `…/webhooks/{id}/…`.
pub struct Change {
    pub admin: WebhooksAdmin,
    pub context: Data<Context>,
    pub id: WebhookId,
    pub hx: Hx,
    tools: Data<Tools>,
}

impl FromRequest for Change {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        type Parts = (WebhooksAdmin, Data<Context>, Data<Tools>, Path<WebhookId>, Hx);
        let parts = Parts::from_request(request, payload);
        Box::pin(async move {
            let (admin, context, tools, id, hx) = parts.await?;
            Ok(Self { admin, context, id: id.into_inner(), hx, tools })
        })
    }
}

impl Change {
    /// Runs an action on the webhook, and commits it.
    pub async fn run<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx, &Tools, &Actor, &WebhookId) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut tx = self.context.db.begin().await?;
        let done = action(&mut tx, &self.tools, &self.admin.actor(), &self.id).await?;
        tx.commit().await?;
        Ok(done)
    }
}
