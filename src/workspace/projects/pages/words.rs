//! How projects are spoken of: states with icon and colour, days, shares.

use chrono::NaiveDate;

use crate::workspace::pages::{Day, StatusWord};
use crate::workspace::projects::model::{Progress, Project, ProjectStatus, Section, SectionStatus};

/// What a project is, with how far it is and whether it is late.
pub(super) fn status(project: &Project, progress: Progress, today: NaiveDate) -> StatusWord {
    match project.status {
        ProjectStatus::Completed => StatusWord::new("ok", "circle-check", "Complete"),
        ProjectStatus::Archived => StatusWord::new("off", "archive", "Archived"),
        ProjectStatus::Active if project.details.due_date.is_some_and(|due| due < today) => {
            StatusWord::new("bad", "circle-alert", "Overdue")
        }
        ProjectStatus::Active if progress.is_untouched() => StatusWord::new("off", "circle", "Not started"),
        ProjectStatus::Active => StatusWord::new("info", "circle-dashed", "In progress"),
    }
}

/// What a section is, with how far its questions are.
pub(super) fn section_status(section: &Section, answered: i64) -> StatusWord {
    match section.status {
        SectionStatus::Completed => StatusWord::new("ok", "circle-check", "Complete"),
        SectionStatus::Open if answered == 0 => StatusWord::new("off", "circle", "Not started"),
        SectionStatus::Open => StatusWord::new("info", "circle-dashed", "In progress"),
    }
}

/// The share that is done, for the bar.
pub(super) struct Share {
    pub percent: i64,
    pub is_full: bool,
}

impl Share {
    /// By questions; a project without any is measured by its sections.
    pub fn of(progress: Progress) -> Self {
        let by_sections = || (progress.completed_sections * 100).checked_div(progress.sections).unwrap_or(0);
        let percent = progress.percent().unwrap_or_else(by_sections);
        Self { percent, is_full: percent == 100 }
    }
}

/// `Due Friday 4 December 2026. 11 days left.`; "" for what has no due date.
pub(super) fn due(project: &Project, today: NaiveDate) -> String {
    let Some(due) = project.details.due_date else { return String::new() };
    let day = format!("Due {}.", Day::new(due, today).full);
    if project.status != ProjectStatus::Active {
        return day;
    }
    let left = match (due - today).num_days() {
        days if days < -1 => format!("{} days late.", -days),
        -1 => "1 day late.".into(),
        0 => "Today is the last day.".into(),
        1 => "1 day left.".into(),
        days => format!("{days} days left."),
    };
    format!("{day} {left}")
}

/// `1 project`, `6 projects`.
pub(super) fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_without_questions_is_measured_by_its_sections() {
        let progress = |sections, completed_sections, questions, answered_questions| {
            Share::of(Progress { sections, completed_sections, questions, answered_questions }).percent
        };
        assert_eq!(progress(0, 0, 0, 0), 0);
        assert_eq!(progress(3, 2, 0, 0), 66);
        assert_eq!(progress(3, 0, 200, 199), 99);
        assert_eq!(progress(3, 0, 4, 4), 100);
    }
}
