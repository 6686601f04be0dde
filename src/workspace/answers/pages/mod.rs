//! The pages of the answer library: the list with its search, a pair with its history, the moderators' queue, and reviews.

pub(crate) mod bulk;
mod conflict;
pub(crate) mod diff;
pub(crate) mod edit;
mod form;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod moderation;
mod pair;
pub(crate) mod review;
mod tabs;
pub(crate) mod urls;
mod words;
