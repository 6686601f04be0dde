//! `herald check`: says on stdout what it has looked at and what is wrong. It works beside a running server.

use std::io::Write as _;
use std::time::Instant;

use super::Failure;
use crate::app;
use crate::base::{Clock as _, SystemClock};
use crate::config::Config;
use crate::ops::check::check;

pub async fn run(config: &Config) -> Result<(), Failure> {
    let began = Instant::now();
    let (mut snapshot, vault) = app::inspect(config).await?;
    let report = check(&mut snapshot, vault.as_ref(), SystemClock.now()).await;
    snapshot.close().await;
    let mut stdout = std::io::stdout().lock();
    let verdict = if report.is_clean() { "everything is in order\n" } else { "" };
    writeln!(stdout, "{report}{verdict}checked in {:.1} s", began.elapsed().as_secs_f64())
        .map_err(|error| Failure::failed(format!("cannot print: {error}")))?;
    if report.is_clean() {
        return Ok(());
    }
    let cases: u64 = report.faults().iter().map(|(_, count)| count).sum();
    Err(Failure::failed(format!(
        "the books of {} are not in order ({cases} cases). What was delivered, and what was not, may differ from what pages say.",
        crate::db::sqlite_file(config.database_url.expose())
            .map_or("the database".into(), |file| file.display().to_string())
    )))
}
