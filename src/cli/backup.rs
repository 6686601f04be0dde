//! `herald backup FILE`: a copy of the database, beside a running server.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::{Config, SettingsArgs};
use crate::db::CopyError;
use crate::ops::backup::{self, BackupError};

#[derive(Debug, clap::Args)]
pub struct Backup {
    /// A file that does not exist yet
    pub file: PathBuf,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub async fn run(config: &Config, file: &Path) -> Result<(), Failure> {
    let bytes = backup::backup(config.database_url.expose(), file).await.map_err(|error| match error {
        BackupError::Copy(CopyError::Open(error)) => Failure::from(crate::app::StartError::from(error)),
        BackupError::Copy(CopyError::NotSqlite) => Failure::failed(
            "PostgreSQL makes its own copies: `pg_dump --format=custom --file=FILE` with the address of HERALD_DATABASE_URL, \
             while the server runs. The key file is not in them either.",
        ),
        other => Failure::failed(other),
    })?;
    println!(
        "{} holds the database as it was a moment ago ({bytes} bytes).\nIt does not contain the key file {}: keep a copy of that in \
         another place. Without it signing secrets and header values cannot be read.",
        file.display(),
        config.secret_key_file.display()
    );
    Ok(())
}
