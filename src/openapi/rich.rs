//! The description's texts as HTML: escaped, with `code` and links.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::web::json_view::escape;

/// Text as HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rich(String);

/// Holds because all text goes through `escape`, and the only other text is the tags written here.
impl HtmlSafe for Rich {}

impl fmt::Display for Rich {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Rich {
    /// One text, with what stands between backticks as code.
    pub fn new(text: &str) -> Self {
        let mut rich = Self::default();
        rich.push(text);
        rich
    }

    /// One text for each paragraph of `text`.
    pub fn paragraphs(text: &str) -> Vec<Self> {
        text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(Self::new).collect()
    }

    /// Program text, its strings coloured.
    pub fn program(text: &str) -> Self {
        let mut rich = Self::default();
        let mut rest = text;
        while let Some(start) = rest.find(['"', '\'', '`']) {
            let quote = &rest[start..=start];
            let Some(length) = rest[start + 1..].find(quote) else { break };
            let (before, string) = (&rest[..start], &rest[start..=start + 1 + length]);
            rich.escape(before);
            rich.0.push_str("<span class=\"tk-s\">");
            rich.escape(string);
            rich.0.push_str("</span>");
            rest = &rest[start + 2 + length..];
        }
        rich.escape(rest);
        rich
    }

    pub fn push(&mut self, text: &str) {
        for (n, part) in text.split('`').enumerate() {
            if n % 2 == 1 {
                self.code(part);
            } else {
                self.escape(part);
            }
        }
    }

    pub fn code(&mut self, text: &str) {
        self.0.push_str("<code>");
        self.escape(text);
        self.0.push_str("</code>");
    }

    /// A link within the page.
    pub fn link(&mut self, anchor: &str, text: &str) {
        self.0.push_str("<a href=\"#");
        self.escape(anchor);
        self.0.push_str("\">");
        self.escape(text);
        self.0.push_str("</a>");
    }

    pub fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn escape(&mut self, text: &str) {
        text.chars().for_each(|c| escape(c, &mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_backticks_and_everything_is_escaped() {
        assert_eq!(Rich::new("a `<b>` & c").to_string(), "a <code>&lt;b&gt;</code> &amp; c");
        assert_eq!(Rich::paragraphs("one\ntwo\n\n\n`x`").len(), 2);
        let mut rich = Rich::new("see ");
        rich.link("object-A", "A");
        assert_eq!(rich.to_string(), "see <a href=\"#object-A\">A</a>");
    }

    #[test]
    fn strings_of_a_program_are_coloured() {
        let string = |text: &str| format!("<span class=\"tk-s\">{text}</span>");
        let expected = format!("f({}, {}) + 1", string("&quot;it&#39;s&quot;"), string("`&lt;`"));
        assert_eq!(Rich::program("f(\"it's\", `<`) + 1").to_string(), expected);
        assert_eq!(Rich::program("it's").to_string(), "it&#39;s");
    }
}
