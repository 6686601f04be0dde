//! HTTP as bytes: for clients that no library would be.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::app::PATIENCE;

/// One connection.
pub struct Raw {
    pub stream: TcpStream,
    /// What came and was not looked at yet.
    received: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub lines: Vec<(String, String)>,
}

impl Head {
    /// Reads the head at the beginning of `text`, and says how long it is.
    fn read(text: &[u8]) -> Option<(Self, usize)> {
        let end = text.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&text[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let lines = lines.filter_map(|line| line.split_once(": "));
        let lines = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Some((Self { status, lines }, end + 4))
    }

    pub fn header(&self, name: &str) -> &str {
        self.lines.iter().find(|(line, _)| line == name).map_or("", |(_, value)| value)
    }
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, received: Vec::new() }
    }

    /// Sends as much as the other side takes before it closes.
    pub async fn says(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// The next answer with its body, which must say how long it is.
    pub async fn hears(&mut self) -> Option<(Head, Vec<u8>)> {
        let (head, start) = loop {
            if let Some(found) = Head::read(&self.received) {
                break found;
            }
            self.receives().await.then_some(())?;
        };
        let length: usize = head.header("content-length").parse().unwrap_or(0);
        while self.received.len() < start + length {
            self.receives().await.then_some(())?;
        }
        let rest = self.received.split_off(start + length);
        let body = self.received.split_off(start);
        self.received = rest;
        Some((head, body))
    }

    /// Everything up to the end of the connection.
    pub async fn rest(mut self) -> Vec<u8> {
        while self.receives().await {}
        self.received
    }

    /// Waits for the other side to close, however it does that.
    pub async fn is_closed(&mut self) {
        while self.receives().await {}
    }

    /// Whether anything more came.
    async fn receives(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let reading = tokio::time::timeout(PATIENCE, self.stream.read(&mut piece));
        match reading.await.expect("the other side says something, or closes") {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.received.extend_from_slice(&piece[..count]);
                true
            }
        }
    }
}

/// Says these bytes, and gives all that is answered until the connection ends.
pub async fn asks(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::open(address).await;
    raw.says(bytes).await;
    String::from_utf8_lossy(&raw.rest().await).into_owned()
}

/// Says one byte after the other, with a pause, until the other side has closed; how many it took.
pub async fn drips(raw: &mut Raw, bytes: &[u8], pause: Duration) -> usize {
    let mut clock = tokio::time::interval(pause);
    for (count, byte) in bytes.iter().enumerate() {
        clock.tick().await;
        if !raw.says([*byte]).await {
            return count;
        }
    }
    bytes.len()
}
