//! Where the log's pages are.

use crate::base::{DeliveryId, EventId};
use crate::webhooks::model::Webhook;
use crate::webhooks::urls::{COLLABORATION, INTEGRATIONS, LIST};

pub(super) use crate::webhooks::urls::{
    check, check_attempt, delivery, duplicate, enable, guide, redeliver, replay, replays, resume, show as webhook,
    show_replay,
};

pub(super) const EVENTS: &str = "/events";

pub(super) fn attempt(id: &DeliveryId, number: i64) -> String {
    format!("{}?attempt={number}", delivery(id))
}

pub(super) fn event(id: &EventId) -> String {
    format!("{EVENTS}/{id}")
}

/// The way to what belongs to a webhook, through it.
pub(super) fn trail_through(webhook: &Webhook) -> Vec<(String, String)> {
    let mut trail = trail();
    trail.push((webhook.name.to_string(), self::webhook(&webhook.id)));
    trail
}

/// The way to a webhook, as people know it.
pub(super) fn trail() -> Vec<(String, String)> {
    let links = [
        ("Organization Settings", "/settings"),
        ("Integrations", INTEGRATIONS),
        ("Collaboration", COLLABORATION),
        ("Webhook", LIST),
    ];
    links.map(|(label, url)| (label.to_owned(), url.to_owned())).to_vec()
}
