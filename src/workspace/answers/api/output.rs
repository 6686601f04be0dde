//! What the calls answer, key by key as the contract shows it.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::describe;
use crate::web::version::etag;
use crate::workspace::answers::model::{self, AnswerStatus};

/// A question and its answer, to be used again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answer<'a> {
    #[schema(value_type = describe::Id)]
    id: &'a str,
    #[schema(examples("Do you encrypt customer data at rest?"))]
    question: &'a str,
    #[schema(examples("Yes, with AES-256."))]
    answer: &'a str,
    #[schema(examples(json!(["Security"])))]
    tags: &'a [String],
    /// Whose pair it is: a name or an e-mail address.
    #[schema(required, examples("john@responsive.io"))]
    owner: Option<&'a str>,
    #[schema(value_type = AnswerStatus)]
    status: &'static str,
    /// Of a pair in review.
    #[schema(required, example = json!(null))]
    review: Option<Review<'a>>,
    /// Why it was rejected, if the moderator said so.
    #[schema(required, example = json!(null))]
    note: Option<&'a str>,
    /// Since when it has been in the trash.
    #[schema(value_type = Option<describe::Time>, required, example = json!(null))]
    trashed_at: Option<String>,
    #[schema(value_type = describe::Version)]
    version: i64,
    #[schema(value_type = describe::Time)]
    created_at: String,
    #[schema(value_type = describe::Time)]
    updated_at: String,
}

describe::list!(AnswerList of Answer<'static>);

/// Who is to say whether a pair still holds, and until when.
#[derive(Serialize, ToSchema)]
pub(crate) struct Review<'a> {
    /// An e-mail address, or a name.
    #[schema(examples("ada@halden.example"))]
    reviewer: &'a str,
    #[schema(value_type = describe::Day)]
    due_date: String,
}

/// Several pairs, in the order of the call.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answers<'a> {
    data: Vec<Answer<'a>>,
}

impl<'a> Answers<'a> {
    pub fn of(answers: &'a [model::Answer]) -> Self {
        Self { data: answers.iter().map(Answer::from).collect() }
    }
}

impl<'a> From<&'a model::Answer> for Answer<'a> {
    fn from(answer: &'a model::Answer) -> Self {
        let content = &answer.content;
        let review = answer.review.as_ref();
        Self {
            id: answer.id.as_str(),
            question: &content.question,
            answer: &content.answer,
            tags: &content.tags,
            owner: content.owner.as_deref(),
            status: answer.status.as_str(),
            review: review.map(|review| Review { reviewer: &review.reviewer, due_date: review.due_date.to_string() }),
            note: answer.note.as_deref(),
            trashed_at: answer.trashed.as_ref().map(|trashed| trashed.at.rfc3339()),
            version: answer.version,
            created_at: answer.created_at.rfc3339(),
            updated_at: answer.updated_at.rfc3339(),
        }
    }
}

pub(super) fn answer(answer: &model::Answer) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag(answer.version)).json(Answer::from(answer))
}

pub(super) fn new_answer(answer: &model::Answer) -> HttpResponse {
    let place = (LOCATION, format!("/api/v1/answers/{}", answer.id));
    HttpResponse::Created().insert_header(place).insert_header(etag(answer.version)).json(Answer::from(answer))
}
