//! What is sent. The bodies are read by [`super::input`]; the types here only describe them.

use utoipa::{IntoParams, ToSchema};

use crate::web::describe;
use crate::workspace::projects::model::ProjectStatus;
use crate::workspace::shapes::{Description, Line, OptionalLine};

/// The marks by which projects are found.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `input::filter` reads")]
pub(crate) struct ProjectFilter {
    /// Only those with this status.
    #[param(inline)]
    status: Option<ProjectStatus>,
    /// Only those that have this somewhere in their name or client, whatever the case.
    #[param(inline)]
    q: Option<String>,
    /// `true`: those in the trash, instead of those out of it.
    #[param(inline, default = false)]
    trashed: Option<bool>,
}

/// How a project is deleted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `projects::delete` reads")]
pub(crate) struct Deletion {
    /// `true`: for good, whether or not it is in the trash.
    #[param(inline, default = false)]
    permanent: Option<bool>,
}

/// A project to add.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": "Aldgate Transit RFP",
    "client": "Aldgate Transit",
    "due_date": "2026-12-04",
    "owner": "john@responsive.io"
})))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewProject {
    name: Line,
    client: Option<OptionalLine>,
    due_date: Option<describe::DayOrNothing>,
    owner: Option<Owner>,
    description: Option<Description>,
}

/// What is to change; what is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "due_date": "2026-12-11", "owner": null })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct ProjectChange {
    #[schema(required = false)]
    name: Line,
    /// `null` empties it.
    client: Option<OptionalLine>,
    /// `null` empties it.
    due_date: Option<describe::DayOrNothing>,
    /// `null` empties it.
    owner: Option<Owner>,
    /// `null` empties it.
    description: Option<Description>,
}

/// A person's name, or an e-mail address: one line.
#[derive(ToSchema)]
#[schema(max_length = 254, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct Owner(String);

/// A section to add, at the end.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Security and privacy" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewSection {
    name: Line,
}

/// What is to change; what is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "position": 1 })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct SectionChange {
    #[schema(required = false)]
    name: Line,
    /// Its place among the project's sections, from 1; past the end is the end. The others make room.
    #[schema(minimum = 1)]
    position: Option<i64>,
}

/// A question to add, at the end.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "question": "Where is our data stored?" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewQuestion {
    question: QuestionText,
    answer: Option<QuestionAnswer>,
}

/// What is to change; what is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "answer": "In two data centres in Frankfurt." })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct QuestionChange {
    #[schema(required = false)]
    question: QuestionText,
    /// `null` empties it.
    answer: Option<QuestionAnswer>,
    /// The pair of the answer library that the answer comes from; `null`: none. Where `answer` is left out, the pair's is taken, which
    /// must be published.
    answer_id: Option<describe::Id>,
    /// Its place among the section's questions, from 1; past the end is the end. The others make room.
    #[schema(minimum = 1)]
    position: Option<i64>,
}

/// Lines without control characters, with something visible in them.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 5000,
    pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct QuestionText(String);

/// Lines without control characters.
#[derive(ToSchema)]
#[schema(max_length = 50000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct QuestionAnswer(String);
