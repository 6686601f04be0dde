//! Does a bad destination delay the good ones? Twenty healthy webhooks get every event, once with a bad one beside them and
//! once without, in turns; the figure is the time from publishing to arrival at the healthy ones.
//!
//! `bin/bench-isolation [KIND …]` runs it and prints a table in Markdown; it fails where the bound does not hold.
//! HERALD_BENCH_ROUNDS (default 5) and HERALD_BENCH_SECONDS (default 4) say how long each kind is measured.

#[expect(dead_code, reason = "the support code serves the tests, and this bench uses a part of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod bad;
mod load;

use std::process::ExitCode;
use std::time::Duration;

use bad::Kind;
use load::Latencies;

/// Healthy ones' p99 with a bad one beside them, at most, as a multiple of the p99 without it.
const BOUND: f64 = 1.5;

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let kinds: Vec<Kind> =
        Kind::ALL.iter().copied().filter(|kind| asked.is_empty() || asked.iter().any(|a| a == kind.name())).collect();
    let rounds = setting("HERALD_BENCH_ROUNDS", 5);
    let lasting = Duration::from_secs(setting("HERALD_BENCH_SECONDS", 4));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| bad destination | p50 without | p50 with | p99 without | p99 with | ratio of the p99s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut holds = true;
    for kind in kinds {
        let row = runtime.block_on(compare(kind, rounds, lasting));
        holds &= row.ratio() <= BOUND;
        println!("{row}");
    }
    if holds {
        return ExitCode::SUCCESS;
    }
    eprintln!("a bad destination delayed the healthy ones more than {BOUND} times");
    ExitCode::FAILURE
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Medians over the rounds.
struct Row {
    kind: Kind,
    without: Latencies,
    with: Latencies,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.with.p99.as_secs_f64() / self.without.p99.as_secs_f64()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = |duration: Duration| format!("{:.1} ms", duration.as_secs_f64() * 1_000.0);
        let Self { kind, without, with } = self;
        let (p50s, p99s) = ((millis(without.p50), millis(with.p50)), (millis(without.p99), millis(with.p99)));
        write!(f, "| {} | {} | {} | {} | {} | {:.2} |", kind.name(), p50s.0, p50s.1, p99s.0, p99s.1, self.ratio())
    }
}

/// With and without in turns, the order changing from round to round, so that what else the machine does meets both.
async fn compare(kind: Kind, rounds: u64, lasting: Duration) -> Row {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for is_bad_there in [round % 2 == 0, round % 2 != 0] {
            let latencies = load::measure(kind, is_bad_there, lasting).await;
            if is_bad_there { with.push(latencies) } else { without.push(latencies) }
        }
    }
    Row { kind, without: median(&without), with: median(&with) }
}

fn median(rounds: &[Latencies]) -> Latencies {
    let middle = |figure: fn(&Latencies) -> Duration| {
        let mut figures: Vec<_> = rounds.iter().map(figure).collect();
        figures.sort_unstable();
        figures[figures.len() / 2]
    };
    Latencies { p50: middle(|round| round.p50), p99: middle(|round| round.p99) }
}
