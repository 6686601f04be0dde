//! The addresses of the trash.

use crate::base::{AnswerId, ProjectId};

pub const LIST: &str = "/trash";
pub const EMPTY: &str = "/trash/empty";

pub fn restore_project(id: &ProjectId) -> String {
    format!("{LIST}/projects/{id}/restore")
}

pub fn restore_answer(id: &AnswerId) -> String {
    format!("{LIST}/answers/{id}/restore")
}

pub fn delete_answer(id: &AnswerId) -> String {
    format!("{LIST}/answers/{id}/delete")
}

pub fn delete_project(id: &ProjectId) -> String {
    format!("{LIST}/projects/{id}/delete")
}
