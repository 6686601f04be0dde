//! JSON for people: indented and coloured by the server.
//!
//! The text is checked by serde_json and then walked as it stands, so digits, order and repeated keys are
//! shown as they were sent.

use std::fmt;

use askama::filters::HtmlSafe;
use serde::de::IgnoredAny;

/// Text as HTML: escaped always, indented and coloured where it is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coloured(String);

/// Holds because every character of the source goes through `escape`, and the only other text is the
/// spans written here.
impl HtmlSafe for Coloured {}

impl Coloured {
    pub fn text(source: &str) -> Self {
        let trimmed = source.trim_start();
        let looks_like_json = trimmed.starts_with(['{', '[']);
        if looks_like_json && serde_json::from_str::<IgnoredAny>(source).is_ok() {
            return Self(Painter::default().paint(source));
        }
        let mut out = String::with_capacity(source.len());
        source.chars().for_each(|c| escape(c, &mut out));
        Self(out)
    }
}

impl fmt::Display for Coloured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes one character so that HTML shows it as it is.
pub fn escape(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(c),
    }
}

/// Bytes of the string that `rest` begins with, quotes included.
fn string_length(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest[1..].find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

/// Bytes of the number or name that `rest` begins with.
fn word_length(rest: &str) -> usize {
    rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len())
}

/// The length of a string, number or name that is followed by the end of its list.
fn lone_scalar(inside: &str) -> Option<usize> {
    let length = match inside.chars().next()? {
        '{' | '[' => return None,
        '"' => string_length(inside),
        _ => word_length(inside),
    };
    inside[length..].trim_start().starts_with(']').then_some(length)
}

#[derive(Default)]
struct Painter {
    out: String,
    depth: usize,
}

impl Painter {
    /// `source` is valid JSON: no case here is an error.
    fn paint(mut self, source: &str) -> String {
        let mut rest = source.trim();
        while let Some(c) = rest.chars().next() {
            let length = match c {
                '"' => self.string(rest),
                '{' | '[' => self.open(rest),
                '}' | ']' => self.close(c),
                ',' => self.mark(",", true),
                ':' => self.mark(": ", false),
                c if c.is_ascii_whitespace() => 1,
                _ => self.word(rest),
            };
            rest = &rest[length..];
        }
        self.out
    }

    fn string(&mut self, rest: &str) -> usize {
        let length = string_length(rest);
        let is_key = rest[length..].trim_start().starts_with(':');
        self.span(if is_key { "tk-k" } else { "tk-s" }, &rest[..length]);
        length
    }

    fn word(&mut self, rest: &str) -> usize {
        let length = word_length(rest);
        self.span("tk-n", &rest[..length]);
        length
    }

    fn open(&mut self, rest: &str) -> usize {
        self.out.push_str(&rest[..1]);
        let inside = rest[1..].trim_start();
        if inside.starts_with(['}', ']']) {
            self.out.push_str(&inside[..1]);
            return rest.len() - inside.len() + 1;
        }
        if let Some(length) = lone_scalar(inside) {
            // A list of one stays on its line: most ENTITY_ID are.
            let class = if inside.starts_with('"') { "tk-s" } else { "tk-n" };
            self.span(class, &inside[..length]);
            self.out.push(']');
            let after = inside[length..].trim_start();
            return rest.len() - after.len() + 1;
        }
        self.depth += 1;
        self.line();
        1
    }

    fn close(&mut self, c: char) -> usize {
        self.depth = self.depth.saturating_sub(1);
        self.line();
        self.out.push(c);
        1
    }

    fn mark(&mut self, text: &str, ends_line: bool) -> usize {
        self.out.push_str(text);
        if ends_line {
            self.line();
        }
        1
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn span(&mut self, class: &str, text: &str) {
        self.out.push_str("<span class=\"");
        self.out.push_str(class);
        self.out.push_str("\">");
        text.chars().for_each(|c| escape(c, &mut self.out));
        self.out.push_str("</span>");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text that a browser would show.
    fn shown(html: &Coloured) -> String {
        let fragment = scraper::Html::parse_fragment(&format!("<pre>{html}</pre>"));
        fragment.root_element().text().collect()
    }

    #[test]
    fn json_is_indented_and_coloured_as_it_stands() {
        let html = Coloured::text(r#"{"EVENT_ID":"a\"<b>","n":[1.00e5,true],"e":{},"n":[ ]}"#);
        let expected = concat!(
            "{\n  <span class=\"tk-k\">&quot;EVENT_ID&quot;</span>: <span class=\"tk-s\">&quot;a\\&quot;&lt;b&gt;&quot;</span>,\n",
            "  <span class=\"tk-k\">&quot;n&quot;</span>: [\n    <span class=\"tk-n\">1.00e5</span>,\n    <span class=\"tk-n\">true</span>\n  ],\n",
            "  <span class=\"tk-k\">&quot;e&quot;</span>: {},\n  <span class=\"tk-k\">&quot;n&quot;</span>: []\n}"
        );
        assert_eq!(html.to_string(), expected);
    }

    #[test]
    fn a_list_of_one_stays_on_its_line() {
        let shown = |json| shown(&Coloured::text(json));
        assert_eq!(shown(r#"{"ENTITY_ID":[ "a]" ]}"#), "{\n  \"ENTITY_ID\": [\"a]\"]\n}");
        assert_eq!(shown("[[7],[[]],[{}]]"), "[\n  [7],\n  [\n    []\n  ],\n  [\n    {}\n  ]\n]");
    }

    #[test]
    fn other_text_is_only_escaped() {
        assert_eq!(Coloured::text("<html>{\"a\":1").to_string(), "&lt;html&gt;{&quot;a&quot;:1");
        assert_eq!(Coloured::text("{\"a\":").to_string(), "{&quot;a&quot;:");
    }

    proptest! {
        #[test]
        fn any_text_is_shown_without_losing_a_character(text in "[ -~éß\u{1F600}]{0,80}") {
            let json = serde_json::json!({ &text: [text, 1, null, {}] }).to_string();
            let seen = shown(&Coloured::text(&json));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&seen).unwrap(), serde_json::from_str::<serde_json::Value>(&json).unwrap());
            prop_assert!(!Coloured::text(&text).to_string().contains('<'));
        }
    }
}
