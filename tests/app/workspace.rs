//! The workspace, through the door: what each call changes, and which events it raises.

mod answer_pages;
mod answers;
mod intakes;
mod pages;
mod projects;
mod questions;
mod table;
mod transfer;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::app::{TestApp, spawn_app};
use crate::support::programs::{Program, Told, told};

/// A Herald with a program that may read and write in the workspace.
struct Workspace {
    app: TestApp,
    program: Program,
}

/// An event as it was recorded: type, ids, additional keys and who did it.
type Raised = (String, Vec<String>, Value, String);

impl Workspace {
    async fn open() -> Self {
        let app = spawn_app().await;
        let program = app.program("read,write").await;
        Self { app, program }
    }

    /// One call; `None` sends no body.
    async fn calls(&self, method: Method, path: &str, body: Option<Value>) -> Told {
        let mut request = self.program.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        told(request).await
    }

    async fn gets(&self, path: &str) -> Told {
        self.calls(Method::GET, path, None).await
    }

    async fn posts(&self, path: &str, body: Value) -> Told {
        self.calls(Method::POST, path, Some(body)).await
    }

    async fn acts(&self, path: &str) -> Told {
        self.calls(Method::POST, path, None).await
    }

    async fn patches(&self, path: &str, body: Value) -> Told {
        self.calls(Method::PATCH, path, Some(body)).await
    }

    async fn deletes(&self, path: &str) -> Told {
        self.calls(Method::DELETE, path, None).await
    }

    /// Adds something that must succeed, and gives its id.
    async fn adds(&self, path: &str, body: Value) -> String {
        let answer = self.posts(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text);
        id_of(&answer)
    }

    async fn adds_project(&self, name: &str) -> String {
        self.adds("/projects", json!({ "name": name })).await
    }

    /// All events so far, in their order.
    async fn raised(&self) -> Vec<Raised> {
        let mut conn = self.app.running().db.read().await.expect("a connection");
        let rows = sqlx::query("SELECT event_type, entity_ids, data, performed_by FROM events ORDER BY seq")
            .fetch_all(&mut *conn)
            .await
            .expect("the events");
        let raised = |row: &sqlx::any::AnyRow| {
            let (ids, data): (String, Option<String>) = (row.get(1), row.get(2));
            let data = data.map_or(json!({}), |data| serde_json::from_str(&data).expect("a JSON object"));
            (row.get(0), serde_json::from_str(&ids).expect("a list of ids"), data, row.get(3))
        };
        rows.iter().map(raised).collect()
    }

    /// What was written down, in its order: what was done, and from where.
    async fn written_down(&self) -> Vec<(String, String)> {
        let mut conn = self.app.running().db.read().await.expect("a connection");
        let rows =
            sqlx::query("SELECT action, source FROM audit_entries WHERE action NOT IN ('api_key.created', 'user.signed_in') ORDER BY at, id")
                .fetch_all(&mut *conn)
                .await
                .expect("the audit log");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

fn id_of(answer: &Told) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// The ids in a list.
fn ids(answer: &Told) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let data = answer.json()["data"].as_array().expect("a list").clone();
    data.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}
