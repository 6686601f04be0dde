//! Connections that wait for their next request: few, and not for long, since a server may close them at any
//! time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::channel::Channel;

/// Below the 5 s after which common servers (Node, Apache) close theirs.
const IDLE_TIME: Duration = Duration::from_secs(4);

/// For each origin: several webhooks with their lanes of 10 may share one.
const MAX_PER_ORIGIN: usize = 128;

const MAX_IN_ALL: usize = 1_024;

#[derive(Default)]
struct Idle {
    /// By origin (`https://example.com:8443`); the one used last at the end. No list is empty.
    by_origin: HashMap<Box<str>, Vec<(Instant, Channel)>>,
    count: usize,
    is_swept: bool,
}

#[derive(Default)]
pub struct Pool(Mutex<Idle>);

impl Pool {
    /// The connection to `origin` that was used last.
    pub fn take(&self, origin: &str) -> Option<Channel> {
        let mut idle = self.lock();
        let waiting = idle.by_origin.get_mut(origin)?;
        let (since, channel) = waiting.pop()?;
        if waiting.is_empty() {
            idle.by_origin.remove(origin);
        }
        idle.count -= 1;
        // All others have waited longer; the sweep gets them.
        (since.elapsed() < IDLE_TIME).then_some(channel)
    }

    /// Keeps a connection that is ready for its next request.
    pub fn put(self: &Arc<Self>, origin: &str, channel: Channel) {
        let mut idle = self.lock();
        if idle.count >= MAX_IN_ALL {
            return;
        }
        let entry = (Instant::now(), channel);
        match idle.by_origin.get_mut(origin) {
            Some(waiting) if waiting.len() >= MAX_PER_ORIGIN => return,
            Some(waiting) => waiting.push(entry),
            None => drop(idle.by_origin.insert(origin.into(), vec![entry])),
        }
        idle.count += 1;
        if !idle.is_swept {
            idle.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes what has waited too long; whether anything is left.
    fn close_expired(&self) -> bool {
        let mut idle = self.lock();
        let mut left = 0;
        idle.by_origin.retain(|_, waiting| {
            waiting.retain(|(since, _)| since.elapsed() < IDLE_TIME);
            left += waiting.len();
            !waiting.is_empty()
        });
        idle.count = left;
        idle.is_swept = left > 0;
        idle.is_swept
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// Lives for as long as connections wait.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE_TIME / 4).await;
        match pool.upgrade() {
            Some(pool) if pool.close_expired() => {}
            _ => return,
        }
    }
}
