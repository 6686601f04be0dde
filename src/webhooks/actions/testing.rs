//! Send Test Webhook, and Send example: one message, at once, to values that need not be saved. Never retried, never a delivery.

use bytes::Bytes;
use serde_json::json;

use crate::auth::model::Actor;
use crate::base::{EventId, Secret, TimeZone, WebhookId};
use crate::db::{Conn, Tx};
use crate::delivery::endpoint::{Endpoint, masked_query};
use crate::delivery::scrub::Scrubber;
use crate::delivery::sender::{Attempt, Outcome, Request};
use crate::delivery::signing::SigningSecret;
use crate::delivery::store as deliveries;
use crate::events::body::render_test;
use crate::events::sample;
use crate::webhooks::model::{Header, LastTest, Message, Prepared, TestTarget, Webhook, successor};
use crate::webhooks::store;

use super::{Refusal, Tools, write_down};

/// Where a test goes, what it says, and what it is signed with.
#[derive(Debug)]
pub struct Target {
    pub endpoint: Endpoint,
    pub headers: Vec<Header>,
    pub secrets: Vec<SigningSecret>,
    pub message: Message,
}

impl Target {
    /// Values from a form. `stored` are the secrets of the saved webhook, before which stands what would sign once another way of
    /// signing is saved; a new one has what was prepared for it, or a secret that nobody will see again.
    pub fn from_form(typed: TestTarget, stored: Vec<SigningSecret>, tools: &Tools) -> Self {
        let secrets = match (stored.first(), typed.signing) {
            (Some(current), Prepared::New(Some(signing))) if signing != current.signing() => {
                let next = successor(&tools.vault, current, signing);
                std::iter::once(next).chain(stored).collect()
            }
            (Some(_), _) => stored,
            (None, prepared) => vec![prepared.secret(&tools.vault, tools.rng.as_ref())],
        };
        Self { endpoint: typed.endpoint, headers: typed.headers, secrets, message: typed.message }
    }
}

/// A saved webhook as a test's target.
pub async fn target_of(conn: &mut Conn, tools: &Tools, webhook: &Webhook, message: Message) -> Result<Target, Refusal> {
    let secrets = store::secrets(conn, &tools.vault, &webhook.id, tools.clock.now()).await?;
    Ok(Target {
        endpoint: webhook.endpoint.clone(),
        headers: store::headers(conn, &tools.vault, &webhook.id).await?,
        secrets: secrets.into_iter().map(|(secret, _)| secret).collect(),
        message,
    })
}

/// What was sent, and what became of it.
#[derive(Debug)]
pub struct TestReport {
    pub message: Message,
    pub body: String,
    pub attempt: Attempt,
}

impl TestReport {
    pub fn succeeded(&self) -> bool {
        self.attempt.outcome == Outcome::Success
    }

    /// Whether anything was tried at all: an address that may not be reached is never dialled.
    pub fn was_sent(&self) -> bool {
        self.attempt.outcome != Outcome::BlockedAddress
    }

    /// The answer's body for people: what is not UTF-8, and NUL, as U+FFFD.
    pub fn response_text(&self) -> String {
        String::from_utf8_lossy(&self.attempt.response_body).replace('\0', "\u{FFFD}")
    }
}

/// Sends a test in the name of `performed_by`. Outside of any transaction: it takes as long as the receiver does.
pub async fn send_test(tools: &Tools, performed_by: &str, zone: TimeZone, target: &Target) -> TestReport {
    let now = tools.clock.now();
    let id = EventId::new(now, tools.rng.as_ref());
    let at = now.cut_to_second();
    let body = match target.message {
        Message::Test => render_test(&id, performed_by, at, zone),
        Message::Example(kind) => sample::example(kind, &id, performed_by, at, zone),
    };
    let headers: Vec<(String, Secret)> =
        target.headers.iter().map(|header| (header.name.to_string(), header.value.secret().clone())).collect();
    let request = Request {
        endpoint: &target.endpoint,
        id: id.as_str(),
        body: &Bytes::from(body.clone()),
        secrets: &target.secrets,
        headers: &headers,
        now,
    };
    let mut attempt = tools.sender.send(&request).await;
    Scrubber::new(&headers, &target.secrets, &target.endpoint).scrub(&mut attempt);
    TestReport { message: target.message, body, attempt }
}

/// Keeps how the test of a saved webhook went; a success at its saved URL ends a spell of failures. One that was deleted
/// meanwhile has nothing to keep.
pub async fn finish_test(
    tx: &mut Tx,
    tools: &Tools,
    actor: &Actor,
    id: &WebhookId,
    report: &TestReport,
) -> Result<(), Refusal> {
    let Some(webhook) = store::find(tx, &tools.vault, &actor.organization, id).await? else { return Ok(()) };
    let attempt = &report.attempt;
    let test = LastTest { at: attempt.started_at, success: report.succeeded(), status_code: attempt.status_code };
    store::record_test(tx, id, test).await?;
    if test.success
        && attempt.url == webhook.endpoint.as_str()
        && deliveries::note_success_of_test(tx, id, tools.clock.now()).await?
    {
        let hints = tools.hints.clone();
        tx.after_commit(move || hints.news());
    }
    let details = json!({
        "url": masked_query(&attempt.url),
        "event_type": report.message.event_type(),
        "outcome": attempt.outcome.as_str(),
        "status_code": attempt.status_code,
    });
    write_down(tx, tools, actor, tools.clock.now(), "webhook.tested", &webhook, details).await?;
    Ok(())
}
