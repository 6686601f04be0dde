//! Arguments in, exit code out.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// What one thread allocates, another frees: requests cross from the server to the writer to the engine. glibc's arenas pay for
/// that with locks and with merging; docs/performance.md has the difference.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    herald::cli::run()
}
