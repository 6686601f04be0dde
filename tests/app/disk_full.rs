//! The disk is full: whoever publishes is told so, nothing that was acknowledged is lost, and it goes on when there is room.

use herald::base::{Clock as _, SystemClock};

use crate::publish::SMALL;
use crate::support::Engine;
use crate::support::app::{Setting, eventually};
use crate::support::books::look_through;
use crate::support::programs::{Told, number};
use crate::support::recorder::Recorder;

/// The event that the server says is on its disk.
fn event(answer: &Told) -> Option<String> {
    (answer.status == 202).then(|| answer.json()["event_id"].as_str().expect("an id").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_is_507_until_there_is_room_and_nothing_is_lost() {
    let setting = Setting { engine: Some(Engine::Sqlite), ..Setting::default() };
    let app = setting.spawn().await;
    let recorder = Recorder::start().await;
    app.adds_webhook(&recorder.url("/"), &["PROJECT_EDITED"]).await;
    let (program, admin) = (app.program("publish").await, app.admin().await);
    let notice = "Herald’s disk is full";
    assert!(!admin.reads("/projects").await.contains(notice));

    let mut acknowledged = Vec::new();
    for _ in 0..5 {
        acknowledged.push(event(&program.publishes(SMALL).await).expect("there is room"));
    }
    let large = SMALL.replace('}', &format!(r#","data":{{"X":"{}"}}}}"#, "x".repeat(200_000)));
    let mut refused = 0;
    while refused < 3 {
        // A connection whose disk was full is replaced by another, which knows no limit: it is set anew each time.
        app.leaves_room_for(0).await;
        let answer = program.publishes(large.clone()).await;
        match event(&answer) {
            // Something else has met the limit before.
            Some(event) => acknowledged.push(event),
            None => {
                let told = (answer.status, answer.header("content-type"));
                assert_eq!(told, (507, "application/problem+json"), "{}", answer.text);
                refused += 1;
            }
        }
    }
    assert!(admin.reads("/projects").await.contains(notice), "an admin sees it on every page");
    app.leaves_room_for(100_000).await;
    for body in [large, SMALL.to_owned()] {
        acknowledged.push(event(&program.publishes(body).await).expect("there is room again"));
    }
    let arrived =
        |id: &String| recorder.requests().iter().any(|request| request.header("webhook-id") == Some(id.as_str()));
    eventually("all that was acknowledged arrives", &mut async || acknowledged.iter().all(arrived).then_some(())).await;
    let open = "SELECT COUNT(*) FROM deliveries WHERE state <> 'succeeded'";
    eventually("and is written down", &mut async || (number(&app.running().db, open).await == 0).then_some(())).await;
    let vault = &app.running().context.vault;
    let report = look_through(app.database.url(), Some(vault), SystemClock.now()).await;
    assert!(report.is_clean(), "{report}");
    app.stop().await;
}
