//! Who calls with which API key, kept in memory between the calls.
//!
//! What is kept counts only while the change counter stands where it stood when it was read: a key that is revoked, a
//! member who leaves and an organization that changes, by another process too, raise the counter, and so hold for the next call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::api_keys::Caller;
use super::store::api_keys::find_caller;
use crate::base::Timestamp;
use crate::db::{Db, DbError};

/// Callers kept at most; past that, all are forgotten and read anew.
const MANY: usize = 10_000;

/// Finds callers by the hash of their key.
pub struct Callers {
    db: Db,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Where the change counter stood before the first of them was read.
    changes: i64,
    by_hash: HashMap<Box<str>, Arc<Caller>>,
}

impl Callers {
    pub fn new(db: Db) -> Self {
        Self { db, kept: Mutex::default() }
    }

    /// Who calls with the key of this hash at `now`. `None`: the key is not valid.
    pub async fn find(&self, hash: &str, now: Timestamp) -> Result<Option<Arc<Caller>>, DbError> {
        Ok(self.find_any(hash).await?.filter(|caller| caller.is_valid(now)))
    }

    /// Whoever has the key, expired or not.
    async fn find_any(&self, hash: &str) -> Result<Option<Arc<Caller>>, DbError> {
        let changes = self.db.changes().await?;
        if let Some(caller) = self.kept_at(changes, hash) {
            return Ok(Some(caller));
        }
        let found = find_caller(&mut *self.db.read().await?, hash).await?.map(Arc::new);
        match &found {
            Some(caller) => self.keep(changes, hash, caller),
            // Not recalled any more, either: whoever goes on calling with it causes no more work than a stranger.
            None => drop(self.lock().by_hash.remove(hash)),
        }
        Ok(found)
    }

    /// Who called with the key of this hash when it was last looked, and where the change counter stood then. It holds for as long
    /// as the counter stands there still, which is for the caller to find out.
    pub fn recall(&self, hash: &str, now: Timestamp) -> Option<(Arc<Caller>, i64)> {
        let kept = self.lock();
        let caller = kept.by_hash.get(hash).filter(|caller| caller.is_valid(now))?;
        Some((caller.clone(), kept.changes))
    }

    fn kept_at(&self, changes: i64, hash: &str) -> Option<Arc<Caller>> {
        let kept = self.lock();
        if kept.changes == changes { kept.by_hash.get(hash).cloned() } else { None }
    }

    /// `changes` was read before `caller`, so what changed in between makes the counter differ.
    fn keep(&self, changes: i64, hash: &str, caller: &Arc<Caller>) {
        let mut kept = self.lock();
        if kept.changes != changes || kept.by_hash.len() >= MANY {
            *kept = Kept { changes, by_hash: HashMap::new() };
        }
        kept.by_hash.insert(hash.into(), caller.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder of this lock panics")
    }
}
