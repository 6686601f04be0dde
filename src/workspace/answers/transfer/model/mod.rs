//! What an import is, and what its file must look like.

mod csv;
mod rows;

use crate::auth::model::Actor;
use crate::base::{ImportId, OrganizationId, Timestamp, names};
use crate::workspace::answers::model::Standing;

pub use csv::{Csv, InvalidCsv, Record};
pub use rows::{COLUMNS, Columns, Gathered, MissingColumn, Row, RowProblem};

/// Pairs that are saved in one transaction, and that one event names.
pub const STEP: i64 = 1_000;
/// Problems that are kept and shown; the rest is counted.
pub const PROBLEMS: usize = 100;
/// Hours after which a file that nobody started to import is forgotten.
pub const FORGOTTEN_AFTER_HOURS: u64 = 24;

names! {
    /// How far an import is.
    ImportState {
        /// The file is coming in.
        Reading = "reading",
        /// All pairs are staged, and somebody is to say whether they shall be saved.
        Ready = "ready",
        Running = "running",
        Finished = "finished",
        /// Somebody ended it before all pairs were saved.
        Stopped = "stopped",
    }
}

/// A file on its way into the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: ImportId,
    pub organization: OrganizationId,
    pub file_name: String,
    pub state: ImportState,
    /// Pairs that are staged, or were before they were saved.
    pub total: i64,
    /// Of those, the ones that were looked at: they are saved, or skipped.
    pub done: i64,
    /// Pairs that the library had, or that stood in the file before, when it was read.
    pub known: i64,
    /// Whether pairs that the library has are saved all the same.
    pub takes_known: bool,
    /// Of the done ones, those that were left out because the library has them.
    pub skipped: i64,
    /// Rows that cannot be imported.
    pub refused: i64,
    /// What is wrong with the first of them.
    pub problems: Vec<RowProblem>,
    /// Columns of the file that mean nothing to us.
    pub ignored: Vec<String>,
    /// Who started it, and what that person's word counts; before that, who uploaded the file.
    pub by: Actor,
    pub standing: Standing,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Import {
    /// How many pairs are saved.
    pub fn saved(&self) -> i64 {
        self.done - self.skipped
    }

    /// Pairs that the library does not have yet.
    pub fn new_pairs(&self) -> i64 {
        self.total - self.known
    }

    /// How far it is, in whole per cent; 100 only when all is saved.
    pub fn percent(&self) -> i64 {
        if self.total == 0 { 0 } else { self.done * 100 / self.total }
    }
}
