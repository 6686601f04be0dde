//! A receiver that behaves: it keeps every request as it arrived on the wire, and answers as it was told.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use herald::base::{Clock as _, SystemClock, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a test waits for a request before it fails: far above what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request, byte for byte.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    /// Path and query as on the request line.
    pub target: String,
    /// Names and values in the order and the case of the wire.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When all of it was here.
    pub at: Timestamp,
}

impl Received {
    /// The value of the first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// Holds answers back until it is opened.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    pub fn closed() -> Self {
        Self(watch::Sender::new(false))
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn passed(&self) {
        // The sender lives in `self`, so the wait cannot end otherwise.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// What the recorder says to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    gate: Option<Gate>,
    delay: Duration,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), gate: None, delay: Duration::ZERO }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request is recorded at once, the answer comes when the gate opens.
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// The request is recorded at once, the answer comes that much later.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Answer\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !matches!(self.status, 100..=199 | 204 | 304) {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

#[derive(Default)]
struct Script {
    next: HashMap<String, VecDeque<Answer>>,
    always: HashMap<String, Answer>,
}

struct Shared {
    script: Mutex<Script>,
    received: watch::Sender<Vec<Received>>,
    connections: watch::Sender<usize>,
}

/// A receiver on a loopback port of its own. Answers 200 until told otherwise. Stops when dropped.
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

impl Recorder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            received: watch::Sender::new(Vec::new()),
            connections: watch::Sender::new(0),
        });
        let mut server = JoinSet::new();
        server.spawn(accept(listener, shared.clone()));
        Self { address, shared, _server: server }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `path` begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The answer to every request to `path` from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.shared.script.lock().expect("no holder panics").always.insert(path.into(), answer);
    }

    /// The answers to the next requests to `path`, one each; afterwards the one of `answer` again.
    pub fn answer_next(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script.lock().expect("no holder panics").next.entry(path.into()).or_default().extend(answers);
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// How many requests there were so far.
    pub fn count(&self) -> usize {
        self.shared.received.borrow().len()
    }

    /// Those after the first `count`.
    pub fn requests_from(&self, count: usize) -> Vec<Received> {
        self.shared.received.borrow()[count..].to_vec()
    }

    pub fn requests_to(&self, path: &str) -> Vec<Received> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Every request, once there are at least `count`.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        self.wait_until(|requests| requests.len() >= count).await;
        self.requests()
    }

    /// Every request to `path`, once there are at least `count`.
    pub async fn wait_for_at(&self, path: &str, count: usize) -> Vec<Received> {
        self.wait_until(|requests| requests.iter().filter(|request| request.path() == path).count() >= count).await;
        self.requests_to(path)
    }

    /// Waits until the list of requests satisfies `enough`; fails the test after half a minute.
    pub async fn wait_until(&self, mut enough: impl FnMut(&[Received]) -> bool) {
        let mut received = self.shared.received.subscribe();
        let waited = tokio::time::timeout(PATIENCE, received.wait_for(|requests| enough(requests))).await;
        assert!(waited.is_ok(), "these requests are not what was waited for: {:#?}", self.requests());
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|count| *count += 1);
        let shared = shared.clone();
        connections.spawn(async move {
            // A client that breaks off has said all that it wanted to.
            let _ = serve(stream, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let answer = shared.script.lock().expect("no holder panics").answer_to(request.path());
        shared.received.send_modify(|received| received.push(request));
        if let Some(gate) = &answer.gate {
            gate.passed().await;
        }
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        stream.get_mut().write_all(&answer.bytes()).await?;
    }
    Ok(())
}

impl Script {
    fn answer_to(&mut self, path: &str) -> Answer {
        let queued = self.next.get_mut(path).and_then(VecDeque::pop_front);
        queued.or_else(|| self.always.get(path).cloned()).unwrap_or_else(|| Answer::status(200))
    }
}

/// Reads one request with a `content-length`; `None` when the client has hung up between two.
pub async fn read_request(stream: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Option<Received>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end_matches(['\r', '\n']).split_once(':') else { break };
        headers.push((name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()));
    }
    let mut received = Received { method, target, headers, body: Vec::new(), at: SystemClock.now() };
    let length = received.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    received.body.resize(length, 0);
    stream.read_exact(&mut received.body).await?;
    received.at = SystemClock.now();
    Ok(Some(received))
}
