//! What stands after the question mark of a call to the API: each parameter at most once, and none that the call does
//! not have. All that is wrong is told at once, each thing under its parameter's name.

use std::str::FromStr;

use actix_web::HttpRequest;

use super::paging::Paging;
use super::problem::{FieldProblem, Problem, Result};
use crate::base::{InvalidCursor, Timestamp};

/// The parameters of a call, taken one by one; what nobody takes is refused.
pub struct Query {
    given: Vec<(String, String)>,
    errors: Vec<FieldProblem>,
}

impl Query {
    pub fn of(request: &HttpRequest) -> Self {
        let mut query = Self { given: Vec::new(), errors: Vec::new() };
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if query.given.iter().any(|(known, _)| *known == name) {
                query.complain(&name, "Send it once.");
            } else {
                query.given.push((name.into_owned(), value.into_owned()));
            }
        }
        query
    }

    /// For calls without parameters: 422 if there is one.
    pub fn none(request: &HttpRequest) -> Result<()> {
        Self::of(request).finish(Some(()))
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.given.iter().position(|(known, _)| known == name)?;
        Some(self.given.remove(place).1)
    }

    /// Takes a parameter out and reads it; `message` says what it may be.
    pub fn parse<T: FromStr>(&mut self, name: &str, message: &'static str) -> Option<T> {
        let text = self.take(name)?;
        text.parse().map_err(|_| self.complain(name, message)).ok()
    }

    /// Takes a time out: RFC 3339, with any offset.
    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.take(name)?;
        let time = Timestamp::parse_rfc3339(&text);
        if time.is_none() {
            self.complain(name, "Send a time as RFC 3339 has it, such as 2026-11-23T12:00:00Z.");
        }
        time
    }

    /// Takes `limit` and `cursor` out. `None`, and a complaint, if they are not good.
    pub fn paging(&mut self) -> Option<Paging> {
        let (limit, cursor) = (self.take("limit"), self.take("cursor"));
        match Paging::parse(limit.as_deref(), cursor.as_deref()) {
            Ok(paging) => Some(paging),
            Err(errors) => {
                errors.iter().for_each(|(name, message)| self.complain(name, message.to_owned()));
                None
            }
        }
    }

    /// The same for a list of what has `Id`s: a cursor of another list is as bad as one that nobody gave out.
    pub fn paging_of<Id: FromStr>(&mut self) -> Option<Paging> {
        let paging = self.paging()?;
        if paging.after.as_ref().is_some_and(|cursor| cursor.id.parse::<Id>().is_err()) {
            self.complain("cursor", InvalidCursor.to_string());
            return None;
        }
        Some(paging)
    }

    /// Notes what is wrong with the parameter `name`.
    pub fn complain(&mut self, name: &str, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.errors.push(FieldProblem::new(name, message));
    }

    /// The value if nothing is wrong and nothing is left, else 422 with all that is.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T> {
        for (name, _) in std::mem::take(&mut self.given) {
            self.complain(&name, "There is no such parameter.");
        }
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::Invalid(self.errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::base::{Cursor, TimeZone, WebhookId};

    fn of(query: &str) -> Query {
        Query::of(&TestRequest::with_uri(&format!("/?{query}")).to_http_request())
    }

    fn wrong(result: Result<Paging>) -> Vec<String> {
        match result {
            Err(Problem::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn parameters_are_read_by_their_names() {
        let mut query = of("since=2026-11-23T13:00:00%2B01:00&zone=Europe/Berlin&limit=2");
        assert_eq!(query.time("since"), Timestamp::parse_rfc3339("2026-11-23T12:00:00Z"));
        assert_eq!(query.parse::<TimeZone>("zone", "A zone.").map(TimeZone::name), Some("Europe/Berlin"));
        assert_eq!(query.time("until"), None);
        let paging = query.paging();
        assert_eq!(query.finish(paging).ok().map(|paging| paging.limit), Some(2));
    }

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let at = Timestamp::from_seconds(1_800_000_000);
        for (id, is_good) in [("60adfdb750b58a0c2d78bdd8", true), ("EVT-60adfdb750b58a0c2d78bdd8", false)] {
            let mut query = of(&format!("cursor={}", Cursor { at, id: id.into() }.encode()));
            let paging = query.paging_of::<WebhookId>();
            assert_eq!(query.finish(paging).is_ok(), is_good, "{id}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut query = of("limit=0&cursor=x&since=soon&zone=&odd=1&odd=2&page=3");
        assert_eq!((query.time("since"), query.parse::<TimeZone>("zone", "A zone.")), (None, None));
        let paging = query.paging();
        assert_eq!(wrong(query.finish(paging)), ["odd", "since", "zone", "limit", "cursor", "odd", "page"]);
        assert!(Query::none(&TestRequest::with_uri("/?").to_http_request()).is_ok());
        assert!(Query::none(&TestRequest::with_uri("/?a").to_http_request()).is_err());
    }
}
