//! Taking the log away in a file is written down, too.

use serde_json::json;

use crate::auth::audit;
use crate::auth::model::Actor;
use crate::base::{Rng, Timestamp};
use crate::db::{DbError, Tx};

/// Writes down that the log, or what `filter` (the query of the address) chooses of it, is exported.
pub async fn note_export(
    tx: &mut Tx,
    now: Timestamp,
    rng: &dyn Rng,
    actor: &Actor,
    filter: &str,
) -> Result<(), DbError> {
    let details = json!({ "format": "csv", "filter": filter });
    audit::append(tx, now, rng, actor, "audit_log.exported", "Audit log", details).await
}
