//! What happened to a delivery, and what comes next: newest first.

use crate::base::{TimeZone, Timestamp};
use crate::delivery::model::{DeliveryState, Trigger};
use crate::events::Event;
use crate::web::Moment;
use crate::web::time::taken;

use super::super::model::{AttemptLine, Delivery};
use super::urls;
use super::words::{self, Answer};

/// One line. `url` leads to what an attempt sent and got back.
pub(super) struct Item {
    /// bad, ok, info or nothing.
    pub tone: &'static str,
    pub icon: &'static str,
    pub title: String,
    pub at: Option<Moment>,
    pub text: String,
    pub url: String,
    pub is_current: bool,
}

pub(super) fn items(
    delivery: &Delivery,
    event: &Event,
    attempts: &[AttemptLine],
    selected: Option<i64>,
    (now, zone): (Timestamp, TimeZone),
) -> Vec<Item> {
    let mut items: Vec<Item> = next(delivery, now, zone).into_iter().collect();
    items.extend(attempts.iter().map(|line| attempt(delivery, line, selected == Some(line.number), now, zone)));
    items.push(Item {
        tone: "info",
        icon: "zap",
        title: "Event happened".into(),
        at: Some(words::when(event.performed_at, now, zone)),
        text: format!("{}, by {}", event.event_type.description().trim_end_matches('.'), event.performed_by),
        url: String::new(),
        is_current: false,
    });
    items
}

/// What comes next, or why nothing does.
fn next(delivery: &Delivery, now: Timestamp, zone: TimeZone) -> Option<Item> {
    let number = delivery.attempts_made + 1;
    let item = |icon, title: String, at: Option<Moment>, text: String| Item {
        tone: "",
        icon,
        title,
        at,
        text,
        url: String::new(),
        is_current: false,
    };
    if delivery.is_under_way(now) {
        return Some(item("refresh-cw", format!("Attempt {number} under way"), None, "Waiting for the answer".into()));
    }
    match delivery.state {
        DeliveryState::Pending => {
            let at = delivery.next_attempt_at(now).unwrap_or(now);
            let text = if at <= now {
                "Due now".into()
            } else if delivery.due.waits_for_receiver(now) {
                format!("{}: the receiver asked us to wait until then", planned(at, now, zone))
            } else {
                planned(at, now, zone)
            };
            Some(item("clock", format!("Attempt {number} planned"), Some(words::when(at, now, zone)), text))
        }
        DeliveryState::Held => Some(item("circle-pause", "Held".into(), None, words::delivery_reason(delivery))),
        DeliveryState::Cancelled => {
            let at = delivery.finished_at.map(|at| words::when(at, now, zone));
            Some(item("ban", "Cancelled".into(), at, words::delivery_reason(delivery)))
        }
        DeliveryState::Failed => Some(item("circle-x", "Given up".into(), None, "Every planned attempt failed".into())),
        DeliveryState::Succeeded => None,
    }
}

/// `In 3 h 21 min`.
fn planned(at: Timestamp, now: Timestamp, zone: TimeZone) -> String {
    let text = Moment::relative(at, now, zone).text;
    text.strip_prefix("in ").map(|rest| format!("In {rest}")).unwrap_or(text)
}

fn attempt(delivery: &Delivery, line: &AttemptLine, is_current: bool, now: Timestamp, zone: TimeZone) -> Item {
    let answer = Answer::of_attempt(line);
    let why = match line.trigger {
        Trigger::Schedule => "",
        Trigger::Redeliver => ", redelivered",
        Trigger::Replay => ", replayed",
    };
    Item {
        tone: if answer.is_success { "ok" } else { "bad" },
        icon: if answer.is_success { "check" } else { "x" },
        title: answer.whole(),
        at: Some(words::when(line.started_at, now, zone)),
        text: format!("Attempt {}, {}{why}", line.number, taken(line.duration)),
        url: urls::attempt(&delivery.id, line.number),
        is_current,
    }
}
