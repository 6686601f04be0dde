//! Ids: 24 lower-case hex digits, ordered by time. An id is never a permission.
//!
//! Layout: 4 bytes Unix seconds, 3 bytes counter, 5 random bytes. The counter makes ids of one
//! process ascend within a second, which keeps inserts at the right edge of every index.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use super::clock::Timestamp;
use super::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a valid id")]
pub struct InvalidId;

struct Counter {
    second: i64,
    next: u32,
}

/// Of an id; its letters lie in place, so that copying one allocates nothing.
const DIGITS: usize = 24;

static COUNTER: Mutex<Counter> = Mutex::new(Counter { second: 0, next: 0 });

/// A new id for `now`, unlike every other one made by this process, and by chance (2^40 for each
/// value of the counter) unlike those of others.
fn fresh(now: Timestamp, rng: &dyn Rng) -> [u8; DIGITS] {
    let random: [u8; 8] = rng.bytes();
    let (second, counter) = {
        let mut counter = COUNTER.lock().expect("no holder of this lock panics");
        let second = now.seconds();
        // A clock that steps back goes on counting in the later second: ids never go backwards.
        if second > counter.second {
            // A low random start leaves room for 16 million ids in the second.
            *counter = Counter { second, next: u32::from(random[5]) };
        }
        let value = counter.next;
        counter.next = counter.next.wrapping_add(1) & 0x00ff_ffff;
        // A test's clock may lie far from that of another test in this process.
        (if counter.second - second > 60 { second } else { counter.second }, value)
    };
    let mut bytes = [0u8; 12];
    bytes[..4].copy_from_slice(&(second as u32).to_be_bytes());
    bytes[4..7].copy_from_slice(&counter.to_be_bytes()[1..]);
    bytes[7..].copy_from_slice(&random[..5]);
    let mut digits = [0u8; DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = b"0123456789abcdef"[usize::from(value)];
        }
    }
    digits
}

fn is_hex_id(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// An id's characters: `prefix`, then `digits`.
fn letters<const LENGTH: usize>(prefix: &str, digits: &[u8]) -> [u8; LENGTH] {
    let mut letters = [0; LENGTH];
    let (head, tail) = letters.split_at_mut(prefix.len());
    head.copy_from_slice(prefix.as_bytes());
    tail.copy_from_slice(digits);
    letters
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $prefix.len() + DIGITS]);

        impl $name {
            pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
                Self(letters($prefix, &fresh(now, rng)))
            }

            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("letters and digits are ASCII")
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_hex_id(rest) => Ok(Self(letters($prefix, rest.as_bytes()))),
                    _ => Err(InvalidId),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    OrganizationId, "";
    UserId, "";
    SessionId, "";
    ApiKeyId, "";
    WebhookId, "";
    SecretId, "";
    AuditEntryId, "";
    InvitationId, "";
    ProjectId, "";
    SectionId, "";
    QuestionId, "";
    AnswerId, "";
    IntakeId, "";
    ImportId, "";
    MailId, "";
    ReplayId, "";
    /// An event's id, `EVT-` and 24 hex digits: EVENT_ID in the callback and the `webhook-id` header.
    EventId, "EVT-";
}

impl EventId {
    /// The second in which the event was recorded, as its id says it.
    pub fn second(&self) -> Timestamp {
        let digits = self.as_str().get(4..12).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        Timestamp::from_seconds(digits.map_or(0, i64::from))
    }
}

/// A delivery is one event on its way to one webhook; its id says which: `<webhook>-<event's digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    pub webhook: WebhookId,
    pub event: EventId,
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.webhook, &self.event.as_str()["EVT-".len()..])
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (webhook, event) = text.split_once('-').ok_or(InvalidId)?;
        Ok(Self { webhook: webhook.parse()?, event: format!("EVT-{event}").parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRng;

    #[test]
    fn ids_ascend_within_a_second_and_start_with_the_time() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let ids: Vec<_> = (0..1000).map(|_| EventId::new(now, &SystemRng)).collect();
        assert!(ids.is_sorted());
        assert!(ids[0].as_str().starts_with("EVT-"));
        assert_eq!(ids[0].as_str().len(), 28);
        assert_eq!(ids[0].second(), now);
    }

    #[test]
    fn a_delivery_id_is_read_back() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let id = DeliveryId { webhook: WebhookId::new(now, &SystemRng), event: EventId::new(now, &SystemRng) };
        assert_eq!(id.to_string().parse::<DeliveryId>().unwrap(), id);
        assert_eq!(id.to_string().len(), 49);
        for bad in ["", "-", "a-b", "EVT-60adfdb750b58a0c2d78bdd8"] {
            assert!(bad.parse::<DeliveryId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_lower_case_hex_is_an_id() {
        assert!("60adfdb750b58a0c2d78bdd8".parse::<WebhookId>().is_ok());
        for bad in [
            "60ADFDB750b58a0c2d78bdd8",
            "60adfdb750b58a0c2d78bdd",
            "EVT-60adfdb750b58a0c2d78bdd8",
            "’0adfdb750b58a0c2d78bd",
        ] {
            assert!(bad.parse::<WebhookId>().is_err(), "{bad}");
        }
    }
}
