//! Ten thousand random commands against the contract: people, receivers and machines do whatever they can do to an organization's
//! webhooks, and a small model of the contract says what may come of it.
//!
//! A run that fails tells its seed and its commands. `HERALD_MODEL_SEED` makes the same commands again; how they meet the
//! requests that are under way meanwhile differs from run to run.

mod book;
mod commands;
mod delivery;
mod happening;
mod hook;
mod seen;
mod story;
mod watch;
mod world;

use std::time::Duration;

use futures_util::StreamExt as _;
use herald::base::{Clock as _, Rng, SystemRng};
use herald::delivery::model::Lease;

use self::book::Book;
use self::commands::{Command, Dice, KINDS};
use self::happening::Moment;
use self::world::World;
use crate::engine::TIMEOUT;
use crate::support::Engine;

const RUNS: usize = 10;
const AT_ONCE: usize = 5;
const HOOKS: usize = 3;
/// After so many bursts, all deliveries are compared.
const WHOLE: usize = 10;
/// How long a delivery belongs to an engine that has died.
const LEASE: Duration = Lease::WAIT.saturating_add(TIMEOUT).saturating_add(Lease::MARGIN);
/// Each burst has a time of its own, by which its attempts are known, and the engine looks again at what is due.
const BETWEEN: Duration = Duration::from_millis(200);
/// Longer than any delivery waits between two attempts.
const LATER: Duration = Duration::from_secs(3_600);
/// So many times does it get later before everything has come to its end.
const ROUNDS: usize = 12;

/// A run: what is, what the contract says, and what was done.
struct Run {
    world: World,
    book: Book,
    done: Vec<Moment>,
}

impl Run {
    async fn new() -> Self {
        Self { world: World::new().await, book: Book::new(), done: Vec::new() }
    }

    /// All of it: the commands, and then everything that is left comes to its end.
    async fn live(&mut self, seed: u64) -> Result<(), String> {
        let dice = Dice::new(seed);
        self.burst(vec![Command::Add { kinds: KINDS.to_vec() }; HOOKS], true).await?;
        let (mut commands, mut bursts) = (0, 0_usize);
        while commands < commands_of_a_run() {
            let now = self.world.running.clock.now();
            let burst: Vec<_> =
                dice.burst().into_iter().filter_map(|command| self.book.resolve(command, now)).collect();
            commands += burst.len();
            bursts += 1;
            self.burst(burst, bursts.is_multiple_of(WHOLE)).await?;
        }
        for _ in 0..ROUNDS {
            if self.book.open().is_none() {
                break;
            }
            self.burst(self.book.remedies(), false).await?;
            self.burst(vec![Command::Pass(LATER)], false).await?;
        }
        self.burst(Vec::new(), true).await?;
        self.book.open().map_or(Ok(()), |open| Err(format!("still open at the end: {open}")))
    }

    /// `is_whole`: all deliveries are compared, those too that nothing should have touched.
    async fn burst(&mut self, commands: Vec<Command>, is_whole: bool) -> Result<(), String> {
        let begin = self.done.len();
        // At the time of the burst before, a replay may just be beginning.
        let since = self.world.running.clock.now();
        self.perform(Command::Pass(Duration::ZERO)).await;
        self.perform(Command::Pass(BETWEEN)).await;
        for command in commands {
            self.perform(command).await;
        }
        let seen = self.world.quiet(since, is_whole).await?;
        self.book.follow(&self.done[begin..], &seen)
    }

    async fn perform(&mut self, command: Command) {
        let outcome = self.world.perform(&command).await;
        self.done.push(Moment { command, outcome, now: self.world.running.clock.now() });
    }
}

/// One run. What went wrong in it, with all that somebody needs to see it again.
async fn run(seed: u64) -> Result<(), String> {
    let mut run = Run::new().await;
    let lived = run.live(seed).await;
    let Run { world, done, .. } = run;
    let booked = world.stop().await;
    lived.and(booked).map_err(|why| {
        let commands = done.iter().map(|moment| format!("{:?} -> {:?}\n", moment.command, moment.outcome));
        format!("HERALD_MODEL_SEED={seed}: {why}\nafter these commands:\n{}", commands.collect::<String>())
    })
}

/// PostgreSQL is asked over a socket, and is the same to nearly all of the program: fewer do there.
fn commands_of_a_run() -> usize {
    match Engine::chosen() {
        Engine::Sqlite => 1_000,
        Engine::Postgres => 250,
    }
}

/// Other ones each time, unless one is asked for.
fn seeds() -> Vec<u64> {
    match std::env::var("HERALD_MODEL_SEED") {
        Ok(seed) => vec![seed.parse().expect("HERALD_MODEL_SEED is a number")],
        Err(_) => (0..RUNS).map(|_| u64::from(u32::from_le_bytes((&SystemRng as &dyn Rng).bytes()))).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_random_commands_lose_nothing_and_send_nothing_that_they_should_not() {
    let seeds = seeds();
    println!("seeds: {seeds:?}");
    let runs = futures_util::stream::iter(seeds).map(run).buffer_unordered(AT_ONCE);
    let failures: Vec<String> = runs.filter_map(async |lived| lived.err()).collect().await;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
