//! The pages of the trash: what lies there, and the two ways out of it. What cannot be undone asks for words to be typed
//! (docs/decisions/0018).

mod confirm;
pub(crate) mod delete;
pub(crate) mod empty;
pub(crate) mod list;
pub mod urls;
