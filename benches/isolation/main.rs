//! Does a bad destination delay the good ones? Healthy webhooks get every event, in turns with one bad one beside them and
//! without any; the figure is the time from publishing to arrival at the healthy ones.
//!
//! `bin/bench-isolation [KIND …]` runs it and prints a table in Markdown; it fails where the bound does not hold. In each
//! round every kind has its turn, and so has a run without a bad one, so that what else the machine does meets all of them.
//!
//! HERALD_BENCH_HEALTHY (default 20) says how many healthy ones there are, HERALD_BENCH_RATE how many events a second (default:
//! 25, or as many as make 1,000 deliveries; the question is not how many they can be), HERALD_BENCH_ROUNDS (default 5) and
//! HERALD_BENCH_SECONDS (default 4) how long it takes.

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod bad;
mod load;

use std::process::ExitCode;
use std::time::Duration;

use bad::Kind;
use load::{Latencies, Load, Neighbour, Program};

/// Healthy ones' p99 with a bad one beside them, at most, as a multiple of the p99 without it.
const BOUND: f64 = 1.5;

/// Events and deliveries a second, at most, where nothing else was asked for.
const EVENTS: u64 = 25;
const DELIVERIES: u64 = 1_000;

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
    let rounds = setting("HERALD_BENCH_ROUNDS", 5).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(compare(&kinds, rounds, &load));
    println!("{healthy} healthy webhooks, {rate} events a second, medians of {rounds} rounds of {:?}\n", load.lasting);
    println!("| bad destination | p50 without | p50 with | p99 without | p99 with | ratio of the p99s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    rows.iter().for_each(|row| println!("{row}"));
    if rows.iter().all(|row| row.ratio() <= BOUND) {
        return ExitCode::SUCCESS;
    }
    eprintln!("a bad destination delayed the healthy ones more than {BOUND} times");
    ExitCode::FAILURE
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// A kind's rounds beside those without a bad one.
struct Row {
    kind: Kind,
    without: Rounds,
    with: Rounds,
}

impl Row {
    fn ratio(&self) -> f64 {
        middle(&self.with.p99s).as_secs_f64() / middle(&self.without.p99s).as_secs_f64()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, without, with } = self;
        let (p50s, p99s) = ((shown(&without.p50s), shown(&with.p50s)), (spread(&without.p99s), spread(&with.p99s)));
        write!(f, "| {} | {} | {} | {} | {} | {:.2} |", kind.name(), p50s.0, p50s.1, p99s.0, p99s.1, self.ratio())
    }
}

/// The figures of one kind of run, in ascending order.
#[derive(Clone, Default)]
struct Rounds {
    p50s: Vec<Duration>,
    p99s: Vec<Duration>,
}

impl Rounds {
    fn add(&mut self, latencies: Latencies) {
        for (list, figure) in [(&mut self.p50s, latencies.p50), (&mut self.p99s, latencies.p99)] {
            list.push(figure);
            list.sort_unstable();
        }
    }
}

fn middle(ascending: &[Duration]) -> Duration {
    ascending[ascending.len() / 2]
}

fn shown(ascending: &[Duration]) -> String {
    format!("{:.1} ms", millis(middle(ascending)))
}

/// The median, and from the lowest to the highest.
fn spread(ascending: &[Duration]) -> String {
    let (low, high) = (millis(ascending[0]), millis(ascending[ascending.len() - 1]));
    format!("{:.1} ms ({low:.1} to {high:.1})", millis(middle(ascending)))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// One round after another, each beginning somewhere else. What needs another program than the others is compared with that
/// program's own runs without a bad one.
async fn compare(kinds: &[Kind], rounds: u64, load: &Load) -> Vec<Row> {
    let mut turns: Vec<(Neighbour, Rounds)> = Vec::new();
    for program in [Program::Itself, Program::Here] {
        let its_kinds: Vec<Kind> = kinds.iter().copied().filter(|kind| Program::of(*kind) == program).collect();
        if !its_kinds.is_empty() {
            turns.push((Neighbour::None(program), Rounds::default()));
            turns.extend(its_kinds.into_iter().map(|kind| (Neighbour::Bad(kind), Rounds::default())));
        }
    }
    for _ in 0..rounds {
        for (neighbour, figures) in &mut turns {
            figures.add(load::measure(*neighbour, load).await);
        }
        turns.rotate_left(1);
    }
    let of = |wanted: Neighbour| {
        let (_, figures) = turns.iter().find(|(neighbour, _)| *neighbour == wanted).expect("it had its turn");
        figures.clone()
    };
    let row = |kind: &Kind| Row {
        kind: *kind,
        without: of(Neighbour::None(Program::of(*kind))),
        with: of(Neighbour::Bad(*kind)),
    };
    kinds.iter().map(row).collect()
}
