//! From an endpoint to an open stream: look-up, guard, TCP, TLS, all within the connect timeout. The address
//! that was checked is the one that is dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use super::failure::Failure;
use super::wire::Stream;
use crate::delivery::endpoint::{Endpoint, Guard, Refusal};
use crate::delivery::outcome::{Outcome, Phase};
use crate::delivery::resolver::{DnsError, Resolver};

/// How long one address may take before the next is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Bytes of a connection's receive buffer; as much of an answer's body is kept.
const RECEIVE_BUFFER: u32 = 64 * 1024;

/// More addresses of one name are not tried.
const MAX_ADDRESSES: usize = 8;

pub struct Dialer {
    pub guard: Guard,
    pub resolver: Arc<dyn Resolver>,
    pub tls: TlsConnector,
    pub timeout: Duration,
}

impl Dialer {
    pub fn new(guard: Guard, resolver: Arc<dyn Resolver>, tls: ClientConfig, timeout: Duration) -> Self {
        Self { guard, resolver, tls: TlsConnector::from(Arc::new(tls)), timeout }
    }

    /// `phase` is moved on with each step, also where the caller's own deadline ends this.
    pub async fn dial(&self, endpoint: &Endpoint, phase: &mut Phase) -> Result<Stream, Failure> {
        let deadline = Instant::now() + self.timeout;
        let addresses = match endpoint.host() {
            // Literals were checked with the endpoint.
            Host::Ipv4(address) => vec![address.into()],
            Host::Ipv6(address) => vec![address.into()],
            Host::Domain(name) => self.look_up(name, deadline).await?,
        };
        let opening = async {
            let stream = open(&addresses, endpoint.port()).await.map_err(|error| Failure::of_dialling(&error))?;
            stream.set_nodelay(true).map_err(|error| Failure::of_dialling(&error))?;
            match endpoint.is_https() {
                true => {
                    *phase = Phase::Encrypting;
                    self.encrypt(stream, endpoint.host()).await
                }
                false => Ok(Stream::Plain(stream)),
            }
        };
        let opened = timeout_at(deadline, opening).await;
        opened.unwrap_or_else(|_| Err(Failure::timeout(Outcome::Timeout, self.timeout)))
    }

    async fn look_up(&self, name: &str, deadline: Instant) -> Result<Vec<IpAddr>, Failure> {
        // Reserved for names that do not exist (RFC 6761): no server need be asked.
        let is_invalid = name.trim_end_matches('.').rsplit('.').next() == Some("invalid");
        let answer = match is_invalid {
            true => Err(DnsError::NotFound),
            false => timeout_at(deadline, self.resolver.resolve(name)).await.unwrap_or(Err(DnsError::Timeout)),
        };
        let addresses = answer.map_err(|error| match error {
            DnsError::NotFound => Failure::new(Outcome::DnsNotFound, None),
            DnsError::Failed => Failure::new(Outcome::DnsFailed, None),
            DnsError::Timeout => Failure::timeout(Outcome::DnsTimeout, self.timeout),
        })?;
        // No resolver should say so, and none of ours does: a name without an address leads nowhere.
        if addresses.is_empty() {
            return Err(Failure::new(Outcome::DnsNotFound, None));
        }
        self.guard.check_answer(name, &addresses).map_err(|refusal| blocked(&refusal))?;
        Ok(addresses)
    }

    async fn encrypt(&self, stream: TcpStream, host: Host<&str>) -> Result<Stream, Failure> {
        let name = match host {
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
            Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                .map_err(|_| Failure::internal("the host is no name for TLS"))?,
        };
        let stream = self.tls.connect(name, stream).await.map_err(|error| Failure::of_handshake(&error))?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

/// The failure of a destination that may not be reached, with the sentences for admins, who alone see it.
pub fn blocked(refusal: &Refusal) -> Failure {
    Failure::new(Outcome::BlockedAddress, Some(refusal.for_admins()))
}

/// Connects to the first address that answers; each gets a head start over the next.
async fn open(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().take(MAX_ADDRESSES).copied().peekable();
    let mut dials = FuturesUnordered::new();
    let mut worst: Option<io::Error> = None;
    loop {
        dials.extend(waiting.next().map(|address| connect(SocketAddr::new(address, port))));
        tokio::select! {
            Some(dialled) = dials.next() => match dialled {
                Ok(stream) => return Ok(stream),
                Err(error) => worst = Some(match worst.take() {
                    Some(worst) => more_telling(worst, error),
                    None => error,
                }),
            },
            () = sleep(HEAD_START), if waiting.peek().is_some() => {}
            else => return Err(worst.unwrap_or_else(|| io::ErrorKind::HostUnreachable.into())),
        }
    }
}

/// The kernel takes in no more ahead of us than an answer needs: a receiver that writes without end fills this and waits.
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.connect(address).await
}

/// Of two errors the one that says more of the server: an address family without a route says little.
fn more_telling(one: io::Error, other: io::Error) -> io::Error {
    match one.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::AddrNotAvailable => other,
        _ => one,
    }
}
