//! The one sender: for deliveries, redeliveries, replays and tests. It never fails; what became of a request
//! is an [`Attempt`].
//!
//! One deadline covers all of it. Nothing is followed, unpacked or remembered; of a body the first 64 KiB are
//! kept, and a longer one is no failure. Why this is hyper and not a ready client:
//! docs/decisions/0010-own-sender-on-hyper.md.

mod channel;
mod dial;
mod failure;
mod pool;
mod request;
mod tls;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};
use url::Url;

use self::channel::{Answer, Channel};
use self::dial::Dialer;
use self::failure::Failure;
use self::pool::Pool;
use super::endpoint::{Endpoint, Guard, Refusal, Unresolved};
use super::outcome::AttemptContext;
use super::resolver::Resolver;
use super::retry;
use super::signing::SigningSecret;
use crate::base::{Secret, Timestamp};

pub use self::channel::MAX_BODY_BYTES;
pub use self::tls::InvalidExtraCa;
pub use super::outcome::{Outcome, Phase};

/// How long saving a webhook waits for a look-up.
const SAVING_PATIENCE: Duration = Duration::from_secs(2);

/// What a sender is made with.
#[derive(Clone, Debug)]
pub struct Limits {
    /// One deadline over connecting, head and body: HERALD_REQUEST_TIMEOUT.
    pub request_timeout: Duration,
    /// Of DNS and connecting, TLS included: HERALD_CONNECT_TIMEOUT.
    pub connect_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request_timeout: Duration::from_secs(15), connect_timeout: Duration::from_secs(5) }
    }
}

/// One request to make.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub endpoint: &'a Endpoint,
    /// `webhook-id`: the event's id.
    pub id: &'a str,
    pub body: &'a Bytes,
    /// Each signs; more than one while a secret is rotated.
    pub secrets: &'a [SigningSecret],
    /// The webhook's own headers, in their order.
    pub headers: &'a [(String, Secret)],
    /// The time of this attempt: `webhook-timestamp`.
    pub now: Timestamp,
}

/// A header of the request as it is kept: the values of the webhook's own are secrets, and are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentHeader {
    pub name: String,
    pub value: Option<String>,
}

/// What became of a request. At most 64 KiB of body and 64 KiB of head are in it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub started_at: Timestamp,
    pub duration: Duration,
    pub url: String,
    pub outcome: Outcome,
    pub status_code: Option<u16>,
    /// The sentence for people; `None` for a success.
    pub error: Option<String>,
    pub request_headers: Vec<SentHeader>,
    pub response_headers: Vec<(String, String)>,
    pub response_body: Vec<u8>,
    pub response_truncated: bool,
    /// Until when the receiver asks to be left alone (429 and 503).
    pub retry_after: Option<Timestamp>,
}

/// A request to the built-in receiver, as it would have arrived there.
#[derive(Clone, Debug)]
pub struct LocalRequest {
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

#[derive(Clone, Debug)]
pub struct LocalResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A receiver inside this program: asked before the guard, handed the request in memory, never dialled.
pub trait LocalReceiver: Send + Sync + 'static {
    fn recognizes(&self, url: &Url) -> bool;
    fn handle(&self, request: LocalRequest) -> BoxFuture<'_, LocalResponse>;
}

/// Sends requests. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Sender {
    dialer: Arc<Dialer>,
    request_timeout: Duration,
    /// `None`: each request has a connection of its own.
    pool: Option<Arc<Pool>>,
    local: Option<Arc<dyn LocalReceiver>>,
}

impl Sender {
    /// `extra_ca` is the PEM text of HERALD_EXTRA_CA_FILE, trusted beside the public roots.
    pub fn new(
        guard: Guard,
        resolver: Arc<dyn Resolver>,
        limits: &Limits,
        extra_ca: Option<&[u8]>,
    ) -> Result<Self, InvalidExtraCa> {
        let dialer = Dialer::new(guard, resolver, tls::client_config(extra_ca)?, limits.connect_timeout);
        Ok(Self {
            dialer: Arc::new(dialer),
            request_timeout: limits.request_timeout,
            pool: Some(Arc::default()),
            local: None,
        })
    }

    pub fn with_local(self, local: Arc<dyn LocalReceiver>) -> Self {
        Self { local: Some(local), ..self }
    }

    /// The same sender with a new connection for every request: for tests from pages, which must neither
    /// lend sockets to the engine's runtime nor borrow them from there.
    pub fn without_pool(&self) -> Self {
        Self { pool: None, ..self.clone() }
    }

    /// Whether a webhook may be saved with this endpoint; a name that does not resolve is no more than a
    /// warning.
    pub async fn check_for_saving(&self, endpoint: &Endpoint) -> Result<Option<Unresolved>, Refusal> {
        if self.local_for(endpoint).is_some() {
            return Ok(None);
        }
        self.dialer.guard.check_for_saving(endpoint, self.dialer.resolver.as_ref(), SAVING_PATIENCE).await
    }

