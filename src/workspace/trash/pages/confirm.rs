//! The question before something goes for good: who means it types what stands there.

use askama::Template;
use serde::Deserialize;

use crate::web::{FieldErrors, Hx, Page, Shell};

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

/// The same question for htmx, as a dialog.
#[derive(Template)]
#[template(path = "trash/confirm_dialog.html")]
struct ConfirmDialog<'a> {
    question: &'a str,
    /// The form's HTML.
    form: String,
}

impl Page for ConfirmPage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    /// The dialog, or the form alone where it comes back into one.
    fn fragment(&self, hx: &Hx) -> askama::Result<String> {
        let form = self.as_question().render()?;
        if hx.targets("dialog-root") {
            return ConfirmDialog { question: &self.question, form }.render();
        }
        Ok(form)
    }
}

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
