//! The pages of intakes: the list, the form, and an intake with what can be decided about it.

pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod show;
pub mod urls;

use crate::workspace::pages::StatusWord;

use super::model::{Intake, IntakeStatus};

/// What became of an intake.
fn status(intake: &Intake) -> StatusWord {
    match intake.status {
        IntakeStatus::New => StatusWord::new("info", "circle-dashed", "New"),
        IntakeStatus::Accepted if intake.project.is_some() => StatusWord::new("ok", "circle-check", "Project created"),
        IntakeStatus::Accepted => StatusWord::new("ok", "circle-check", "Accepted"),
        IntakeStatus::Declined => StatusWord::new("off", "ban", "Declined"),
    }
}
