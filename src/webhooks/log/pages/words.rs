//! The log's words for people: states, outcomes, entities.

use actix_web::http::StatusCode;
use chrono::Datelike as _;

use crate::base::{TimeZone, Timestamp};
use crate::delivery::model::{DeliveryState, Hold};
use crate::delivery::sender::Outcome;
use crate::events::EntityType;
use crate::web::Moment;

use super::super::model::{AttemptLine, Delivery, LastAttempt, NotSent, Tally};

/// A state in a table or beside a title: icon, word and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StateWord {
    /// ok, warn, bad, info or off.
    pub tone: &'static str,
    pub icon: &'static str,
    pub word: String,
}

impl StateWord {
    pub fn new(tone: &'static str, icon: &'static str, word: impl Into<String>) -> Self {
        Self { tone, icon, word: word.into() }
    }

    /// A badge has no colour for what is merely off.
    pub fn badge_tone(&self) -> &'static str {
        if self.tone == "off" { "outline" } else { self.tone }
    }
}

pub(super) fn delivery_state(delivery: &Delivery, now: Timestamp) -> StateWord {
    match delivery.state {
        DeliveryState::Pending if delivery.is_under_way(now) => StateWord::new("info", "refresh-cw", "Sending"),
        DeliveryState::Pending if delivery.attempts_made > 0 => StateWord::new("warn", "clock", "Retrying"),
        DeliveryState::Pending => StateWord::new("info", "clock", "Waiting"),
        DeliveryState::Held => StateWord::new("off", "circle-pause", "Held"),
        DeliveryState::Succeeded => StateWord::new("ok", "circle-check", "Delivered"),
        DeliveryState::Failed => StateWord::new("bad", "circle-x", "Failed"),
        DeliveryState::Cancelled => StateWord::new("off", "ban", "Cancelled"),
    }
}

/// Redelivering what waits for its next attempt.
pub(super) const RETRY_NOW: &str = "Retry now";

/// What sending it again is called; nothing while an attempt is under way.
pub(super) fn redeliver(delivery: &Delivery, now: Timestamp) -> &'static str {
    match delivery.state {
        _ if delivery.is_under_way(now) => "",
        DeliveryState::Pending => RETRY_NOW,
        DeliveryState::Held | DeliveryState::Succeeded | DeliveryState::Failed | DeliveryState::Cancelled => {
            "Redeliver"
        }
    }
}

/// The states that a filter offers.
pub(super) const fn state_label(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "Waiting or retrying",
        DeliveryState::Held => "Held",
        DeliveryState::Succeeded => "Delivered",
        DeliveryState::Failed => "Failed",
        DeliveryState::Cancelled => "Cancelled",
    }
}

/// Why a delivery is in its state, where that needs a sentence.
pub(super) fn delivery_reason(delivery: &Delivery) -> String {
    match (delivery.state, delivery.hold, delivery.reason.as_deref()) {
        (DeliveryState::Held, Some(Hold::Switch), _) => "Webhooks are turned off for the organization.".into(),
        (DeliveryState::Held, _, _) => "The instance is not active.".into(),
        (DeliveryState::Cancelled, _, Some("webhook_deleted")) => "The instance was deleted.".into(),
        (DeliveryState::Cancelled, _, Some("replay_cancelled")) => "Its replay was cancelled before it arrived.".into(),
        (DeliveryState::Cancelled, _, _) => "It was held, and cancelled when the instance was resumed.".into(),
        (DeliveryState::Failed, _, _) => {
            format!("Every planned attempt failed. {}", last_error(delivery))
        }
        (DeliveryState::Pending, _, _) if delivery.attempts_made > 0 => last_error(delivery),
        (DeliveryState::Pending | DeliveryState::Succeeded, _, _) => String::new(),
    }
}

