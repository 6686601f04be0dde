//! `herald admin rotate-key`: everything sealed anew with another key, in small batches, while servers run.
//!
//! The steps, each of which can be repeated after a crash: the next key stands beside the key file; the database names it, so that
//! from then on everybody seals with it (a server that meets it reads the files again); what is sealed with the old one is sealed
//! anew; the next key takes the place of the old one. Until the end both are there, and a start finds the one that the database
//! names. docs/decisions/0035-the-key-is-changed-while-running.md

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::StartError;
use super::key_file;
use crate::base::vault::key_id;
use crate::base::{Rng, Vault};
use crate::db::{Db, DbError, meta};
use crate::ops::reseal::store::{COLUMNS, Progress};

/// Makes the next key beside the key file, and nothing else: to be copied to every node before the change.
pub async fn prepare(db: &Db, path: &Path, rng: Arc<dyn Rng>) -> Result<Value, StartError> {
    let vault = key_file::open(db, path, rng.clone()).await?;
    let next = key_file::next(path, rng.as_ref())?;
    Ok(json!({
        "key_id": &*vault.key_id(),
        "next_key_id": key_id(&next),
        "next_key_file": key_file::next_path(path),
    }))
}

/// Changes the key, or goes on with a change that was begun.
pub async fn rotate(db: &Db, path: &Path, rng: Arc<dyn Rng>) -> Result<Value, StartError> {
    let vault = key_file::open(db, path, rng.clone()).await?;
    let before = vault.key_id();
    let next = key_id(&key_file::next(path, rng.as_ref())?);
    let progress = reseal_all(db, &vault, path, &next).await?;
    let kept = key_file::replace(path)?;
    Ok(json!({
        "key_id": next,
        "previous_key_id": (*before != *next).then_some(&*before),
        "previous_key_file": kept,
        "resealed": progress.resealed,
        "unreadable": progress.unreadable,
    }))
}

async fn reseal_all(db: &Db, vault: &Vault, path: &Path, next: &str) -> Result<Progress, StartError> {
    let mut tx = db.begin().await?;
    // Whoever seals something sees it (meta::freshen).
    meta::raise_changes(&mut tx).await?;
    meta::put(&mut tx, meta::VAULT_KEY_ID, next).await?;
    if !vault.use_key(next) {
        return Err(DbError::inconsistent("meta", "value", meta::VAULT_KEY_ID, "the next key file vanished").into());
    }
    if let Some(root) = meta::find(&mut tx, meta::VAULT_ROOT).await? {
        meta::put(&mut tx, meta::VAULT_ROOT, &key_file::reseal_root(vault, path, &root)?).await?;
    }
    tx.commit().await?;
    let mut all = Progress::default();
    loop {
        let pass = reseal_once(db, vault).await?;
        let is_done = pass.resealed == 0;
        all = Progress { resealed: all.resealed + pass.resealed, ..pass };
        // Once more, for what was sealed before the change and committed after its turn.
        if is_done {
            return Ok(all);
        }
    }
}

/// Everything once, in small transactions.
async fn reseal_once(db: &Db, vault: &Vault) -> Result<Progress, StartError> {
    let mut all = Progress::default();
    for column in COLUMNS {
        let mut after = String::new();
        loop {
            let mut tx = db.begin().await?;
            let batch = column.reseal(&mut tx, vault, &after).await?;
            tx.commit().await?;
            all.resealed += batch.resealed;
            all.unreadable += batch.unreadable;
            match batch.last {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    Ok(all)
}
