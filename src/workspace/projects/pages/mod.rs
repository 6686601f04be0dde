//! The pages of projects: the list, the form, the project with its sections, a section with its questions.
//!
//! Every button is a form that posts; htmx puts what changed into the page that is open, and without it the answer is the way
//! back to that page.

mod activity;
mod delete;
pub(crate) mod form;
pub(crate) mod library;
pub(crate) mod life;
pub(crate) mod list;
pub(crate) mod questions;
pub(crate) mod sections;
pub(crate) mod show;
pub mod urls;
mod words;

use serde::Deserialize;

/// A button that moves something among its like.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MoveForm {
    /// Its new place, from 1.
    position: String,
}

impl MoveForm {
    fn position(&self) -> crate::web::Result<i64> {
        let text = "Choose a place from 1 up.";
        self.position.trim().parse().map_err(|_| crate::web::Error::BadRequest(text.into()))
    }
}
