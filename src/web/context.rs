//! What every handler may use: handed in by the composition root as actix app data (`web::Data<Context>`).

use std::sync::Arc;

use crate::base::{Clock, Rng, Vault};
use crate::db::Db;

/// Settings and services shared by all handlers. Features add their own app data beside it.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    /// HERALD_PUBLIC_URL, where set: its origin makes links, and https makes cookies Secure.
    pub public_url: Option<url::Url>,
    /// HERALD_ACCOUNT_MANAGER_CONTACT, the words on locked pages.
    pub account_manager_contact: String,
    /// The program runs as `herald demo`.
    pub demo: bool,
}
