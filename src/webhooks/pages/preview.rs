//! What the values in the form would change, said before Submit: which of the last events match, and what goes to a new URL.

use std::collections::BTreeSet;

use crate::base::{TimeZone, Timestamp};
use crate::db::{Conn, DbError};
use crate::delivery::endpoint::Endpoint;
use crate::delivery::model::DeliveryState;
use crate::events::EventType;
use crate::web::Moment;
use crate::webhooks::form::WebhookForm;
use crate::webhooks::model::Webhook;
use crate::webhooks::store::{self, RecentEvent};

use super::form::Desk;

/// So many of the organization's last events are looked at.
const RECENT: i64 = 50;

/// Waiting deliveries are counted up to here.
const COUNTED: i64 = 10_000;

/// What the form shows of it.
pub(super) struct Preview {
    /// How many of the last events match, in words.
    pub summary: String,
    /// Which ones, newest first.
    pub matches: Vec<Match>,
    /// What becomes of waiting deliveries; only if the URL of a saved webhook was changed.
    pub waiting: Option<String>,
}

/// An event that would match.
pub(super) struct Match {
    pub url: String,
    pub event_type: &'static str,
    pub at: Moment,
    /// It does not match what is saved.
    pub is_new: bool,
}

impl Desk<'_> {
    /// What `form` would change: of nothing for a new webhook, of `saved` otherwise. Three short queries at most.
    pub async fn preview(
        &self,
        conn: &mut Conn,
        form: &WebhookForm,
        saved: Option<&Webhook>,
    ) -> Result<Preview, DbError> {
        let organization = &self.admin.organization;
        let recent = store::recent_events(conn, &organization.id, RECENT).await?;
        // What is no event type is said at the field when the form is submitted.
        let chosen: BTreeSet<EventType> = form.chosen_events().iter().filter_map(|name| name.parse().ok()).collect();
        let before = saved.map(|webhook| &webhook.events);
        Ok(Preview {
            summary: summary(&recent, &chosen, before),
            matches: matches(&recent, &chosen, before, self.now, organization.time_zone),
            waiting: match saved.filter(|webhook| goes_elsewhere(form, webhook)) {
                Some(webhook) => Some(waiting(conn, webhook).await?),
                None => None,
            },
        })
    }
}

/// A URL that cannot be saved changes nothing.
fn goes_elsewhere(form: &WebhookForm, webhook: &Webhook) -> bool {
    Endpoint::parse(&form.url).is_ok_and(|endpoint| endpoint != webhook.endpoint)
}

fn matches(
    recent: &[RecentEvent],
    chosen: &BTreeSet<EventType>,
    before: Option<&BTreeSet<EventType>>,
    now: Timestamp,
    zone: TimeZone,
) -> Vec<Match> {
    let shown = |event: &RecentEvent| Match {
        url: format!("/events/{}", event.id),
        event_type: event.event_type.as_str(),
        at: Moment::relative(event.recorded_at, now, zone),
        is_new: before.is_some_and(|before| !before.contains(&event.event_type)),
    };
    recent.iter().filter(|event| chosen.contains(&event.event_type)).map(shown).collect()
}

/// `7 of the last 50 events would match. 2 of them do not match now. 1 that matches now would not.`
fn summary(recent: &[RecentEvent], chosen: &BTreeSet<EventType>, before: Option<&BTreeSet<EventType>>) -> String {
    let count = |is_counted: &dyn Fn(EventType) -> bool| recent.iter().filter(|e| is_counted(e.event_type)).count();
    let mut sentences = match (recent.len(), count(&|kind| chosen.contains(&kind))) {
        (0, _) => return "Nothing has happened here yet: there are no events to match.".into(),
        (1, 0) => "The only event so far would not match.".to_owned(),
        (1, _) => "The only event so far would match.".to_owned(),
        (all, 0) => format!("None of the last {all} events would match."),
        (all, matching) => format!("{matching} of the last {all} events would match."),
    };
    let Some(before) = before else { return sentences };
    match count(&|kind| chosen.contains(&kind) && !before.contains(&kind)) {
        0 => {}
        1 => sentences.push_str(" 1 of them does not match now."),
        gained => sentences.push_str(&format!(" {gained} of them do not match now.")),
    }
    match count(&|kind| before.contains(&kind) && !chosen.contains(&kind)) {
        0 => {}
        1 => sentences.push_str(" 1 that matches now would not."),
        lost => sentences.push_str(&format!(" {lost} that match now would not.")),
    }
    sentences
}

