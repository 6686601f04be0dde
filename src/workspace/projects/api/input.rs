//! From a JSON body or a query to what is to be done, or to all that is wrong with it.

use std::str::FromStr;

use crate::base::AnswerId;
use crate::web::Query;
use crate::web::json::{Document, Fields};
use crate::web::problem::Result;
use crate::workspace::api::{kept, optional, read, required};
use crate::workspace::projects::actions::{QuestionChange, SectionChange};
use crate::workspace::projects::model::{self, Details, DetailsChange};
use crate::workspace::projects::store::Filter;

/// The parameters of `GET /projects`. `None` where one is not good.
pub(super) fn filter(query: &mut Query) -> Option<Filter> {
    let status = query.parse("status", "Send active, completed or archived.");
    let trashed = query.parse("trashed", "Send true or false.").unwrap_or(false);
    let words = query.take("q").map(|words| words.trim().to_owned()).filter(|words| !words.is_empty());
    Some(Filter { status, trashed, words })
}

/// The body of `POST /projects`.
pub(super) fn details(body: &Document) -> Result<Details> {
    read(body, |fields| {
        let name = required(fields, "name", model::name);
        let client = optional(fields, "client", model::client);
        let due_date = optional(fields, "due_date", model::due_date);
        let owner = optional(fields, "owner", model::owner);
        let description = optional(fields, "description", model::description);
        Some(Details {
            name: name?,
            client: client.flatten(),
            due_date: due_date.flatten(),
            owner: owner.flatten(),
            description: description.flatten(),
        })
    })
}

/// The body of `PATCH /projects/{id}`.
pub(super) fn details_change(body: &Document) -> Result<DetailsChange> {
    read(body, |fields| {
        Some(DetailsChange {
            name: kept(fields, "name", model::name),
            client: optional(fields, "client", model::client),
            due_date: optional(fields, "due_date", model::due_date),
            owner: optional(fields, "owner", model::owner),
            description: optional(fields, "description", model::description),
        })
    })
}

/// The body of `POST /projects/{id}/sections`: the name.
pub(super) fn section(body: &Document) -> Result<String> {
    read(body, |fields| required(fields, "name", model::name))
}

/// The body of `PATCH /sections/{id}`.
pub(super) fn section_change(body: &Document) -> Result<SectionChange> {
    read(body, |fields| Some(SectionChange { name: kept(fields, "name", model::name), position: position(fields) }))
}

/// The body of `POST /sections/{id}/questions`: the question and its answer.
pub(super) fn question(body: &Document) -> Result<(String, Option<String>)> {
    read(body, |fields| {
        let question = required(fields, "question", model::question);
        let answer = optional(fields, "answer", model::answer);
        Some((question?, answer.flatten()))
    })
}

/// The body of `PATCH /questions/{id}`.
pub(super) fn question_change(body: &Document) -> Result<QuestionChange> {
    read(body, |fields| {
        Some(QuestionChange {
            question: kept(fields, "question", model::question),
            answer: optional(fields, "answer", model::answer),
            answer_id: optional(fields, "answer_id", |text| AnswerId::from_str(text).map(Some)),
            position: position(fields),
        })
    })
}

fn position(fields: &mut Fields<'_, '_>) -> Option<i64> {
    let value = fields.take("position")?;
    let position = value.integer().parse().ok().filter(|position| *position >= 1);
    if position.is_none() {
        fields.complain("position", "Send a whole number from 1.");
    }
    position
}
