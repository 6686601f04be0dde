//! The key file: 32 bytes that everything secret in the database is encrypted with.
//!
//! The database remembers which key it was written with (its id, never the key), so that a missing or wrong file stops the
//! start instead of making secrets unreadable one by one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::vault::KEY_BYTES;
use crate::base::{Rng, Vault};
use crate::db::{Conn, Db, DbError, meta};

/// The name under which the database keeps the id of its key.
const KEY_ID: &str = "vault_key_id";

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file {} is missing, and this database holds secrets encrypted with it. Put it back, or name it with HERALD_SECRET_KEY_FILE.", .0.display())]
    Missing(PathBuf),
    #[error("the key file {} holds another key than the one this database was written with. Put the right one back, or name it with HERALD_SECRET_KEY_FILE.", .0.display())]
    Wrong(PathBuf),
    #[error("the key file {} must hold exactly {KEY_BYTES} bytes. Put the right one back; `head -c 32 /dev/urandom` makes one for a new database.", .0.display())]
    Length(PathBuf),
    #[error("cannot use the key file {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Opens the vault of `db`; makes the key file (mode 0600) if there is none and the database has no key yet.
pub async fn open(db: &Db, path: &Path, rng: Arc<dyn Rng>) -> Result<Vault, KeyFileError> {
    let known = meta::find(&mut *db.read().await?, KEY_ID).await?;
    let key = match read(path)? {
        Some(key) => key,
        None if known.is_some() => return Err(KeyFileError::Missing(path.to_owned())),
        None => make(path, rng.as_ref())?,
    };
    let vault = Vault::new(&key, rng);
    let known = match known {
        Some(known) => known,
        None => remember(db, vault.key_id()).await?,
    };
    if known == vault.key_id() { Ok(vault) } else { Err(KeyFileError::Wrong(path.to_owned())) }
}

/// The vault of a database that is only looked at, if its key file is there: nothing is made.
pub async fn find(conn: &mut Conn, path: &Path, rng: Arc<dyn Rng>) -> Result<Option<Vault>, KeyFileError> {
    let Some(key) = read(path)? else { return Ok(None) };
    let vault = Vault::new(&key, rng);
    let known = meta::find(conn, KEY_ID).await?;
    if known.is_none_or(|known| known == vault.key_id()) {
        return Ok(Some(vault));
    }
    Err(KeyFileError::Wrong(path.to_owned()))
}

fn read(path: &Path) -> Result<Option<[u8; KEY_BYTES]>, KeyFileError> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map(Some).map_err(|_| KeyFileError::Length(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyFileError::Io { path: path.to_owned(), source }),
    }
}

/// Another process may be making it at the same moment: the first one's key counts. The file appears whole or not at all.
fn make(path: &Path, rng: &dyn Rng) -> Result<[u8; KEY_BYTES], KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let key: [u8; KEY_BYTES] = rng.bytes();
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || -> io::Result<()> {
        let mut file = options.open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    };
    let written = write();
    // The draft has served; where it cannot be removed, it is a second copy under the same mode.
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path)?.ok_or_else(|| failed(error)),
        Err(error) => Err(failed(error)),
    }
}

async fn remember(db: &Db, id: &str) -> Result<String, DbError> {
    let mut tx = db.begin().await?;
    let known = meta::keep_first(&mut tx, KEY_ID, id).await?;
    tx.commit().await?;
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;
    use crate::db::Options;

    #[tokio::test]
    async fn a_missing_wrong_or_damaged_key_is_refused_and_a_new_one_made_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("herald.key");
        let db = Db::open(&format!("sqlite://{}/t.db", folder.path().display()), Options::default()).await.unwrap();
        let rng: Arc<dyn Rng> = Arc::new(SystemRng);
        let first = open(&db, &path, rng.clone()).await.unwrap();
        let again = open(&db, &path, rng.clone()).await.unwrap();
        assert_eq!(first.key_id(), again.key_id());
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, [1; 32]).unwrap();
        assert!(matches!(open(&db, &path, rng.clone()).await, Err(KeyFileError::Wrong(_))));
        fs::write(&path, [1; 31]).unwrap();
        assert!(matches!(open(&db, &path, rng.clone()).await, Err(KeyFileError::Length(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(open(&db, &path, rng).await, Err(KeyFileError::Missing(_))));
        assert!(!path.exists());
        db.close().await;
    }
}
