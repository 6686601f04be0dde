//! The REST API's description: one OpenAPI 3.1 document, put together from what stands beside each handler.
//!
//! How a handler is described is told in [`crate::web::describe`]. The documentation at `/api/docs` is read off the same document:
//! `reading` tells types in words, `views` arranges calls and objects, `examples` writes calls in three languages.

pub mod api;
mod calls;
mod examples;
pub mod pages;
mod problems;
mod reading;
mod rich;
mod views;

use std::sync::LazyLock;

use utoipa::OpenApi as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

use crate::web::{describe, problem};

/// Every call's path begins with this.
pub const BASE: &str = "/api/v1";

/// The groups of calls, in the order of the documentation.
pub const TAGS: &[(&str, &str)] = &[
    ("Publishing", "Tell Herald what happened; it tells every webhook that wants to know."),
    ("Webhooks", "Where events are sent, which ones, and whether they are sent now."),
    ("Events and deliveries", "What happened, what became of it at each webhook, and why."),
    (
        "Projects",
        "The workspace's projects with their sections and questions: what the ids in a callback name, and changes that raise its events.",
    ),
    ("Answer library", "Questions with the answers that are used again, and their way through moderation and review."),
    ("Intakes", "Requests for a response, before they become projects."),
    ("This description", "The API in the words of OpenAPI."),
];

const DESCRIPTION: &str = "Webhooks for organizations that answer RFPs and questionnaires. Bodies are JSON in UTF-8; unknown fields are \
     refused. Errors are problem documents (RFC 9457). Times go in as RFC 3339 and come out in UTC. Lists are newest first and paged \
     by cursor. `/api/docs` on the same server explains it all.";

/// The document, with the calls in the order of the documentation.
pub fn document() -> OpenApi {
    let key = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, from Organization Settings > API keys or `herald admin create-api-key`. Each call names the scope it needs."))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("api_key", SecurityScheme::Http(key))
        .responses_from_iter(describe::refusals())
        .schema_from::<problem::Document<'_>>()
        .schema_from::<problem::FieldProblem>();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Herald")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .servers(Some([Server::new("/")]))
        .tags(Some(TAGS.iter().map(|&(name, description)| {
            let mut tag = Tag::new(name);
            tag.description = Some(description.to_owned());
            tag
        })))
        .components(Some(components.build()))
        .build()
        .nest(BASE, calls::Calls::openapi())
}

/// The document as it is served and printed: the same bytes for every reader of this version.
pub fn json() -> &'static str {
    static JSON: LazyLock<String> =
        LazyLock::new(|| document().to_pretty_json().expect("texts, numbers and lists always have a JSON form"));
    &JSON
}
