//! What the calls answer, key by key as the contract shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::delivery::sender::Outcome;
use crate::delivery::signing::{Signing, SigningSecret};
use crate::events::EventType;
use crate::web::describe;
use crate::webhooks::actions::{self, TestReport};
use crate::webhooks::model::{self, WebhookState};

/// A destination of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    name: &'a str,
    #[schema(required)]
    description: Option<&'a str>,
    url: &'a str,
    /// `paused` by a person, `disabled` by Herald.
    #[schema(value_type = WebhookState)]
    state: &'static str,
    /// Why Herald disabled it.
    #[schema(required)]
    disabled_reason: Option<&'a str>,
    /// Without their values, which are secrets.
    headers: Vec<Header<'a>>,
    #[schema(value_type = Vec<EventType>)]
    events: Vec<&'static str>,
    /// How the last test of the saved webhook went.
    #[schema(required)]
    last_test: Option<LastTest>,
    #[schema(value_type = describe::Time)]
    created_at: String,
    #[schema(value_type = describe::Time)]
    updated_at: String,
    /// Requests at a time; `null`: as many as the settings say.
    #[schema(required, minimum = 1, maximum = 50)]
    max_concurrency: Option<u32>,
    /// Requests that go out in a second; `null`: as many as the receiver takes.
    #[schema(required, minimum = 1, maximum = 1000)]
    max_per_second: Option<u32>,
    /// How its callbacks are signed.
    #[schema(value_type = Signing)]
    signing: &'static str,
}

describe::list!(WebhookList of Webhook<'static>);

/// A header of a webhook or of a message. The values of a webhook's own are secrets, and `null`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Header<'a> {
    name: &'a str,
    #[schema(required)]
    value: Option<&'a str>,
}

/// How a test went.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastTest {
    #[schema(value_type = describe::Time)]
    at: String,
    success: bool,
    #[schema(required)]
    status_code: Option<u16>,
}

impl<'a> From<&'a model::Webhook> for Webhook<'a> {
    fn from(webhook: &'a model::Webhook) -> Self {
        let last_test = |test: &model::LastTest| LastTest {
            at: test.at.rfc3339(),
            success: test.success,
            status_code: test.status_code,
        };
        Self {
            id: webhook.id.as_str(),
            name: webhook.name.as_str(),
            description: Some(webhook.description.as_str()).filter(|text| !text.is_empty()),
            url: webhook.endpoint.as_str(),
            state: webhook.state.as_str(),
            disabled_reason: webhook.disabled_reason.as_deref(),
            headers: webhook.header_names.iter().map(|name| Header { name: name.as_str(), value: None }).collect(),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            last_test: webhook.last_test.as_ref().map(last_test),
            created_at: webhook.created_at.rfc3339(),
            updated_at: webhook.updated_at.rfc3339(),
            max_concurrency: webhook.limits.concurrency.map(|most| most.count()),
            max_per_second: webhook.limits.per_second.map(|most| most.count()),
            signing: webhook.signing.as_str(),
        }
    }
}

/// A new webhook, with the secret that is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedWebhook)]
pub(crate) struct Created<'a> {
    #[serde(flatten)]
    webhook: Webhook<'a>,
    /// Read it later at `/webhooks/{id}/secret`. `null` for asymmetric signing, whose private key nobody is shown.
    #[schema(required)]
    signing_secret: Option<&'a str>,
    /// What signatures are checked with, where it is no secret.
    #[schema(required)]
    public_key: Option<String>,
}

impl<'a> From<&'a actions::Created> for Created<'a> {
    fn from(created: &'a actions::Created) -> Self {
        Self {
            webhook: Webhook::from(&created.webhook),
            signing_secret: created.signing_secret.shared(),
            public_key: public_key(&created.signing_secret),
        }
    }
}

