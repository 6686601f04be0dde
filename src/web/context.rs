//! What every handler may use: handed in by the composition root as actix app data (`web::Data<Context>`).

use std::sync::Arc;

use crate::auth::passwords::Hasher;
use crate::base::{Clock, Rng, Secret, Vault};
use crate::db::Db;

/// Settings and services shared by all handlers. Features add their own app data beside it.
#[derive(Clone)]
pub struct Context {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub vault: Vault,
    pub hasher: Arc<Hasher>,
    /// HERALD_PUBLIC_URL, where set: its origin makes links, and https makes cookies Secure.
    pub public_url: Option<url::Url>,
    /// HERALD_ACCOUNT_MANAGER_CONTACT, the words on locked pages.
    pub account_manager_contact: String,
    /// The program runs as `herald demo`.
    pub demo: bool,
}

/// The one-time code that lets whoever reads the server's log make the first administrator. App data beside [`Context`].
#[derive(Clone)]
pub struct SetupCode(Secret);

impl SetupCode {
    pub fn new(rng: &dyn Rng) -> Self {
        let digits: String = rng.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(Secret::new(digits))
    }

    /// For the start's message alone.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// In time that says nothing of how much of the code was right.
    pub fn is(&self, given: &str) -> bool {
        self.0 == Secret::new(given)
    }
}
