//! The tables of projects, sections and questions.

mod projects;
mod questions;
mod sections;
mod sorted;

pub use projects::{Filter, delete, delete_all, find, insert, intake_of, list, progress, update};
pub use questions::{
    delete as delete_question, find as find_question, forget_answers, insert as insert_question,
    list as list_questions, place as place_question, progress_of_sections, update as update_question, uses,
};
pub use sections::{
    delete as delete_section, find as find_section, insert as insert_section, list as list_sections,
    place as place_section, update as update_section,
};
pub use sorted::{count_by_status, key, page};
