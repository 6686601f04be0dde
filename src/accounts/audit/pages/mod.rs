//! The log as a page and as a file: the same filter chooses for both.

pub mod export;
pub mod list;

use serde::{Deserialize, Serialize};

use crate::auth::audit::{Action, Filter};
use crate::base::TimeZone;
use crate::web::filters::{self, Excerpt, Typed};

pub(super) const LIST: &str = "/settings/audit-log";
pub(super) const EXPORT: &str = "/settings/audit-log.csv";

/// The query of the page and of the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Query {
    q: String,
    who: String,
    action: String,
    #[serde(flatten)]
    excerpt: Excerpt,
}

impl Query {
    fn is_filtered(&self) -> bool {
        self.excerpt.is_filtered(&[&self.q, &self.who, &self.action])
    }

    /// What is wanted; what people typed that cannot be read is in `typed`.
    fn filter(&self, zone: TimeZone, typed: &mut Typed) -> Filter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\0'));
        let action = given(&self.action).map(|action| match action.contains('.') {
            true => Action::One(action),
            false => Action::Kind(action),
        });
        let (since, until) = self.excerpt.days(zone, typed);
        Filter { actor: given(&self.who), action, text: given(&self.q), since, until }
    }

    /// The address of a page of the same list.
    fn url(&self, cursor: Option<String>, newer: Option<String>) -> String {
        filters::write(LIST, &Self { excerpt: self.excerpt.on(cursor, newer), ..self.clone() })
    }

    /// The same choice as a file.
    fn export_url(&self) -> String {
        filters::write(EXPORT, &Self { excerpt: self.excerpt.on(None, None), ..self.clone() })
    }
}
