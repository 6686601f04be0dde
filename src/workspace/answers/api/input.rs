//! From a JSON body or a query to what is to be done, or to all that is wrong with it.

use std::collections::HashSet;

use crate::base::AnswerId;
use crate::web::Query;
use crate::web::json::{Document, Fields, Value};
use crate::web::problem::Result;
use crate::workspace::answers::model::{self, Content, ContentChange, Review};
use crate::workspace::answers::store::{Filter, Order};
use crate::workspace::api::{kept, optional, read, required};

/// The most pairs that one call is about.
const PAIRS: usize = 1_000;

/// The parameters of `GET /answers`. `None` where one is not good.
pub(super) fn filter(query: &mut Query) -> Option<Filter> {
    let status = query.parse("status", "Send in_moderation, published, in_review or rejected.");
    let trashed = query.parse("trashed", "Send true or false.").unwrap_or(false);
    let mut line = |name| query.take(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let (words, tag) = (line("q"), line("tag"));
    let reviewer = line("reviewer").map(|text| model::reviewer(&text).unwrap_or(text));
    Some(Filter { words, status, tag, reviewer, trashed, owner: None, order: Order::NewestFirst })
}

/// The body of `POST /answers`.
pub(super) fn content(body: &Document) -> Result<Content> {
    read(body, content_fields)
}

/// The body of `POST /answers/bulk-create`.
pub(super) fn contents(body: &Document) -> Result<Vec<Content>> {
    read(body, |fields| {
        let items = items(fields, "answers", "Send a list of 1 to 1,000 pairs.")?;
        let mut contents = Vec::with_capacity(items.len());
        for (number, item) in items.into_iter().enumerate() {
            contents.extend(fields.inside(&format!("answers[{number}]"), item, content_fields).flatten());
        }
        Some(contents)
    })
}

fn content_fields(fields: &mut Fields<'_, '_>) -> Option<Content> {
    let question = required(fields, "question", model::question);
    let answer = required(fields, "answer", model::answer);
    let tags = tags(fields);
    let owner = optional(fields, "owner", model::owner);
    Some(Content { question: question?, answer: answer?, tags: tags.unwrap_or_default(), owner: owner.flatten() })
}

/// The body of `PATCH /answers/{id}` and of publishing.
pub(super) fn change(body: &Document) -> Result<ContentChange> {
    read(body, |fields| {
        Some(ContentChange {
            question: kept(fields, "question", model::question),
            answer: kept(fields, "answer", model::answer),
            tags: tags(fields),
            owner: optional(fields, "owner", model::owner),
        })
    })
}

/// The body of `/bulk-publish` and `/bulk-delete`.
pub(super) fn ids(body: &Document) -> Result<Vec<AnswerId>> {
    read(body, |fields| {
        let items = items(fields, "ids", "Send a list of 1 to 1,000 ids.")?;
        let mut known = HashSet::with_capacity(items.len());
        let mut ids: Vec<AnswerId> = Vec::with_capacity(items.len());
        for (number, item) in items.into_iter().enumerate() {
            let place = format!("ids[{number}]");
            let Some(id) = item.string().and_then(|text| text.parse::<AnswerId>().ok()) else {
                fields.complain(&place, "Send the id of a pair.");
                continue;
            };
            if known.insert(id.clone()) {
                ids.push(id);
            } else {
                fields.complain(&place, "Send each id once.");
            }
        }
        Some(ids)
    })
}

/// The body of `/reject`: why.
pub(super) fn note(body: &Document) -> Result<Option<String>> {
    read(body, |fields| Some(optional(fields, "note", model::note).flatten()))
}

/// The body of `/request-review`.
pub(super) fn review_request(body: &Document) -> Result<Review> {
    read(body, |fields| {
        let reviewer = required(fields, "reviewer", model::reviewer);
        let due_date = required(fields, "due_date", model::review_due);
        Some(Review { reviewer: reviewer?, due_date: due_date? })
    })
}

/// The body of `/review`: the answer as it is to be.
pub(super) fn review(body: &Document) -> Result<Option<String>> {
    read(body, |fields| {
        if fields.is_null("answer") {
            fields.take("answer");
        }
        Some(kept(fields, "answer", model::answer))
    })
}

/// The list called `name`, of 1 to a thousand things.
fn items<'a>(fields: &mut Fields<'a, '_>, name: &str, message: &'static str) -> Option<Vec<Value<'a>>> {
    let items: Option<Vec<Value<'a>>> = fields.require(name, message)?.items().map(Iterator::collect);
    let items = items.filter(|items| (1..=PAIRS).contains(&items.len()));
    if items.is_none() {
        fields.complain(name, message);
    }
    items
}

/// The tags, if they are mentioned; `null` empties them.
fn tags(fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    if fields.is_null("tags") {
        fields.take("tags");
        return Some(Vec::new());
    }
    let Some(items) = fields.take("tags")?.items() else {
        fields.complain("tags", "Send a list of strings.");
        return None;
    };
    let mut tags = Vec::new();
    for (number, item) in items.enumerate() {
        let place = format!("tags[{number}]");
        match item.string() {
            Some(text) => tags.extend(fields.check(&place, model::tag(&text))),
            None => fields.complain(&place, "Send a string."),
        }
    }
    fields.check("tags", model::unique_tags(tags))
}
