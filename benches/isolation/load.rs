//! One run: a fresh server, healthy webhooks, perhaps a bad one, and events at a steady rate.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use herald::app::{App, Surroundings};
use herald::base::SystemClock;
use herald::config::{Config, SettingsArgs};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::bad::{Bad, Kind, SlowResolver};
use crate::common::Times;
use crate::common::host::Host;
use crate::common::publisher::Publisher;
use crate::support::Engine;
use crate::support::house::House;
use crate::support::process::{Home, Server};
use crate::support::recorder::read_request;

/// Not measured: connections are made, and the bad one's lane fills.
const WARM_UP: Duration = Duration::from_secs(1);
/// For the last deliveries to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run is made of.
pub struct Load {
    pub healthy: usize,
    /// Between two events.
    pub pause: Duration,
    pub lasting: Duration,
}

/// Who is beside the healthy ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    None(Program),
    Bad(Kind),
}

impl Neighbour {
    fn program(self) -> Program {
        match self {
            Self::None(program) => program,
            Self::Bad(kind) => Program::of(kind),
        }
    }
}

/// What is measured: the program itself, or, where its resolver must be another, the same in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Itself,
    Here,
}

impl Program {
    pub fn of(kind: Kind) -> Self {
        if kind == Kind::SlowDns { Self::Here } else { Self::Itself }
    }
}

/// When which event arrived at some healthy webhook.
type Arrivals = Arc<Mutex<Vec<(String, Instant)>>>;

/// From when an event was due to its arrival, for each delivery to a healthy one.
pub async fn measure(neighbour: Neighbour, load: &Load, host: &Host) -> Times {
    let mut house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
    let arrivals = Arrivals::default();
    let mut receivers = JoinSet::new();
    for _ in 0..load.healthy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        house.add_webhook(&format!("http://{}/", listener.local_addr().expect("it is bound"))).await;
        receivers.spawn(receive(listener, arrivals.clone()));
    }
    let bad = match neighbour {
        Neighbour::Bad(kind) => Some(Bad::start(kind).await),
        Neighbour::None(_) => None,
    };
    if let Some(bad) = &bad {
        house.add_webhook(&bad.url).await;
    }
    let (node, key) = start(&mut house, neighbour.program()).await;
    let publisher = Publisher::new(node.base(), &key, "INTAKE_CREATED");
    let published = publisher.publish_for(WARM_UP + load.lasting, load.pause).await;
    let published: HashMap<String, Instant> = published.into_iter().map(|event| (event.id, event.due)).collect();
    let expected = published.len() * load.healthy;
    let arriving = async {
        while arrivals.lock().expect("no holder panics").len() < expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, arriving).await;
    assert!(waited.is_ok(), "{neighbour:?}: not all of {expected} deliveries arrived");
    node.stop().await;
    let arrivals = arrivals.lock().expect("no holder panics");
    latencies(&published, &arrivals, host)
}

/// The first second is left out, and so is what the host disturbed.
fn latencies(published: &HashMap<String, Instant>, arrivals: &[(String, Instant)], host: &Host) -> Times {
    let begin = *published.values().min().expect("something was published") + WARM_UP;
    let counts = |due: &Instant| *due >= begin && host.was_quiet(due.into_std());
    let counted: HashMap<&str, Instant> =
        published.iter().filter(|(_, due)| counts(due)).map(|(event, due)| (event.as_str(), *due)).collect();
    let times = arrivals.iter().filter_map(|(event, at)| Some(at.duration_since(*counted.get(event.as_str())?)));
    times.collect()
}

async fn receive(listener: TcpListener, arrivals: Arrivals) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // The server hangs up when it stops.
        let arrivals = arrivals.clone();
        connections.spawn(async move {
            let _ = answer(stream, &arrivals).await;
        });
    }
}

async fn answer(stream: TcpStream, arrivals: &Arrivals) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let event = request.header("webhook-id").expect("every callback has an id").to_owned();
        arrivals.lock().expect("no holder panics").push((event, Instant::now()));
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    }
    Ok(())
}

/// A running Herald.
enum Node {
    Program(Server),
    Here(Box<App>, String),
}

impl Node {
    fn base(&self) -> &str {
        match self {
            Self::Program(server) => &server.base,
            Self::Here(_, base) => base,
        }
    }

    async fn stop(self) {
        match self {
            Self::Program(server) => server.kill().await,
            Self::Here(app, _) => app.stop().await,
        }
    }
}

/// Starts it on the house's database, and gives a key that may publish. Short time-outs and retries make a bad destination
/// come up again and again within a run.
async fn start(house: &mut House, program: Program) -> (Node, String) {
    std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
    let home = Home {
        folder: house.database.path(""),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", house.database.url().into()),
            ("HERALD_SECRET_KEY_FILE", house.database.path("herald.key").display().to_string()),
            ("HERALD_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
            ("HERALD_REQUEST_TIMEOUT", "1s".into()),
            ("HERALD_CONNECT_TIMEOUT", "500ms".into()),
            ("HERALD_RETRY_SCHEDULE", "1s,1s".into()),
        ],
    };
    let id = house.organization.to_string();
    let key = home.admin(&["create-api-key", "--organization", &id, "--name", "load", "--scopes", "publish"]).await;
    let key = key["key"].as_str().expect("a key").to_owned();
    house.db.close().await;
    if program == Program::Itself {
        return (Node::Program(home.serve().await), key);
    }
    let environment = home.settings.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let config = Config::read(&SettingsArgs::default(), environment).expect("good settings");
    let app = App::start(&config, Surroundings { resolver: Arc::new(SlowResolver), ..Surroundings::default() })
        .await
        .expect("it starts");
    let base = format!("http://{}", app.address);
    (Node::Here(Box::new(app), base), key)
}