/// What a webhook's callbacks are signed with.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct Secret<'a> {
    /// `null` for asymmetric signing, whose private key nobody is shown.
    #[schema(required)]
    signing_secret: Option<&'a str>,
    /// `whpk_` and the base64 of the key's 32 bytes; `null` for symmetric signing.
    #[schema(required)]
    public_key: Option<String>,
    /// Those that were rotated out and still sign.
    previous: Vec<Previous<'a>>,
}

/// A secret that still signs beside the new one.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviousSecret)]
pub(crate) struct Previous<'a> {
    #[schema(required)]
    signing_secret: Option<&'a str>,
    #[schema(required)]
    public_key: Option<String>,
    #[schema(value_type = Option<describe::Time>, required)]
    expires_at: Option<String>,
}

impl<'a> Secret<'a> {
    /// The newest first; `None` if there is none.
    pub fn of(secrets: &'a [(SigningSecret, Option<Timestamp>)]) -> Option<Self> {
        let ((current, _), previous) = secrets.split_first()?;
        let previous = previous.iter().map(|(secret, expires_at)| Previous {
            signing_secret: secret.shared(),
            public_key: public_key(secret),
            expires_at: expires_at.map(Timestamp::rfc3339),
        });
        Some(Self { signing_secret: current.shared(), public_key: public_key(current), previous: previous.collect() })
    }
}

fn public_key(secret: &SigningSecret) -> Option<String> {
    secret.public_key().map(|key| key.to_string())
}

/// A webhook whose secret was rotated, with what its callbacks are signed with from now on.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedWebhook)]
pub(crate) struct Rotated<'a> {
    #[serde(flatten)]
    webhook: Webhook<'a>,
    #[serde(flatten)]
    secret: Secret<'a>,
}

impl<'a> Rotated<'a> {
    /// `None` if there is no secret.
    pub fn of(rotated: &'a actions::Rotated) -> Option<Self> {
        Some(Self { webhook: Webhook::from(&rotated.webhook), secret: Secret::of(&rotated.secrets)? })
    }
}

/// What became of a test.
#[derive(Serialize, ToSchema)]
#[schema(as = TestResult)]
pub(crate) struct Test<'a> {
    /// Whether the destination answered 2xx in time.
    success: bool,
    #[schema(required)]
    status_code: Option<u16>,
    duration_ms: u64,
    /// `success`, or the name of the failure.
    #[schema(value_type = Outcome)]
    outcome: &'static str,
    /// The failure in a sentence.
    #[schema(required)]
    error: Option<&'a str>,
    request: Sent<'a>,
    /// `null` where the destination answered nothing.
    #[schema(required)]
    response: Option<Received<'a>>,
}

/// What a test sent, or would have sent.
#[derive(Serialize, ToSchema)]
#[schema(as = TestRequest)]
pub(crate) struct Sent<'a> {
    headers: Vec<Header<'a>>,
    body: &'a str,
}

/// What a test was answered.
#[derive(Serialize, ToSchema)]
#[schema(as = TestResponse)]
pub(crate) struct Received<'a> {
    headers: Vec<Header<'a>>,
    /// As text: what is not UTF-8, and NUL, as U+FFFD.
    body: String,
    /// Whether more came than the 64 KiB that are kept, or the end is missing.
    truncated: bool,
}

impl<'a> From<&'a TestReport> for Test<'a> {
    fn from(report: &'a TestReport) -> Self {
        let attempt = &report.attempt;
        let sent = attempt.request_headers.iter();
        let received = attempt.response_headers.iter();
        Self {
            success: report.succeeded(),
            status_code: attempt.status_code,
            duration_ms: attempt.duration.as_millis().try_into().unwrap_or(u64::MAX),
            outcome: attempt.outcome.as_str(),
            error: attempt.error.as_deref(),
            request: Sent {
                headers: sent.map(|header| Header { name: &header.name, value: header.value.as_deref() }).collect(),
                body: &report.body,
            },
            response: attempt.status_code.map(|_| Received {
                headers: received.map(|(name, value)| Header { name, value: Some(value) }).collect(),
                body: report.response_text(),
                truncated: attempt.response_truncated,
            }),
        }
    }
}
