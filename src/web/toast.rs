//! Toasts: the result of an action, in the corner of the page.
//!
//! One template (`kit/toast.html`) serves the flash after a redirect, which the layout shows, and the
//! `<hx-partial>` that htmx appends to `#toasts`.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::json_view::Coloured;

/// Toasts that wait in the session for the next page.
pub type Flash = Vec<Toast>;

/// How long a plain confirmation stays, in milliseconds.
const CONFIRMATION_MS: u32 = 6_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Ok,
    Bad,
    Info,
}

/// A short message: a bold title, a sentence, and perhaps something to open or to press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toast {
    pub kind: Kind,
    pub title: String,
    pub text: String,
    pub details: Option<Details>,
    pub action: Option<Action>,
    /// Milliseconds after which it goes by itself; `None`: it stays until it is dismissed.
    pub timeout_ms: Option<u32>,
}

/// What opens below the text: "Show details" with the request and the response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    pub label: String,
    pub blocks: Vec<CodeBlock>,
}

/// Lines of machine text under a title: headers first, then a body (coloured where it is JSON).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeBlock {
    pub title: String,
    pub lines: Vec<(String, String)>,
    pub body: String,
}

impl CodeBlock {
    pub fn coloured(&self) -> Coloured {
        Coloured::text(&self.body)
    }
}

/// What can be pressed in a toast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A form post: Undo, Enable instance.
    Post {
        label: String,
        url: String,
        fields: Vec<(String, String)>,
    },
    Link {
        label: String,
        url: String,
    },
}

impl Toast {
    /// A confirmation. It goes by itself unless something is added to it.
    pub fn ok(title: impl Into<String>) -> Self {
        Self::new(Kind::Ok, title, Some(CONFIRMATION_MS))
    }

    /// A failure. It stays.
    pub fn bad(title: impl Into<String>) -> Self {
        Self::new(Kind::Bad, title, None)
    }

    /// Something to know. It stays.
    pub fn info(title: impl Into<String>) -> Self {
        Self::new(Kind::Info, title, None)
    }

    fn new(kind: Kind, title: impl Into<String>, timeout_ms: Option<u32>) -> Self {
        Self { kind, title: title.into(), text: String::new(), details: None, action: None, timeout_ms }
    }

    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds something to open; a toast with it stays.
    pub fn details(mut self, label: impl Into<String>, blocks: Vec<CodeBlock>) -> Self {
        self.details = Some(Details { label: label.into(), blocks });
        self.timeout_ms = None;
        self
    }

    /// Adds a button that posts; a toast with it stays.
    pub fn post(mut self, label: impl Into<String>, url: impl Into<String>, fields: Vec<(String, String)>) -> Self {
        self.action = Some(Action::Post { label: label.into(), url: url.into(), fields });
        self.timeout_ms = None;
        self
    }

    /// Adds a link; a toast with it stays.
    pub fn link(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.action = Some(Action::Link { label: label.into(), url: url.into() });
        self.timeout_ms = None;
        self
    }

    /// Adds Undo; the toast goes when the time for it is over.
    pub fn undo(mut self, url: impl Into<String>, within: std::time::Duration) -> Self {
        self = self.post("Undo", url, Vec::new());
        self.timeout_ms = u32::try_from(within.as_millis()).ok();
        self
    }

    pub(crate) fn icon(&self) -> &'static str {
        match self.kind {
            Kind::Ok => "circle-check",
            Kind::Bad => "circle-x",
            Kind::Info => "info",
        }
    }

    pub(crate) fn class(&self) -> &'static str {
        match self.kind {
            Kind::Ok => "toast--ok",
            Kind::Bad => "toast--bad",
            Kind::Info => "toast--info",
        }
    }

    /// A failure interrupts a screen reader, anything else waits for a pause.
    pub(crate) fn role(&self) -> &'static str {
        match self.kind {
            Kind::Bad => "alert",
            Kind::Ok | Kind::Info => "status",
        }
    }
}

#[derive(Template)]
#[template(path = "kit/toast_partials.html")]
struct Partials<'a> {
    toasts: &'a [Toast],
}

/// The toasts as a fragment that htmx appends to `#toasts`; nothing where there are none.
pub fn partials(toasts: &[Toast]) -> askama::Result<String> {
    if toasts.is_empty() { Ok(String::new()) } else { Partials { toasts }.render() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_survives_the_session_and_escapes_what_it_shows() {
        let toast = Toast::bad("Test webhook failed").text("<b>401</b>").details(
            "Show details",
            vec![CodeBlock {
                title: "Response".into(),
                lines: vec![("server".into(), "<x>".into())],
                body: r#"{"a":"<i>"}"#.into(),
            }],
        );
        let kept: Toast = serde_json::from_str(&serde_json::to_string(&toast).unwrap()).unwrap();
        assert_eq!(kept, toast);
        let html = partials(&[toast]).unwrap();
        assert!(html.contains(r##"<hx-partial hx-target="#toasts" hx-swap="beforeend">"##));
        assert!(html.contains(r#"role="alert""#));
        assert!(!html.contains("<b>") && !html.contains("<x>") && !html.contains("<i>"));
        assert!(!html.contains("data-timeout"));
    }

    #[test]
    fn only_plain_confirmations_and_undo_go_by_themselves() {
        assert_eq!(Toast::ok("Changes saved").timeout_ms, Some(CONFIRMATION_MS));
        assert_eq!(Toast::ok("Section completed").link("Open", "/").timeout_ms, None);
        assert_eq!(
            Toast::ok("Instance deleted").undo("/restore", std::time::Duration::from_secs(600)).timeout_ms,
            Some(600_000)
        );
        assert!(partials(&[Toast::ok("Changes saved")]).unwrap().contains(r#"data-timeout="6000""#));
    }
}
