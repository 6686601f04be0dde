//! How many tests a person or an API key may send (HERALD_TEST_RATE). Counted by each node, and only what is really sent.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::model::{Actor, Source};
use crate::base::Clock;
use crate::web::throttle::{Rate, Throttle};

/// Counts tests. One for the whole program.
pub struct TestLimit(Throttle<String>);

impl TestLimit {
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        Self(Throttle::new(rate, clock))
    }

    /// Counts a test that is about to be sent. `Err`: too many, come back after this time.
    pub fn check(&self, actor: &Actor) -> Result<(), Duration> {
        let key = match &actor.source {
            Source::ApiKey(id) => id.to_string(),
            Source::Page | Source::CommandLine | Source::Herald => actor.email.clone(),
        };
        self.0.check(&key)
    }
}
