//! Where the log's pages are.

use crate::base::{DeliveryId, EventId, WebhookId};

pub(super) const WEBHOOKS: &str = "/settings/integrations/collaboration/webhooks";
pub(super) const EVENTS: &str = "/events";

pub(super) fn webhook(id: &WebhookId) -> String {
    format!("{WEBHOOKS}/{id}")
}

pub(super) fn delivery(id: &DeliveryId) -> String {
    format!("{WEBHOOKS}/{}/deliveries/{id}", id.webhook)
}

pub(super) fn attempt(id: &DeliveryId, number: i64) -> String {
    format!("{}?attempt={number}", delivery(id))
}

pub(super) fn event(id: &EventId) -> String {
    format!("{EVENTS}/{id}")
}

/// The way to a webhook, as people know it.
pub(super) fn trail() -> Vec<(String, String)> {
    let links = [
        ("Organization Settings", "/settings"),
        ("Integrations", "/settings/integrations"),
        ("Collaboration", "/settings/integrations/collaboration"),
        ("Webhook", WEBHOOKS),
    ];
    links.map(|(label, url)| (label.to_owned(), url.to_owned())).to_vec()
}
