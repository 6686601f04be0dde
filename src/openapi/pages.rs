//! `GET /api/docs`: the API's documentation, for anybody, without a line from elsewhere.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::Value;

use super::problems::{self, Explained};
use super::reading::Reading;
use super::views::{self, Group, Object};
use crate::auth::api_keys::Scope;
use crate::web::guard::Visitor;
use crate::web::{self, Coloured, Hx, Page as _, Section, Shell, Site, paging};

#[derive(Template)]
#[template(path = "api_docs/page.html", blocks = ["main"])]
struct DocsPage {
    shell: Shell,
    version: &'static str,
    /// Where the API is, such as `https://herald.example/api/v1`.
    base: String,
    description_url: String,
    scopes: [Scope; 3],
    problems: Vec<Explained>,
    problem: Coloured,
    groups: Vec<Group>,
    objects: Vec<Object>,
}

web::page!(DocsPage, as_main);

impl DocsPage {
    fn new(shell: Shell, origin: &str) -> Self {
        static DOCUMENT: LazyLock<Value> =
            LazyLock::new(|| serde_json::from_str(super::json()).expect("the document was written as JSON"));
        let reading = Reading(&DOCUMENT);
        Self {
            shell,
            version: env!("CARGO_PKG_VERSION"),
            base: format!("{origin}{}", super::BASE),
            description_url: format!("{}/openapi.json", super::BASE),
            scopes: Scope::ALL,
            problems: Explained::all().collect(),
            problem: Coloured::text(&problems::sample()),
            groups: views::groups(reading, origin),
            objects: views::objects(reading),
        }
    }

    fn default_limit(&self) -> u32 {
        paging::DEFAULT_LIMIT
    }

    fn max_limit(&self) -> u32 {
        paging::MAX_LIMIT
    }
}

/// GET /api/docs: whoever is signed in sees it inside the usual frame.
pub(crate) async fn show(request: HttpRequest, visitor: Visitor, hx: Hx) -> web::Result<HttpResponse> {
    const TITLE: &str = "API documentation";
    let shell = match &visitor.0 {
        Some(person) => person.shell(Section::ApiDocs, TITLE),
        None => Shell::outside(TITLE),
    };
    // Without a usable Host header nobody sees a page; the address is that of the default settings then.
    let origin = Site::of(&request).origin(&request).unwrap_or_else(|| "http://127.0.0.1:8080".into());
    DocsPage::new(shell, &origin).answer(&hx)
}
