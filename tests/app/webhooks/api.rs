//! The calls below `/api/v1/webhooks`, through the door.

mod changes;
mod creating;
mod life;
mod limits;
mod lists;
mod refusals;
mod rotation;
mod testing;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::programs::{Program, Told, told};

/// The keys of a webhook, in their order.
const KEYS: [&str; 14] = [
    "id",
    "name",
    "description",
    "url",
    "state",
    "disabled_reason",
    "headers",
    "events",
    "last_test",
    "created_at",
    "updated_at",
    "max_concurrency",
    "max_per_second",
    "signing",
];

/// What a new webhook needs at least.
fn minimal(url: &str) -> Value {
    json!({ "name": "CRM sync", "url": url, "events": ["PROJECT_CREATED"] })
}

/// The object with some members changed.
fn with(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// What tests do with the calls.
trait Calls {
    async fn posts(&self, path: &str, body: Value) -> Told;
    /// Posts without a body.
    async fn acts(&self, path: &str) -> Told;
    async fn patches(&self, path: &str, body: Value) -> Told;
    async fn deletes(&self, path: &str) -> Told;
    /// Adds a webhook and gives its path.
    async fn adds(&self, body: Value) -> String;
}

impl Calls for Program {
    async fn posts(&self, path: &str, body: Value) -> Told {
        told(self.post(path, body.to_string())).await
    }

    async fn acts(&self, path: &str) -> Told {
        told(self.request(Method::POST, path)).await
    }

    async fn patches(&self, path: &str, body: Value) -> Told {
        let request = self.request(Method::PATCH, path).header("content-type", "application/json");
        told(request.body(body.to_string())).await
    }

    async fn deletes(&self, path: &str) -> Told {
        told(self.request(Method::DELETE, path)).await
    }

    async fn adds(&self, body: Value) -> String {
        let answer = self.posts("/webhooks", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        format!("/webhooks/{}", answer.json()["id"].as_str().expect("an id"))
    }
}
