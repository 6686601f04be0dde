//! An alert, and its words. Pure.

use crate::base::{DeliveryId, OrganizationId, TimeZone, Timestamp, WebhookId};
use crate::delivery::model::{AlertKind, Ladder};
use crate::webhooks::urls;

/// Something that people are told of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub kind: AlertKind,
    pub webhook: WebhookId,
    pub name: String,
    /// Scheme, host and port of the destination: what stands behind them may be a secret.
    pub origin: String,
    /// Why Herald disabled it, if it did.
    pub disabled_reason: Option<String>,
    pub organization: OrganizationId,
    /// The first failure of the spell.
    pub since: Timestamp,
    pub at: Timestamp,
    /// Failed attempts in the spell until then.
    pub failures: i64,
    /// The delivery whose attempt failed, or succeeded at last.
    pub delivery: Option<DeliveryId>,
    /// Why the attempt failed.
    pub error: Option<String>,
}

impl Alert {
    /// `CRM sync is failing`.
    pub fn title(&self) -> String {
        let what = match self.kind {
            AlertKind::Failing => "is failing",
            AlertKind::FailingForAnHour => "has been failing for an hour",
            AlertKind::FailingForADay => "has been failing for a day",
            AlertKind::AlmostDisabled => "will soon be disabled",
            AlertKind::Disabled => "is disabled",
            AlertKind::Recovered => "works again",
        };
        format!("{} {what}", self.name)
    }

    /// What happened and what comes next. Times in the organization's zone.
    pub fn story(&self, zone: TimeZone, ladder: &Ladder) -> String {
        let since = in_full(self.since, zone);
        let nothing = format!("Nothing has been delivered since {since}; {} failed.", attempts(self.failures));
        match self.kind {
            AlertKind::Failing => {
                "A message could not be delivered. It is tried again, at longer and longer intervals.".into()
            }
            AlertKind::FailingForAnHour | AlertKind::FailingForADay => {
                format!("{nothing} Each message is tried again, at longer and longer intervals.")
            }
            AlertKind::AlmostDisabled => format!("{nothing} {}", last_warning(ladder, self.since, zone)),
            AlertKind::Disabled if self.disabled_reason.as_deref() == Some("gone") => {
                "Your server answered 410 Gone, so nothing is sent any more. Messages are held until somebody enables \
                 the instance."
                    .into()
            }
            AlertKind::Disabled => {
                format!("{nothing} We stopped sending. Messages are held until somebody enables the instance.")
            }
            AlertKind::Recovered => {
                format!("A message was delivered. Before that the instance had been failing since {since}.")
            }
        }
    }

    /// The page that says most: the delivery, or the webhook.
    pub fn path(&self) -> String {
        self.delivery.as_ref().map_or_else(|| urls::show(&self.webhook), urls::delivery)
    }

    pub fn is_good(&self) -> bool {
        self.kind == AlertKind::Recovered
    }
}

/// How far up the ladder a webhook is that fails: `has been failing for a day`.
pub fn how_long(ladder: &Ladder, since: Timestamp, now: Timestamp) -> &'static str {
    match ladder.reached(since, now) {
        None | Some(AlertKind::Failing | AlertKind::Disabled | AlertKind::Recovered) => "is failing",
        Some(AlertKind::FailingForAnHour) => "has been failing for an hour",
        Some(AlertKind::FailingForADay) => "has been failing for a day",
        Some(AlertKind::AlmostDisabled) => "will soon be disabled",
    }
}

/// What becomes of a webhook that fails, once it is near its end.
pub fn what_comes(ladder: &Ladder, since: Timestamp, now: Timestamp, zone: TimeZone) -> Option<String> {
    let is_near = ladder.reached(since, now) == Some(AlertKind::AlmostDisabled);
    is_near.then(|| last_warning(ladder, since, zone))
}

fn last_warning(ladder: &Ladder, since: Timestamp, zone: TimeZone) -> String {
    let when = in_full(ladder.disabling_at(since), zone);
    format!("Unless one gets through, the instance is disabled at the next failure after {when}.")
}

/// `1 attempt`, `12 attempts`.
fn attempts(count: i64) -> String {
    if count == 1 { "1 attempt".into() } else { format!("{count} attempts") }
}

/// `15 Jan 2027, 08:00 UTC`.
fn in_full(at: Timestamp, zone: TimeZone) -> String {
    zone.local(at).format("%-d %b %Y, %H:%M %Z").to_string()
}
