//! Bodies in both directions: a request's is bounded in time, an answer's tells when it is done.

use std::cell::RefCell;
use std::collections::VecDeque;
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

/// How much of a body is looked at before anybody wants it.
const AHEAD_BYTES: usize = 64 * 1024;

/// A request's body as it comes in.
pub(super) struct Incoming {
    payload: Payload,
    /// What came before anybody wanted it.
    ahead: VecDeque<Bytes>,
    ahead_bytes: usize,
    /// Why there is no more, where nobody was told yet.
    error: Option<PayloadError>,
    is_broken: bool,
    is_over: bool,
}

impl Incoming {
    pub(super) fn new(payload: Payload) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            payload,
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            error: None,
            is_broken: false,
            is_over: false,
        }))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if let Some(piece) = self.ahead.pop_front() {
            self.ahead_bytes -= piece.len();
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(error) = self.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        self.is_broken |= matches!(polled, Poll::Ready(Some(Err(_))));
        polled
    }

    /// Looks ahead whether the body breaks off, or has broken off already; time does not count meanwhile.
    pub(super) fn is_broken(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.is_over && !self.is_broken && self.ahead_bytes < AHEAD_BYTES {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    self.ahead_bytes += piece.len();
                    self.ahead.push_back(piece);
                }
                Poll::Ready(Some(Err(error))) => (self.error, self.is_broken, self.is_over) = (Some(error), true, true),
                Poll::Ready(None) => self.is_over = true,
                Poll::Pending => break,
            }
        }
        self.is_broken
    }
}

/// The body for whoever reads it, which fails when it makes no progress or takes too long in all. Time counts only while
/// somebody wants to read.
pub(super) fn bounded(body: Rc<RefCell<Incoming>>, state: Rc<State>) -> Payload {
    Payload::Stream { payload: Box::pin(Bounded { body, state, waiting: None, end: None }) }
}

struct Bounded {
    body: Rc<RefCell<Incoming>>,
    state: Rc<State>,
    /// Runs out when nothing comes.
    waiting: Option<Pin<Box<Sleep>>>,
    /// When all of it must be here: set once it has to be waited for.
    end: Option<Instant>,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.body.borrow_mut().poll(cx);
        if let Poll::Ready(item) = polled {
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
