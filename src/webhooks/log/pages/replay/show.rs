//! One replay: how far it is, what came of it, and the button that ends it.

use actix_web::web;
use askama::Template;

use crate::base::{ReplayId, TimeZone, Timestamp, WebhookId};
use crate::delivery::model::{Hints, Replay, ReplayState};
use crate::web::{Context, Error, Hx, Moment, Page as _, Result, Section, Shell, Toast, see_other};
use crate::webhooks::model::{Webhook, WebhookState};
use crate::webhooks::pages::WebhooksAdmin;

use super::super::super::actions::Refusal;
use super::super::super::{replay, store};
use super::super::urls;
use super::super::words::{StateWord, count, when};
use super::Bench;
use super::words::{badge, listed, period, states};

#[derive(Template)]
#[template(path = "webhooks/log/replay_show.html", blocks = ["progress"])]
struct ShowPage {
    shell: Shell,
    trail: Vec<(String, String)>,
    url: String,
    /// What is fetched every two seconds while it runs.
    poll_url: String,
    badge: StateWord,
    /// Why it does not get on.
    waits: &'static str,
    waits_url: String,
    title: String,
    percent: i64,
    figures: Vec<(&'static str, i64)>,
    facts: Vec<(&'static str, String)>,
    started: Moment,
    ended: Option<Moment>,
    is_running: bool,
    /// What is said of its end.
    outcome: String,
    failed_url: String,
}
crate::web::page!(ShowPage, as_progress);

/// GET …/webhooks/{id}/replays/{replay}
pub(crate) async fn show(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    ids: web::Path<(WebhookId, ReplayId)>,
    hx: Hx,
) -> Result {
    let (id, replay) = ids.into_inner();
    let mut conn = context.db.read().await?;
    let webhook = admin.webhook(&mut conn, &context, &id).await?;
    let found = store::find_replay(&mut conn, &admin.organization.id, &replay).await?;
    drop(conn);
    let replay = found.filter(|replay| replay.webhook == id).ok_or(Error::NotFound)?;
    page(&admin, &webhook, &replay, context.clock.now()).answer(&hx)
}

/// POST …/webhooks/{id}/replays/{replay}/cancel
pub(crate) async fn cancel(
    admin: WebhooksAdmin,
    context: web::Data<Context>,
    hints: web::Data<dyn Hints>,
    ids: web::Path<(WebhookId, ReplayId)>,
    hx: Hx,
) -> Result {
    let (webhook, id) = ids.into_inner();
    let bench = Bench::new(context.clone(), hints);
    let mut tx = context.db.begin().await?;
    let found = store::find_replay(&mut tx, &admin.organization.id, &id).await?;
    found.filter(|replay| replay.webhook == webhook).ok_or(Error::NotFound)?;
    let toast = match replay::cancel(&mut tx, bench.tools(), &admin.actor(), &id).await {
        Ok(replay) => {
            tx.commit().await?;
            let rest = match replay.total - replay.done {
                0 => "Nothing was left of it.".to_owned(),
                1 => "1 delivery is as it was before.".to_owned(),
                rest => format!("{rest} deliveries are as they were before."),
            };
            Toast::ok("Replay cancelled").text(rest)
        }
        // It came to its end while somebody reached for the button: what the person wants to know is on the page.
        Err(Refusal::ReplayFinished) => Toast::info("Nothing to cancel").text("This replay has finished."),
        Err(refusal) => return Err(refusal.into()),
    };
    admin.flash(toast);
    Ok(see_other(&hx, urls::show_replay(&webhook, &id)))
}

fn page(admin: &WebhooksAdmin, webhook: &Webhook, replay: &Replay, now: Timestamp) -> ShowPage {
    let zone = admin.organization.time_zone;
    let id = &webhook.id;
    let url = urls::show_replay(id, &replay.id);
    let is_running = replay.state == ReplayState::Running;
    let (waits, waits_url) = match webhook.state {
        _ if !is_running => ("", String::new()),
        WebhookState::Active => ("", String::new()),
        WebhookState::Paused => ("The instance is paused. The replay goes on when it is resumed.", urls::resume(id)),
        WebhookState::Disabled => {
            ("The instance is disabled. The replay goes on when it is enabled.", urls::enable(id))
        }
    };
    ShowPage {
        shell: admin.shell(Section::Integrations, format!("Replay of {}", webhook.name)),
        trail: urls::trail_through(webhook),
        poll_url: if is_running { url.clone() } else { String::new() },
        url,
        badge: badge(replay),
        waits,
        waits_url,
        title: format!("{} of {}", replay.done, count(replay.total, "delivery", "deliveries")),
        percent: percent(replay),
        figures: figures(replay),
        facts: facts(webhook, replay, now, zone),
        started: when(replay.created_at, now, zone),
        ended: replay.finished_at.map(|at| when(at, now, zone)),
        is_running,
        outcome: outcome(replay),
        failed_url: if replay.failed > 0 { format!("{}?state=failed", urls::webhook(id)) } else { String::new() },
    }
}

/// Whole percent, rounded down: all of it only at the end.
fn percent(replay: &Replay) -> i64 {
    replay.done * 100 / replay.total.max(1)
}

fn figures(replay: &Replay) -> Vec<(&'static str, i64)> {
    let rest = replay.total - replay.done;
    let left = if replay.state == ReplayState::Running { "To be sent" } else { "Not sent" };
    // Others brought them to their end: a redelivery, or the deletion and its undo.
    let ended = replay.done - replay.succeeded - replay.failed;
    let mut figures = vec![("Delivered", replay.succeeded), ("Failed", replay.failed), (left, rest)];
    if ended > 0 {
        figures.push(("No longer to be sent", ended));
    }
    figures
}

fn facts(webhook: &Webhook, replay: &Replay, now: Timestamp, zone: TimeZone) -> Vec<(&'static str, String)> {
    let filter = &replay.filter;
    let types = match filter.event_types.as_slice() {
        [] => "All".to_owned(),
        types => listed(&types.iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    vec![
        ("Instance", webhook.name.to_string()),
        ("Deliveries that were", states(filter)),
        ("Of events from", period(filter, now, zone)),
        ("Event types", types),
        ("Pace", format!("At most {} a second", replay.per_second)),
        ("Started by", replay.created_by.clone()),
    ]
}

fn outcome(replay: &Replay) -> String {
    match replay.state {
        ReplayState::Running => {
            "You can leave this page: the replay goes on, after a restart of the server, too.".into()
        }
        ReplayState::Finished if replay.failed > 0 => "What failed again has used up its schedule of retries.".into(),
        ReplayState::Finished => "Everything came to its end.".into(),
        ReplayState::Cancelled => "What was not sent is as it was before the replay.".into(),
    }
}
