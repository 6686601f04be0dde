//! The question before a section or a question goes: a page that works alone, and the same as a dialog.

use askama::Template;

use crate::web::{Hx, Page, Shell};

#[derive(Template)]
#[template(path = "projects/delete.html")]
pub(super) struct DeletePage {
    pub shell: Shell,
    pub trail: Vec<(String, String)>,
    pub question: String,
    pub effect: String,
    pub safe: &'static str,
    pub verb: &'static str,
    pub back: String,
    pub action: String,
}

#[derive(Template)]
#[template(path = "projects/delete_dialog.html")]
struct DeleteDialog<'a> {
    question: &'a str,
    effect: &'a str,
    safe: &'a str,
    verb: &'a str,
    back: &'a str,
    action: &'a str,
}

impl Page for DeletePage {
    fn shell(&self) -> &Shell {
        &self.shell
    }

    fn whole(&self) -> askama::Result<String> {
        self.render()
    }

    fn fragment(&self, _: &Hx) -> askama::Result<String> {
        let Self { question, effect, safe, verb, back, action, .. } = self;
        DeleteDialog { question, effect, safe, verb, back, action }.render()
    }
}
