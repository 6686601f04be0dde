//! Webhooks as admins configure them, through the door: the form and its rules, the test, and what can be undone.

mod api;
mod doctor;
mod duplicate;
mod example;
mod form;
mod guide;
mod life;
mod limits;
mod locked;
mod preview;
mod rotation;
mod signing;
mod test_button;

use herald::base::{TimeZone, Timestamp};
use herald::events::EventType;
use herald::events::model::Draft;
use reqwest::Response;
use scraper::{ElementRef, Html, Selector};

use crate::support::app::{TestApp, Visitor};

const COLLABORATION: &str = "/settings/integrations/collaboration";
const LIST: &str = "/settings/integrations/collaboration/webhooks";
const NEW: &str = "/settings/integrations/collaboration/webhooks/new";

/// A form's fields, in order; names may repeat.
type Fields = Vec<(String, String)>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a new webhook needs at least.
fn minimal(url: &str) -> Fields {
    fields(&[("name", "CRM sync"), ("url", url), ("events", "PROJECT_CREATED")])
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

/// The page that answers, with its status checked.
async fn page(answer: Response, status: u16) -> Page {
    assert_eq!(answer.status().as_u16(), status);
    Page(Html::parse_document(&answer.text().await.expect("a text")))
}

async fn open(visitor: &Visitor, path: &str) -> Page {
    Page(Html::parse_document(&visitor.reads(path).await))
}

/// Adds a webhook by the form and gives its id.
async fn add(visitor: &Visitor, fields: &Fields) -> String {
    let answer = post(visitor, NEW, fields).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
    let list = open(visitor, LIST).await;
    let edit = list.all("a[aria-label^='Edit ']").last().and_then(|link| link.attr("href")).expect("an edit link");
    edit.strip_suffix("/edit").and_then(|path| path.rsplit('/').next()).expect("an id").to_owned()
}

/// A page as a test reads it.
struct Page(Html);

impl Page {
    fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.0.select(&Selector::parse(selector).expect("a selector")).collect()
    }

    /// The text of what the selector finds, white space made single.
    fn text(&self, selector: &str) -> String {
        let found = self.all(selector);
        let text: Vec<&str> = found.iter().flat_map(|element| element.text()).collect();
        text.concat().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn value(&self, selector: &str) -> String {
        self.all(selector).first().and_then(|field| field.attr("value")).unwrap_or_default().to_owned()
    }

    fn values(&self, selector: &str) -> Vec<String> {
        self.all(selector).iter().map(|field| field.attr("value").unwrap_or_default().to_owned()).collect()
    }

    /// What a browser would post if Submit were pressed.
    fn form(&self) -> Fields {
        let mut fields = Fields::new();
        for control in self.all("#webhook-form input[name], #webhook-form textarea[name]") {
            let name = control.attr("name").unwrap_or_default().to_owned();
            let is_box = matches!(control.attr("type"), Some("checkbox" | "radio"));
            if is_box && control.attr("checked").is_none() {
                continue;
            }
            let value = match control.value().name() {
                "textarea" => control.text().collect::<String>().trim_start_matches('\n').to_owned(),
                _ => control.attr("value").unwrap_or_default().to_owned(),
            };
            fields.push((name, value));
        }
        fields
    }
}

/// Records an event as the workspace would.
async fn records_event(app: &TestApp, event_type: EventType) {
    let draft = Draft {
        event_type,
        entity_ids: vec!["5dd51ea63f3dad73ab0a344b".into()],
        performed_by: "ada@halden.example".into(),
        performed_at: Timestamp::from_seconds(1_800_000_000),
        data: None,
    };
    let running = app.running();
    let mut tx = running.db.begin().await.expect("a transaction");
    running.recorder.record(&mut tx, &app.organization.id, TimeZone::UTC, draft).await.expect("an event");
    tx.commit().await.expect("a commit");
}
