//! Brings a database to the form this version knows.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyPool, Row as _};

use super::Conn;
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

/// Whether the database has that form already. Changes nothing.
pub(super) async fn check(conn: &mut Conn, place: &str) -> Result<(), OpenError> {
    let unusable = |cause: String, remedy| OpenError::Unusable { place: place.to_owned(), cause, remedy };
    let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version").fetch_all(conn).await;
    let rows = rows.map_err(|error| {
        unusable(error.to_string(), "If it is not a Herald database, name another one with HERALD_DATABASE_URL.")
    })?;
    let read = |row: &super::Row| -> Result<(i64, Vec<u8>), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
    let known: Result<Vec<_>, _> = rows.iter().map(read).collect();
    let known = known.map_err(|error| unusable(error.to_string(), "Restore a backup."))?;
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    if let Some((version, _)) = known.iter().find(|(version, _)| *version > newest) {
        return Err(OpenError::Newer { place: place.to_owned(), version: *version });
    }
    for migration in MIGRATIONS.iter() {
        let Some((_, checksum)) = known.iter().find(|(version, _)| *version == migration.version) else {
            let cause = format!("it lacks migration {}", migration.version);
            return Err(unusable(cause, "Start `herald serve` of this version once, which brings it up to date."));
        };
        if **checksum != *migration.checksum {
            let cause = format!("its migration {} is another one than this version's", migration.version);
            return Err(unusable(cause, "Use the version of Herald that made it."));
        }
    }
    Ok(())
}
