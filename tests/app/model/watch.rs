//! Waiting until nothing is under way, and looking at what has come of everything then.

use std::time::Duration;

use herald::base::{Clock as _, Timestamp};
use sqlx::Row as _;

use super::seen::Seen;
use super::world::World;
use crate::support::recorder::Received;

/// How long nothing may change for before it counts as never getting quiet.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is under way, by the database: nothing, at a quiet moment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unrest {
    due: i64,
    leased: i64,
    /// Everything that anything raises which is written down.
    counters: (i64, i64),
}

impl World {
    /// Waits until nothing is under way, and says how it is then.
    pub async fn quiet(&mut self, since: Timestamp, is_whole: bool) -> Result<Seen, String> {
        let mut last = Unrest::default();
        let looking = async {
            loop {
                let before = self.unrest().await;
                if before.due + before.leased == 0 && self.running.engine.is_idle() {
                    let mut conn = self.running.house.db.read().await.expect("a connection");
                    let seen = Seen::read(&mut conn, &self.numbers, since, is_whole).await.expect("an answer");
                    drop(conn);
                    let requests = self.recorder.requests_from(self.looked_at);
                    last = self.unrest().await;
                    if last == before && self.running.engine.is_idle() {
                        return (seen, requests);
                    }
                } else {
                    last = before;
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, looking).await;
        let (mut seen, requests) = waited.map_err(|_| format!("it never gets quiet: {last:?}"))?;
        self.looked_at += requests.len();
        for request in requests {
            self.look_at(&request)?;
        }
        seen.received.clone_from(&self.received);
        seen.has_crashed = std::mem::take(&mut self.has_crashed);
        Ok(seen)
    }

    async fn unrest(&self) -> Unrest {
        let text = "SELECT (SELECT COUNT(*) FROM deliveries WHERE due_at <= $1), \
                    (SELECT COUNT(*) FROM deliveries WHERE leased_until > $1), \
                    (SELECT CAST(COALESCE(SUM(lease), 0) + COALESCE(SUM(attempts), 0) AS BIGINT) FROM deliveries), \
                    (SELECT seq FROM organizations)";
        let mut conn = self.running.house.db.read().await.expect("a connection");
        let row = sqlx::query(text).bind(self.running.clock.now()).fetch_one(&mut *conn).await.expect("an answer");
        Unrest { due: row.get(0), leased: row.get(1), counters: (row.get(2), row.get(3)) }
    }

    /// A request is a test, or the bytes of an event, at the webhook's address.
    fn look_at(&mut self, request: &Received) -> Result<(), String> {
        let hook = request.path().split('/').nth(1).and_then(|number| number.parse::<usize>().ok());
        let id = request.header("webhook-id").unwrap_or_default();
        let hook = hook.ok_or_else(|| format!("nobody is at {}", request.target))?;
        let Some(event) = self.numbers.events.get(id) else {
            self.tests = self.tests.checked_sub(1).ok_or_else(|| format!("{} was never published", request.text()))?;
            return Ok(());
        };
        if request.body != self.events[*event].1.as_bytes() {
            return Err(format!("event {event} came to webhook {hook} as {}", request.text()));
        }
        *self.received.entry((hook, *event)).or_default() += 1;
        Ok(())
    }
}
