//! A row of the table: an action by a call, by a form or by either of them, and all that it must leave behind.
//!
//! In every text, `{project}` and the like stand for the ids of what earlier rows made.

use reqwest::Method;
use serde_json::Value;

/// Who acts. Programs act with a key of another admin, so that nobody is taken for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Admin,
    Moderator,
    Member,
    /// A program that may only read.
    Reader,
    /// An admin of another organization, and its program.
    Stranger,
}

/// What a program sends, and the status that it is answered.
pub struct Call {
    pub method: Method,
    pub path: &'static str,
    pub body: Value,
    pub status: u16,
}

/// What a person sends, and the status that it is answered.
pub struct Post {
    /// The page whose form is filled in; without one, what a page sent that is out of date by now.
    pub page: Option<&'static str>,
    pub action: &'static str,
    pub typed: Vec<(&'static str, &'static str)>,
    pub status: u16,
}

pub struct Row {
    pub what: &'static str,
    pub who: Who,
    pub call: Option<Call>,
    pub post: Option<Post>,
    /// The version that was seen by whoever acts.
    pub seen: Option<&'static str>,
    /// Names for the ids of what it makes, in their order; each a kind of thing and perhaps a digit.
    pub makes: &'static str,
    /// Type, ids and additional keys of each event.
    pub raises: Vec<(&'static str, &'static str, Value)>,
    /// What each entry in the audit log says: what was done, and to what.
    pub writes: Vec<(&'static str, &'static str)>,
}

/// An action of an admin that leaves nothing behind.
pub fn row(what: &'static str) -> Row {
    Row { what, who: Who::Admin, call: None, post: None, seen: None, makes: "", raises: Vec::new(), writes: Vec::new() }
}

impl Row {
    pub fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    pub fn post(self, path: &'static str, body: Value, status: u16) -> Self {
        self.call(Method::POST, path, body, status)
    }

    pub fn patch(self, path: &'static str, body: Value, status: u16) -> Self {
        self.call(Method::PATCH, path, body, status)
    }

    pub fn delete(self, path: &'static str, status: u16) -> Self {
        self.call(Method::DELETE, path, Value::Null, status)
    }

    /// A body that is null is none.
    fn call(mut self, method: Method, path: &'static str, body: Value, status: u16) -> Self {
        self.call = Some(Call { method, path, body, status });
        self
    }

    /// Opens `page`, types into its form that posts to `action`, and presses the button.
    pub fn form(
        self,
        page: &'static str,
        action: &'static str,
        typed: &[(&'static str, &'static str)],
        status: u16,
    ) -> Self {
        self.posted(Some(page), action, typed, status)
    }

    /// Posts what no page offers any more, or not to everybody.
    pub fn late(self, action: &'static str, typed: &[(&'static str, &'static str)], status: u16) -> Self {
        self.posted(None, action, typed, status)
    }

    fn posted(
        mut self,
        page: Option<&'static str>,
        action: &'static str,
        typed: &[(&'static str, &'static str)],
        status: u16,
    ) -> Self {
        self.post = Some(Post { page, action, typed: typed.to_vec(), status });
        self
    }

    pub fn seeing(mut self, version: &'static str) -> Self {
        self.seen = Some(version);
        self
    }

    pub fn makes(mut self, names: &'static str) -> Self {
        self.makes = names;
        self
    }

    pub fn raises(mut self, event_type: &'static str, ids: &'static str, data: Value) -> Self {
        self.raises.push((event_type, ids, data));
        self
    }

    pub fn writes(mut self, action: &'static str, ids: &'static str) -> Self {
        self.writes.push((action, ids));
        self
    }
}
