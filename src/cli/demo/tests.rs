//! What a demo shows holds together, and tells of everything that Herald can tell.

use std::collections::HashSet;
use std::sync::Arc;

use super::stories::{EVENTS, Story, opening};
use super::{history, stage::Stage};
use crate::auth::model::{Edition, Organization};
use crate::auth::store::organizations;
use crate::base::{Clock as _, OrganizationId, SystemClock, SystemRng, TimeZone, Timestamp};
use crate::db::{Db, Options};
use crate::events::fan_out::NoDispatch;
use crate::events::store::{self, Filter};
use crate::events::{EventType, Recorder};

/// All events in their order: type, and when it was done.
async fn told(stage: &mut Stage) -> Vec<(EventType, Timestamp)> {
    let organization = stage.organization.id.clone();
    let listed = store::list(&mut stage.tx, &organization, &Filter::default(), None, 10_000).await;
    let mut events = listed.expect("the events");
    events.sort_by_key(|event| event.seq);
    events.into_iter().map(|event| (event.event_type, event.performed_at)).collect()
}

#[tokio::test]
async fn the_history_lies_in_the_past_and_the_stories_tell_of_every_event_type() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("herald.db").display());
    let db = Db::open(&url, Options::default()).await.expect("a database");
    let now = SystemClock.now();
    let organization = Organization {
        id: OrganizationId::new(now, &SystemRng),
        name: "Halden Systems".into(),
        time_zone: TimeZone::UTC,
        edition: Edition::Enterprise,
        webhooks_enabled: true,
        created_at: now,
    };
    let recorder = Recorder { clock: Arc::new(SystemClock), rng: Arc::new(SystemRng), dispatch: Arc::new(NoDispatch) };
    let mut stage = Stage::open(&db, recorder, &organization).await.expect("a transaction");
    organizations::insert(&mut stage.tx, &organization).await.expect("an organization");

    let left = history::tell(&mut stage).await.expect("a history");
    let before = told(&mut stage).await;
    assert!(before.iter().all(|(_, at)| *at <= now), "nothing has happened that is to come");
    opening(&mut stage, &left).await.expect("an opening");
    let mut seen = before.len();
    assert_eq!(told(&mut stage).await.len(), seen + 6);
    seen += 6;
    // Pressed twice, the button still finds what it needs.
    for story in Story::ALL.into_iter().chain(Story::ALL) {
        story.tell(&mut stage, 7).await.expect("a story");
        let now = told(&mut stage).await.len();
        assert_eq!(now - seen, EVENTS, "{story:?}");
        seen = now;
    }
    let told = told(&mut stage).await.split_off(before.len());
    assert!(told.iter().all(|(_, at)| *at >= now.cut_to_second()));
    let types: HashSet<EventType> = told.into_iter().map(|(event_type, _)| event_type).collect();
    assert_eq!(types.len(), EventType::ALL.len());
    // Its transaction ends, or closing would wait for it.
    drop(stage);
    db.close().await;
}
