//! One HTTP/1.1 connection, driven by the task that uses it: when that task is dropped, so is the socket,
//! and no task of its own is woken for every request.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use super::failure::{self, Failure};
use super::wire::{Budget, MAX_HEAD_BYTES, Stream, Wire};

/// How much of a body is kept.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

pub struct Channel {
    requests: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<Wire>, Full<Bytes>>,
    is_finished: bool,
    /// Why the connection ended.
    error: Option<hyper::Error>,
    budget: Budget,
}

/// What has arrived of an answer, also when the rest never did.
#[derive(Debug, Default)]
pub struct Answer {
    pub head: Option<http::response::Parts>,
    pub body: Vec<u8>,
    /// There was more body than is kept.
    pub is_cut: bool,
}

impl Channel {
    pub async fn open(stream: Stream) -> Result<Self, Failure> {
        let budget = Budget::default();
        let wire = TokioIo::new(Wire::new(stream, budget.clone()));
        // More than hyper's 100 header fields are no valid answer. Their places lie on the stack, where those of a larger number
        // would be allocated for each head, of which a hostile answer can have thousands.
        let (requests, connection) = http1::Builder::new()
            // What RFC 9112 section 5.2 asks of a client that meets a folded line.
            .allow_obsolete_multiline_headers_in_responses(true)
            // Above the budget, so that it is the budget that says what was wrong.
            .max_buf_size(2 * MAX_HEAD_BYTES)
            .handshake(wire)
            .await
            .map_err(|error| Failure::of_exchange(&error))?;
        Ok(Self { requests, connection, is_finished: false, error: None, budget })
    }

    /// Sends the request and reads the answer into `answer`, piece by piece, so that what has come is there
    /// when the rest does not come in time.
    pub async fn exchange(&mut self, request: http::Request<Full<Bytes>>, answer: &mut Answer) -> Result<(), Failure> {
        self.budget.start();
        let responding = self.requests.send_request(request);
        let response = self.drive(responding).await.map_err(|error| self.failure(&error))?;
        self.budget.start_body();
        let (head, mut body) = response.into_parts();
        answer.head = Some(head);
        self.read(&mut body, answer).await
    }

    /// Where the request could not be sent any more, it is the connection that knows why.
    fn failure(&mut self, error: &hyper::Error) -> Failure {
        let is_unsent = error.is_canceled() || error.is_closed();
        let cause = self.error.take().filter(|_| is_unsent);
        Failure { is_unsent, ..Failure::of_exchange(cause.as_ref().unwrap_or(error)) }
    }

    async fn read(&mut self, body: &mut Incoming, answer: &mut Answer) -> Result<(), Failure> {
        while !body.is_end_stream() {
            let Some(frame) = self.drive(body.frame()).await else { break };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) if failure::is_past_the_cap(&error) => {
                    answer.is_cut = true;
                    break;
                }
                Err(error) => return Err(Failure::of_exchange(&error)),
            };
            let Ok(data) = frame.into_data() else { continue };
            let room = MAX_BODY_BYTES - answer.body.len();
            answer.body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                answer.is_cut = true;
                break;
            }
        }
        Ok(())
    }

    /// Whether anything has come back since the last request was sent.
    pub fn has_been_answered(&self) -> bool {
        self.budget.has_come()
    }

    /// Whether the connection can take another request now. Looks at the socket, so that a connection that
    /// the other side has closed is noticed.
    pub async fn is_ready(&mut self) -> bool {
        std::future::poll_fn(|cx| {
            self.poll_connection(cx);
            let is_open = !self.is_finished;
            Poll::Ready(is_open && matches!(self.requests.poll_ready(cx), Poll::Ready(Ok(()))))
        })
        .await
    }

    /// Runs the connection for as long as `wanted` needs it.
    async fn drive<F: Future>(&mut self, wanted: F) -> F::Output {
        let mut wanted = pin!(wanted);
        std::future::poll_fn(|cx| {
            self.poll_connection(cx);
            wanted.as_mut().poll(cx)
        })
        .await
    }

    fn poll_connection(&mut self, cx: &mut Context<'_>) {
        if !self.is_finished
            && let Poll::Ready(result) = Pin::new(&mut self.connection).poll(cx)
        {
            self.is_finished = true;
            self.error = result.err();
        }
    }
}
