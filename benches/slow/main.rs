//! Do slow connections delay the others? A program publishes at a steady rate, in turns with a thousand connections beside it that
//! send or take next to nothing, and without them; the figure is the time to the acknowledgement.
//!
//! `bin/bench-slow [KIND …]` runs it and prints a table in Markdown; it fails where the bound does not hold.
//! HERALD_BENCH_SAMPLES says how many events must count for each figure (default 1,000), HERALD_BENCH_SECONDS how long a turn is (default
//! 5), and HERALD_BENCH_PATIENCE after how many minutes it ends, whatever counts until then (default 15).

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod crowd;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use common::host::Host;
use common::publisher::Publisher;
use common::{Times, setting};
use crowd::{Crowd, Kind};
use herald::base::SystemClock;

use support::Engine;
use support::house::House;
use support::process::{Home, Server};

/// The p99 with the crowd, at most, as a multiple of the p99 without it.
const BOUND: f64 = 2.0;
/// Between two events: 100 a second.
const PAUSE: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |kind: &Kind| asked.is_empty() || asked.iter().any(|name| name == kind.name());
    let samples = usize::try_from(setting("HERALD_BENCH_SAMPLES", 1_000)).expect("a number of events").max(1);
    let lasting = Duration::from_secs(setting("HERALD_BENCH_SECONDS", 5));
    let host = Host::watch();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| {} connections | p50 without | p50 with | p99 without | p99 with | ratio of the p99s |", crowd::SIZE);
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let (mut holds, mut fewest) = (true, usize::MAX);
    for kind in Kind::ALL.into_iter().filter(is_asked) {
        let (without, with) = runtime.block_on(compare(kind, samples, lasting, &host));
        let ratio = with.p99().as_secs_f64() / without.p99().as_secs_f64();
        holds &= ratio <= BOUND;
        fewest = fewest.min(without.len()).min(with.len());
        let figures = [without.shown(0.5), with.shown(0.5), without.shown(0.99), with.shown(0.99)].join(" | ");
        println!("| {} | {figures} | {ratio:.2} |", kind.name());
    }
    println!("\nat least {fewest} events behind each figure; {host}");
    if holds {
        return ExitCode::SUCCESS;
    }
    eprintln!("slow connections delayed publishing more than {BOUND} times");
    ExitCode::FAILURE
}

/// Until the server has done what it has to when a crowd comes or goes: a thousand connections that ask for twelve files each at once are
/// work, which is not what is measured here.
async fn settles(server: &Server) {
    const LOOK: Duration = Duration::from_millis(500);
    const CALM: Duration = Duration::from_millis(80);
    let settling = async {
        loop {
            let before = server.processor_time();
            tokio::time::sleep(LOOK).await;
            if server.processor_time() - before <= CALM {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), settling)
        .await
        .expect("the crowd costs the server little once it is there");
}

/// Turns without the crowd and with it on one server, until enough counts: from when each call was due to its acknowledgement.
async fn compare(kind: Kind, samples: usize, lasting: Duration, host: &Host) -> (Times, Times) {
    let (server, key, _house) = start().await;
    let publish = async |lasting| {
        let publisher = Publisher::new(&server.base, &key, "INTAKE_CREATED");
        let published = publisher.publish_for(lasting, PAUSE).await;
        published.iter().filter(|event| host.was_quiet(event.due.into_std())).map(|event| event.took).collect::<Times>()
    };
    let (mut without, mut with) = (Times::default(), Times::default());
    // Not measured: the first events fill what is empty.
    publish(Duration::from_secs(1)).await;
    while without.len().min(with.len()) < samples && !(host.is_patience_over() && with.len() > 0) {
        settles(&server).await;
        without.add(publish(lasting).await);
        let crowd = Crowd::gather(kind, &server.base, &key).await;
        settles(&server).await;
        with.add(publish(lasting).await);
        let there = crowd.leave();
        assert!(there >= crowd::SIZE * 9 / 10, "{}: only {there} connections were there", kind.name());
    }
    server.kill().await;
    (without, with)
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