    /// Makes one attempt.
    pub async fn send(&self, request: &Request<'_>) -> Attempt {
        let started = Instant::now();
        let mut answer = Answer::default();
        let mut phase = Phase::Connecting;
        let headers = match request::headers(request) {
            Ok(headers) => headers,
            Err(failure) => return conclude(request, started.elapsed(), Vec::new(), answer, Err(failure), phase),
        };
        let sent_headers = request::sent_headers(&headers, request);
        let exchanging = self.exchange(request, headers, &mut answer, &mut phase);
        let result = match timeout_at(started + self.request_timeout, exchanging).await {
            Ok(result) => result,
            // All that is kept has come: where the rest would have been cut, its delay is no failure.
            Err(_) if answer.body.len() == MAX_BODY_BYTES => {
                answer.is_cut = true;
                Ok(())
            }
            Err(_) => Err(Failure::timeout(Outcome::Timeout, self.request_timeout)),
        };
        conclude(request, started.elapsed(), sent_headers, answer, result, phase)
    }

    async fn exchange(
        &self,
        request: &Request<'_>,
        mut headers: http::HeaderMap,
        answer: &mut Answer,
        phase: &mut Phase,
    ) -> Result<(), Failure> {
        if let Some(local) = self.local_for(request.endpoint) {
            *phase = Phase::Waiting;
            return request::hand_over(local, &headers, request, answer).await;
        }
        self.dialer.guard.check_endpoint(request.endpoint).map_err(|refusal| dial::blocked(&refusal))?;
        let origin = request.endpoint.origin();
        if let Some(mut channel) = self.kept_channel(origin).await {
            *phase = Phase::Waiting;
            match channel.exchange(request::message(headers, request)?, answer).await {
                // The other side had closed the connection before it saw the request: not a byte came back.
                Err(failure)
                    if failure.is_unsent || (!channel.has_been_answered() && failure.is_of_a_closed_connection()) =>
                {
                    *phase = Phase::Connecting;
                    headers = request::headers(request)?;
                }
                result => return self.keep(origin, channel, answer, result).await,
            }
        }
        let mut channel = Channel::open(self.dialer.dial(request.endpoint, phase).await?).await?;
        *phase = Phase::Waiting;
        let result = channel.exchange(request::message(headers, request)?, answer).await;
        self.keep(origin, channel, answer, result).await
    }

    async fn kept_channel(&self, origin: &str) -> Option<Channel> {
        let pool = self.pool.as_ref()?;
        while let Some(mut channel) = pool.take(origin) {
            if channel.is_ready().await {
                return Some(channel);
            }
        }
        None
    }

    /// Keeps a connection after a whole answer.
    async fn keep(
        &self,
        origin: &str,
        mut channel: Channel,
        answer: &Answer,
        result: Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(pool) = &self.pool
            && result.is_ok()
            && !answer.is_cut
            && channel.is_ready().await
        {
            pool.put(origin, channel);
        }
        result
    }

    fn local_for(&self, endpoint: &Endpoint) -> Option<&dyn LocalReceiver> {
        self.local.as_deref().filter(|local| local.recognizes(endpoint.url()))
    }
}

/// From what has happened to what is kept of it.
fn conclude(
    request: &Request<'_>,
    duration: Duration,
    request_headers: Vec<SentHeader>,
    answer: Answer,
    result: Result<(), Failure>,
    phase: Phase,
) -> Attempt {
    let status = answer.head.as_ref().map(|head| head.status);
    let header = |name: &str| answer.head.as_ref()?.headers.get(name)?.to_str().ok();
    let is_incomplete = result.is_err();
    let failure = match (result, status) {
        // A status that is a failure says more than what became of its body.
        (_, Some(status)) if !status.is_success() => Failure::new(Outcome::Status, None),
        (Ok(()), Some(_)) => Failure::new(Outcome::Success, None),
        (Ok(()), None) => Failure::internal("an exchange without an answer"),
        (Err(failure), _) => failure,
    };
    let status_code = status.map(|status| status.as_u16());
    let location =
        status.filter(|status| status.is_redirection()).and_then(|_| request::location(answer.head.as_ref()?));
    let context = AttemptContext {
        host: request.endpoint.url().host_str().unwrap_or_default(),
        phase: if answer.head.is_some() { Phase::Reading } else { phase },
        timeout: failure.timeout.unwrap_or_default(),
        status: status_code,
        location: location.as_deref(),
        detail: failure.detail.as_deref(),
    };
    let error = (!failure.outcome.is_success()).then(|| failure.outcome.sentence(&context));
    let retry_after =
        status_code.and_then(|status| retry::retry_after(status, header("retry-after"), request.now + duration));
    Attempt {
        started_at: request.now,
        duration,
        url: request.endpoint.as_str().to_owned(),
        outcome: failure.outcome,
        status_code,
        error,
        request_headers,
        response_truncated: answer.is_cut || (is_incomplete && status.is_some()),
        response_headers: answer.head.as_ref().map(request::received_headers).unwrap_or_default(),
        response_body: answer.body,
        retry_after,
    }
}
