//! Brings a database to the form this version knows.

use sqlx::AnyPool;
use sqlx::migrate::{MigrateError, Migrator};

use super::error::OpenError;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Runs what is missing. A database with a migration that this version does not have is left as it is.
pub(super) async fn run(pool: &AnyPool, place: &str) -> Result<(), OpenError> {
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
            OpenError::Newer { place: place.to_owned(), version }
        }
        other => OpenError::Unusable {
            place: place.to_owned(),
            cause: other.to_string(),
            remedy: "If it is not a Herald database, name another one with HERALD_DATABASE_URL; else restore a backup.",
        },
    })
}
