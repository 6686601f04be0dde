//! A copy of the database in a file that is whole or not there at all.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::db::{CopyError, copy};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already. Name a file that does not exist yet: backups are never written over.", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error("cannot write {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Copies the SQLite database at `url` into the new file `to`, and answers its size. It appears when all of it is on disk.
pub async fn backup(url: &str, to: &Path) -> Result<u64, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let mut draft = to.as_os_str().to_owned();
    draft.push(format!(".{}.part", std::process::id()));
    let draft = PathBuf::from(draft);
    let made = write(url, to, &draft).await;
    // Of a backup that failed it is what is left; of one that succeeded its second name.
    let _ = fs::remove_file(&draft);
    made
}

async fn write(url: &str, to: &Path, draft: &Path) -> Result<u64, BackupError> {
    let failed = |source| BackupError::Io { path: to.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // It holds hashes of keys and passwords, and all that was sent.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(draft).map_err(failed)?;
    copy(url, draft).await?;
    file.sync_all().map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    match fs::hard_link(draft, to) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(to.to_owned())),
        // A file system without links.
        Err(_) => fs::rename(draft, to).map_err(failed)?,
    }
    let folder = to.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(bytes)
}
