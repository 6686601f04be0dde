//! The change counter ([`super::meta`]), read once for all who ask at the same time.
//!
//! Whoever uses something kept in memory asks for every use whether it still holds. One read after another, each for
//! everybody who came before it began, answers that without a query for each.

use sqlx::AnyPool;
use tokio::sync::{mpsc, oneshot};

use super::{DbError, meta};

/// How many wait for one read at most; past that, askers wait for room.
const ASKING: usize = 1024;

#[derive(Clone)]
pub(super) struct Counter {
    asks: mpsc::Sender<oneshot::Sender<Option<i64>>>,
    readers: AnyPool,
}

impl Counter {
    pub(super) fn start(readers: AnyPool) -> Self {
        let (asks, asked) = mpsc::channel(ASKING);
        tokio::spawn(run(readers.clone(), asked));
        Self { asks, readers }
    }

    /// The counter, read after this call began.
    pub(super) async fn now(&self) -> Result<i64, DbError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(answer).await.map_err(|_| DbError::Closed)?;
        match answered.await {
            Ok(Some(value)) => Ok(value),
            // The read for all has failed: each finds out for itself why.
            _ => read(&self.readers).await,
        }
    }
}

async fn run(readers: AnyPool, mut asked: mpsc::Receiver<oneshot::Sender<Option<i64>>>) {
    let mut waiting = Vec::new();
    while asked.recv_many(&mut waiting, ASKING).await > 0 {
        let value = read(&readers).await.ok();
        for answer in waiting.drain(..) {
            // An asker who has gone away needs no answer.
            let _ = answer.send(value);
        }
    }
}

async fn read(readers: &AnyPool) -> Result<i64, DbError> {
    meta::changes(&mut *readers.acquire().await?).await
}
