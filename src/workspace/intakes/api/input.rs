//! From a JSON body to what is to be done, or to all that is wrong with it.

use crate::web::json::Document;
use crate::web::problem::Result;
use crate::workspace::api::{kept, optional, read, required};
use crate::workspace::intakes::model::{self, Details, IntakeChange};

/// The body of `POST /intakes`.
pub(super) fn details(body: &Document) -> Result<Details> {
    read(body, |fields| {
        let title = required(fields, "title", model::title);
        let requester = optional(fields, "requester", model::line);
        let email = optional(fields, "email", model::email);
        let client = optional(fields, "client", model::line);
        let due_date = optional(fields, "due_date", model::due_date);
        let description = optional(fields, "description", model::description);
        Some(Details {
            title: title?,
            requester: requester.flatten(),
            email: email.flatten(),
            client: client.flatten(),
            due_date: due_date.flatten(),
            description: description.flatten(),
        })
    })
}

/// The body of `PATCH /intakes/{id}`.
pub(super) fn change(body: &Document) -> Result<IntakeChange> {
    read(body, |fields| {
        Some(IntakeChange {
            title: kept(fields, "title", model::title),
            requester: optional(fields, "requester", model::line),
            email: optional(fields, "email", model::email),
            client: optional(fields, "client", model::line),
            due_date: optional(fields, "due_date", model::due_date),
            description: optional(fields, "description", model::description),
            status: kept(fields, "status", str::parse),
        })
    })
}
