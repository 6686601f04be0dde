//! Replays at work: makes their deliveries pending again, little by little, and notices when they are at their end.
//!
//! Every node does this for every replay; each step is one short transaction that finds nothing to do when another node was faster.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::engine::Shared;
use super::store::{self, Running};
use crate::base::Timestamp;
use crate::db::DbError;

/// Deliveries that one transaction makes pending.
const BATCH: usize = 200;
/// How many may wait for their first attempt: a receiver that is slower than the pace is not sent more, and what is not pending yet
/// needs no taking back when the replay is cancelled.
const AHEAD: usize = 1_000;
/// How far ahead deliveries get their times.
const HORIZON: Duration = Duration::from_secs(1);
/// How often a running replay is looked at.
const PAUSE: Duration = Duration::from_millis(250);
/// How often it is looked whether there is one, since another node may have started it, or died.
const IDLE: Duration = Duration::from_secs(5);

/// Works for as long as the engine runs. Dropped in the middle, it loses nothing.
pub(super) async fn run(shared: Arc<Shared>) {
    let clock = shared.parts.clock.clone();
    while !shared.stopping.load(Ordering::SeqCst) {
        let started = shared.replays.notified();
        let pause = round(&shared).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot go on with replays; trying again");
            IDLE
        });
        let next = clock.now() + pause;
        tokio::select! {
            () = started => {}
            () = clock.sleep_until(next) => {}
        }
    }
}

/// One step for every running replay, and how long to wait before the next.
async fn round(shared: &Shared) -> Result<Duration, DbError> {
    let running = store::running_replays(&mut *shared.parts.db.read().await?).await?;
    let mut pause = IDLE;
    for replay in &running {
        pause = pause.min(step(shared, replay).await?);
    }
    Ok(pause)
}

async fn step(shared: &Shared, replay: &Running) -> Result<Duration, DbError> {
    let now = shared.parts.clock.now();
    if replay.is_orphaned(now) {
        let mut tx = shared.parts.db.begin().await?;
        store::cancel_orphan(&mut tx, replay, now).await?;
        tx.commit().await?;
        return Ok(PAUSE);
    }
    if replay.deleted_at.is_some() {
        // Its deliveries are cancelled for as long as the deletion can be undone, and come back then.
        return Ok(IDLE);
    }
    let mut conn = shared.parts.db.read().await?;
    let open = store::open_deliveries(&mut conn, &replay.id).await?;
    if replay.is_scanned {
        drop(conn);
        if open.waiting == 0 && !open.others {
            let mut tx = shared.parts.db.begin().await?;
            store::finish_replay(&mut tx, &replay.id, now).await?;
            tx.commit().await?;
        }
        return Ok(PAUSE);
    }
    let start = replay.next_due_at.max(now);
    let room = places(replay.pace, start, now).min(AHEAD.saturating_sub(open.waiting));
    if !replay.is_deliverable || room == 0 {
        return Ok(PAUSE);
    }
    let batch = store::next_batch(&mut conn, replay, start, room).await?;
    drop(conn);
    let mut tx = shared.parts.db.begin().await?;
    if store::take_batch(&mut tx, replay, &batch).await? {
        tx.commit().await?;
        shared.look_by(start);
    }
    Ok(if room == BATCH { Duration::ZERO } else { PAUSE })
}

/// How many deliveries, one every `pace` from `start`, start within the horizon; at most a batch.
fn places(pace: Duration, start: Timestamp, now: Timestamp) -> usize {
    let end = now + HORIZON;
    if start >= end {
        return 0;
    }
    let span = end.saturating_sub(start).as_micros();
    let places = span.div_ceil(pace.as_micros().max(1));
    usize::try_from(places).unwrap_or(BATCH).min(BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_reaches_to_the_horizon_and_no_further() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let after = |millis| now + Duration::from_millis(millis);
        for (pace_ms, start, expected) in [
            (1_000, now, 1),
            (100, now, 10),
            (100, after(950), 1),
            (100, after(1_000), 0),
            (100, after(60_000), 0),
            (1, now, BATCH),
            (0, now, BATCH),
        ] {
            assert_eq!(places(Duration::from_millis(pace_ms), start, now), expected, "{pace_ms} {start:?}");
        }
    }
}
