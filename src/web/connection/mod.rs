//! Bounds on what one connection may cost (docs/decisions/0040-how-connections-are-bounded.md).
//!
//! actix-http times the head of a connection's first request, and nothing else. So a [`Stream`] stands between it and
//! the socket, and a middleware, [`track`], tells the stream when a request has come in and when its answer is done. The
//! two share the connection's [`State`]; both live on one thread. Bodies are bounded by another middleware, [`bound_body`].

mod body;
mod stream;

use std::cell::Cell;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, TRANSFER_ENCODING};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse};
use tokio::time::Instant;

use super::error::Error;
use super::problem;

pub use stream::Stream;

/// The most bytes of a request's head: its line and its headers.
const HEAD_BYTES: usize = 64 * 1024;

/// For a client to read why it was refused before the connection ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a connection may take over what. Tests have less of it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte of a request to the end of its head, however the bytes drip in.
    pub head: Duration,
    /// Without a further byte of a request's body, or without one of the answer being taken.
    pub stall: Duration,
    /// A body in all. An answer gets as long, and beyond that a second for every 16 KiB that were taken.
    pub total: Duration,
    /// Between an answer and the next request. Longer than the minute for which proxies keep connections, so that it is
    /// they who close them.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            total: Duration::from_secs(300),
            idle: Duration::from_secs(65),
        }
    }
}

impl Patience {
    /// No bound is shorter.
    fn shortest(&self) -> Duration {
        self.head.min(self.stall).min(self.total).min(self.idle)
    }
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between requests, since then.
    Idle(Instant),
    /// A head has begun, and must have come in by the first time at the latest.
    Head(Instant),
    /// A request is being worked on, its body read, its answer made.
    Request,
}

/// What [`Stream`] and [`track`] know of one connection.
#[derive(Debug)]
struct State {
    patience: Patience,
    phase: Cell<Phase>,
    /// The answer to a request may not have been handed to the socket yet.
    is_answering: Cell<bool>,
    /// The body of the request could not be read to its end: nobody knows where the next request would begin.
    is_broken: Cell<bool>,
}

impl State {
    fn new(patience: Patience) -> Self {
        let phase = Cell::new(Phase::Idle(Instant::now()));
        Self { patience, phase, is_answering: Cell::new(false), is_broken: Cell::new(false) }
    }

    /// Bytes came in.
    fn received(&self) {
        if matches!(self.phase.get(), Phase::Idle(_)) {
            self.phase.set(Phase::Head(Instant::now() + self.patience.head));
        }
    }

    /// The answer is done. What is still to come of a request that was not read to its end has the time of a farewell.
    fn done(&self) {
        let now = Instant::now();
        self.phase.set(if self.is_broken.get() { Phase::Head(now + FAREWELL) } else { Phase::Idle(now) });
    }

    /// When the client must have sent something, or all of a head, at the latest.
    fn deadline(&self) -> Option<Instant> {
        match self.phase.get() {
            Phase::Idle(since) => Some(since + self.patience.idle),
            Phase::Head(until) => Some(until),
            Phase::Request => None,
        }
    }
}

/// Put into a connection's data when it is accepted, for [`track`].
#[derive(Clone)]
pub struct Connection(Rc<State>);

/// Middleware, for `from_fn`; the outermost one. Says what the connection is at.
pub async fn track(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(Connection(state)) = request.request().conn_data::<Connection>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    state.phase.set(Phase::Request);
    state.is_answering.set(true);
    let done = body::Done(state.clone());
    let answer = match next.call(request).await {
        Ok(mut answer) => {
            if state.is_broken.get() {
                answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
            }
            answer
        }
        Err(error) if state.is_broken.get() => {
            let mut answer = error.error_response();
            answer.head_mut().set_connection_type(ConnectionType::Close);
            return Err(InternalError::from_response(error, answer).into());
        }
        Err(error) => return Err(error),
    };
    Ok(answer.map_body(|_, body| BoxBody::new(body::Tracked::new(body.boxed(), done))))
}

/// Middleware, for `from_fn`; inside the error pages. Bounds the request's body in time, and refuses one that breaks off: when a
/// chunk breaks the coding actix-http asks the handler once more, and closes. One that waits for something else at that
/// moment would leave the request without an answer.
pub async fn bound_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let payload = request.take_payload();
    let connection = request.request().conn_data::<Connection>().cloned();
    let (Some(Connection(state)), false) = (connection, matches!(payload, Payload::None)) else {
        request.set_payload(payload);
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let is_in_chunks = request.headers().contains_key(TRANSFER_ENCODING);
    let path = request.path().to_owned();
    let body = body::Incoming::new(payload);
    request.set_payload(body::bounded(body.clone(), state.clone()));
    let mut answer = pin!(next.call(request));
    let answer = poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Pending if is_in_chunks && body.borrow_mut().is_broken(cx) => {
            state.is_broken.set(true);
            Poll::Ready(Err(problem::told(&path, Error::BadRequest("It broke off. Try again.".into()))))
        }
        polled => polled.map_ok(ServiceResponse::map_into_boxed_body),
    });
    answer.await
}

/// Middleware, for `from_fn`: refuses heads that are far larger than any browser's or program's.
pub async fn bound_head(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target + bytes(request.headers()) > HEAD_BYTES {
        let refusal = HttpResponse::build(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .content_type("text/plain; charset=utf-8")
            .force_close()
            .body("The address and the headers of this request are too long.");
        return Ok(request.into_response(refusal));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// As they stand on the wire: each with a colon, a space and a line break.
fn bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
