//! A thousand connections that cost their clients nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

pub const SIZE: usize = 1_000;
/// Between two bytes.
const PAUSE: Duration = Duration::from_secs(1);
/// For all of them to be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// What they are slow at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One byte of a head after the other.
    Heads,
    /// A whole head with a key that may publish, then one byte of the body after the other.
    Bodies,
    /// They ask for much and take none of it.
    Readers,
    /// A third each.
    All,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Heads, Self::Bodies, Self::Readers, Self::All];

    pub fn name(self) -> &'static str {
        match self {
            Self::Heads => "slow-heads",
            Self::Bodies => "slow-bodies",
            Self::Readers => "slow-readers",
            Self::All => "all-three",
        }
    }

    /// What the one with this number does.
    fn of(self, number: usize) -> Self {
        match self {
            Self::All => [Self::Heads, Self::Bodies, Self::Readers][number % 3],
            kind => kind,
        }
    }
}

/// Connections that are there until they are sent away: whoever is thrown out comes back at once.
pub struct Crowd {
    there: Arc<AtomicUsize>,
    members: JoinSet<()>,
}

impl Crowd {
    /// Waits until all are there and have begun.
    pub async fn gather(kind: Kind, base: &str, key: &str) -> Self {
        let address: SocketAddr = base.trim_start_matches("http://").parse().expect("an address");
        let there = Arc::new(AtomicUsize::new(0));
        let mut members = JoinSet::new();
        for number in 0..SIZE {
            let (there, key) = (there.clone(), key.to_owned());
            members.spawn(async move {
                loop {
                    come(kind.of(number), address, &key, &there).await;
                }
            });
        }
        let coming = async {
            while there.load(Ordering::Relaxed) < SIZE {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, coming).await.expect("all of them are there in time");
        Self { there, members }
    }

    /// Sends them away; how many were there.
    pub fn leave(self) -> usize {
        let there = self.there.load(Ordering::Relaxed);
        drop(self.members);
        there
    }
}

/// One connection from its beginning to its end.
async fn come(kind: Kind, address: SocketAddr, key: &str, there: &AtomicUsize) {
    let socket = TcpSocket::new_v4().expect("a socket");
    // So that an answer that is not taken fills what there is to fill.
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let Ok(mut stream) = socket.connect(address).await else {
        tokio::time::sleep(Duration::from_millis(100)).await;
        return;
    };
    there.fetch_add(1, Ordering::Relaxed);
    let _ = behave(kind, &mut stream, key).await;
    there.fetch_sub(1, Ordering::Relaxed);
}

async fn behave(kind: Kind, stream: &mut TcpStream, key: &str) -> std::io::Result<()> {
    match kind {
        Kind::Heads => {
            stream.write_all(b"GET /login HTTP/1.1\r\nHost: h\r\nX-Slow: ").await?;
            drip(stream).await
        }
        Kind::Bodies => {
            let head = format!(
                "POST /api/v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
                 Content-Length: 200000\r\n\r\n{{"
            );
            stream.write_all(head.as_bytes()).await?;
            drip(stream).await
        }
        Kind::Readers | Kind::All => {
            let css = herald::web::assets::url("app.css");
            stream.write_all(format!("GET {css} HTTP/1.1\r\nHost: h\r\n\r\n").repeat(12).as_bytes()).await?;
            // Nothing is read; the other side's end is seen by writing.
            drip(stream).await
        }
    }
}

/// A byte now and then, until the other side closes.
async fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut clock = tokio::time::interval(PAUSE);
    loop {
        clock.tick().await;
        // Writing to a connection that the other side has given up fails, the second time at the latest.
        stream.write_all(b"x").await?;
    }
}
