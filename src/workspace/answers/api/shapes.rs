//! What is sent. The bodies are read by [`super::input`]; the types here only describe them.

use utoipa::{IntoParams, ToSchema};

use crate::web::describe;
use crate::workspace::answers::model::AnswerStatus;

/// The marks by which pairs are found.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `input::filter` reads")]
pub(crate) struct AnswerFilter {
    /// Only those that have all these words, each at the beginning of a word of their question, answer or tags.
    #[param(inline)]
    q: Option<String>,
    /// Only those with this tag, whatever its case.
    #[param(inline)]
    tag: Option<String>,
    /// Only those with this status.
    #[param(inline)]
    status: Option<AnswerStatus>,
    /// Only those in review that wait for this reviewer.
    #[param(inline)]
    reviewer: Option<String>,
    /// `true`: those in the trash, instead of those out of it.
    #[param(inline, default = false)]
    trashed: Option<bool>,
}

/// How a pair is deleted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `delete` reads")]
pub(crate) struct AnswerDeletion {
    /// `true`: for good, whether or not it is in the trash.
    #[param(inline, default = false)]
    permanent: Option<bool>,
}

/// A pair to save.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "question": "Do you encrypt customer data at rest?",
    "answer": "Yes, with AES-256.",
    "tags": ["Security"]
})))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewAnswer {
    question: PairQuestion,
    answer: PairAnswer,
    /// Each once, whatever its case.
    #[schema(max_items = 20)]
    tags: Option<Vec<PairTag>>,
    owner: Option<PairOwner>,
}

/// Several pairs to save.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct NewAnswers {
    #[schema(min_items = 1, max_items = 1000)]
    answers: Vec<NewAnswer>,
}

/// What is to change; what is left out stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "answer": "Yes, with AES-256, and keys of your own." })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct AnswerChange {
    #[schema(required = false)]
    question: PairQuestion,
    #[schema(required = false)]
    answer: PairAnswer,
    /// All of them; `null` empties them.
    #[schema(max_items = 20)]
    tags: Option<Vec<PairTag>>,
    /// `null` empties it.
    owner: Option<PairOwner>,
}

/// Which pairs.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct AnswerIds {
    /// Each once.
    #[schema(value_type = HashSet<describe::Id>, min_items = 1, max_items = 1000)]
    ids: (),
}

/// Why a pair is sent back.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "note": "Please name the standard." })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct Rejection {
    #[schema(max_length = 2000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    note: Option<String>,
}

/// Who is asked, and until when.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reviewer": "ada@halden.example", "due_date": "2026-12-04" })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct ReviewRequest {
    /// The e-mail address of a user, who can then review the pair on its page whatever the role; else a name.
    #[schema(
        min_length = 1,
        max_length = 254,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    reviewer: String,
    due_date: describe::Day,
}

/// What came of a review.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "answer": "Yes, with AES-256." })))]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct ReviewResult {
    /// The answer as it is to be. Left out, or as it is: the pair is confirmed.
    answer: Option<PairAnswer>,
}

/// Lines without control characters, with something visible in them.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 5000,
    pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct PairQuestion(String);

/// Lines without control characters, with something visible in them.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 50000,
    pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct PairAnswer(String);

/// One line without commas, with something visible in it.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 50,
    pattern = r"^[^,\x00-\x1f\x7f-\x9f]*[^,\s\x00-\x1f\x7f-\x9f][^,\x00-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct PairTag(String);

/// A person's name, or an e-mail address: one line.
#[derive(ToSchema)]
#[schema(max_length = 254, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
#[expect(dead_code, reason = "describes what web::json reads")]
pub(crate) struct PairOwner(String);
