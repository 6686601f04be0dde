//! The question before something goes for good: who means it types what stands there.

use askama::Template;
use serde::Deserialize;

use crate::web::{FieldErrors, Shell};

use super::urls;

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfirmForm {
    pub confirm: String,
}

#[derive(Template)]
#[template(path = "trash/confirm.html", blocks = ["question"])]
pub(super) struct ConfirmPage {
    pub shell: Shell,
    pub question: String,
    pub effect: String,
    /// The words to type.
    pub words: String,
    pub typed: String,
    pub errors: FieldErrors,
    pub safe: &'static str,
    pub verb: &'static str,
    pub action: String,
}
crate::web::page!(ConfirmPage, as_question);

impl ConfirmPage {
    /// The same page, with what is wrong with what was typed.
    pub fn mistyped(self, typed: String) -> Self {
        let mut errors = FieldErrors::default();
        errors.add("confirm", "Type it as it stands there.");
        Self { typed, errors, ..self }
    }
}

impl ConfirmForm {
    /// Whether `words` were typed; white space counts once, as a page shows it.
    pub fn says(&self, words: &str) -> bool {
        self.confirm.split_whitespace().eq(words.split_whitespace())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_as_the_page_shows_it() {
        let says = |typed: &str, words: &str| ConfirmForm { confirm: typed.into() }.says(words);
        assert!(says(" Aldgate Transit ", "Aldgate  Transit"));
        assert!(!says("aldgate transit", "Aldgate Transit"));
        assert!(!says("", "Aldgate Transit"));
    }
}
