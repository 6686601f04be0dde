//! Dismissing a notice.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::store;
use crate::base::{Timestamp, WebhookId};
use crate::delivery::model::AlertKind;
use crate::web::error::came_from;
use crate::web::{self, Context, Error, Form, Hx, see_other};
use crate::webhooks::pages::WebhooksAdmin;
use crate::webhooks::{store as webhooks, urls};

/// Which alert of the webhook was seen.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    since: i64,
    kind: String,
}

/// POST …/webhooks/{id}/dismiss: this person does not want to see the alert again. Others still do.
pub(crate) async fn dismiss(
    admin: WebhooksAdmin,
    context: Data<Context>,
    id: Path<WebhookId>,
    hx: Hx,
    request: HttpRequest,
    Form(seen): Form<Seen>,
) -> web::Result {
    let kind: AlertKind = seen.kind.parse().map_err(|_| Error::NotFound)?;
    let mut tx = context.db.begin().await?;
    webhooks::find_state(&mut tx, &admin.organization.id, &id).await?.ok_or(Error::NotFound)?;
    store::dismiss(&mut tx, &admin.user.id, &id, Timestamp::from_micros(seen.since), kind).await?;
    tx.commit().await?;
    Ok(see_other(&hx, came_from(&request).unwrap_or_else(|| urls::LIST.to_owned())))
}
