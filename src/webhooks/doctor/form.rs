//! The form of the signature doctor: what somebody pasted, and what is wrong with it as a form.

use serde::Deserialize;

use crate::base::Secret;
use crate::web::FieldErrors;

use super::headers::Headers;
use super::signature;

/// The fields as they are posted. The secret is of use only while the answer is made: it is neither kept nor written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct CheckForm {
    /// Whose receiver got it; "" for any.
    pub webhook: String,
    /// The delivery and the number of the attempt that the form was filled in with; "" for none.
    pub delivery: String,
    pub attempt: String,
    pub headers: String,
    pub body: String,
    pub secret: Secret,
    pub computed: String,
}

impl Default for CheckForm {
    fn default() -> Self {
        let empty = String::new;
        Self {
            webhook: empty(),
            delivery: empty(),
            attempt: empty(),
            headers: empty(),
            body: empty(),
            secret: Secret::new(""),
            computed: empty(),
        }
    }
}

impl CheckForm {
    /// The headers, if all fields can be used.
    pub fn parse(&self) -> Result<Headers, FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut headers = None;
        if self.headers.trim().is_empty() {
            errors.add("headers", "Paste the headers.");
        } else {
            headers = errors.take("headers", Headers::parse(&self.headers));
        }
        if self.body.is_empty() {
            errors.add(
                "body",
                "Paste the body. If your program got none, something before it had read it already: there is nothing left to check.",
            );
        }
        if !self.computed.trim().is_empty() && signature::read(&self.computed).is_empty() {
            errors.add(
                "computed",
                "This is no signature: write base64 or hexadecimal digits of 32 bytes, with v1, or without.",
            );
        }
        errors.into_result(headers)
    }

    /// The body with the line breaks that it had: browsers post them as two characters.
    pub fn bare_body(&self) -> String {
        self.body.replace("\r\n", "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_says_what_it_lacks() {
        let problems = |form: CheckForm| {
            let errors = form.parse().unwrap_err();
            errors.iter().map(|(field, message)| format!("{field}: {message}")).collect::<Vec<_>>()
        };
        let good = CheckForm { headers: "webhook-id: a".into(), body: "{}".into(), ..CheckForm::default() };
        assert_eq!(good.parse().unwrap().get("webhook-id"), Some("a"));
        let empty = problems(CheckForm::default());
        assert_eq!(empty.len(), 2, "{empty:?}");
        assert_eq!(empty[0], "headers: Paste the headers.");
        assert!(empty[1].starts_with("body: Paste the body."));
        let wrong = problems(CheckForm { headers: "what".into(), computed: "abc".into(), ..good });
        assert!(
            wrong[0].starts_with("headers: Line 1 is no header.")
                && wrong[1].starts_with("computed: This is no signature")
        );
    }

    #[test]
    fn line_breaks_are_what_they_were_before_a_browser_posted_them() {
        assert_eq!(CheckForm { body: "{\r\n}\n".into(), ..CheckForm::default() }.bare_body(), "{\n}\n");
    }

    #[test]
    fn a_secret_is_not_printed_with_its_form() {
        let form = CheckForm { secret: Secret::new("whsec_MfKQ9r8G"), ..CheckForm::default() };
        assert!(!format!("{form:?}").contains("MfKQ"));
    }
}
