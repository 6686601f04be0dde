//! Whether the books of a database are right, as `herald check` finds.

use herald::base::{Timestamp, Vault};
use herald::db::Snapshot;
use herald::ops::check::{Report, check};

use super::house::House;

/// Looks through the database at `url`, beside whoever uses it.
pub async fn look_through(url: &str, vault: Option<&Vault>, now: Timestamp) -> Report {
    let mut snapshot = Snapshot::open(url).await.expect("a database of this version");
    let report = check(&mut snapshot, vault, now).await;
    snapshot.close().await;
    report
}

impl House {
    /// What is wrong with the books, if anything is.
    pub async fn faults(&self) -> Result<(), String> {
        let report = look_through(self.database.url(), Some(&self.vault), self.now()).await;
        if report.is_clean() { Ok(()) } else { Err(report.to_string()) }
    }
}
