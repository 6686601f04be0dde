//! What says which deliveries an event has: organizations, webhooks, and what they were subscribed to when. Of the size of
//! what people set up, so it is kept in memory.

use std::collections::{HashMap, HashSet};

use super::report::{Fault, Report};
use super::store::{self, EventRow, HookRow, SubscriptionRow};
use crate::db::{Conn, DbError};

pub(super) struct Settings {
    organizations: HashMap<String, Organization>,
    webhooks: HashMap<String, HookRow>,
    /// By organization and event type.
    subscriptions: HashMap<(String, String), Vec<SubscriptionRow>>,
    /// Numbers at which a subscription began or ended, or a webhook was deleted.
    changes: HashSet<(String, i64)>,
}

pub(super) struct Organization {
    /// Unlike that of any other.
    pub place: usize,
    pub webhooks_enabled: bool,
    pub seq: i64,
}

impl Settings {
    /// Reads them, and looks whether they are right in themselves.
    pub async fn read(conn: &mut Conn, report: &mut Report) -> Result<Self, DbError> {
        let organizations = store::organizations(conn).await?;
        let webhooks = store::webhooks(conn).await?;
        let subscriptions = store::subscriptions(conn).await?;
        report.count("organizations", organizations.len() as u64);
        report.count("webhooks", webhooks.len() as u64);
        report.count("subscriptions", subscriptions.len() as u64);
        check_webhooks(&webhooks, report);
        check_subscriptions(&subscriptions, report);
        let mut changes = HashSet::new();
        for row in &subscriptions {
            changes.insert((row.organization.clone(), row.from));
            changes.extend(row.until.map(|until| (row.organization.clone(), until)));
        }
        changes.extend(webhooks.iter().filter_map(|hook| Some((hook.organization.clone(), hook.deleted_seq?))));
        let mut by_type: HashMap<_, Vec<SubscriptionRow>> = HashMap::new();
        for row in subscriptions {
            by_type.entry((row.organization.clone(), row.event_type.clone())).or_default().push(row);
        }
        let organizations = organizations.into_iter().enumerate();
        let organizations = organizations
            .map(|(place, row)| (row.id, Organization { place, webhooks_enabled: row.webhooks_enabled, seq: row.seq }))
            .collect();
        let webhooks = webhooks.into_iter().map(|hook| (hook.id.clone(), hook)).collect();
        Ok(Self { organizations, webhooks, subscriptions: by_type, changes })
    }

    pub fn organization(&self, id: &str) -> Option<&Organization> {
        self.organizations.get(id)
    }

    pub fn webhook(&self, id: &str) -> Option<&HookRow> {
        self.webhooks.get(id)
    }

    /// Whether something else than an event has this number.
    pub fn is_change(&self, organization: &str, number: i64) -> bool {
        self.changes.contains(&(organization.to_owned(), number))
    }

    /// The webhooks that must have the event: subscribed at its number, and not deleted by then.
    pub fn expected<'a>(&'a self, event: &EventRow) -> Vec<&'a str> {
        if !event.webhooks_enabled {
            return Vec::new();
        }
        let of_type = self.subscriptions.get(&(event.organization.clone(), event.event_type.clone()));
        let wants = |row: &&SubscriptionRow| {
            let is_deleted =
                self.webhook(&row.webhook).is_some_and(|hook| hook.deleted_seq.is_some_and(|at| event.seq > at));
            row.from <= event.seq && row.until.is_none_or(|until| event.seq < until) && !is_deleted
        };
        of_type.into_iter().flatten().filter(wants).map(|row| row.webhook.as_str()).collect()
    }
}

fn check_webhooks(webhooks: &[HookRow], report: &mut Report) {
    for hook in webhooks.iter().filter(|hook| hook.secrets != 1) {
        report.find(Fault::WebhookWithoutSecret, || format!("webhook {} has {}", hook.id, hook.secrets));
    }
}

fn check_subscriptions(subscriptions: &[SubscriptionRow], report: &mut Report) {
    let name =
        |row: &SubscriptionRow| format!("webhook {} to {} from number {}", row.webhook, row.event_type, row.from);
    for row in subscriptions.iter().filter(|row| row.until.is_some_and(|until| until < row.from)) {
        report.find(Fault::SubscriptionBackwards, || name(row));
    }
    for pair in subscriptions.windows(2) {
        let [before, after] = pair else { continue };
        let is_same = before.webhook == after.webhook && before.event_type == after.event_type;
        if is_same && before.until.is_none_or(|until| until > after.from) {
            report.find(Fault::SubscriptionTwice, || name(after));
        }
    }
}
