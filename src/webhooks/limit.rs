//! How many tests a person or an API key may send (HERALD_TEST_RATE). Counted by each node, and only what is really sent.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::model::{Actor, Source};
use crate::base::Clock;
use crate::web::throttle::{Rate, Throttle};

use super::actions::TestReport;

/// Counts tests. One for the whole program.
pub struct TestLimit(Throttle<String>);

impl TestLimit {
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self(Throttle::new(rate, clock))
    }

    /// Sends a test, if `actor` may send one now, and counts it unless it turns out that nothing was sent. `Err`: too many,
    /// come back after this time.
    pub async fn admit(&self, actor: &Actor, test: impl Future<Output = TestReport>) -> Result<TestReport, Duration> {
        let key = match &actor.source {
            Source::ApiKey(id) => id.to_string(),
            Source::Page | Source::CommandLine | Source::Herald => actor.email.clone(),
        };
        self.0.check(&key)?;
        let report = test.await;
        if !report.was_sent() {
            self.0.give_back(&key);
        }
        Ok(report)
    }
}
