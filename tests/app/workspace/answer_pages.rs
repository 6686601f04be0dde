//! The answer library as people see it: through its pages, with and without htmx.

mod bulk;
mod conflict;
mod edit;
mod list;
mod moderation;
mod review;

use herald::auth::model::{Organization, Role};
use herald::auth::store;
use herald::base::Clock as _;
use herald::base::{OrganizationId, SystemClock, SystemRng};
use reqwest::{Method, RequestBuilder, Response};
use scraper::{ElementRef, Html, Selector};

use super::{Raised, Workspace};
use crate::support::app::{TestApp, Visitor, password_hash, person};

const LIST: &str = "/answers";
const NEW: &str = "/answers/new";
const BULK: &str = "/answers/bulk";
const MODERATION: &str = "/answers/moderation";

/// A form's fields, in order; names may repeat.
type Fields = Vec<(String, String)>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Sets a field, or adds it.
fn with(mut fields: Fields, name: &str, value: &str) -> Fields {
    match fields.iter_mut().find(|(field, _)| field == name) {
        Some(field) => field.1 = value.to_owned(),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
    fields
}

async fn post(visitor: &Visitor, path: &str, fields: &Fields) -> Response {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.posts(path, &pairs).await
}

/// The same request as htmx sends it when it will swap a piece.
fn by_htmx(request: RequestBuilder) -> RequestBuilder {
    request.header("hx-request", "true").header("hx-request-type", "partial")
}

async fn post_by_htmx(visitor: &Visitor, path: &str, fields: &Fields) -> Response {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = visitor
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    visitor.sends(by_htmx(request)).await
}

/// The page that answers, with its status checked.
async fn page(answer: Response, status: u16) -> Page {
    let (found, text) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    assert_eq!(found, status, "{text}");
    Page::read(&text)
}

pub(super) async fn open(visitor: &Visitor, path: &str) -> Page {
    page(visitor.gets(path).await, 200).await
}

fn location(answer: &Response) -> &str {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().expect("an address")
}

/// Adds a pair by its form, and gives its id.
async fn add(visitor: &Visitor, question: &str, answer: &str, tags: &str) -> String {
    let form = open(visitor, NEW).await.form("pair");
    let form = with(with(with(form, "question", question), "answer", answer), "tags", tags);
    let answer = post(visitor, NEW, &form).await;
    let list = open(visitor, location(&answer)).await;
    let address = list.attribute("#pairs .cell__title", "href");
    assert_eq!(list.questions().first().map(String::as_str), Some(question), "the newest pair comes first");
    address.strip_prefix("/answers/").expect("the pair's page").to_owned()
}

/// The form of a pair as its page offers it.
async fn form_of(visitor: &Visitor, id: &str) -> Fields {
    open(visitor, &format!("{LIST}/{id}")).await.form("pair")
}

/// A page as a test reads it.
pub(super) struct Page(Html);

impl Page {
    pub(super) fn read(html: &str) -> Self {
        Self(Html::parse_document(html))
    }

    fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.0.select(&Selector::parse(selector).expect("a selector")).collect()
    }

    fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// The texts of what the selector finds, white space made single.
    fn texts(&self, selector: &str) -> Vec<String> {
        let text = |element: &ElementRef<'_>| element.text().collect::<Vec<_>>().concat();
        self.all(selector).iter().map(|found| text(found).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    pub(super) fn text(&self, selector: &str) -> String {
        self.texts(selector).join(" ")
    }

    fn attribute(&self, selector: &str, name: &str) -> String {
        self.all(selector).first().and_then(|found| found.attr(name)).unwrap_or_default().to_owned()
    }

    /// What a browser would post with the form of this id, without any button.
    fn form(&self, id: &str) -> Fields {
        self.fields(&format!("form#{id}"))
    }

    /// The same of the first form that the selector finds.
    pub(super) fn fields(&self, form: &str) -> Fields {
        let forms = self.all(form);
        let form = forms.first().unwrap_or_else(|| panic!("no {form} in {}", self.0.html()));
        let controls = Selector::parse("input[name], textarea[name], select[name]").expect("a selector");
        let mut fields = Fields::new();
        for control in form.select(&controls) {
            let name = control.attr("name").unwrap_or_default().to_owned();
            let is_box = matches!(control.attr("type"), Some("checkbox" | "radio"));
            if is_box && control.attr("checked").is_none() {
                continue;
            }
            let value = match control.value().name() {
                // The first line break belongs to the tag.
                "textarea" => control.text().collect::<String>().trim_start_matches('\n').to_owned(),
                "select" => {
                    let chosen = Selector::parse("option[selected]").expect("a selector");
                    control
                        .select(&chosen)
                        .next()
                        .and_then(|option| option.attr("value"))
                        .unwrap_or_default()
                        .to_owned()
                }
                _ => control.attr("value").unwrap_or_default().to_owned(),
            };
            fields.push((name, value));
        }
        fields
    }

    /// The questions in the list, in its order.
    fn questions(&self) -> Vec<String> {
        self.texts("#pairs .cell__title")
    }
}

/// The admin of another organization, signed in.
pub(super) async fn stranger(app: &TestApp) -> Visitor {
    let organization = Organization {
        id: OrganizationId::new(SystemClock.now(), &SystemRng),
        name: "Brightwater Legal".into(),
        ..app.organization.clone()
    };
    let admin = person("ines@brightwater.example", Role::Admin, Some(&organization));
    let mut tx = app.running().db.begin().await.expect("a transaction");
    store::organizations::insert(&mut tx, &organization).await.expect("a new organization");
    store::users::insert(&mut tx, &admin, password_hash()).await.expect("a new user");
    tx.commit().await.expect("a commit");
    app.signed_in(&admin.email).await
}

/// Type, ids and additional keys of the events since the first `seen`.
async fn raised_since(work: &Workspace, seen: usize) -> Vec<(String, Vec<String>, serde_json::Value)> {
    let raised = work.raised().await.into_iter().skip(seen);
    raised.map(|(kind, ids, data, _): Raised| (kind, ids, data)).collect()
}
