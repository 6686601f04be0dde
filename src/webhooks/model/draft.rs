//! From what was typed, in the form or in a JSON body, to what a webhook is to be: all that is wrong at once.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::base::Secret;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::signing::Signing;
use crate::events::EventType;

use super::header::{Header, HeaderName, HeaderValue};
use super::signer::{DraftSigning, Prepared, parse_signing};
use super::text::{Description, Name};
use super::{DraftLimits, Held, Limits, LimitsChange, PerSecond, Status};

/// The most headers a webhook may have.
pub const MAX_HEADERS: usize = 20;

/// Names and values of all headers together, in bytes.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Said of each header whose stored value would go to another address.
pub const HOST_CHANGED: &str = "The host changed, enter the header values again.";

/// A field that can be wrong. Headers are told by their row as the caller numbered it, events by their place from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Description,
    Url,
    Status,
    MaxConcurrency,
    MaxPerSecond,
    Headers,
    HeaderName(usize),
    HeaderValue(usize),
    Events,
    Event(usize),
    Signing,
    SigningSecret,
    Held,
    HeldPerSecond,
    /// Of which event type a test is an example.
    Example,
}

/// All that is wrong, in the order of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalid(pub Vec<(Field, String)>);

impl Invalid {
    /// One thing that was found wrong later than by reading, such as an address that may not be reached.
    pub fn one(field: Field, message: impl ToString) -> Self {
        Self(vec![(field, message.to_string())])
    }

    fn add(&mut self, field: Field, message: impl ToString) {
        self.0.push((field, message.to_string()));
    }

    pub(super) fn take<T, E: ToString>(&mut self, field: Field, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, error)).ok()
    }

    fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

/// A header as it was typed. Without a value it keeps the stored one of that name.
#[derive(Clone, Debug)]
pub struct DraftHeader {
    pub row: usize,
    pub name: String,
    pub value: Option<Secret>,
}

/// A new webhook as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: String,
    pub description: String,
    pub url: String,
    /// Nothing: active.
    pub status: Option<String>,
    pub limits: DraftLimits,
    pub headers: Vec<DraftHeader>,
    pub events: Vec<String>,
    pub signing: DraftSigning,
}

/// What a new webhook is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    pub name: Name,
    pub description: Description,
    pub endpoint: Endpoint,
    pub status: Status,
    pub limits: Limits,
    pub headers: Vec<Header>,
    pub events: BTreeSet<EventType>,
    pub signing: Prepared,
}

impl Draft {
    pub fn parse(&self) -> Result<NewWebhook, Invalid> {
        let mut wrong = Invalid::default();
        let name = wrong.take(Field::Name, Name::parse(&self.name));
        let description = wrong.take(Field::Description, Description::parse(&self.description));
        let endpoint = wrong.take(Field::Url, Endpoint::parse(&self.url));
        let status = wrong.take(Field::Status, parse_option(self.status.as_deref()));
        let limits = self.limits.parse(&mut wrong).of(Limits::default());
        let headers = parse_headers(&mut wrong, &self.headers, &Stored::NOTHING, endpoint.as_ref());
        let events = parse_events(&mut wrong, &self.events);
        let signing = self.signing.parse(&mut wrong);
        let new = || {
            Some(NewWebhook {
                name: name?,
                description: description?,
                endpoint: endpoint?,
                status: status?.unwrap_or_default(),
                limits,
                headers: headers?,
                events: events?,
                signing: signing?,
            })
        };
        let new = new();
        wrong.or(new)
    }
}

/// A change of a webhook as it was typed: what is `None` stays as it is, lists are replaced whole.
#[derive(Clone, Debug, Default)]
pub struct DraftChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub url: Option<String>,
    pub status: Option<String>,
    pub limits: DraftLimits,
    pub held: Option<String>,
    pub held_per_second: Option<String>,
    pub headers: Option<Vec<DraftHeader>>,
    pub events: Option<Vec<String>>,
    pub signing: Option<String>,
}

/// What is to change of a webhook; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookChange {
    pub name: Option<Name>,
    pub description: Option<Description>,
    pub endpoint: Option<Endpoint>,
    pub status: Option<Status>,
    pub limits: LimitsChange,
    /// Only looked at where `status` makes the webhook active.
    pub held: Option<Held>,
    pub headers: Option<Vec<Header>>,
    pub events: Option<BTreeSet<EventType>>,
    pub signing: Option<Signing>,
}

/// What is stored and may be kept: the headers, and the address that their values were typed for.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub endpoint: Option<&'a Endpoint>,
    pub headers: &'a [Header],
}

impl Stored<'_> {
    pub const NOTHING: Self = Self { endpoint: None, headers: &[] };

    fn find(&self, name: &HeaderName) -> Option<&Header> {
        self.headers.iter().find(|header| header.name == *name)
    }

    /// Whether stored values may go to `next`. An address that could not be read is an error of its own already.
    fn may_go_to(&self, next: Option<&Endpoint>) -> bool {
        match (self.endpoint, next) {
            (Some(stored), Some(next)) => stored.has_same_origin(next),
            (None, _) | (_, None) => true,
        }
    }
}

