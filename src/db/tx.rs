//! A transaction, and what is to happen once it is on disk.

use std::ops::{Deref, DerefMut};

use sqlx::{Any, Transaction};

use super::Conn;
use super::error::DbError;

/// A writing transaction; derefs to the connection that store functions take. Dropped, it is rolled back.
pub struct Tx {
    inner: Transaction<'static, Any>,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl Tx {
    pub(super) fn new(inner: Transaction<'static, Any>) -> Self {
        Self { inner, after_commit: Vec::new() }
    }

    /// Runs `action` after the commit, and never if there is none: waking the engine, telling caches.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(action));
    }

    pub async fn commit(self) -> Result<(), DbError> {
        self.inner.commit().await?;
        for action in self.after_commit {
            action();
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.inner
    }
}