async fn waiting(conn: &mut Conn, webhook: &Webhook) -> Result<String, DbError> {
    let pending = store::count_in_state(conn, &webhook.id, DeliveryState::Pending, COUNTED).await?;
    let held = store::count_in_state(conn, &webhook.id, DeliveryState::Held, COUNTED).await?;
    Ok(moved(pending, held))
}

/// What goes to the new URL, in words.
fn moved(pending: i64, held: i64) -> String {
    match (pending, held) {
        (0, 0) => "No delivery is waiting for the new URL.".into(),
        (_, 0) => format!("{} will use the new URL.", deliveries(pending, "pending")),
        (0, _) => format!("{} will use the new URL once released.", deliveries(held, "held")),
        _ => format!(
            "{} will use the new URL, and {} once released.",
            deliveries(pending, "pending"),
            deliveries(held, "held")
        ),
    }
}

fn deliveries(count: i64, state: &str) -> String {
    match count {
        1 => format!("1 {state} delivery"),
        COUNTED.. => format!("{COUNTED} or more {state} deliveries"),
        _ => format!("{count} {state} deliveries"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{EventId, SystemRng};
    use EventType::{IntakeCreated, ProjectCreated, SectionCompleted};

    fn happened(kinds: &[EventType]) -> Vec<RecentEvent> {
        let at = Timestamp::from_seconds(1_800_000_000);
        let event =
            |kind: &EventType| RecentEvent { id: EventId::new(at, &SystemRng), event_type: *kind, recorded_at: at };
        kinds.iter().map(event).collect()
    }

    fn said(recent: &[EventType], chosen: &[EventType], before: Option<&[EventType]>) -> String {
        let before = before.map(|kinds| kinds.iter().copied().collect());
        summary(&happened(recent), &chosen.iter().copied().collect(), before.as_ref())
    }

    #[test]
    fn the_summary_counts_what_matches() {
        let recent = [ProjectCreated, ProjectCreated, IntakeCreated];
        assert_eq!(said(&recent, &[ProjectCreated], None), "2 of the last 3 events would match.");
        assert_eq!(said(&recent, &[SectionCompleted], None), "None of the last 3 events would match.");
        assert_eq!(said(&recent[..1], &[ProjectCreated], None), "The only event so far would match.");
        assert_eq!(said(&recent[..1], &[], None), "The only event so far would not match.");
        assert_eq!(said(&[], &[ProjectCreated], None), "Nothing has happened here yet: there are no events to match.");
    }

    #[test]
    fn the_summary_says_what_a_change_gains_and_loses() {
        let recent = [ProjectCreated, ProjectCreated, IntakeCreated];
        for (chosen, before, words) in [
            (&[ProjectCreated][..], &[ProjectCreated][..], "2 of the last 3 events would match."),
            (
                &[ProjectCreated],
                &[IntakeCreated],
                "2 of the last 3 events would match. 2 of them do not match now. 1 that matches now would not.",
            ),
            (
                &[IntakeCreated],
                &[ProjectCreated],
                "1 of the last 3 events would match. 1 of them does not match now. 2 that match now would not.",
            ),
        ] {
            assert_eq!(said(&recent, chosen, Some(before)), words);
        }
    }

    #[test]
    fn what_waits_is_counted_by_its_state() {
        for (pending, held, words) in [
            (0, 0, "No delivery is waiting for the new URL."),
            (1, 0, "1 pending delivery will use the new URL."),
            (0, 2, "2 held deliveries will use the new URL once released."),
            (3, 1, "3 pending deliveries will use the new URL, and 1 held delivery once released."),
            (COUNTED, 0, "10000 or more pending deliveries will use the new URL."),
        ] {
            assert_eq!(moved(pending, held), words);
        }
    }
}