impl DraftChange {
    pub fn parse(&self, stored: &Stored<'_>) -> Result<WebhookChange, Invalid> {
        let mut wrong = Invalid::default();
        let mut change = WebhookChange::default();
        if let Some(name) = &self.name {
            change.name = wrong.take(Field::Name, Name::parse(name));
        }
        if let Some(description) = &self.description {
            change.description = wrong.take(Field::Description, Description::parse(description));
        }
        if let Some(url) = &self.url {
            change.endpoint = wrong.take(Field::Url, Endpoint::parse(url));
        }
        change.status = wrong.take(Field::Status, parse_option(self.status.as_deref())).flatten();
        change.limits = self.limits.parse(&mut wrong);
        change.held = wrong.take(Field::Held, parse_option(self.held.as_deref())).flatten();
        // What is cancelled has no pace, whatever stands in the field.
        if let (Some(Held::Deliver), Some(pace)) = (change.held, &self.held_per_second) {
            let pace = wrong.take(Field::HeldPerSecond, pace.parse::<PerSecond>());
            change.held = Some(Held::Deliver.at(pace));
        }
        match &self.headers {
            Some(headers) => change.headers = parse_headers(&mut wrong, headers, stored, change.endpoint.as_ref()),
            // Headers that nobody mentioned would go to the new address too.
            None if !stored.headers.is_empty() && !stored.may_go_to(change.endpoint.as_ref()) => {
                wrong.add(Field::Headers, HOST_CHANGED);
            }
            None => {}
        }
        if let Some(events) = &self.events {
            change.events = parse_events(&mut wrong, events);
        }
        change.signing = wrong.take(Field::Signing, parse_signing(self.signing.as_deref())).flatten();
        wrong.or(Some(change))
    }
}

/// What a test is to be sent to, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct TestDraft {
    pub url: String,
    pub headers: Vec<DraftHeader>,
    pub signing: DraftSigning,
    /// Of which event type an example is sent; `None` for the plain test.
    pub event_type: Option<String>,
}

/// What a test sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Message {
    /// The TEST event.
    #[default]
    Test,
    /// A sample of this type, marked as a test.
    Example(EventType),
}

impl Message {
    /// What its EVENT_TYPE says.
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Test => "TEST",
            Self::Example(kind) => kind.as_str(),
        }
    }

    /// An example of the type that was named, or the plain test.
    pub fn of(named: Option<&str>) -> Result<Self, InvalidExample> {
        let example = |name: &str| name.parse().map(Self::Example).map_err(|_| InvalidExample);
        named.map_or(Ok(Self::Test), example)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose an event from the list.")]
pub struct InvalidExample;

/// What a test is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestTarget {
    pub endpoint: Endpoint,
    pub headers: Vec<Header>,
    pub signing: Prepared,
    pub message: Message,
}

impl TestDraft {
    pub fn parse(&self, stored: &Stored<'_>) -> Result<TestTarget, Invalid> {
        let mut wrong = Invalid::default();
        let endpoint = wrong.take(Field::Url, Endpoint::parse(&self.url));
        let headers = parse_headers(&mut wrong, &self.headers, stored, endpoint.as_ref());
        let signing = self.signing.parse(&mut wrong);
        let message = wrong.take(Field::Example, Message::of(self.event_type.as_deref()));
        let target =
            || Some(TestTarget { endpoint: endpoint?, headers: headers?, signing: signing?, message: message? });
        let target = target();
        wrong.or(target)
    }
}

fn parse_option<T: FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}

fn parse_events(wrong: &mut Invalid, typed: &[String]) -> Option<BTreeSet<EventType>> {
    if typed.is_empty() {
        wrong.add(Field::Events, "Choose at least one event.");
        return None;
    }
    let mut events = BTreeSet::new();
    for (place, name) in typed.iter().enumerate() {
        let event = name.parse::<EventType>().map_err(|_| "Choose events from the list.");
        events.extend(wrong.take(Field::Event(place), event));
    }
    Some(events)
}

fn parse_headers(
    wrong: &mut Invalid,
    typed: &[DraftHeader],
    stored: &Stored<'_>,
    endpoint: Option<&Endpoint>,
) -> Option<Vec<Header>> {
    let before = wrong.0.len();
    if typed.len() > MAX_HEADERS {
        wrong.add(Field::Headers, "Enter at most 20 headers.");
        return None;
    }
    let mut names: Vec<HeaderName> = Vec::with_capacity(typed.len());
    let mut headers: Vec<Header> = Vec::with_capacity(typed.len());
    for header in typed {
        let Some(name) = wrong.take(Field::HeaderName(header.row), HeaderName::parse(&header.name)) else { continue };
        if names.contains(&name) {
            wrong.add(Field::HeaderName(header.row), format!("{name} is there twice."));
            continue;
        }
        names.push(name.clone());
        let value = match (&header.value, stored.find(&name)) {
            (None, Some(_)) if !stored.may_go_to(endpoint) => Err(HOST_CHANGED.to_owned()),
            (None, Some(kept)) => Ok(kept.value.clone()),
            (None, None) => Err(format!("Enter a value for {name}.")),
            (Some(value), _) => HeaderValue::parse(name.as_str(), value).map_err(|error| error.to_string()),
        };
        if let Some(value) = wrong.take(Field::HeaderValue(header.row), value) {
            headers.push(Header { name, value });
        }
    }
    if headers.iter().map(Header::bytes).sum::<usize>() > MAX_HEADER_BYTES {
        wrong.add(Field::Headers, "All headers together may have at most 16 KiB.");
    }
    (wrong.0.len() == before).then_some(headers)
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
