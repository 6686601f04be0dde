//! A receiver that gives back whatever it was sent, in every way that servers do.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub struct Echo {
    pub address: SocketAddr,
    _server: JoinSet<()>,
}

impl Echo {
    /// Answers with the status that its path names: `/200`, `/500`, `/302` …
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream));
            }
        });
        Self { address, _server: server }
    }

    pub fn url(&self, rest: &str) -> String {
        format!("http://{}/{rest}", self.address)
    }
}

/// One request, one answer.
async fn answer(mut stream: TcpStream) {
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reading.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    if reading.read_exact(&mut body).await.is_err() {
        return;
    }
    let status: u16 = head.split(['/', '?', ' ']).find_map(|part| part.parse().ok()).unwrap_or(200);
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut parts = vec![head.clone(), serde_json::to_string(&head).expect("a text is JSON")];
    for before in ["", "x", "xy"] {
        parts.push(STANDARD.encode(format!("{before}{head}")));
        parts.push(URL_SAFE_NO_PAD.encode(format!("{before}{head}")));
    }
    parts.push(url::form_urlencoded::byte_serialize(head.as_bytes()).collect());
    parts.push(
        head.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect(),
    );
    for line in head.lines().filter_map(|line| line.split_once(": ")) {
        parts.push(STANDARD.encode(line.1));
    }
    let text = parts.join("\n");
    let mut answer = format!("HTTP/1.1 {status} Echo\r\ncontent-length: {}\r\nconnection: close\r\n", text.len());
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if name.starts_with("x-") || name == "authorization" {
            answer += &format!("x-echo-{name}: {value}\r\nx-encoded-{name}: {}\r\n", STANDARD.encode(value));
        }
    }
    answer += &format!("location: https://elsewhere.example{target}\r\n\r\n{text}");
    // Whoever asked may have gone.
    let _ = writing.write_all(answer.as_bytes()).await;
    let _ = writing.shutdown().await;
}
