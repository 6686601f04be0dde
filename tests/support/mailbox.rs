//! A mail server for one test: takes what it is given over a real socket, and refuses when it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::app::eventually;

/// A mail as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct ReceivedMail {
    pub from: String,
    pub to: String,
    /// Head and body, without the doubled dots.
    pub data: String,
}

impl ReceivedMail {
    /// The body's parts as they are read, of ASCII: long lines are broken on the wire (quoted-printable).
    pub fn text(&self) -> String {
        self.data.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The value of a header, on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        let prefix = format!("{}:", name.to_ascii_lowercase());
        let line = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with(&prefix))?;
        Some(line[prefix.len()..].trim().to_owned())
    }
}

#[derive(Default)]
struct State {
    mails: Vec<ReceivedMail>,
    /// What is said to the next mails instead of taking them.
    refusals: VecDeque<&'static str>,
}

/// Listens until it is dropped.
pub struct Mailbox {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = state.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    // A client that goes away in the middle has sent no mail.
                    let _ = talk(stream, &state).await;
                });
            }
        });
        Self { address, state, listening }
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Answers the next mail with this line, such as `451 later`.
    pub fn refuse_next(&self, line: &'static str) {
        self.state.lock().expect("no test panics with this lock").refusals.push_back(line);
    }

    /// So many refusals are still to be said.
    pub fn refusals_left(&self) -> usize {
        self.state.lock().expect("no test panics with this lock").refusals.len()
    }

    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.state.lock().expect("no test panics with this lock").mails.clone()
    }

    /// All mails, once there are so many.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        eventually(&format!("{count} mails"), &mut async || {
            let mails = self.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn talk(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut mail = ReceivedMail::default();
    say(&mut stream, "220 mail.example.com").await?;
    loop {
        let line = hear(&mut stream).await?;
        let command = line.to_ascii_uppercase();
        if command.is_empty() {
            return Ok(());
        } else if let Some(rest) = command.starts_with("MAIL FROM:").then(|| &line[10..]) {
            mail.from = address(rest);
            say(&mut stream, "250 OK").await?;
        } else if let Some(rest) = command.starts_with("RCPT TO:").then(|| &line[8..]) {
            mail.to = address(rest);
            say(&mut stream, "250 OK").await?;
        } else if command == "DATA" {
            say(&mut stream, "354 go on").await?;
            mail.data = hear_data(&mut stream).await?;
            let answer = {
                let mut state = state.lock().expect("no test panics with this lock");
                match state.refusals.pop_front() {
                    Some(refusal) => refusal,
                    None => {
                        state.mails.push(std::mem::take(&mut mail));
                        "250 taken"
                    }
                }
            };
            say(&mut stream, answer).await?;
        } else if command == "QUIT" {
            return say(&mut stream, "221 bye").await;
        } else {
            say(&mut stream, "250 mail.example.com").await?;
        }
    }
}

/// `<ada@example.com> SIZE=1` is `ada@example.com`.
fn address(rest: &str) -> String {
    rest.trim().trim_start_matches('<').split('>').next().unwrap_or_default().to_owned()
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}

async fn hear(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn hear_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
