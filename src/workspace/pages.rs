//! What all pages of the workspace share: who changes something, and why a change is refused.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest};
use chrono::{Datelike as _, NaiveDate};
use serde::de::DeserializeOwned;

use crate::base::{TimeZone, Timestamp};
use crate::db::Tx;
use crate::web::guard::{Least, Within, least};
use crate::web::{Context, Error, Hx, error};

use super::change::{Author, Desk, Refusal};

/// Somebody who changes something in the workspace by a page.
pub(super) fn author<L>(person: &Within<L>) -> Author {
    Author { actor: person.actor(), zone: person.organization.time_zone }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Stale => Self::Conflict(error::STALE.into()),
            Refusal::Conflict(why) => Self::Conflict(why),
            Refusal::Db(error) => error.into(),
        }
    }
}

/// A post about the thing with an `Id`, by somebody whose role includes `L`.
pub(crate) struct Change<Id, L = least::Member> {
    pub person: Within<L>,
    pub context: Data<Context>,
    pub id: Id,
    pub hx: Hx,
    desk: Data<Desk>,
}

impl<Id: DeserializeOwned + 'static, L: Least + 'static> FromRequest for Change<Id, L> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let person = Within::<L>::from_request(request, payload);
        let parts = <(Data<Context>, Data<Desk>, Path<Id>, Hx)>::from_request(request, payload);
        Box::pin(async move {
            // Who may not is told so before anything is said about what the address names.
            let person = person.await?;
            let (context, desk, id, hx) = parts.await?;
            Ok(Self { person, context, id: id.into_inner(), hx, desk })
        })
    }
}

impl<Id, L> Change<Id, L> {
    /// Runs an action on the thing, and commits it.
    pub async fn run<T>(
        &self,
        action: impl AsyncFnOnce(&mut Tx, &Desk, &Author, &Id) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut tx = self.context.db.begin().await?;
        let done = action(&mut tx, &self.desk, &author(&self.person), &self.id).await?;
        tx.commit().await?;
        Ok(done)
    }
}

/// What is said of an address whose query is none of ours.
pub(super) const UNREADABLE: &str = "A filter of this address is not one that we know. Open the page anew.";

/// Words to search for as they were typed, without what no text of ours can hold.
pub(super) fn searched(words: &str) -> String {
    words.replace(|c: char| c.is_control(), " ").trim().to_owned()
}

/// One field of a form as somebody else saved it meanwhile.
pub(super) struct Theirs {
    pub label: &'static str,
    /// "" where it was emptied.
    pub text: String,
}

impl Theirs {
    /// Of fields (label, typed, saved), those that differ; line breaks count alike, however browsers post them.
    pub fn differences<'a>(fields: impl IntoIterator<Item = (&'static str, &'a String, &'a String)>) -> Vec<Self> {
        let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
        let differing = fields.into_iter().filter(|(_, typed, saved)| plain(typed) != plain(saved));
        differing.map(|(label, _, saved)| Self { label, text: saved.clone() }).collect()
    }
}

/// A state in a word.
pub(super) struct StatusWord {
    pub tone: &'static str,
    pub icon: &'static str,
    pub word: &'static str,
}

impl StatusWord {
    pub const fn new(tone: &'static str, icon: &'static str, word: &'static str) -> Self {
        Self { tone, icon, word }
    }

    /// The tone of a badge, which has an outline where a status is off.
    pub fn badge(&self) -> &'static str {
        if self.tone == "off" { "outline" } else { self.tone }
    }
}

/// A day for `<time datetime>`.
pub(super) struct Day {
    pub datetime: String,
    /// `4 Dec`, with the year where it is another one.
    pub text: String,
    /// `Friday 4 December 2026`.
    pub full: String,
}

impl Day {
    pub fn new(day: NaiveDate, today: NaiveDate) -> Self {
        let format = if day.year() == today.year() { "%-d %b" } else { "%-d %b %Y" };
        Self {
            datetime: day.to_string(),
            text: day.format(format).to_string(),
            full: day.format("%A %-d %B %Y").to_string(),
        }
    }
}

/// The day in the organization's time zone.
pub(super) fn today(now: Timestamp, zone: TimeZone) -> NaiveDate {
    zone.local(now).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_name_another_year() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(Day::new(day("2026-12-04"), day("2026-11-23")).text, "4 Dec");
        assert_eq!(Day::new(day("2027-01-15"), day("2026-11-23")).text, "15 Jan 2027");
    }
}
