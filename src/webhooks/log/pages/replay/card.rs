//! Replays in a table: on their webhook's page the latest ones, on a page of their own all of them.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::base::{Listing, TimeZone, Timestamp, WebhookId};
use crate::delivery::model::{Replay, ReplayState};
use crate::web::Moment;

use super::super::urls;
use super::super::words::{StateWord, when};
use super::words::{badge, period, states};

/// Replays on their webhook's page.
pub(in super::super) const LATEST: usize = 5;

/// The replays of a webhook, ready for their template.
#[derive(Template)]
#[template(path = "webhooks/log/_replays.html")]
pub(in super::super) struct Card {
    pub rows: Vec<Row>,
    /// The form of a new one; nothing while the webhook takes none.
    pub new_url: String,
    /// All of them, where there are more.
    pub all_url: String,
    /// What is fetched every two seconds while one is running.
    pub poll_url: String,
}

impl HtmlSafe for Card {}

/// One of them.
pub(in super::super) struct Row {
    pub url: String,
    pub badge: StateWord,
    pub states: String,
    pub period: String,
    pub total: i64,
    pub done: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub started: Moment,
    pub by: String,
}

impl Card {
    /// The latest ones.
    pub fn new(
        webhook: &WebhookId,
        takes_one: bool,
        listing: &Listing<Replay>,
        now: Timestamp,
        zone: TimeZone,
    ) -> Self {
        let is_running = listing.rows.iter().any(|replay| replay.state == ReplayState::Running);
        Self {
            rows: listing.rows.iter().map(|replay| row(replay, now, zone)).collect(),
            new_url: if takes_one { urls::replay(webhook) } else { String::new() },
            all_url: if listing.has_older { urls::replays(webhook) } else { String::new() },
            poll_url: if is_running { urls::replays(webhook) } else { String::new() },
        }
    }
}

pub(super) fn row(replay: &Replay, now: Timestamp, zone: TimeZone) -> Row {
    Row {
        url: urls::show_replay(&replay.webhook, &replay.id),
        badge: badge(replay),
        states: capital(states(&replay.filter)),
        period: period(&replay.filter, now, zone),
        total: replay.total,
        done: replay.done,
        succeeded: replay.succeeded,
        failed: replay.failed,
        started: when(replay.created_at, now, zone),
        by: replay.created_by.clone(),
    }
}

fn capital(text: String) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
