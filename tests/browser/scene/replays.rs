//! Two replays of the data warehouse: one that has come to its end, and one that runs for as long as the clock stands still.

use std::time::Duration;

use herald::base::Clock as _;
use sqlx::Row as _;

use super::{Scene, WEBHOOKS};
use crate::support::app::eventually;

impl Scene {
    pub(super) async fn replays_deliveries(&mut self) {
        self.starts_a_replay("finished-replay", "1000").await;
        eventually("the replay has finished", &mut || async {
            self.clock.advance(Duration::from_millis(300));
            self.is_over().await.then_some(())
        })
        .await;
        self.starts_a_replay("replay", "1").await;
    }

    async fn starts_a_replay(&mut self, name: &str, pace: &str) {
        let admin = self.app.admin().await;
        let since = (self.clock.now() - Duration::from_secs(24 * 60 * 60)).rfc3339();
        let (until, path) =
            (self.clock.now().rfc3339(), format!("{WEBHOOKS}/{}/replay", self.names["data-warehouse-loader"]));
        let fields = [
            ("since", since.as_str()),
            ("until", until.as_str()),
            ("states", "succeeded"),
            ("per_second", pace),
            ("confirm", "true"),
        ];
        let answer = admin.posts(&path, &fields).await;
        let address = answer.headers().get("location").and_then(|address| address.to_str().ok().map(str::to_owned));
        self.names(name, &address.unwrap_or_else(|| panic!("{name} starts: {}", answer.status())));
    }

    async fn is_over(&self) -> bool {
        let mut conn = self.app.running().db.read().await.expect("a connection");
        let row = sqlx::query("SELECT COUNT(*) FROM replays WHERE state = 'running'").fetch_one(&mut *conn).await;
        row.expect("a count").get::<i64, _>(0) == 0
    }
}
