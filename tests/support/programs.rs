//! Programs that call the API, and what tests need around them.

use std::sync::Arc;

use herald::auth::api_keys::{self, ApiKey, NewKey};
use herald::auth::model::{Actor, Organization, Source};
use herald::auth::store::organizations;
use herald::base::{AnswerId, OrganizationId, SystemRng, UserId, WebhookId};
use herald::db::Db;
use herald::delivery::endpoint::Guard;
use herald::delivery::resolver::SystemResolver;
use herald::delivery::sender::{Limits, Sender};
use herald::webhooks::actions::{self, Tools};
use herald::webhooks::model::Draft;
use herald::workspace::answers;
use herald::workspace::answers::model::{Content, Standing};
use herald::workspace::change::{Author, Desk};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::app::{PATIENCE, TestApp, client};

/// A program with an API key.
pub struct Program {
    pub key: ApiKey,
    pub secret: String,
    base: String,
    client: Client,
}

/// What a program was answered.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("an ASCII header"))
    }

    /// The paths in a problem's `errors`.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().expect("a path").to_owned()).collect()
    }
}

impl Program {
    /// A request with the key, to change before it is sent with [`told`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.base)).bearer_auth(&self.secret)
    }

    pub async fn gets(&self, path: &str) -> Told {
        told(self.request(Method::GET, path)).await
    }

    /// Posts a body as JSON.
    pub fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.request(Method::POST, path).header("content-type", "application/json").body(body)
    }

    pub async fn publishes(&self, body: impl Into<reqwest::Body>) -> Told {
        told(self.post("/events", body)).await
    }
}

pub async fn told(request: RequestBuilder) -> Told {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Told { status, headers, text: answer.text().await.expect("a text") }
}

impl TestApp {
    fn actor(&self) -> Actor {
        Actor {
            organization: self.organization.id.clone(),
            email: self.admin.email.clone(),
            source: Source::CommandLine,
            address: None,
        }
    }

    /// A program of the administrator's, with a key of these scopes.
    pub async fn program(&self, scopes: &str) -> Program {
        self.program_of(Some(self.admin.id.clone()), scopes).await
    }

    pub async fn program_of(&self, user: Option<UserId>, scopes: &str) -> Program {
        let new = NewKey { user, name: "CRM sync".into(), scopes: scopes.parse().expect("scopes"), expires_at: None };
        let app = self.running();
        let mut tx = app.db.begin().await.expect("the database takes a transaction");
        let created = api_keys::create(&mut tx, app.context.clock.now(), &SystemRng, &self.actor(), new).await;
        let (key, secret) = created.expect("a key");
        tx.commit().await.expect("a commit");
        Program { key, secret: secret.expose().to_owned(), base: self.base.clone(), client: client() }
    }

    /// A program of another organization, which has its webhooks enabled.
    pub async fn stranger(&self, scopes: &str) -> Program {
        let app = self.running();
        let now = app.context.clock.now();
        let organization = Organization {
            id: OrganizationId::new(now, &SystemRng),
            name: "Another".into(),
            webhooks_enabled: true,
            ..self.organization.clone()
        };
        let actor = Actor { organization: organization.id.clone(), ..self.actor() };
        let new =
            NewKey { user: None, name: "Theirs".into(), scopes: scopes.parse().expect("scopes"), expires_at: None };
        let mut tx = app.db.begin().await.expect("the database takes a transaction");
        organizations::insert(&mut tx, &organization).await.expect("a new organization");
        let (key, secret) = api_keys::create(&mut tx, now, &SystemRng, &actor, new).await.expect("a key");
        tx.commit().await.expect("a commit");
        Program { key, secret: secret.expose().to_owned(), base: self.base.clone(), client: client() }
    }

    /// An active webhook to `url`.
    pub async fn adds_webhook(&self, url: &str, events: &[&str]) -> WebhookId {
        let draft = Draft {
            name: "Receiver".into(),
            url: url.into(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            ..Draft::default()
        };
        let new = draft.parse().expect("a good webhook");
        let app = self.running();
        let mut tx = app.db.begin().await.expect("the database takes a transaction");
        let created = actions::create(&mut tx, &self.tools(), &self.actor(), new).await.expect("a webhook");
        tx.commit().await.expect("a commit");
        created.webhook.id
    }

    /// A pair of the answer library that a member saved: no program can make one that waits.
    pub async fn pair_in_moderation(&self) -> AnswerId {
        let app = self.running();
        let desk = Desk { recorder: app.recorder.clone() };
        let author = Author { actor: self.actor(), zone: self.organization.time_zone };
        let content = Content { question: "Do you encrypt?".into(), answer: "Yes.".into(), ..Content::default() };
        let mut tx = app.db.begin().await.expect("the database takes a transaction");
        let saved = answers::actions::create(&mut tx, &desk, &author, Standing::Member, content).await;
        tx.commit().await.expect("a commit");
        saved.expect("a pair").id
    }

    fn tools(&self) -> Tools {
        let app = self.running();
        let limits = Limits { request_timeout: PATIENCE, connect_timeout: PATIENCE };
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a network")], false);
        Tools {
            clock: app.context.clock.clone(),
            rng: app.context.rng.clone(),
            vault: app.context.vault.clone(),
            hints: Arc::new(app.engine.clone()),
            sender: Sender::new(guard, Arc::new(SystemResolver), &limits, None).expect("a sender"),
            max_webhooks: 100,
        }
    }
}

/// The one number that a query gives.
pub async fn number(db: &Db, query: &'static str) -> i64 {
    let mut conn = db.read().await.expect("a connection");
    sqlx::query_scalar(query).fetch_one(&mut *conn).await.expect("a number")
}
