//! Somebody who publishes at a steady rate, however long the answers take.

use std::ops::ControlFlow;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::app::client;

/// Publishes on a clock; what the server makes callers wait does not slow it down.
#[derive(Clone)]
pub struct Publisher {
    client: Client,
    url: String,
    key: String,
    event_type: &'static str,
}

/// An acknowledged event.
pub struct Published {
    pub id: String,
    /// When it was due to be sent: what callers wait for a connection counts.
    pub due: Instant,
    /// From then to the acknowledgement.
    pub took: Duration,
}

impl Publisher {
    /// One with connections of its own.
    pub fn new(base: &str, key: &str, event_type: &'static str) -> Self {
        Self { client: client(), url: format!("{base}/api/v1/events"), key: key.to_owned(), event_type }
    }

    /// An event for each pause, until `goes_on` says that it is enough.
    pub async fn publish(&self, pause: Duration, mut goes_on: impl FnMut() -> ControlFlow<()>) -> Vec<Published> {
        let mut calls = JoinSet::new();
        let mut ticks = tokio::time::interval(pause);
        loop {
            let due = ticks.tick().await;
            if goes_on().is_break() {
                return calls.join_all().await;
            }
            let publisher = self.clone();
            calls.spawn(async move {
                let id = publisher.publish_once().await;
                Published { id, due, took: due.elapsed() }
            });
        }
    }

    /// The same for as long as this.
    pub async fn publish_for(&self, lasting: Duration, pause: Duration) -> Vec<Published> {
        let end = Instant::now() + lasting;
        self.publish(pause, || if Instant::now() < end { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            .await
    }

    async fn publish_once(&self) -> String {
        let body = serde_json::json!({
            "event_type": self.event_type,
            "entity_ids": ["5dd51ea63f3dad73ab0a344b"],
            "performed_by": "ada@example.com",
        });
        let call = self.client.post(&self.url).bearer_auth(&self.key).header("content-type", "application/json");
        let answer = call.body(body.to_string()).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a text"));
        assert_eq!(status, StatusCode::ACCEPTED, "{text}");
        let told: Value = serde_json::from_str(&text).expect("JSON");
        told["event_id"].as_str().expect("an event's id").to_owned()
    }
}
