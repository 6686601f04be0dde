//! The key file: 32 bytes that everything secret in the database is encrypted with.
//!
//! The database remembers which key it was written with (its id, never the key), so that a missing or wrong file stops the
//! start instead of making secrets unreadable one by one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::base::vault::{KEY_BYTES, key_id};
use crate::base::{Rng, Vault};
use crate::db::{Conn, Db, DbError, meta};

/// The place of what other keys are made from.
const ROOT_PLACE: &str = "meta/vault_root";

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file {} is missing, and this database holds secrets encrypted with it. Put it back, or name it with HERALD_SECRET_KEY_FILE.", .0.display())]
    Missing(PathBuf),
    #[error("the key file {} holds another key than the one this database was written with. Put the right one back, or name it with HERALD_SECRET_KEY_FILE.", .0.display())]
    Wrong(PathBuf),
    #[error("what is sealed under {} in the table meta does not open with the key of {}: {problem}. Restore the database from a backup.", meta::VAULT_ROOT, .path.display())]
    Damaged { path: PathBuf, problem: String },
    #[error("the key file {} must hold exactly {KEY_BYTES} bytes. Put the right one back; `head -c 32 /dev/urandom` makes one for a new database.", .0.display())]
    Length(PathBuf),
    #[error("cannot use the key file {}: {source}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Opens the vault of `db`; makes the key file (mode 0600) if there is none and the database has no key yet. While keys are being
/// changed, the right one may be the next one already.
pub async fn open(db: &Db, path: &Path, rng: Arc<dyn Rng>) -> Result<Vault, KeyFileError> {
    let known = meta::find(&mut *db.read().await?, meta::VAULT_KEY_ID).await?;
    let key = match choose(known.as_deref(), path)? {
        Some(key) => key,
        None if known.is_some() => return Err(KeyFileError::Missing(path.to_owned())),
        None => make(path, rng.as_ref())?,
    };
    warn_of_readers(path);
    let known = match known {
        Some(known) => known,
        None => remember(db, meta::VAULT_KEY_ID, &key_id(&key)).await?,
    };
    if known != key_id(&key) {
        return Err(KeyFileError::Wrong(path.to_owned()));
    }
    let vault = vault_of(&key, path, rng);
    let root = root(db, &vault, path).await?;
    Ok(vault.with_root(&root))
}

/// The key of this id, in the file or in the next one; `None` where there is no file at all. Without an id, what the file holds.
fn choose(known: Option<&str>, path: &Path) -> Result<Option<[u8; KEY_BYTES]>, KeyFileError> {
    let (found, next) = (read(path)?, read(&next_path(path))?);
    let Some(id) = known else { return Ok(found) };
    match found.into_iter().chain(next).find(|key| key_id(key) == id) {
        None if found.is_some() => Err(KeyFileError::Wrong(path.to_owned())),
        chosen => Ok(chosen),
    }
}

/// Knows the keys of both files.
fn vault_of(key: &[u8; KEY_BYTES], path: &Path, rng: Arc<dyn Rng>) -> Vault {
    let (file, next) = (path.to_owned(), next_path(path));
    // Of files that cannot be read a start has complained already.
    let source = move || [&file, &next].into_iter().filter_map(|path| read(path).ok().flatten()).collect();
    Vault::new(key, rng).with_source(Arc::new(source))
}

/// What other keys are made from: made once, and sealed as all secrets are, so that it outlives every change of the key.
async fn root(db: &Db, vault: &Vault, path: &Path) -> Result<[u8; KEY_BYTES], KeyFileError> {
    let found = meta::find(&mut *db.read().await?, meta::VAULT_ROOT).await?;
    let sealed = match found {
        Some(sealed) => sealed,
        None => remember(db, meta::VAULT_ROOT, &vault.seal(ROOT_PLACE, &vault.new_root())).await?,
    };
    let damaged = |problem: String| KeyFileError::Damaged { path: path.to_owned(), problem };
    let opened = vault.open(ROOT_PLACE, &sealed).map_err(|problem| damaged(problem.to_string()))?;
    let bytes = BASE64.decode(opened.expose()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| damaged("it is not the base64 of 32 bytes".into()))
}

/// Seals it again with the key that is current.
pub(super) fn reseal_root(vault: &Vault, path: &Path, sealed: &str) -> Result<String, KeyFileError> {
    let root = vault
        .open(ROOT_PLACE, sealed)
        .map_err(|problem| KeyFileError::Damaged { path: path.to_owned(), problem: problem.to_string() })?;
    Ok(vault.seal(ROOT_PLACE, &root))
}

/// Where the key is that follows the one at `path`, while they are being changed.
pub(super) fn next_path(path: &Path) -> PathBuf {
    with_ending(path, "next")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    PathBuf::from(name)
}

/// The key that follows: the one that was put there, or a new one.
pub(super) fn next(path: &Path, rng: &dyn Rng) -> Result<[u8; KEY_BYTES], KeyFileError> {
    let next = next_path(path);
    match read(&next)? {
        Some(key) => Ok(key),
        None => make(&next, rng),
    }
}

/// Puts the next key into the place of the one at `path`, which is kept beside it under its id: backups that were made before need
/// it. Repeated, it changes nothing.
pub(super) fn replace(path: &Path) -> Result<Option<PathBuf>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let next = next_path(path);
    let (old, Some(new)) = (read(path)?, read(&next)?) else { return Ok(None) };
    let kept = match old.filter(|old| *old != new) {
        Some(old) => {
            let kept = with_ending(path, &key_id(&old));
            match fs::hard_link(path, &kept) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
            Some(kept)
        }
        None => None,
    };
    fs::rename(&next, path).map_err(failed)?;
    sync_folder(path).map_err(failed)?;
    Ok(kept)
}

/// A file that has just been named is there after a crash only once its folder is written.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

/// Says so where others than the owner can read the file. As ssh does, only of the user's own: what root or a container's
/// platform put there is theirs to know. It is no reason not to start: docs/decisions/0035-the-key-is-changed-while-running.md
fn warn_of_readers(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(found) = fs::metadata(path) else { return };
        let is_ours = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == found.uid());
        if is_ours && found.mode() & 0o077 != 0 {
            tracing::warn!(
                file = %path.display(),
                mode = format!("{:o}", found.mode() & 0o777),
                "others can read the key file, and with it every secret in the database: chmod 600 it"
            );
        }
    }
}

/// The vault of a database that is only looked at, if its key file is there: nothing is made.
pub async fn find(conn: &mut Conn, path: &Path, rng: Arc<dyn Rng>) -> Result<Option<Vault>, KeyFileError> {
    let known = meta::find(conn, meta::VAULT_KEY_ID).await?;
    Ok(choose(known.as_deref(), path)?.map(|key| vault_of(&key, path, rng)))
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
        fs::hard_link(&draft, path)?;
        sync_folder(path)
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

async fn remember(db: &Db, name: &str, value: &str) -> Result<String, DbError> {
    let mut tx = db.begin().await?;
    let known = meta::keep_first(&mut tx, name, value).await?;
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
