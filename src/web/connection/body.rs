//! Bodies in both directions: a request's is bounded in time, an answer's tells when it is done.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::State;

/// The payload, which fails when it makes no progress or takes too long in all. Time counts only while somebody wants to read.
pub(super) fn bounded(payload: Payload, state: Rc<State>) -> Payload {
    match payload {
        Payload::None => Payload::None,
        payload => Payload::Stream { payload: Box::pin(Bounded { payload, state, waiting: None, end: None }) },
    }
}

struct Bounded {
    payload: Payload,
    state: Rc<State>,
    /// Runs out when nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
    /// When all of it must be here: set once it has to be waited for.
    end: Option<Instant>,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(item) = Pin::new(&mut self.payload).poll_next(cx) {
            self.waiting = None;
            if matches!(item, Some(Err(_))) {
                self.state.is_broken.set(true);
            }
            return Poll::Ready(item);
        }
        let now = Instant::now();
        let (stall, total) = (self.state.patience.stall, self.state.patience.total);
        let end = *self.end.get_or_insert(now + total);
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(end.min(now + stall))));
        ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        self.state.is_broken.set(true);
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

/// Ends the request's phase when it goes.
pub(super) struct Done(pub Rc<State>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.done();
    }
}

/// An answer's body: when it goes, all of it is encoded, or nobody is there any more.
pub(super) struct Tracked {
    body: BoxBody,
    _done: Done,
}

impl Tracked {
    pub(super) fn new(body: BoxBody, done: Done) -> Self {
        Self { body, _done: done }
    }
}

impl MessageBody for Tracked {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
