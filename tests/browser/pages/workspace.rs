//! What people work with: projects, the answer library, intakes, the trash. Pages of the same person stand together, since each change of person is a sign-in.

use super::Step::{Attach, Fill, Follow, Overtaken, Press, See, Tick};
use super::{ADMIN, Page, page};
use crate::scene::{MEMBER, NEWCOMER};

pub(super) const PAGES: &[Page] = &[
    page("projects", ADMIN, "/"),
    page("projects-filtered-away", ADMIN, "/projects?q=nothing"),
    page("projects-completed", ADMIN, "/projects?status=completed"),
    page("projects-archived-empty", ADMIN, "/projects?status=archived"),
    page("project", ADMIN, "/projects/{project}"),
    page("project-section-errors", ADMIN, "/projects/{project}")
        .after(&[Press("Add section"), See("#name-error", "Enter a name.")]),
    page("project-trashed", ADMIN, "/projects/{trashed-project}"),
    page("project-form", ADMIN, "/projects/{project}/edit"),
    page("project-form-errors", ADMIN, "/projects/new").after(&[Press("Create project"), See("#form-errors", "Check")]),
    page("project-form-conflict", ADMIN, "/projects/{project}/edit").after(&[
        Overtaken,
        Fill("Name", "Aldgate Transit, all lots"),
        Press("Save changes"),
        See("#conflict", "Someone else changed this"),
    ]),
    page("section", ADMIN, "/sections/{section}"),
    page("section-empty", ADMIN, "/sections/{empty-section}"),
    page("section-rename", ADMIN, "/sections/{section}/edit"),
    page("section-delete", ADMIN, "/sections/{section}/delete"),
    page("question", ADMIN, "/questions/{question}"),
    page("question-library", ADMIN, "/questions/{question}")
        .after(&[Fill("Words in the library", "data"), See("#library", "Where is customer data stored?")]),
    page("question-delete-dialog", ADMIN, "/questions/{question}")
        .after(&[Follow("Delete question"), See("dialog", "Delete this question?")]),
    page("intakes", ADMIN, "/intakes"),
    page("intake", ADMIN, "/intakes/{intake}"),
    page("intake-converted", ADMIN, "/intakes/{converted-intake}"),
    page("intake-form", ADMIN, "/intakes/new"),
    page("intake-form-errors", ADMIN, "/intakes/new").after(&[Press("Create intake"), See("#form-errors", "Check")]),
    page("trash", ADMIN, "/trash"),
    page("trash-delete-dialog", ADMIN, "/trash").after(&[
        Follow("Delete permanently Old hosting statement"),
        See("dialog", "Delete Old hosting statement permanently?"),
        Press("Delete permanently"),
        See("dialog #confirm-error", "Type it"),
    ]),
    page("trash-delete", ADMIN, "/trash/projects/{trashed-project}/delete"),
    page("trash-empty-errors", ADMIN, "/trash/empty").after(&[Press("Empty trash"), See("#confirm-error", "Type it")]),
    page("answers", ADMIN, "/answers"),
    page("answers-searched", ADMIN, "/answers").after(&[
        Fill("Search questions and answers", "encrypt"),
        See("#pairs", "Do you encrypt customer data at rest"),
    ]),
    page("answers-filtered-away", ADMIN, "/answers?q=nowhere"),
    page("answers-chosen", ADMIN, "/answers")
        .after(&[Press("Publish"), See("#pairs-error", "Choose at least one pair.")]),
    page("answer-new", ADMIN, "/answers/new"),
    page("answer-edit", ADMIN, "/answers/{pair}"),
    page("answer-edit-errors", ADMIN, "/answers/new").after(&[
        Fill("Question", "Do you?"),
        Press("Add pair"),
        See("#form-errors", "Check"),
    ]),
    page("answer-conflict", ADMIN, "/answers/{pair}").after(&[
        Overtaken,
        Fill("Answer", "Data stays in the region chosen at signup: EU, UK, US, Japan or Australia."),
        Press("Save changes"),
        See("#h-theirs", "Someone else changed this"),
    ]),
    page("answer-trashed", ADMIN, "/answers/{pair-trashed}"),
    page("answer-import", ADMIN, "/answers/import"),
    page("answer-import-errors", ADMIN, "/answers/import").after(&[
        Attach("name,text\nISO 27001,Yes.\n"),
        Press("Check file"),
        See("#form-errors", "Check"),
    ]),
    page("answer-import-found", ADMIN, "/answers/import/{import-found}"),
    page("answer-import-running", ADMIN, "/answers/import/{import-running}"),
    page("answer-import-finished", ADMIN, "/answers/import/{import-finished}"),
    page("answer-in-review", ADMIN, "/answers/{pair-in-review}"),
    page("answer-review", ADMIN, "/answers/{pair-in-review}/review"),
    page("answer-history", ADMIN, "/answers/{pair-changed}/history"),
    page("moderation", ADMIN, "/answers/moderation"),
    page("moderation-new-pair", ADMIN, "/answers/moderation")
        .after(&[Tick(".picklist li:nth-child(2) a"), See("article .badge", "New pair")]),
    page("answer-sent-back", MEMBER, "/answers/{pair-sent-back}"),
    page("projects-empty", NEWCOMER, "/projects"),
    page("intakes-empty", NEWCOMER, "/intakes"),
    page("trash-empty", NEWCOMER, "/trash"),
    page("answers-empty", NEWCOMER, "/answers"),
    page("moderation-empty", NEWCOMER, "/answers/moderation"),
];