/// The last failure as a sentence: `503 Service Unavailable.`
fn last_error(delivery: &Delivery) -> String {
    delivery.last.error.as_deref().map_or_else(String::new, |error| format!("{}.", error.trim_end_matches('.')))
}

/// Why nothing was sent.
pub(super) const fn not_sent(why: NotSent) -> &'static str {
    match why {
        NotSent::NotSubscribed => "The instance was not subscribed to this event.",
        NotSent::CreatedLater => "The instance was added after the event.",
        NotSent::WebhooksNotEnabled => "Webhooks were not enabled for the organization.",
        NotSent::WebhookDeleted => "The instance was deleted before the event.",
    }
}

/// What became of an event, in few words each: `2 delivered`, `1 held`.
pub(super) fn tally(tally: &Tally) -> Vec<StateWord> {
    [
        (tally.succeeded, "ok", "circle-check", "delivered"),
        (tally.retrying, "warn", "clock", "retrying"),
        (tally.waiting, "info", "clock", "waiting"),
        (tally.failed, "bad", "circle-x", "failed"),
        (tally.held, "off", "circle-pause", "held"),
        (tally.cancelled, "off", "ban", "cancelled"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, tone, icon, word)| StateWord::new(tone, icon, format!("{count} {word}")))
    .collect()
}

/// What a receiver answered: the number apart from its words, and whether it was good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// `503`, or nothing where there was no answer.
    pub number: String,
    /// `Service Unavailable`, `Timed out`.
    pub text: String,
    pub is_success: bool,
}

impl Answer {
    fn new(outcome: &str, status_code: Option<u16>) -> Self {
        let outcome = outcome.parse().ok();
        let is_success = outcome == Some(Outcome::Success);
        // An answer that could not be read to its end has a status too, but that is not what went wrong.
        let status = status_code.filter(|_| matches!(outcome, None | Some(Outcome::Success | Outcome::Status)));
        let Some(code) = status else {
            return Self { number: String::new(), text: outcome.map_or("Failed", short).into(), is_success };
        };
        let reason = StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
        Self { number: code.to_string(), text: reason.unwrap_or_default().into(), is_success }
    }

    pub fn of_last(last: &LastAttempt) -> Option<Self> {
        last.outcome.as_deref().map(|outcome| Self::new(outcome, last.status_code))
    }

    pub fn of_attempt(line: &AttemptLine) -> Self {
        Self::new(&line.outcome, line.status_code)
    }

    /// `503 Service Unavailable`.
    pub fn whole(&self) -> String {
        format!("{} {}", self.number, self.text).trim().to_owned()
    }
}

/// A failure in two or three words; the sentence is kept with the attempt.
const fn short(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "Delivered",
        Outcome::Status => "Refused",
        Outcome::Timeout => "Timed out",
        Outcome::ConnectRefused => "Connection refused",
        Outcome::ConnectReset => "Connection reset",
        Outcome::ConnectUnreachable => "Unreachable",
        Outcome::DnsNotFound => "Name not found",
        Outcome::DnsFailed | Outcome::DnsTimeout => "Name look-up failed",
        Outcome::BlockedAddress => "Address not allowed",
        Outcome::TlsExpired => "Certificate expired",
        Outcome::TlsNotYetValid => "Certificate not valid yet",
        Outcome::TlsSelfSigned | Outcome::TlsUntrusted => "Certificate not trusted",
        Outcome::TlsWrongName => "Certificate for another name",
        Outcome::TlsVersion | Outcome::TlsHandshake => "No secure connection",
        Outcome::ProtocolError | Outcome::HeaderTooLarge => "Not valid HTTP",
        Outcome::ClosedEarly => "Connection closed",
        Outcome::Internal => "Our fault",
    }
}

/// What an event is about: `Project, 5dd51ea63f3dad73ab0a344b`, `3 projects`.
pub(super) fn entity(kind: EntityType, ids: &[String]) -> String {
    named(kind, ids, |id| shorten(id, 18))
}

