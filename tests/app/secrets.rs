//! Secrets: nothing leaks, whatever receivers echo, and the key that they are kept under can be changed.

mod echo;
mod key;
mod planted;
mod printing;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::crash::until;
use crate::support::app::client;
use crate::support::process::Home;

/// A program with the database in a folder of its own, and a key for its API.
struct House {
    home: Home,
    folder: TempDir,
    organization: String,
    key: String,
}

impl House {
    async fn new(settings: &[(&'static str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut all: BTreeMap<&'static str, String> = BTreeMap::from([
            ("HERALD_LISTEN", "127.0.0.1:0".to_owned()),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
        ]);
        all.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let home = Home { folder: folder.path().to_owned(), settings: all.into_iter().collect() };
        let made = home.admin(&["create-organization", "--name", "Halden Systems", "--enable-webhooks"]).await;
        let organization = made["id"].as_str().expect("an id").to_owned();
        let key = ["create-api-key", "--organization", &organization, "--name", "k", "--scopes", "read,write,publish"];
        let key = home.admin(&key).await["key"].as_str().expect("a key").to_owned();
        Self { home, folder, organization, key }
    }

    /// Calls the API of the server at `base`.
    async fn calls(&self, base: &str, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let mut request = client().request(method, format!("{base}/api/v1{path}")).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("a text"))
    }

    async fn reads(&self, base: &str, path: &str) -> Value {
        let (status, text) = self.calls(base, Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn posts(&self, base: &str, path: &str, body: Value) -> Value {
        let (status, text) = self.calls(base, Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn publishes(&self, base: &str) {
        let event = serde_json::json!({ "event_type": "PROJECT_CREATED", "entity_ids": ["p1"], "performed_by": "ada@halden.example" });
        self.posts(base, "/events", event).await;
    }

    /// Waits until so many deliveries are in this state, and gives them.
    async fn awaits(&self, base: &str, path: &str, count: usize) -> Vec<Value> {
        let find = async || self.reads(base, path).await["data"].as_array().expect("a list").clone();
        until(path, count, async || find().await.len()).await;
        find().await
    }
}
