//! `herald check`: whether the database is sound, and whether the books are right: what should have a delivery has exactly
//! one, and every delivery ends or waits (docs/decisions/0030-what-a-check-proves.md).
//!
//! All of it is read in one transaction, a page at a time, beside whoever works on the database meanwhile.

mod answers;
mod deliveries;
mod report;
mod settings;
pub mod store;

use std::collections::BTreeMap;

use crate::auth::store::second_factors::place as factor_place;
use crate::base::{Timestamp, Vault};
use crate::db::{Conn, DbError, Dialect};
use crate::delivery::store::{header_place, query_place, secret_place};
use crate::events::EventType;
use crate::mail::store as mail;

use self::settings::Settings;
pub use report::{Fault, Report};

/// Rows that are read at a time.
const PAGE: i64 = 2_000;
/// Damages that SQLite is asked for.
const DAMAGES: usize = 100;

/// Reads the whole database. `vault`: what opens its secrets, where the key is at hand. What cannot be read because of damage is
/// a fault; an error is that the database does not answer.
pub async fn check(conn: &mut Conn, vault: Option<&Vault>, now: Timestamp) -> Report {
    let mut report = Report::default();
    match Dialect::of(conn) {
        Dialect::Sqlite => {
            let read = physical(conn, &mut report).await;
            note("the file", read, &mut report);
        }
        Dialect::Postgres => report.leave_out("the files of PostgreSQL, which looks after them itself (amcheck)"),
    }
    let read = books(conn, now, &mut report).await;
    note("events and deliveries", read, &mut report);
    let read = keys(conn, &mut report).await;
    note("idempotency keys", read, &mut report);
    let read = replays(conn, &mut report).await;
    note("replays", read, &mut report);
    let read = answers::check(conn, &mut report).await;
    note("the answer library", read, &mut report);
    match vault {
        Some(vault) => {
            let read = secrets(conn, vault, &mut report).await;
            note("secrets", read, &mut report);
        }
        None => report.leave_out("whether secrets can be opened: the key file is not at hand"),
    }
    report
}

fn note(what: &str, read: Result<(), DbError>, report: &mut Report) {
    if let Err(error) = read {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        report.find(Fault::Unreadable, || format!("{what}: {error}{cause}"));
    }
}

async fn physical(conn: &mut Conn, report: &mut Report) -> Result<(), DbError> {
    let damages = store::damages(conn, DAMAGES).await?;
    if !damages.is_empty() {
        // Nothing more is learned from what leads through damaged pages.
        damages.into_iter().for_each(|sentence| report.find(Fault::Damaged, || sentence));
        return Ok(());
    }
    for sentence in store::broken_references(conn).await? {
        report.find(Fault::BrokenReference, || sentence);
    }
    Ok(())
}

/// Every event, in the order of their ids, with its deliveries.
async fn books(conn: &mut Conn, now: Timestamp, report: &mut Report) -> Result<(), DbError> {
    let settings = Settings::read(conn, report).await?;
    let mut numbers = Numbers::default();
    let (mut after, mut events, mut deliveries, mut attempts) = (String::new(), 0, 0, 0);
    loop {
        let page = store::events_after(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for event in &page {
            events += 1;
            deliveries += event.deliveries.len() as u64;
            attempts += event.deliveries.iter().map(|one| u64::try_from(one.recorded).unwrap_or(0)).sum::<u64>();
            number(event, &settings, &mut numbers, report);
            if event.event_type.parse::<EventType>().is_err() {
                report.find(Fault::UnknownEventType, || format!("{}: {}", event.id, event.event_type));
            }
            deliveries::check(event, &settings, now, report);
        }
    }
    report.count("events", events);
    report.count("deliveries", deliveries);
    report.count("attempts", attempts);
    // Whatever an event does not lead to has none. Looked for only where it must be: the search is long.
    if store::count(conn, "deliveries").await? != deliveries {
        for (event, webhook) in store::deliveries_without_event(conn).await? {
            report.find(Fault::DeliveryWithoutEvent, || format!("{event} at webhook {webhook}"));
        }
    }
    if store::count(conn, "attempts").await? != attempts {
        for (event, webhook) in store::attempts_without_delivery(conn).await? {
            report.find(Fault::AttemptWithoutDelivery, || format!("{event} at webhook {webhook}"));
        }
    }
    for event in store::removals_unknown(conn).await? {
        report.find(Fault::RemovalUnknown, || event);
    }
    Ok(())
}

/// Which numbers of an organization are taken. A bit for each: a thousand events take as much as a line of text.
#[derive(Default)]
struct Numbers(BTreeMap<(usize, i64), Box<[u64; 64]>>);

impl Numbers {
    /// `false`: it was taken before.
    fn take(&mut self, organization: usize, number: i64) -> bool {
        let block = self.0.entry((organization, number >> 12)).or_insert_with(|| Box::new([0; 64]));
        let (word, bit) = (((number >> 6) & 63) as usize, 1 << (number & 63));
        let is_new = block[word] & bit == 0;
        block[word] |= bit;
        is_new
    }
}

fn number(event: &store::EventRow, settings: &Settings, numbers: &mut Numbers, report: &mut Report) {
    let Some(organization) = settings.organization(&event.organization) else {
        return report.find(Fault::BrokenReference, || format!("{} is of no organization", event.id));
    };
    if !numbers.take(organization.place, event.seq) || settings.is_change(&event.organization, event.seq) {
        report.find(Fault::NumberTwice, || format!("{} has number {}, as another does", event.id, event.seq));
    }
    if event.seq > organization.seq {
        report.find(Fault::NumberAhead, || {
            format!("{} has number {}; the last one given is {}", event.id, event.seq, organization.seq)
        });
    }
}

async fn keys(conn: &mut Conn, report: &mut Report) -> Result<(), DbError> {
    let mut after = (String::new(), String::new(), String::new());
    loop {
        let page = store::keys_after(conn, (&after.0, &after.1, &after.2), PAGE).await?;
        report.count("idempotency keys", page.len() as u64);
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.organization.clone(), last.call.clone(), last.key.clone());
        for row in &page {
            let name = || format!("{:?} of organization {} with {}", row.key, row.organization, row.event);
            if !row.has_event {
                report.find(Fault::KeyWithoutEvent, name);
            }
            let answer: Vec<(String, i64)> = serde_json::from_str(&row.answer).unwrap_or_default();
            if !answer.iter().any(|(event, _)| *event == row.event) {
                report.find(Fault::KeyAnswerDiffers, name);
            }
        }
    }
}

