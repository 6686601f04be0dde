//! Receivers that misbehave, on real sockets: each does one thing wrong, to every connection.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::recorder::read_request;

/// What a receiver does with a connection.
#[derive(Clone, Debug)]
pub struct Behaviour {
    reads: Reading,
    says: Vec<u8>,
    then: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Nothing,
    /// Enough to know that the client has connected and sends.
    Byte,
    Request,
}

#[derive(Clone, Debug)]
enum Ending {
    Close,
    /// Says that nothing more comes, and goes on reading.
    EndOfStream,
    Reset,
    Hang,
    Repeat(Vec<u8>),
    Drip(Vec<u8>, Duration),
    /// Answers request after request, and closes after that many without saying so; the next one gets these bytes first.
    Serve(usize, Vec<u8>),
}

impl Behaviour {
    fn new(reads: Reading, says: impl Into<Vec<u8>>, then: Ending) -> Self {
        Self { reads, says: says.into(), then }
    }

    /// Reads the request, sends these bytes, closes.
    pub fn says(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Request, bytes, Ending::Close)
    }

    /// Reads the request, sends these bytes, and keeps the connection open in silence.
    pub fn says_and_hangs(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Request, bytes, Ending::Hang)
    }

    /// Reads the request, sends these bytes, and resets the connection.
    pub fn says_and_resets(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Request, bytes, Ending::Reset)
    }

    /// Sends the second bytes again and again, as fast as they are taken.
    pub fn never_ends(start: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Request, start, Ending::Repeat(repeated.into()))
    }

    /// Sends the second bytes again and again, one at a time with a pause before each.
    pub fn drips(start: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>, pause: Duration) -> Self {
        Self::new(Reading::Request, start, Ending::Drip(repeated.into(), pause))
    }

    /// The same, whatever it is sent.
    pub fn drips_unasked(start: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>, pause: Duration) -> Self {
        Self::new(Reading::Byte, start, Ending::Drip(repeated.into(), pause))
    }

    pub fn hangs_before_reading() -> Self {
        Self::new(Reading::Nothing, "", Ending::Hang)
    }

    /// Resets the connection in the middle of the request, or of the TLS handshake.
    pub fn resets_while_reading() -> Self {
        Self::new(Reading::Byte, "", Ending::Reset)
    }

    /// Sends these bytes whatever it is sent, and nothing more.
    pub fn says_unasked(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Byte, bytes, Ending::EndOfStream)
    }

    /// Sends the first bytes, then the second ones again and again, as fast as they are taken, whatever it is sent.
    pub fn never_ends_unasked(start: impl Into<Vec<u8>>, repeated: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Byte, start, Ending::Repeat(repeated.into()))
    }

    /// Speaks before it was asked, as servers of other protocols do.
    pub fn greets(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Nothing, bytes, Ending::Hang)
    }

    /// Sends these bytes to each of `count` requests and then closes, without a `connection: close`.
    pub fn serves(bytes: impl Into<Vec<u8>>, count: usize) -> Self {
        Self::serves_then_says(bytes, count, "")
    }

    /// The same, but that one more request is read, and gets the last bytes before the end.
    pub fn serves_then_says(bytes: impl Into<Vec<u8>>, count: usize, last: impl Into<Vec<u8>>) -> Self {
        Self::new(Reading::Nothing, bytes, Ending::Serve(count, last.into()))
    }
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// A receiver on a loopback port of its own. Stops when dropped.
pub struct Receiver {
    address: SocketAddr,
    counts: Arc<Counts>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub async fn start(behaviour: Behaviour) -> Self {
        Self::listen(behaviour, None).await
    }

    /// With TLS, under the certificate of that name in `tests/support/tls`.
    pub async fn start_tls(certificate: &str, behaviour: Behaviour) -> Self {
        Self::listen(behaviour, Some(acceptor(certificate))).await
    }

    async fn listen(behaviour: Behaviour, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let counts = Arc::<Counts>::default();
        let mut server = JoinSet::new();
        server.spawn(accept(listener, tls, behaviour, counts.clone()));
        Self { address, counts, _server: server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many whole requests were read so far.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// How many connections were taken so far.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

/// A port at which nothing listens, kept from others for as long as this lives.
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    pub fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.0.local_addr().expect("the socket is bound"))
    }
}

/// A port that lets connections be asked for and never made: its queue is full, so that the system answers nobody.
pub struct DeafPort {
    listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl DeafPort {
    pub async fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("the listener is bound");
        let mut queue = Vec::new();
        // On loopback a connection that is made at all is made at once.
        while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            queue.push(stream);
        }
        Self { listener, _queue: queue }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.listener.local_addr().expect("the listener is bound"))
    }
}

/// The PEM text of the authority that signed the certificates of the TLS receivers.
pub fn test_authority() -> Vec<u8> {
    std::fs::read(tls_file("authority.pem")).expect("the authority's certificate")
}

fn tls_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls").join(name)
}

fn acceptor(certificate: &str) -> TlsAcceptor {
    let chain = CertificateDer::from_pem_file(tls_file(&format!("{certificate}.pem"))).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(tls_file(&format!("{certificate}.key.pem"))).expect("its key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("certificate and key fit");
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, behaviour: Behaviour, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        counts.connections.fetch_add(1, Ordering::SeqCst);
        let (behaviour, counts, tls) = (behaviour.clone(), counts.clone(), tls.clone());
        connections.spawn(async move {
            // Clients break off as soon as they know enough.
            let _ = match tls {
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => behave(stream, &behaviour, &counts.requests).await.map(drop),
                    Err(refused) => Err(refused),
                },
                None => serve_plain(stream, &behaviour, &counts.requests).await,
            };
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_plain(stream: TcpStream, behaviour: &Behaviour, requests: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = behave(stream, behaviour, requests).await?;
    if matches!(behaviour.then, Ending::Reset) {
        stream.set_zero_linger()?;
    }
    Ok(())
}

async fn behave<S>(stream: S, behaviour: &Behaviour, requests: &AtomicUsize) -> std::io::Result<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    match behaviour.reads {
        Reading::Nothing => {}
        Reading::Byte => drop(stream.read_u8().await?),
        Reading::Request => {
            if read_request(&mut stream).await?.is_some() {
                requests.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    if let Ending::Serve(count, last) = &behaviour.then {
        for _ in 0..*count {
            if read_request(&mut stream).await?.is_none() {
                break;
            }
            requests.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&behaviour.says).await?;
        }
        if !last.is_empty() && read_request(&mut stream).await?.is_some() {
            stream.write_all(last).await?;
        }
        return Ok(stream.into_inner());
    }
    stream.write_all(&behaviour.says).await?;
    stream.flush().await?;
    match &behaviour.then {
        Ending::Close | Ending::Reset | Ending::Serve(..) => {}
        Ending::EndOfStream => {
            stream.shutdown().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
        }
        Ending::Hang => std::future::pending().await,
        Ending::Repeat(bytes) => {
            // In large pieces, as a server that means harm would.
            let many = bytes.repeat(1 + 65_536 / bytes.len());
            loop {
                stream.write_all(&many).await?;
            }
        }
        Ending::Drip(bytes, pause) => {
            for byte in bytes.iter().cycle() {
                tokio::time::sleep(*pause).await;
                stream.write_all(&[*byte]).await?;
            }
        }
    }
    Ok(stream.into_inner())
}
