//! Sending many deliveries again: the form with its question, how far a replay is, and those there were
//! (docs/decisions/0031-a-replay-is-counted-asked-and-started-once.md).

pub(crate) mod ask;
mod card;
mod form;
pub(crate) mod list;
pub(crate) mod show;
mod words;

pub(super) use card::{Card, LATEST};

use actix_web::web::Data;

use crate::delivery::model::Hints;
use crate::web::Context;

use super::super::actions::Tools;

/// What replays need besides the transaction.
struct Bench {
    context: Data<Context>,
    hints: std::sync::Arc<dyn Hints>,
}

impl Bench {
    fn new(context: Data<Context>, hints: Data<dyn Hints>) -> Self {
        Self { context, hints: hints.into_inner() }
    }

    fn tools(&self) -> Tools<'_> {
        Tools { clock: self.context.clock.as_ref(), rng: self.context.rng.as_ref(), hints: &self.hints }
    }
}
