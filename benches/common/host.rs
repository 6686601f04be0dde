//! Measuring on a machine that is not ours alone. A virtual machine's host takes its processors away for tens of milliseconds while
//! others are busy there, and says so in `/proc/stat` (`steal`, see proc_stat(5)). What was under way just then says nothing of
//! Herald and does not count, whether it was quick or slow.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::setting;

/// Between two looks; the kernel counts in ticks of as much.
const LOOK: Duration = Duration::from_millis(10);
/// The host must not have taken a processor from so long before a moment, for what it left waiting to be worked off …
const BEFORE: Duration = Duration::from_millis(50);
/// … to so long after it. This does not depend on how long the measured thing took: those that take longer are dropped no more often.
const AFTER: Duration = Duration::from_millis(100);

/// Knows when the host took processors away.
pub struct Host {
    /// In order of time: between which two looks it did.
    thefts: Arc<Mutex<Vec<(Instant, Instant)>>>,
    is_over: Arc<AtomicBool>,
    patience_ends: Instant,
    asked: AtomicUsize,
    dropped: AtomicUsize,
}

impl Host {
    /// Watches it until this is dropped. HERALD_BENCH_PATIENCE says for how many minutes (default 15) a benchmark goes on when too
    /// little of what it measures counts.
    pub fn watch() -> Self {
        let host = Self {
            thefts: Arc::default(),
            is_over: Arc::default(),
            patience_ends: Instant::now() + Duration::from_secs(60 * setting("HERALD_BENCH_PATIENCE", 15)),
            asked: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        };
        let (thefts, is_over) = (host.thefts.clone(), host.is_over.clone());
        std::thread::spawn(move || {
            let mut last = (Instant::now(), stolen_ticks());
            while !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK);
                let look = (Instant::now(), stolen_ticks());
                if look.1 > last.1 {
                    thefts.lock().expect("no holder panics").push((last.0, look.0));
                }
                last = look;
            }
        });
        host
    }

    /// Whether what was due at that moment counts. Ask after its turn is over.
    pub fn was_quiet(&self, due: Instant) -> bool {
        let (from, to) = (due - BEFORE, due + AFTER);
        let thefts = self.thefts.lock().expect("no holder panics");
        let first = thefts.partition_point(|(_, end)| *end < from);
        let was_quiet = thefts.get(first).is_none_or(|(begin, _)| *begin > to);
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.dropped.fetch_add(usize::from(!was_quiet), Ordering::Relaxed);
        was_quiet
    }

    /// What is there by then has to do.
    pub fn is_patience_over(&self) -> bool {
        Instant::now() >= self.patience_ends
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, dropped) = (self.asked.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed));
        let share = 100.0 * dropped as f64 / asked.max(1) as f64;
        write!(
            f,
            "{share:.0} % of the events do not count, because the machine's host took a processor away around them"
        )
    }
}

/// Of all processors since the machine started. Where there is no such file nothing is ever stolen.
fn stolen_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    // cpu user nice system idle iowait irq softirq steal …
    stat.split_whitespace().nth(8).and_then(|text| text.parse().ok()).unwrap_or(0)
}
