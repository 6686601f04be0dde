//! The bytes below HTTP: a socket, with or without TLS, that counts what comes in and ends where more has come than
//! an answer needs.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::channel::MAX_BODY_BYTES;

/// The head of an answer, interim ones (1xx) included, has to fit in here.
pub const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The body with what chunks put around it: enough for the kept 64 KiB in chunks of a single byte (`1\r\na\r\n`) and the
/// end of them. Past it comes nothing that would be kept, be it frames without end.
const MAX_BODY_WIRE_BYTES: usize = 6 * MAX_BODY_BYTES + 1_024;

/// More has come than is read of an answer: of its head, until [`Budget::start_body`] is called, or else of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is longer than is read of it")]
pub struct TooLong;

pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What may still come in; shared between a connection and who uses it.
#[derive(Clone, Debug, Default)]
pub struct Budget(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    left: AtomicUsize,
    has_come: AtomicBool,
}

impl Budget {
    /// To be called before a request is sent: a head may come.
    pub fn start(&self) {
        self.0.left.store(MAX_HEAD_BYTES, Ordering::Relaxed);
        self.0.has_come.store(false, Ordering::Relaxed);
    }

    /// To be called when the head has arrived.
    pub fn start_body(&self) {
        self.0.left.store(MAX_BODY_WIRE_BYTES, Ordering::Relaxed);
    }

    /// Whether anything has come since the request was sent.
    pub fn has_come(&self) -> bool {
        self.0.has_come.load(Ordering::Relaxed)
    }

    fn is_spent(&self) -> bool {
        self.0.left.load(Ordering::Relaxed) == 0
    }

    fn spend(&self, bytes: usize) {
        if bytes > 0 {
            let left = self.0.left.load(Ordering::Relaxed);
            self.0.left.store(left.saturating_sub(bytes), Ordering::Relaxed);
            self.0.has_come.store(true, Ordering::Relaxed);
        }
    }
}

/// A stream under a budget.
pub struct Wire {
    stream: Stream,
    budget: Budget,
}

impl Wire {
    pub fn new(stream: Stream, budget: Budget) -> Self {
        Self { stream, budget }
    }
}

macro_rules! forward {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.budget.is_spent() {
            return Poll::Ready(Err(io::Error::other(TooLong)));
        }
        let budget = self.budget.clone();
        let before = buffer.filled().len();
        let read = forward!(self, stream => stream.poll_read(cx, buffer));
        budget.spend(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        forward!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        forward!(self, stream => stream.poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, stream => stream.poll_shutdown(cx))
    }
}
