//! The addresses of the trash.

use crate::base::ProjectId;

pub const LIST: &str = "/trash";
pub const EMPTY: &str = "/trash/empty";

pub fn restore_project(id: &ProjectId) -> String {
    format!("{LIST}/projects/{id}/restore")
}

pub fn delete_project(id: &ProjectId) -> String {
    format!("{LIST}/projects/{id}/delete")
}