/// The same for a table, which has little room: `Project, 5dd51e…0a344b`. The start of an id is its time, so the end has to
/// tell it from its neighbours.
pub(super) fn entity_in_short(kind: EntityType, ids: &[String]) -> String {
    named(kind, ids, |id| shorten(id, 6))
}

fn named(kind: EntityType, ids: &[String], show: impl Fn(&str) -> String) -> String {
    let (one, many) = match kind {
        EntityType::Section => ("Section", "sections"),
        EntityType::Project => ("Project", "projects"),
        EntityType::AnswerLibrary => ("Q&A pair", "Q&A pairs"),
        EntityType::Intake => ("Intake", "intakes"),
    };
    match ids {
        [id] => format!("{one}, {}", show(id)),
        ids => format!("{} {many}", ids.len()),
    }
}

/// The first and the last `kept` characters of an id that is longer.
fn shorten(id: &str, kept: usize) -> String {
    let length = id.chars().count();
    if length <= 2 * kept {
        return id.to_owned();
    }
    let (start, end) = (id.chars().take(kept), id.chars().skip(length - kept));
    start.chain(['…']).chain(end).collect()
}

/// When something happened, as a log says it: to the second on the same day, `19 Nov, 10:02` on others.
pub(super) fn when(at: Timestamp, now: Timestamp, zone: TimeZone) -> Moment {
    let (local, today) = (zone.local(at), zone.local(now));
    let format = if local.date_naive() == today.date_naive() {
        "%H:%M:%S"
    } else if local.year() == today.year() {
        "%-d %b, %H:%M"
    } else {
        "%-d %b %Y, %H:%M"
    };
    Moment { text: local.format(format).to_string(), ..Moment::exact(at, zone) }
}

/// `1 attempt`, `3 attempts`.
pub(super) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_or_the_failure_in_few_words() {
        let table = [
            ("success", Some(200), "200 OK", true),
            ("status", Some(503), "503 Service Unavailable", false),
            ("status", Some(599), "599", false),
            ("timeout", None, "Timed out", false),
            ("timeout", Some(200), "Timed out", false),
            ("connect_refused", None, "Connection refused", false),
            ("from_a_newer_herald", None, "Failed", false),
        ];
        for (outcome, status, expected, is_success) in table {
            let answer = Answer::new(outcome, status);
            assert_eq!((answer.whole().as_str(), answer.is_success), (expected, is_success), "{outcome}");
        }
    }

    #[test]
    fn times_of_the_log_are_exact_and_say_the_day_where_it_is_another() {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let (now, zone) = (at("2026-11-23T12:00:00Z"), "America/Los_Angeles".parse().unwrap());
        for (time, expected) in [
            ("2026-11-23T11:59:31Z", "03:59:31"),
            ("2026-11-23T08:00:00Z", "00:00:00"),
            ("2026-11-24T11:59:31Z", "24 Nov, 03:59"),
            ("2026-11-22T11:59:31Z", "22 Nov, 03:59"),
            ("2025-11-22T11:59:31Z", "22 Nov 2025, 03:59"),
        ] {
            assert_eq!(when(at(time), now, zone).text, expected);
        }
    }

    #[test]
    fn an_entity_is_named_or_counted() {
        let id = "5dd51ea63f3dad73ab0a344b".to_owned();
        assert_eq!(entity(EntityType::Project, std::slice::from_ref(&id)), "Project, 5dd51ea63f3dad73ab0a344b");
        assert_eq!(entity(EntityType::AnswerLibrary, &[id.clone(), id]), "2 Q&A pairs");
        assert_eq!(entity(EntityType::Intake, &["x".repeat(128)]), format!("Intake, {0}…{0}", "x".repeat(18)));
        let ids = ["5dd51ea63f3dad73ab0a344b".to_owned()];
        assert_eq!(entity_in_short(EntityType::Section, &ids), "Section, 5dd51e…0a344b");
    }
}
