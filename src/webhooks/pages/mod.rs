//! The pages of webhooks: the card, the instances, the form with its test, and the questions before something ends.

mod change;
pub(crate) mod collaboration;
pub(crate) mod delete;
pub(crate) mod edit;
mod form;
pub(crate) mod life;
pub(crate) mod list;
mod preview;
pub(crate) mod reveal;
pub(crate) mod rotate;
mod testing;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};

use crate::base::WebhookId;
use crate::db::Conn;
use crate::web::guard::{self, Admin};
use crate::web::hx::html;
use crate::web::{self, Context, Error, Page};

use super::actions::Refusal;
use super::model::Webhook;
use super::store;

/// An admin of an organization whose webhooks are enabled. All others of the organization's admins get 403 with the way to have
/// them enabled.
pub struct WebhooksAdmin(Admin);

impl Deref for WebhooksAdmin {
    type Target = Admin;
    fn deref(&self) -> &Admin {
        &self.0
    }
}

impl FromRequest for WebhooksAdmin {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admin = Admin::from_request(request, payload);
        let contact = request.app_data::<Data<Context>>().map(|context| context.account_manager_contact.clone());
        guard::deciding(request, async move {
            let admin = admin.await?;
            if admin.organization.webhooks_enabled {
                return Ok(Self(admin));
            }
            let page = collaboration::locked(&admin, &contact.unwrap_or_default());
            Err(Locked(page.whole().map_err(Error::from)?).into())
        })
    }
}

impl WebhooksAdmin {
    /// A webhook of the organization.
    pub async fn webhook(&self, conn: &mut Conn, context: &Context, id: &WebhookId) -> Result<Webhook, Error> {
        store::find(conn, &context.vault, &self.organization.id, id).await?.ok_or(Error::NotFound)
    }
}

/// 403 with the page that says how webhooks are enabled.
#[derive(Debug, thiserror::Error)]
#[error("webhooks are not enabled")]
struct Locked(String);

impl ResponseError for Locked {
    fn status_code(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }

    fn error_response(&self) -> HttpResponse {
        html(self.status_code(), self.0.clone())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::NotEnabled => Self::Forbidden,
            Refusal::Stale => Self::Conflict(web::error::STALE.into()),
            Refusal::TooLate => Self::Gone(refusal.to_string().into()),
            Refusal::TooMany(_)
            | Refusal::TooManySecrets(_)
            | Refusal::HeldChoice { .. }
            | Refusal::WrongState { .. } => Self::Conflict(refusal.to_string().into()),
            Refusal::Db(error) => error.into(),
        }
    }
}

/// `1 event`, `6 events`.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
