//! A socket that loses its patience with its client.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Connection, Patience, Phase, State};

/// Bytes of an answer for which a reader gets a second more.
const BYTES_A_SECOND: u64 = 16 * 1024;

/// What actix-http reads and writes in place of the socket.
pub struct Stream<T> {
    socket: T,
    state: Rc<State>,
    /// Wakes the connection to look at its deadlines: never later than at the first of them, and hardly more often than the
    /// shortest patience lasts, because a request's deadlines are later than that and so set no timer of their own.
    look: Pin<Box<Sleep>>,
    /// Since when the socket takes nothing.
    stalled: Option<Instant>,
    /// Since when the answer is waited for by the socket, and what was taken of it.
    slow: Option<(Instant, u64)>,
    /// The headers that actix-http's own answers lack.
    headers: Bytes,
    /// What stands in place of such an answer and is not written yet.
    own: BytesMut,
}

impl<T> Stream<T> {
    /// `headers`: lines for the answers that actix-http gives by itself, to what is no HTTP.
    pub fn new(socket: T, patience: Patience, headers: Bytes) -> Self {
        let state = Rc::new(State::new(patience));
        let look = Box::pin(sleep_until(Instant::now() + patience.shortest()));
        Self { socket, state, look, stalled: None, slow: None, headers, own: BytesMut::new() }
    }

    /// What the middleware needs of it.
    pub fn connection(&self) -> Connection {
        Connection(self.state.clone())
    }

    /// The first deadline that there is.
    fn deadline(&self) -> Option<Instant> {
        let patience = &self.state.patience;
        let stalled = self.stalled.map(|since| since + patience.stall);
        let slow = self
            .slow
            .map(|(since, taken)| since + patience.total + std::time::Duration::from_secs(taken / BYTES_A_SECOND));
        [self.state.deadline(), stalled, slow].into_iter().flatten().min()
    }

    /// Fails when a deadline is over, and sees to it that the next one is looked at.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let deadline = self.deadline();
        if let Some(deadline) = deadline
            && deadline < self.look.deadline()
        {
            self.look.as_mut().reset(deadline);
        }
        while self.look.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let next = now + self.state.patience.shortest();
            self.look.as_mut().reset(deadline.map_or(next, |deadline| deadline.min(next)));
        }
        Ok(())
    }

    /// Whether these bytes are an answer that no handler gave: nothing of one can be waiting to be written.
    fn is_by_the_framework(&self, bytes: &[u8]) -> bool {
        !self.state.is_answering.get() && self.own.is_empty() && bytes.starts_with(b"HTTP/1.")
    }
}

impl<T: AsyncWrite + Unpin> Stream<T> {
    fn poll_socket(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.socket).poll_write(cx, bytes) {
            Poll::Ready(Ok(written)) => {
                self.stalled = None;
                if let Some((_, taken)) = &mut self.slow {
                    *taken += written as u64;
                }
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let now = Instant::now();
                self.stalled.get_or_insert(now);
                self.slow.get_or_insert((now, 0));
                match self.check(cx) {
                    Ok(()) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(error)),
                }
            }
        }
    }

    fn poll_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let own = std::mem::take(&mut self.own);
            let written = self.poll_socket(cx, &own);
            self.own = own;
            self.own.advance(ready!(written)?);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stream<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check(cx)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.state.received();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_own(cx))?;
        if this.is_by_the_framework(bytes)
            && let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n")
        {
            this.own.extend_from_slice(&bytes[..line + 2]);
            this.own.extend_from_slice(&this.headers);
            this.own.extend_from_slice(&bytes[line + 2..]);
            // It counts as written: flushing sees to the rest.
            let _ = this.poll_own(cx)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        this.poll_socket(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_own(cx))?;
        this.check(cx)?;
        // actix-http flushes when all that it has made is written.
        if this.state.phase.get() != Phase::Request {
            this.state.is_answering.set(false);
            this.slow = None;
        }
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_own(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}
