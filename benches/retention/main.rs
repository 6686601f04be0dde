//! What does a purge cost those who publish meanwhile? The program runs on a database of events that have been kept for long enough,
//! and removes them while events are published at a steady rate; in turns with that, the same on the same database, whose events
//! may stay a while longer. The figure is how long a call takes, from the moment when it was due.
//!
//! `bin/bench-retention` runs it and prints tables in Markdown; one says how long a `herald check` of that database takes. Settings:
//! HERALD_BENCH_EVENTS (how many there are to remove, default 100,000), HERALD_BENCH_RATE (events published in a second, default 200),
//! HERALD_BENCH_ROUNDS (default 3), HERALD_BENCH_SECONDS (how long is published without a purge, default 15).

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod fill;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::host::Host;
use common::publisher::Publisher;
use common::{Times, setting};
use herald::base::{Clock as _, SystemClock, Timestamp};
use herald::db::{Db, Options};
use herald::events::EventType;
use tempfile::TempDir;

use support::Engine;
use support::books::look_through;
use support::house::House;
use support::process::{Home, copy_database};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How old the events are, and how long they are kept where they go and where they stay.
const AGE: Duration = Duration::from_secs(40 * DAY.as_secs());
const GOES: &str = "30d";
const STAYS: &str = "60d";
/// What the program says when it has removed them.
const REMOVED: &str = "removed events that were kept for long enough";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let events = setting("HERALD_BENCH_EVENTS", 100_000);
    let rounds = setting("HERALD_BENCH_ROUNDS", 3).max(1);
    let store = Store::filled(events).await;
    let check = store.checked().await;
    let host = Host::watch();
    let (mut without, mut with) = (Times::default(), Times::default());
    let mut purges = Vec::new();
    for round in 0..rounds {
        // Each goes first in every other round.
        for turn in [round, round + 1] {
            match turn % 2 {
                0 => without.add(store.run(STAYS, &host).await.took),
                _ => {
                    let run = store.run(GOES, &host).await;
                    with.add(run.took);
                    purges.push(run.lasted.as_secs_f64() * 1_000.0);
                }
            }
        }
    }
    println!("{events} events to remove, {} published in a second, {rounds} rounds; {host}\n", store.rate);
    println!("| publishing | p50 | p99 | longest |\n| --- | ---: | ---: | ---: |");
    for (what, times) in [("without a purge", &without), ("beside a purge", &with)] {
        println!("| {what} | {} | {} | {} |", times.shown(0.5), times.shown(0.99), times.shown(1.0));
    }
    println!("\n| of {events} events, each with a delivery and an attempt | ms |\n| --- | ---: |");
    println!("| their purge, beside publishing | {} |", spread(purges));
    println!("| `herald check`, with nothing beside it | {:.0} |", check.as_secs_f64() * 1_000.0);
}

/// The median, and from the lowest to the highest.
fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let (low, high) = (figures[0], figures[figures.len() - 1]);
    format!("{:.1} ({low:.1} to {high:.1})", figures[figures.len() / 2])
}

/// One turn.
struct Run {
    /// How long the calls took that the host did not disturb.
    took: Times,
    lasted: Duration,
}

/// The database that every run gets a copy of.
struct Store {
    house: House,
    /// When there were only old events.
    made: Timestamp,
    /// May publish.
    key: String,
    /// Events published in a second.
    rate: u64,
}

impl Store {
    async fn filled(events: u64) -> Self {
        let house = House::open(Engine::Sqlite, Arc::new(SystemClock)).await;
        let webhook = house.add_webhook_for("http://127.0.0.1:9/", &[EventType::IntakeCreated]).await;
        let made = SystemClock.now();
        fill::fill(&house, &webhook, made - AGE, events).await;
        std::fs::write(house.database.path("herald.key"), [7; 32]).expect("the key file of the house's vault");
        let id = house.organization.to_string();
        let admin = ["create-api-key", "--organization", &id, "--name", "bench", "--scopes", "publish"];
        let key = home(&house.database.path(""), STAYS).admin(&admin).await;
        house.db.close().await;
        let key = key["key"].as_str().expect("a key").to_owned();
        Self { house, made, key, rate: setting("HERALD_BENCH_RATE", 200).max(1) }
    }

    /// How long a check takes, which finds nothing.
    async fn checked(&self) -> Duration {
        let began = Instant::now();
        let report = look_through(self.house.database.url(), Some(&self.house.vault), SystemClock.now()).await;
        assert!(report.is_clean(), "{report}");
        began.elapsed()
    }

    /// Publishes until the old events are gone, or for some time where they are kept.
    async fn run(&self, keep: &'static str, host: &Host) -> Run {
        let folder = self.copy();
        let server = home(folder.path(), keep).serve().await;
        let began = Instant::now();
        let lasting = Duration::from_secs(setting("HERALD_BENCH_SECONDS", 15));
        let goes_on = || {
            let is_over = if keep == GOES { server.log().contains(REMOVED) } else { began.elapsed() >= lasting };
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let pause = Duration::from_secs(1) / u32::try_from(self.rate).expect("a rate");
        // No webhook wants it: what is measured is writing it down.
        let publisher = Publisher::new(&server.base, &self.key, "PROJECT_CREATED");
        let published = publisher.publish(pause, goes_on).await;
        let lasted = began.elapsed();
        server.terminate().await;
        self.is_as_it_should(folder.path(), keep).await;
        let took =
            published.iter().filter(|event| host.was_quiet(event.due.into_std())).map(|event| event.took).collect();
        Run { took, lasted }
    }

    fn copy(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        copy_database(&self.house.database.path("herald.db"), folder.path());
        std::fs::copy(self.house.database.path("herald.key"), folder.path().join("herald.key")).expect("a copy");
        folder
    }

    /// The old events are gone, or are all there.
    async fn is_as_it_should(&self, folder: &Path, keep: &'static str) {
        let url = format!("sqlite://{}", folder.join("herald.db").display());
        let db = Db::open(&url, Options::default()).await.expect("it is sound");
        let left = fill::old_events(&db, self.made).await;
        assert_eq!(left == 0, keep == GOES, "{left} old events are there");
        db.close().await;
    }
}

fn home(folder: &Path, keep: &str) -> Home {
    Home {
        folder: folder.to_owned(),
        settings: vec![
            ("HERALD_LISTEN", "127.0.0.1:0".into()),
            ("HERALD_DATABASE_URL", format!("sqlite://{}", folder.join("herald.db").display())),
            ("HERALD_SECRET_KEY_FILE", folder.join("herald.key").display().to_string()),
            ("HERALD_RETENTION", keep.into()),
        ],
    }
}
