//! What the program logs while tests run, for those that ask how much.

use std::io::Write;
use std::sync::{Mutex, Once};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Memory;

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().expect("no holder of this lock panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Begins to keep the errors that this process logs, in whatever test: they are told apart by what they name.
pub fn keep_errors() {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false).with_writer(|| Memory).init();
    });
}

/// The errors so far that contain `word`.
pub fn errors_with(word: &str) -> Vec<String> {
    let bytes = LINES.lock().expect("no holder of this lock panics");
    String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}
