//! Does a bad destination delay the good ones? Healthy webhooks get every event, in turns with one bad one beside them and
//! without any; the figure is the time from publishing to arrival at the healthy ones, over all rounds.
//!
//! `bin/bench-isolation [KIND …]` runs it and prints a table in Markdown; it fails where the bound does not hold. In each
//! round every kind has its turn, and so have runs without a bad one, so that what else the machine does meets all of them.
//!
//! HERALD_BENCH_HEALTHY (default 20) says how many healthy ones there are, HERALD_BENCH_RATE how many events a second (default:
//! 25, or as many as make 1,000 deliveries; the question is not how many they can be), HERALD_BENCH_SAMPLES how many events
//! must count for each kind (default 300), HERALD_BENCH_SECONDS how long a turn is (default 4), and HERALD_BENCH_PATIENCE after how many
//! minutes it ends, whatever counts until then (default 15).

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod bad;
mod load;

use std::process::ExitCode;
use std::time::Duration;

use bad::Kind;
use common::host::Host;
use common::{Times, setting};
use load::{Load, Neighbour, Program};

/// Healthy ones' p99 with a bad one beside them, at most, as a multiple of the p99 without it.
const BOUND: f64 = 1.5;

/// Events and deliveries a second, at most, where nothing else was asked for.
const EVENTS: u64 = 25;
const DELIVERIES: u64 = 1_000;
/// Kinds for each run without a bad one, which serves all of them.
const KINDS_FOR_EACH: usize = 7;

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let kinds: Vec<Kind> =
        Kind::ALL.iter().copied().filter(|kind| asked.is_empty() || asked.iter().any(|a| a == kind.name())).collect();
    let healthy = setting("HERALD_BENCH_HEALTHY", 20).max(1);
    let rate = setting("HERALD_BENCH_RATE", EVENTS.min(DELIVERIES / healthy)).max(1);
    let load = Load {
        healthy: usize::try_from(healthy).expect("a number of webhooks"),
        pause: Duration::from_secs(1) / u32::try_from(rate).expect("a number of events"),
        lasting: Duration::from_secs(setting("HERALD_BENCH_SECONDS", 4)),
    };
    let samples = setting("HERALD_BENCH_SAMPLES", 300).max(1);
    let host = Host::watch();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(compare(&kinds, samples * healthy, &load, &host));
    let fewest = rows.iter().map(|row| row.with.len().min(row.without.len())).min().unwrap_or(0) / load.healthy;
    println!(
        "{healthy} healthy webhooks, {rate} events a second, at least {fewest} events behind each figure; {host}\n"
    );
    println!("| bad destination | p50 without | p50 with | p99 without | p99 with | ratio of the p99s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    rows.iter().for_each(|row| println!("{row}"));
    if rows.iter().all(|row| row.ratio() <= BOUND) {
        return ExitCode::SUCCESS;
    }
    eprintln!("a bad destination delayed the healthy ones more than {BOUND} times");
    ExitCode::FAILURE
}

/// A kind's rounds beside those without a bad one.
struct Row {
    kind: Kind,
    without: Times,
    with: Times,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.with.p99().as_secs_f64() / self.without.p99().as_secs_f64()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, without, with } = self;
        let figures = [without.shown(0.5), with.shown(0.5), without.shown(0.99), with.shown(0.99)].join(" | ");
        write!(f, "| {} | {figures} | {:.2} |", kind.name(), self.ratio())
    }
}

/// One round after another, each beginning somewhere else. What needs another program than the others is compared with that
/// program's own runs without a bad one.
async fn compare(kinds: &[Kind], wanted: u64, load: &Load, host: &Host) -> Vec<Row> {
    let mut turns: Vec<(Neighbour, Times)> = Vec::new();
    for program in [Program::Itself, Program::Here] {
        let its_kinds: Vec<Kind> = kinds.iter().copied().filter(|kind| Program::of(*kind) == program).collect();
        for some in its_kinds.chunks(KINDS_FOR_EACH) {
            turns.push((Neighbour::None(program), Times::default()));
            turns.extend(some.iter().map(|kind| (Neighbour::Bad(*kind), Times::default())));
        }
    }
    let has_enough = |times: &Times| times.len() as u64 >= wanted;
    while !turns.iter().all(|(_, times)| has_enough(times)) && !host.is_patience_over() {
        for (neighbour, times) in turns.iter_mut().filter(|(_, times)| !has_enough(times)) {
            times.add(load::measure(*neighbour, load, host).await);
        }
        turns.rotate_left(1);
    }
    let of = |wanted: Neighbour| {
        let mut all = Times::default();
        turns.iter().filter(|(neighbour, _)| *neighbour == wanted).for_each(|(_, times)| all.add(times.clone()));
        all
    };
    let row = |kind: &Kind| Row {
        kind: *kind,
        without: of(Neighbour::None(Program::of(*kind))),
        with: of(Neighbour::Bad(*kind)),
    };
    kinds.iter().map(row).collect()
}
