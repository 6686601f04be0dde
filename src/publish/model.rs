//! The rules of what may be published, and of publishing it once.

use std::collections::HashSet;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use sha2::{Digest, Sha256};

use crate::auth::model::{EMAIL_LENGTH, parse_email};
use crate::base::{EventId, Timestamp};
use crate::events::EventType;

/// Entity ids of one event.
pub const MAX_ENTITY_IDS: usize = 1_000;
/// Characters of an entity id.
pub const MAX_ENTITY_ID: usize = 128;
/// Events of one batch.
pub const MAX_BATCH: usize = 500;
/// Characters of the name of an additional key.
const MAX_DATA_KEY: usize = 64;
/// Characters of an Idempotency-Key.
const MAX_IDEMPOTENCY_KEY: usize = 255;
/// How far a sender's clock may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);
/// What every callback says, which additional keys must not say again.
const STANDARD_KEYS: [&str; 6] = ["EVENT_ID", "EVENT_TYPE", "ENTITY_ID", "ENTITY_TYPE", "PERFORMED_BY", "PERFORMED_AT"];

/// What [`data_key`] lets pass, as a pattern for the API's description.
pub const DATA_KEY_PATTERN: &str =
    "^(?!(EVENT_ID|EVENT_TYPE|ENTITY_ID|ENTITY_TYPE|PERFORMED_BY|PERFORMED_AT)$)[A-Z][A-Z0-9_]{0,63}$";

/// A rule that something published breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("TEST is what Send Test Webhook sends. Publish one of the ten event types.")]
    TestType,
    #[error("There is no such event type. Publish one of the ten, such as PROJECT_EDITED.")]
    UnknownType,
    #[error("An id has 1 to 128 characters.")]
    EntityIdLength,
    #[error("An id has no control characters.")]
    EntityIdControl,
    #[error("This id is there twice.")]
    EntityIdTwice,
    #[error("Send an email address of up to 254 bytes.")]
    PerformedBy,
    #[error("Send an RFC 3339 time such as 2026-05-26T07:50:15Z.")]
    PerformedAt,
    #[error("This time is more than 5 minutes ahead.")]
    Ahead,
    #[error("A name has up to 64 upper-case letters, digits and underscores, and begins with a letter.")]
    DataKey,
    #[error("The callback has this key already.")]
    StandardKey,
    #[error("Send 1 to 255 visible ASCII characters.")]
    IdempotencyKey,
}

/// One of the ten event types.
pub fn event_type(text: &str) -> Result<EventType, Broken> {
    text.parse().map_err(|_| if text == "TEST" { Broken::TestType } else { Broken::UnknownType })
}

/// An e-mail address, kept as it is written.
pub fn performed_by(text: &str) -> Result<String, Broken> {
    let is_address = text.len() <= EMAIL_LENGTH && text.trim() == text && parse_email(text).is_ok();
    if is_address { Ok(text.to_owned()) } else { Err(Broken::PerformedBy) }
}

/// When it happened: not in the future, but for a clock that is a little ahead.
pub fn performed_at(text: &str, now: Timestamp) -> Result<Timestamp, Broken> {
    let at = Timestamp::parse_rfc3339(text).ok_or(Broken::PerformedAt)?;
    if at > now + CLOCK_SKEW { Err(Broken::Ahead) } else { Ok(at) }
}

/// Checks the ids of one event, one after the other.
#[derive(Default)]
pub struct EntityIds {
    ids: Vec<String>,
    seen: HashSet<String>,
}

impl EntityIds {
    /// From here on a set tells faster than a look at all whether an id is there twice.
    const FEW: usize = 16;

    pub fn add(&mut self, id: &str) -> Result<(), Broken> {
        if id.is_empty() || id.chars().take(MAX_ENTITY_ID + 1).count() > MAX_ENTITY_ID {
            return Err(Broken::EntityIdLength);
        }
        if id.contains(char::is_control) {
            return Err(Broken::EntityIdControl);
        }
        if !self.is_new(id) {
            return Err(Broken::EntityIdTwice);
        }
        self.ids.push(id.to_owned());
        Ok(())
    }

    fn is_new(&mut self, id: &str) -> bool {
        if self.ids.len() < Self::FEW {
            return self.ids.iter().all(|other| other != id);
        }
        if self.seen.is_empty() {
            self.seen.extend(self.ids.iter().cloned());
        }
        self.seen.insert(id.to_owned())
    }

