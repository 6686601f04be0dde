//! Where the answer library's pages are.

use crate::base::AnswerId;

pub(crate) const LIST: &str = "/answers";

pub(crate) const NEW: &str = "/answers/new";

/// Publishing, tagging and deleting many at once.
pub(crate) const BULK: &str = "/answers/bulk";

/// The queue of what waits for a moderator.
pub(crate) const MODERATION: &str = "/answers/moderation";

/// The pair's own page: its form, and its history beside it.
pub(crate) fn show(id: &AnswerId) -> String {
    format!("{LIST}/{id}")
}

macro_rules! below {
    ($($name:ident, $end:literal;)*) => {$(
        pub(crate) fn $name(id: &AnswerId) -> String {
            format!(concat!("{}/{}/", $end), LIST, id)
        }
    )*};
}

below! {
    history, "history";
    delete, "delete";
    restore, "restore";
    publish, "publish";
    reject, "reject";
    request_review, "request-review";
    review, "review";
}
