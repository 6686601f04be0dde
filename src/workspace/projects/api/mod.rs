//! The calls of projects, their sections and questions: the same rules and actions as on the pages.

pub(crate) mod projects;
pub(crate) mod questions;
pub(crate) mod sections;

mod input;
mod output;
mod shapes;

pub(crate) use output::{Project, new_project};