async fn replays(conn: &mut Conn, report: &mut Report) -> Result<(), DbError> {
    let replays = store::replays(conn).await?;
    report.count("replays", replays.len() as u64);
    for replay in replays {
        let over = replay.succeeded + replay.failed + replay.ended;
        let adds_up = match replay.state.as_str() {
            // What left it is counted apart from what it still has.
            "running" => over + replay.deliveries == replay.taken && !replay.is_finished,
            "finished" => over == replay.taken && replay.is_finished,
            // Some of what it had made pending went back to what it was before.
            "cancelled" => over <= replay.taken && replay.is_finished,
            _ => false,
        };
        if !adds_up || replay.taken > replay.total || over < 0 {
            report.find(Fault::ReplayDiffers, || {
                format!(
                    "{} ({}): {} of {} taken; {} succeeded, {} failed, {} ended otherwise; {} deliveries say that it has them",
                    replay.id,
                    replay.state,
                    replay.taken,
                    replay.total,
                    replay.succeeded,
                    replay.failed,
                    replay.ended,
                    replay.deliveries
                )
            });
        }
    }
    Ok(())
}

async fn secrets(conn: &mut Conn, vault: &Vault, report: &mut Report) -> Result<(), DbError> {
    let (headers, secrets, queries) =
        (store::headers(conn).await?, store::secrets(conn).await?, store::queries(conn).await?);
    let (factors, mails) = (store::second_factors(conn).await?, store::mails(conn).await?);
    let of_webhooks = headers.len() + secrets.len() + queries.len();
    report.count("sealed secrets", (of_webhooks + factors.len() + 2 * mails.len()) as u64);
    for row in headers {
        if vault.open(&header_place(&row.organization, &row.webhook, &row.name), &row.sealed).is_err() {
            report
                .find(Fault::Unsealable, || format!("the value of the header {} of webhook {}", row.name, row.webhook));
        }
    }
    for row in secrets {
        let Ok(id) = row.name.parse() else { continue };
        if vault.open(&secret_place(&row.organization, &row.webhook, &id), &row.sealed).is_err() {
            report.find(Fault::Unsealable, || format!("the signing secret {id} of webhook {}", row.webhook));
        }
    }
    for row in queries {
        if vault.open(&query_place(&row.organization, &row.webhook), &row.sealed).is_err() {
            report.find(Fault::Unsealable, || format!("the query in the URL of webhook {}", row.webhook));
        }
    }
    for row in factors {
        if vault.open(&factor_place(row.organization.as_ref(), &row.user), &row.sealed).is_err() {
            report.find(Fault::Unsealable, || format!("the second factor of user {}", row.user));
        }
    }
    for row in mails {
        for (part, sealed) in [(mail::TEXT, &row.text), (mail::HTML, &row.html)] {
            if vault.open(&mail::place(&row.id, &row.to, part), sealed).is_err() {
                report.find(Fault::Unsealable, || format!("the {part} of mail {}", row.id));
            }
        }
    }
    Ok(())
}
