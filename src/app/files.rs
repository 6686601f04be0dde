//! How many files, and so connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the database, the lanes and whatever else is open may take.
const ELSE: u64 = 512;
/// More than this is asked for by nobody who means well.
const MANY: u64 = 20_000;

/// How many connections may be open at the same time. First raises the soft limit of open files to the hard one: it is a
/// thousand nearly everywhere, for the sake of programs that use `select`.
pub(super) fn connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.current = limit.maximum,
            Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
        }
    }
    // Without a limit there are as many as anybody may want.
    let files = limit.current.unwrap_or(MANY * 2);
    let connections = files.saturating_sub(ELSE).max(files / 2).min(MANY);
    usize::try_from(connections).unwrap_or(usize::MAX)
}
