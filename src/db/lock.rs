//! One `serve` for each SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::error::OpenError;

/// Held for as long as a server uses a database file. The operating system lets go of it when the process ends,
/// however it ends, so a crash leaves nothing to clean up.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock beside `database` (`herald.db-lock`), or says who has it.
    pub fn take(database: &Path) -> Result<Self, OpenError> {
        let mut path = database.as_os_str().to_owned();
        path.push("-lock");
        let unusable = |error: std::io::Error| OpenError::Unusable {
            place: database.display().to_string(),
            cause: error.to_string(),
            remedy: "Let the user that runs Herald write in that folder.",
        };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(database.to_owned())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}
