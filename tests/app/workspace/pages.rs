//! The workspace by its pages: what people see, press and are refused.

mod intakes;
mod library;
mod projects;
mod sections;
mod trash;

use herald::auth::model::Role;
use reqwest::{Method, Response};
use scraper::{ElementRef, Html, Selector};

use super::Workspace;
use crate::support::app::Visitor;

/// A form's fields, in order; names may repeat.
type Fields = Vec<(String, String)>;

/// A page as a test reads it.
struct Seen(Html);

impl Seen {
    fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.0.select(&Selector::parse(selector).expect("a selector")).collect()
    }

    fn texts(&self, selector: &str) -> Vec<String> {
        let text = |found: &ElementRef<'_>| {
            found.text().collect::<Vec<_>>().concat().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        self.all(selector).iter().map(text).collect()
    }

    /// The text of all that the selector finds, white space made single.
    fn text(&self, selector: &str) -> String {
        self.texts(selector).join(" ")
    }

    /// An attribute of what the selector finds first; "" without it.
    fn attribute(&self, selector: &str, name: &str) -> String {
        self.all(selector).first().and_then(|found| found.attr(name)).unwrap_or_default().to_owned()
    }

    /// What a browser would post if the form's button were pressed.
    fn form(&self, selector: &str) -> Fields {
        let mut fields = Fields::new();
        let controls = format!("{selector} input[name], {selector} textarea[name], {selector} option[selected]");
        for control in self.all(&controls) {
            let value = match control.value().name() {
                "textarea" => control.text().collect::<String>().trim_start_matches('\n').to_owned(),
                _ => control.attr("value").unwrap_or_default().to_owned(),
            };
            let name = match control.value().name() {
                "option" => {
                    let select = control.parent().and_then(ElementRef::wrap).expect("an option stands in a select");
                    select.attr("name").unwrap_or_default().to_owned()
                }
                _ => control.attr("name").unwrap_or_default().to_owned(),
            };
            fields.push((name, value));
        }
        fields
    }

    /// Whether there is a form that posts there.
    fn offers(&self, address: &str) -> bool {
        !self.all(&format!("form[method=post][action='{address}']")).is_empty()
    }
}

/// Sets a field, or adds it.
fn with(mut fields: Fields, name: &str, value: &str) -> Fields {
    match fields.iter_mut().find(|(field, _)| field == name) {
        Some(field) => field.1 = value.to_owned(),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
    fields
}

async fn open(visitor: &Visitor, path: &str) -> Seen {
    Seen(Html::parse_document(&visitor.reads(path).await))
}

/// The page that answers, with its status checked.
async fn seen(answer: Response, status: u16) -> Seen {
    assert_eq!(answer.status().as_u16(), status);
    Seen(Html::parse_document(&answer.text().await.expect("a text")))
}

async fn posts(visitor: &Visitor, path: &str, fields: &Fields) -> Response {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.posts(path, &pairs).await
}

/// Posts what must succeed, and gives the address that the answer leads to.
async fn sends(visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = visitor.posts(path, fields).await;
    assert_eq!(answer.status(), 303, "{path}: {}", answer.text().await.unwrap_or_default());
    answer.headers()["location"].to_str().expect("an address").to_owned()
}

/// Posts as htmx does, to swap what has this id.
async fn swaps(visitor: &Visitor, path: &str, target: &str, fields: &[(&str, &str)]) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = visitor
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("hx-request", "true")
        .header("hx-request-type", "partial")
        .header("hx-target", format!("div#{target}"));
    visitor.sends(request.body(body)).await
}

impl Workspace {
    /// A member of the organization.
    async fn member(&self) -> Visitor {
        self.signs_in_as(Role::Member).await
    }

    async fn signs_in_as(&self, role: Role) -> Visitor {
        let email = format!("{role}@halden.example");
        self.app.adds_person(&email, role).await;
        self.app.signed_in(&email).await
    }

    /// The types of all events so far, with their additional keys.
    async fn told(&self) -> Vec<String> {
        let short = |(kind, _, data, _): super::Raised| match data.to_string() {
            none if none == "{}" => kind,
            data => format!("{kind} {data}"),
        };
        self.raised().await.into_iter().map(short).collect()
    }
}
