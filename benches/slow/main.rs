//! Do slow connections delay the others? A program publishes at a steady rate, in turns with a thousand connections beside it that
//! send or take next to nothing, and without them; the figure is the time to the acknowledgement.
//!
//! `bin/bench-slow [KIND …]` runs it and prints a table in Markdown; it fails where the bound does not hold.
//! HERALD_BENCH_ROUNDS (default 3) and HERALD_BENCH_SECONDS (default 5) say how long each kind is measured.

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod crowd;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crowd::{Crowd, Kind};
use herald::base::SystemClock;
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::Instant;

use support::Engine;
use support::app::client;
use support::house::House;
use support::process::{Home, Server};

/// The p99 with the crowd, at most, as a multiple of the p99 without it.
const BOUND: f64 = 2.0;
/// Between two events: 100 a second.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone, Copy)]
struct Latencies {
    p50: Duration,
    p99: Duration,
}

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |kind: &Kind| asked.is_empty() || asked.iter().any(|name| name == kind.name());
    let rounds = setting("HERALD_BENCH_ROUNDS", 3);
    let lasting = Duration::from_secs(setting("HERALD_BENCH_SECONDS", 5));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| {} connections | p50 without | p50 with | p99 without | p99 with | ratio of the p99s |", crowd::SIZE);
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut holds = true;
    for kind in Kind::ALL.into_iter().filter(is_asked) {
        let (without, with) = runtime.block_on(compare(kind, rounds, lasting));
        let ratio = with.p99.as_secs_f64() / without.p99.as_secs_f64();
        holds &= ratio <= BOUND;
        let millis = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1_000.0);
        let figures = [without.p50, with.p50, without.p99, with.p99].map(millis).join(" | ");
        println!("| {} | {figures} | {ratio:.2} |", kind.name());
    }
    if holds {
        return ExitCode::SUCCESS;
    }
    eprintln!("slow connections delayed publishing more than {BOUND} times");
    ExitCode::FAILURE
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Medians of rounds without the crowd and with it, in turns, on one server.
async fn compare(kind: Kind, rounds: u64, lasting: Duration) -> (Latencies, Latencies) {
    let (server, key, _house) = start().await;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    // Not measured: the first events fill what is empty.
    publish(&server.base, &key, Duration::from_secs(1)).await;
    for _ in 0..rounds {
        without.push(publish(&server.base, &key, lasting).await);
        let crowd = Crowd::gather(kind, &server.base, &key).await;
        with.push(publish(&server.base, &key, lasting).await);
        let there = crowd.leave();
        assert!(there >= crowd::SIZE * 9 / 10, "{}: only {there} connections were there", kind.name());
    }
    server.kill().await;
    (median(&without), median(&with))
}

fn median(rounds: &[Latencies]) -> Latencies {
    let middle = |figure: fn(&Latencies) -> Duration| {
        let mut figures: Vec<_> = rounds.iter().map(figure).collect();
        figures.sort_unstable();
        figures[figures.len() / 2]
    };
    Latencies { p50: middle(|round| round.p50), p99: middle(|round| round.p99) }
}

/// The program itself, with a key that may publish.
async fn start() -> (Server, String, House) {
    let house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
    std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
    let home = Home {
        folder: house.database.path(""),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", house.database.url().into()),
            ("HERALD_SECRET_KEY_FILE", house.database.path("herald.key").display().to_string()),
        ],
    };
    let id = house.organization.to_string();
    let key = home.admin(&["create-api-key", "--organization", &id, "--name", "load", "--scopes", "publish"]).await;
    let key = key["key"].as_str().expect("a key").to_owned();
    house.db.close().await;
    (home.serve().await, key, house)
}

/// From when each call was due to its acknowledgement: what the server makes callers wait counts.
async fn publish(base: &str, key: &str, lasting: Duration) -> Latencies {
    let client = client();
    let mut calls = JoinSet::new();
    let mut ticks = tokio::time::interval(PAUSE);
    let end = Instant::now() + lasting;
    while let (tick, true) = (ticks.tick().await, Instant::now() < end) {
        let (client, url, key) = (client.clone(), format!("{base}/api/v1/events"), key.to_owned());
        calls.spawn(async move {
            publish_once(&client, &url, &key).await;
            tick.elapsed()
        });
    }
    let mut times = calls.join_all().await;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Latencies { p50: at(0.5), p99: at(0.99) }
}

async fn publish_once(client: &Client, url: &str, key: &str) {
    const BODY: &str =
        r#"{"event_type":"INTAKE_CREATED","entity_ids":["5dd51ea63f3dad73ab0a344b"],"performed_by":"ada@example.com"}"#;
    let call = client.post(url).bearer_auth(key).header("content-type", "application/json").body(BODY);
    let status = call.send().await.expect("an answer").status();
    assert_eq!(status, 202, "an event was not acknowledged");
}
