//! The addresses of projects, their sections and questions.

use crate::base::{ProjectId, QuestionId, SectionId};

pub const LIST: &str = "/projects";
pub const NEW: &str = "/projects/new";

macro_rules! addresses {
    ($($id:ty, $place:literal: $($name:ident $end:literal)*;)*) => {$($(
        pub fn $name(id: &$id) -> String {
            format!(concat!("/", $place, "/{}", $end), id)
        }
    )*)*};
}

addresses! {
    ProjectId, "projects":
        show ""
        edit "/edit"
        complete "/complete"
        reopen "/reopen"
        archive "/archive"
        unarchive "/unarchive"
        trash "/trash"
        restore "/restore"
        sections "/sections";
    SectionId, "sections":
        section ""
        edit_section "/edit"
        move_section "/move"
        delete_section "/delete"
        complete_section "/complete"
        reopen_section "/reopen"
        questions "/questions";
    QuestionId, "questions":
        question ""
        take_answer "/take"
        save_to_library "/library"
        move_question "/move"
        delete_question "/delete";
}
