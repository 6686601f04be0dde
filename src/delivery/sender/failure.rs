//! From errors, by their types, to outcomes.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use super::tls;
use super::wire::TooLong;
use crate::delivery::outcome::Outcome;

/// Why an attempt got no complete answer.
#[derive(Debug)]
pub struct Failure {
    pub outcome: Outcome,
    pub detail: Option<String>,
    /// The time that ran out, where one did.
    pub timeout: Option<Duration>,
    /// Not a byte of the request has left.
    pub is_unsent: bool,
}

impl Failure {
    pub fn new(outcome: Outcome, detail: Option<String>) -> Self {
        Self { outcome, detail, timeout: None, is_unsent: false }
    }

    pub fn timeout(outcome: Outcome, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..Self::new(outcome, None) }
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(Outcome::Internal, Some(detail.into()))
    }

    /// An error while connecting.
    pub fn of_dialling(error: &io::Error) -> Self {
        use io::ErrorKind;
        // Too many files or no free port: the fault is on this machine.
        let is_ours = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM));
        let outcome = match error.kind() {
            _ if is_ours => Outcome::Internal,
            ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => Outcome::Internal,
            ErrorKind::ConnectionRefused => Outcome::ConnectRefused,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Outcome::ConnectReset,
            // Also the kernel's own patience, which ends only where ours is set to minutes.
            _ => Outcome::ConnectUnreachable,
        };
        Self::new(outcome, Some(without_number(error)))
    }

    /// An error during the TLS handshake.
    pub fn of_handshake(error: &io::Error) -> Self {
        if let Some((outcome, detail)) = tls::classify(error) {
            return Self::new(outcome, detail);
        }
        let outcome = match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Outcome::ConnectReset,
            _ => Outcome::TlsHandshake,
        };
        Self::new(outcome, Some(error.to_string()))
    }

    /// An error of the exchange itself.
    pub fn of_exchange(error: &hyper::Error) -> Self {
        let source = error.source();
        if let Some(cause) = source.and_then(|source| source.downcast_ref::<io::Error>()) {
            return Self::of_stream(cause);
        }
        // A request that was called off, and what the connection died of.
        if let Some(cause) = source.and_then(|source| source.downcast_ref::<hyper::Error>()) {
            return Self::of_exchange(cause);
        }
        let outcome = match () {
            () if error.is_parse() => Outcome::ProtocolError,
            () if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => Outcome::ClosedEarly,
            () if error.is_user() => Outcome::Internal,
            // What is left is a message that nobody asked for.
            () => Outcome::ProtocolError,
        };
        Self::new(outcome, Some(error.to_string()))
    }

    fn of_stream(error: &io::Error) -> Self {
        use io::ErrorKind;
        if let Some((outcome, detail)) = tls::classify(error) {
            return Self::new(outcome, detail);
        }
        let outcome = match error.kind() {
            _ if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => Outcome::HeaderTooLarge,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::TimedOut => {
                Outcome::ConnectReset
            }
            ErrorKind::UnexpectedEof => Outcome::ClosedEarly,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Outcome::ConnectUnreachable,
            // What hyper says of broken chunks.
            _ => Outcome::ProtocolError,
        };
        Self::new(outcome, Some(error.to_string()))
    }

    /// Whether a kept connection can fail like this when the other side had already closed it.
    pub fn is_of_a_closed_connection(&self) -> bool {
        matches!(self.outcome, Outcome::ClosedEarly | Outcome::ConnectReset)
    }
}

/// Whether an answer whose head has come went on past what is read of it.
pub fn is_past_the_cap(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    cause.and_then(io::Error::get_ref).is_some_and(|inner| inner.is::<TooLong>())
}

/// The system's words without its number: `Network is unreachable`.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
