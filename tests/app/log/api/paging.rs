//! Lists that grow while they are read.

use std::sync::Arc;

use serde_json::Value;

use herald::base::{Clock as _, ManualClock, SystemClock};
use herald::events::EventType;

use super::column;
use crate::support::app::{Setting, TestApp};
use crate::support::programs::Program;
use crate::support::webhooks::records;

/// Walks through a list two rows at a time; something happens after every page.
async fn walks(app: &TestApp, program: &Program, path: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = program.gets(&format!("{path}{sign}limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = page.json();
        assert!(column(&page, "id").len() <= 2);
        seen.extend(column(&page, "id").into_iter().map(str::to_owned));
        records(app, EventType::ProjectEdited).await;
        let Value::String(next) = &page["next_cursor"] else { return seen };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn every_list_is_walked_without_missing_or_repeating_a_row_while_it_grows() {
    // The clock stands still at first, so that the rows of three webhooks and many events share one instant.
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let app = Setting { clock: Some(clock.clone()), ..Setting::default() }.spawn().await;
    let mut webhooks = Vec::new();
    for _ in 0..3 {
        // Nobody needs to hear of these: they wait.
        webhooks.push(app.adds_webhook("https://hooks.example/", &["PROJECT_EDITED", "PROJECT_CREATED"]).await);
    }
    let mut tx = app.running().db.begin().await.expect("a transaction");
    for webhook in &webhooks {
        let (tools, actor) = (crate::support::webhooks::tools(&app), crate::support::webhooks::actor(&app));
        herald::webhooks::actions::pause(&mut tx, &tools, &actor, webhook).await.expect("a paused webhook");
    }
    tx.commit().await.expect("a commit");
    for step in 0..6 {
        records(&app, if step % 3 == 0 { EventType::ProjectCreated } else { EventType::ProjectEdited }).await;
        clock.advance(std::time::Duration::from_micros(step / 3));
    }
    let program = app.program("read").await;
    let one = format!("/deliveries?webhook_id={}", webhooks[1]);
    for path in [
        "/events",
        "/deliveries",
        "/deliveries?state=held",
        "/deliveries?event_type=PROJECT_CREATED",
        "/deliveries?state=held&event_type=PROJECT_CREATED",
        &one,
        &format!("{one}&state=held"),
    ] {
        let sign = if path.contains('?') { '&' } else { '?' };
        let all = program.gets(&format!("{path}{sign}limit=250")).await.json();
        let at_first: Vec<_> = column(&all, "id").into_iter().map(str::to_owned).collect();
        assert!(at_first.len() > 1, "{path}");
        let times = column(&all, if path == "/events" { "recorded_at" } else { "created_at" });
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{path}: {times:?}");
        assert_eq!(walks(&app, &program, path).await, at_first, "{path}");
    }
    // A cursor is good for its own kind of list.
    let cursor = program.gets("/events?limit=1").await.json()["next_cursor"].as_str().expect("a cursor").to_owned();
    let answer = program.gets(&format!("/deliveries?cursor={cursor}")).await;
    assert_eq!((answer.status, answer.fields()), (422, vec!["cursor".to_owned()]));
    app.stop().await;
}
