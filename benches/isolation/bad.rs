//! The ways of being bad, each on a loopback port of its own.

use std::any::Any;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::BoxFuture;
use herald::delivery::resolver::{DnsError, Resolver, SystemResolver};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::receivers::{Behaviour, ClosedPort, Receiver};
use crate::support::recorder::{Answer, Recorder};

macro_rules! kinds {
    ($($name:ident = $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($name,)* }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    HangsBeforeReading = "hang-before-reading",
    HangsAfterReading = "hang-after-reading",
    Drips = "drip",
    Resets = "reset",
    ClosesEarly = "early-close",
    EndlessHead = "endless-head",
    EndlessBody = "endless-body",
    EndlessInformation = "endless-1xx",
    GzipBomb = "gzip-bomb",
    Refuses = "refused",
    Unroutable = "unroutable",
    SlowDns = "slow-dns",
    Unavailable = "503",
    Slow = "slow-200",
    SilentHandshake = "tls-silent-handshake",
}

/// A bad destination; it is bad for as long as this lives.
pub struct Bad {
    pub url: String,
    _kept: Box<dyn Any + Send>,
}

impl Bad {
    fn new(url: String, kept: impl Any + Send) -> Self {
        Self { url, _kept: Box::new(kept) }
    }

    pub async fn start(kind: Kind) -> Self {
        match kind {
            Kind::Refuses => {
                let port = ClosedPort::reserve();
                Self::new(port.url(), port)
            }
            Kind::Unroutable => {
                let port = FullPort::fill().await;
                Self::new(format!("http://{}/", port.address), port)
            }
            Kind::SlowDns => Self::new(format!("http://{SLOW_NAME}/"), ()),
            Kind::Slow => {
                let recorder = Recorder::start().await;
                recorder.answer("/", Answer::status(200).after(Duration::from_millis(500)));
                Self::new(recorder.url("/"), recorder)
            }
            Kind::SilentHandshake => {
                let receiver = Receiver::start(Behaviour::hangs_before_reading()).await;
                Self::new(format!("https://127.0.0.1:{}/", receiver.port()), receiver)
            }
            other => {
                let receiver = Receiver::start(behaviour(other)).await;
                Self::new(receiver.url(), receiver)
            }
        }
    }
}

/// What a receiver that takes connections does with them.
fn behaviour(kind: Kind) -> Behaviour {
    match kind {
        Kind::HangsBeforeReading => Behaviour::hangs_before_reading(),
        Kind::HangsAfterReading => Behaviour::says_and_hangs(""),
        Kind::Drips => {
            let start = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            Behaviour::drips(start, "x", Duration::from_millis(20))
        }
        Kind::Resets => Behaviour::says_and_resets(""),
        Kind::ClosesEarly => Behaviour::says("HTTP/1.1 200 OK\r\ncontent-le"),
        Kind::EndlessHead => Behaviour::never_ends("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n"),
        Kind::EndlessBody => Behaviour::never_ends("HTTP/1.1 200 OK\r\n\r\n", "more "),
        Kind::EndlessInformation => Behaviour::never_ends("", "HTTP/1.1 102 Processing\r\n\r\n"),
        Kind::GzipBomb => Behaviour::says(gzip_bomb()),
        Kind::Unavailable => Behaviour::serves("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n", usize::MAX),
        Kind::Refuses | Kind::Unroutable | Kind::SlowDns | Kind::Slow | Kind::SilentHandshake => {
            unreachable!("{kind:?} is none of those that take connections and speak")
        }
    }
}

/// An answer whose body is 64 MiB when it is unpacked.
fn gzip_bomb() -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = [0; 65_536];
    (0..1024).for_each(|_| packer.write_all(&zeros).expect("memory takes it"));
    let body = packer.finish().expect("memory takes it");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

/// A port that answers no call: its queue of connections is full and nobody takes one, so that further calls hang as they do
/// where no route leads.
struct FullPort {
    address: SocketAddr,
    _kept: Box<dyn Any + Send>,
}

impl FullPort {
    async fn fill() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(1).expect("it listens");
        let address = listener.local_addr().expect("the listener is bound");
        let mut queued = Vec::new();
        let patience = Duration::from_millis(200);
        while let Ok(connected) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
            queued.push(connected.expect("a place in the queue"));
            assert!(queued.len() < 100, "the queue is never full");
        }
        Self { address, _kept: Box::new((listener, queued)) }
    }
}

/// A name whose look-up never ends.
const SLOW_NAME: &str = "slow.example";

/// The system's resolver, but for [`SLOW_NAME`].
pub struct SlowResolver;

impl Resolver for SlowResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, DnsError>> {
        if host == SLOW_NAME {
            return Box::pin(std::future::pending());
        }
        SystemResolver.resolve(host)
    }
}