    pub fn into_ids(self) -> Vec<String> {
        self.ids
    }
}

/// The name of an additional key.
pub fn data_key(name: &str) -> Result<(), Broken> {
    let is_name = name.len() <= MAX_DATA_KEY
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_name {
        Err(Broken::DataKey)
    } else if STANDARD_KEYS.contains(&name) {
        Err(Broken::StandardKey)
    } else {
        Ok(())
    }
}

/// That a call is to be done once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Which call the key is for: keys of different calls have nothing to do with each other.
    pub call: &'static str,
    pub key: String,
    /// What the body was, so that a key is not taken for another one's.
    pub body_hash: String,
}

impl Once {
    pub fn new(call: &'static str, key: &[u8], body: &[u8]) -> Result<Self, Broken> {
        let is_key = (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
        let key = std::str::from_utf8(key).ok().filter(|_| is_key).ok_or(Broken::IdempotencyKey)?;
        Ok(Self { call, key: key.to_owned(), body_hash: BASE64.encode(Sha256::digest(body)) })
    }
}

/// What a caller is told of one event: its id, and how many deliveries were made.
pub type Answer = (EventId, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_catalog_is_published() {
        assert_eq!(event_type("PROJECT_EDITED"), Ok(EventType::ProjectEdited));
        assert_eq!(event_type("TEST"), Err(Broken::TestType));
        assert_eq!(event_type("project_edited"), Err(Broken::UnknownType));
    }

    #[test]
    fn who_did_it_is_an_address_as_it_is_written() {
        let longest = format!("{}@example.com", "a".repeat(242));
        for good in ["John@Responsive.io", "60adfdb750b58a0c2d78bdd8@api-keys.invalid", &longest] {
            assert_eq!(performed_by(good).as_deref(), Ok(good));
        }
        for bad in ["", "john", "john@", "@x.y", " a@b.c", "a@b.c\n", "a b@c.d", &format!("a{longest}")] {
            assert_eq!(performed_by(bad), Err(Broken::PerformedBy), "{bad}");
        }
    }

    #[test]
    fn a_clock_may_be_five_minutes_ahead() {
        let now = Timestamp::parse_rfc3339("2026-05-26T07:50:15Z").unwrap();
        assert_eq!(performed_at("2026-05-26T09:55:15+02:00", now), Ok(now + CLOCK_SKEW));
        assert_eq!(performed_at("2026-05-26T07:55:15.000001Z", now), Err(Broken::Ahead));
        assert!(performed_at("1969-07-20T20:17:40Z", now).is_ok());
        for bad in ["", "2026-05-26", "2026-05-26T07:50:15", "2026-02-30T00:00:00Z", "1764000000"] {
            assert_eq!(performed_at(bad, now), Err(Broken::PerformedAt), "{bad}");
        }
    }

    #[test]
    fn ids_are_short_and_there_once() {
        let mut ids = EntityIds::default();
        assert_eq!(ids.add(""), Err(Broken::EntityIdLength));
        assert_eq!(ids.add(&"é".repeat(129)), Err(Broken::EntityIdLength));
        assert_eq!(ids.add("a\0"), Err(Broken::EntityIdControl));
        assert_eq!(ids.add("a\u{85}"), Err(Broken::EntityIdControl));
        assert_eq!(ids.add(&"é".repeat(128)), Ok(()));
        for round in 0..2 {
            for number in 0..100 {
                assert_eq!(ids.add(&number.to_string()).is_ok(), round == 0, "{number}");
            }
        }
        assert_eq!(ids.into_ids().len(), 101);
    }

    #[test]
    fn additional_keys_are_named_like_the_standard_ones() {
        for good in ["A", "FOO_1", &"A".repeat(64)] {
            assert_eq!(data_key(good), Ok(()));
        }
        for bad in ["", "a", "1A", "_A", "A-B", "É", "AB ", &"A".repeat(65)] {
            assert_eq!(data_key(bad), Err(Broken::DataKey), "{bad}");
        }
        assert_eq!(data_key("EVENT_ID"), Err(Broken::StandardKey));
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii() {
        assert!(Once::new("events", &[b'~'; 255], b"{}").is_ok());
        for bad in [&b""[..], b"a b", b"a\tb", b"\x7f", "é".as_bytes(), &[b'a'; 256]] {
            assert_eq!(Once::new("events", bad, b"{}"), Err(Broken::IdempotencyKey));
        }
    }
}
