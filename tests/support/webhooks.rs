//! Webhooks and events of a running app, made by the same actions that its pages call.

use std::sync::Arc;
use std::time::Duration;

use herald::auth::model::{Actor, Source};
use herald::base::{Secret, Timestamp};
use herald::delivery::endpoint::Guard;
use herald::delivery::resolver::SystemResolver;
use herald::delivery::sender::{Limits, Sender};
use herald::events::EventType;
use herald::events::model::{Draft as EventDraft, NewEvent};
use herald::webhooks::actions::{self, Tools};
use herald::webhooks::model::{Draft, DraftHeader, Held, Webhook};

use super::app::TestApp;

/// What actions need beside a transaction.
pub fn tools(app: &TestApp) -> Tools {
    let running = app.running();
    let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a network")], false);
    let limits = Limits { request_timeout: Duration::from_secs(5), connect_timeout: Duration::from_secs(5) };
    Tools {
        clock: running.context.clock.clone(),
        rng: running.context.rng.clone(),
        vault: running.context.vault.clone(),
        hints: Arc::new(running.engine.clone()),
        sender: Sender::new(guard, Arc::new(SystemResolver), &limits, None).expect("a sender"),
        max_webhooks: 100,
    }
}

/// The organization's administrator.
pub fn actor(app: &TestApp) -> Actor {
    Actor {
        organization: app.organization.id.clone(),
        email: app.admin.email.clone(),
        source: Source::Page,
        address: None,
    }
}

/// A webhook for every event of projects, with a header of its own.
pub async fn adds_webhook(app: &TestApp, name: &str, url: &str) -> Webhook {
    let header = DraftHeader { row: 1, name: "X-Tenant".into(), value: Some(Secret::new("s3cret-tenant")) };
    let draft = Draft {
        name: name.into(),
        url: url.into(),
        headers: vec![header],
        events: EventType::ALL.iter().map(|kind| kind.to_string()).filter(|kind| kind.starts_with("PROJECT")).collect(),
        ..Draft::default()
    };
    let new = draft.parse().expect("a good webhook");
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let created = actions::create(&mut tx, &tools(app), &actor(app), new).await.expect("a webhook");
    tx.commit().await.expect("a commit");
    created.webhook
}

/// Records an event about one project, performed in May 2026.
pub async fn records(app: &TestApp, event_type: EventType) -> NewEvent {
    let draft = EventDraft {
        event_type,
        entity_ids: vec!["5dd51ea63f3dad73ab0a344b".into()],
        performed_by: "john@responsive.io".into(),
        performed_at: Timestamp::parse_rfc3339("2026-05-26T07:50:15Z").expect("a time"),
        data: None,
    };
    let mut tx = app.running().db.begin().await.expect("a transaction");
    let zone = app.organization.time_zone;
    let recorded = app.running().recorder.record(&mut tx, &app.organization.id, zone, draft).await;
    let event = recorded.expect("an event");
    tx.commit().await.expect("a commit");
    event
}

/// Somebody pauses the webhook.
pub async fn pauses(app: &TestApp, webhook: &Webhook) {
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::pause(&mut tx, &tools(app), &actor(app), &webhook.id).await.expect("it pauses");
    tx.commit().await.expect("a commit");
}

/// So many events happen during a pause, and are cancelled at its end: deliveries without a single attempt.
pub async fn cancels_many(app: &TestApp, webhook: &Webhook, count: usize) {
    pauses(app, webhook).await;
    for _ in 0..count {
        records(app, EventType::ProjectEdited).await;
    }
    let mut tx = app.running().db.begin().await.expect("a transaction");
    actions::resume(&mut tx, &tools(app), &actor(app), &webhook.id, Some(Held::Cancel)).await.expect("it resumes");
    tx.commit().await.expect("a commit");
}
