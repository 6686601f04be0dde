//! A listener on every address of this machine that a mistake could lead to. It knows which one was dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::recorder::read_request;

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<IpAddr>>,
    status: AtomicU16,
    /// Whether connections stay open for another request.
    keeps: AtomicBool,
    open: Mutex<JoinSet<()>>,
}

pub struct Watch {
    port: u16,
    shared: Arc<Shared>,
    _listening: JoinSet<()>,
}

impl Watch {
    /// Answers every request with this status, and closes the connection.
    pub async fn start(status: u16) -> Watch {
        let (one, other, port) = loop {
            let one = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.expect("a free port");
            let port = one.local_addr().expect("the listener is bound").port();
            // Another test may have taken the port of the other kind.
            if let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                break (one, other, port);
            }
        };
        let shared = Arc::new(Shared { status: AtomicU16::new(status), ..Shared::default() });
        let mut listening = JoinSet::new();
        for listener in [one, other] {
            listening.spawn(accept(listener, shared.clone()));
        }
        Watch { port, shared, _listening: listening }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The addresses that were dialled, in the order of arrival.
    pub fn seen(&self) -> Vec<IpAddr> {
        self.shared.seen.lock().expect("no holder panics").clone()
    }

    pub fn answers(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    /// Keeps connections open from now on.
    pub fn keeps_connections(&self) {
        self.shared.keeps.store(true, Ordering::SeqCst);
    }

    /// Closes the connections that are open.
    pub fn closes_connections(&self) {
        self.shared.open.lock().expect("no holder panics").abort_all();
    }

    /// That the listeners are there, and notice.
    pub async fn counts_whoever_comes(&self) {
        let before = self.seen().len();
        let dialled = [IpAddr::V4(Ipv4Addr::new(127, 3, 2, 1)), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        for address in dialled {
            let mut stream = TcpStream::connect((address, self.port)).await.expect("a connection");
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("a request");
            read_request(&mut BufReader::new(stream)).await.expect("an answer");
        }
        let mut seen = self.seen().split_off(before);
        seen.sort();
        assert_eq!(seen, dialled);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let dialled = stream.local_addr().expect("an address").ip();
        shared.seen.lock().expect("no holder panics").push(dialled);
        let serving = serve(stream, shared.clone());
        shared.open.lock().expect("no holder panics").spawn(async move {
            // Who hangs up has learnt enough.
            let _ = serving.await;
        });
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while read_request(&mut stream).await?.is_some() {
        let (status, keeps) = (shared.status.load(Ordering::SeqCst), shared.keeps.load(Ordering::SeqCst));
        let connection = if keeps { "keep-alive" } else { "close" };
        let length = if status == 204 { "" } else { "content-length: 0\r\n" };
        let head = format!("HTTP/1.1 {status} Watch\r\n{length}connection: {connection}\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes()).await?;
        if !keeps {
            break;
        }
    }
    Ok(())
}
