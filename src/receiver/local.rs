//! The receiver inside the program: its addresses, and how each of them answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use futures_util::future::BoxFuture;
use url::Url;

use super::check::{Key, Keys, check, header};
use super::kept::{Callback, Kept};
use crate::base::Clock;
use crate::delivery::sender::{LocalReceiver, LocalRequest, LocalResponse};
use crate::delivery::signing::Verifier;

/// Secrets that can be added by hand; past that the oldest go.
const MAX_ADDED: usize = 20;

/// Tries of a callback that the failing address answers with 500; it answers later ones with 503.
const CRASHES: usize = 2;

/// An address of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Takes everything.
    Inbox,
    /// Takes nothing: it first seems to crash, then to be down, so that retries can be watched.
    Failing,
}

impl Address {
    pub const ALL: [Self; 2] = [Self::Inbox, Self::Failing];

    /// What recognizes it in a URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Inbox => "/receiver/inbox",
            Self::Failing => "/receiver/failing",
        }
    }

    /// What it does with a callback, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Inbox => "Answers 200 to everything.",
            Self::Failing => "Answers 500 twice, then 503, so that retries can be watched.",
        }
    }

    /// The answer to a callback that arrives for the `times`th time.
    fn answer(self, times: usize) -> (u16, &'static str) {
        match self {
            Self::Inbox => (200, r#"{"received":true}"#),
            Self::Failing if times <= CRASHES => (500, r#"{"error":"The receiver crashed on purpose."}"#),
            Self::Failing => (503, r#"{"error":"The receiver is down on purpose."}"#),
        }
    }
}

/// Where the receiver stands, once that is known.
struct Home {
    /// As `Url::origin` writes them, the one to show first.
    origins: Vec<String>,
    keys: Arc<dyn Keys>,
}

/// A receiver that keeps what arrives and checks it. It recognizes nothing before [`Receiver::open`].
pub struct Receiver {
    clock: Arc<dyn Clock>,
    home: OnceLock<Home>,
    added: Mutex<VecDeque<Key>>,
    kept: Mutex<Kept>,
}

impl Receiver {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, home: OnceLock::new(), added: Mutex::default(), kept: Mutex::default() }
    }

    /// Begins to receive, at `origins` (scheme, host and port as `Url::origin` writes them; the first is the one to show), and
    /// checks with `keys`. Only the first call counts.
    pub fn open(&self, origins: Vec<String>, keys: Arc<dyn Keys>) {
        // A second call would move a receiver that is known to others.
        let _ = self.home.set(Home { origins, keys });
    }

    /// The URL of an address, for webhooks; without its origin before the receiver is open.
    pub fn url(&self, address: Address) -> String {
        let origin = self.home.get().and_then(|home| home.origins.first()).map_or("", String::as_str);
        format!("{origin}{}", address.path())
    }

    /// Which of its addresses a URL names, if any.
    pub fn address(&self, url: &Url) -> Option<Address> {
        let address = Address::ALL.into_iter().find(|address| address.path() == url.path())?;
        let origin = url.origin().ascii_serialization();
        self.home.get()?.origins.contains(&origin).then_some(address)
    }

    /// Everything that ever arrived.
    pub fn arrived(&self) -> u64 {
        self.kept().arrived()
    }

    /// The newest `limit` callbacks, newest first.
    pub fn newest(&self, limit: usize) -> Vec<Callback> {
        self.kept().newest(limit)
    }

    /// Also checks with this secret from now on, and once more what none has fitted so far.
    pub fn add_secret(&self, secret: Verifier) {
        let key = Key { name: "a secret added by hand".into(), secret };
        self.kept().check_again(&key);
        let mut added = self.added.lock().expect("no holder of this lock panics");
        added.retain(|other| other.secret != key.secret);
        added.push_back(key);
        if added.len() > MAX_ADDED {
            added.pop_front();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no holder of this lock panics")
    }

    async fn keys(&self) -> Vec<Key> {
        let mut keys = match self.home.get() {
            Some(home) => home.keys.keys().await,
            None => Vec::new(),
        };
        keys.extend(self.added.lock().expect("no holder of this lock panics").iter().cloned());
        keys
    }

    /// Takes a callback in: checks it, keeps it, and says how it is answered.
    async fn take(&self, address: Address, request: LocalRequest) -> (u16, &'static str) {
        let keys = self.keys().await;
        let received_at = self.clock.now();
        let LocalRequest { headers, body, .. } = request;
        let verdict = check(&keys, &headers, &body, received_at);
        let mut kept = self.kept();
        let times = kept.times(address, header(&headers, "webhook-id")) + 1;
        let (status, answer) = address.answer(times);
        kept.push(Callback { number: 0, address, received_at, headers, body, verdict, times, status });
        (status, answer)
    }
}

impl LocalReceiver for Receiver {
    fn recognizes(&self, url: &Url) -> bool {
        self.address(url).is_some()
    }

    fn handle(&self, request: LocalRequest) -> BoxFuture<'_, LocalResponse> {
        Box::pin(async move {
            let (status, body) = match self.address(&request.url) {
                Some(address) => self.take(address, request).await,
                None => (404, r#"{"error":"This is no address of the receiver."}"#),
            };
            LocalResponse {
                status,
                headers: vec![("content-type".into(), "application/json".into())],
                body: body.into(),
            }
        })
    }
}
